"""Which state of which table a result was made from."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.declared import source_table


@dataclass
class SourceState:
    """A table that features are read from. `snapshot_id` is None for an empty table, and for what is no Iceberg table."""

    table: str
    kind: str
    views: list[str] = field(default_factory=list)
    snapshot_id: int | None = None
    #: True when the read is tied to the snapshot; false when the engine reads whatever is current.
    pinned: bool = False
    tag: str | None = None
    source: Any = None

    def to_plain(self) -> dict[str, Any]:
        """For JSON. Ids are text: they are longer than JavaScript counts."""
        return {
            "table": self.table,
            "kind": self.kind,
            "views": sorted(self.views),
            "snapshotId": None if self.snapshot_id is None else str(self.snapshot_id),
            "pinned": self.pinned,
            "tag": self.tag,
        }


def states_of(views: Iterable[Any]) -> list[SourceState]:
    """The sources of these views, each once, as they are now."""
    found: dict[tuple[str, str], SourceState] = {}
    for view in views:
        state = _state(view.batch_source)
        found.setdefault((state.kind, state.table), state).views.append(view.name)
    return list(found.values())


def tag_sources(states: list[SourceState], tag: str, retention_days: int) -> None:
    """Keep the snapshots by an Iceberg tag, which no expiry takes away. Raises BadInput for a source that cannot be kept."""
    from ml_platform_runtime.tables.freeze import freeze

    loose = [state.table for state in states if state.snapshot_id is None]
    if loose:
        raise BadInput(
            f"{', '.join(loose)} has no snapshot of Iceberg to tag; leave --tag out, or use tables of Iceberg that have rows"
        )
    for state in states:
        catalog, name = _place(state)
        freeze(catalog, name, tag, retention_days=retention_days, snapshot_id=state.snapshot_id)
        state.tag = tag


def _state(source: Any) -> SourceState:
    from feast.infra.data_sources.contrib.iceberg_catalog.iceberg_source import IcebergSource

    if isinstance(source, IcebergSource):
        from ml_platform_runtime.features.iceberg_offline import load_table, table_id

        snapshot = load_table(source).current_snapshot()
        number = None if snapshot is None else snapshot.snapshot_id
        return SourceState(table_id(source), "iceberg", snapshot_id=number, pinned=True, source=source)
    kind = type(source).__name__.removesuffix("Source").lower()
    table = source_table(source)
    if not table:
        return SourceState(str(getattr(source, "path", None) or source.name), kind, source=source)
    name = f"{getattr(source, 'database', None) or str(source.table).partition('.')[0]}.{table}"
    return SourceState(name, kind, snapshot_id=_glue_snapshot(name), source=source)


def _glue_snapshot(name: str) -> int | None:
    """The snapshot that an engine reads by default; None for what is no Iceberg table."""
    from ml_platform_runtime.tables.catalogs import open_catalog, open_table

    try:
        snapshot = open_table(open_catalog(os.environ), name).current_snapshot()
    except BadInput:
        return None
    return None if snapshot is None else int(snapshot.snapshot_id)


def _place(state: SourceState) -> tuple[Any, str]:
    if state.kind != "iceberg":
        from ml_platform_runtime.tables.catalogs import open_catalog

        return open_catalog(os.environ), state.table
    from ml_platform_runtime.features.iceberg_offline import load_source_catalog

    return load_source_catalog(state.source), f"{state.source.namespace}.{state.source.iceberg_table}"
