"""One state of a table by its name: `shop.orders@fraud-v3` (a tag), `shop.orders@5187...` (a snapshot), `shop.orders@2026-11-01T00:00:00Z`
(what was current then), or `shop.orders` as it is now. Training reads this way, and notes what it read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.mlflow_registry import DATA_SNAPSHOT, DATA_TAG
from ml_platform_runtime.tables.catalogs import open_catalog, open_table

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import DataScan, Table
    from pyiceberg.table.snapshots import Snapshot


@dataclass(frozen=True)
class TableState:
    """A table and the snapshot of it that was asked for; later commits do not matter."""

    table: Table
    name: str
    snapshot_id: int
    tag: str | None

    def scan(self, **options: Any) -> DataScan:
        """pyiceberg's `Table.scan` of this state: `.to_arrow()`, `.to_pandas()`, or a batch at a time."""
        return self.table.scan(snapshot_id=self.snapshot_id, **options)


def read_state(reference: str, catalog: Catalog | None = None) -> TableState:
    """Find a state in the catalogue, by default the one that the environment names.

    Raises BadInput if there is no such table, or no such state any more.
    """
    name, _, state = reference.partition("@")
    table = open_table(catalog or open_catalog(os.environ), name)
    snapshot = _snapshot(table, name, state)
    if snapshot is None and not state:
        raise BadInput(f"table {name} has no rows yet; append to it first")
    if snapshot is None:
        raise BadInput(
            f"table {name} has no tag or snapshot {state}; give one that it has: snapshots expire unless a tag keeps them"
        )
    # a branch moves, so it does not say what was read
    ref = table.metadata.refs.get(state)
    tag = state if ref is not None and ref.snapshot_ref_type == "tag" else None
    return TableState(table, name, snapshot.snapshot_id, tag)


def mlflow_tags(*states: TableState) -> dict[str, str]:
    """Tags of the run that trains on these states. Promotion takes them into the release record."""
    return {
        DATA_TAG: ",".join(f"{state.name}@{state.tag or state.snapshot_id}" for state in states),
        DATA_SNAPSHOT: ",".join(str(state.snapshot_id) for state in states),
    }


def _snapshot(table: Table, name: str, state: str) -> Snapshot | None:
    if not state:
        return table.current_snapshot()
    if state.isascii() and state.isdigit():
        return table.snapshot_by_id(int(state))
    if ":" not in state:
        return table.snapshot_by_name(state)
    try:
        moment = datetime.fromisoformat(state.replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(
            f"moment {state!r} of table {name} cannot be read; give ISO 8601 with a zone: 2026-11-01T00:00:00Z"
        )
    return table.snapshot_as_of_timestamp(int(moment.timestamp() * 1000))
