"""Feast's provider without its hand on tables: they belong to the stack that made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feast.infra.passthrough_provider import PassthroughProvider


class StackOwnedTablesProvider(PassthroughProvider):  # type: ignore[misc]
    """Used by `features-apply` alone, so that feature_store.yaml stays one that every Feast reads.

    Tables inside a PostgreSQL online store are Feast's own affair: they are created there, and never dropped.
    """

    def update_infra(
        self,
        project: str,
        tables_to_delete: Sequence[Any],
        tables_to_keep: Sequence[Any],
        entities_to_delete: Sequence[Any],
        entities_to_keep: Sequence[Any],
        partial: bool,
    ) -> None:
        """Where Feast would create and delete tables."""
        if self.repo_config.online_store.type in ("postgres", "sqlite"):
            super().update_infra(project, [], tables_to_keep, [], entities_to_keep, True)
