"""References: one state of a table by its tag, its snapshot, or a moment."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.tables.freeze import freeze
from ml_platform_runtime.tables.references import TableState, mlflow_tags, read_state
from tables_support import field, make_table

pytest_plugins = ["tables_fixtures"]

ROWS = pa.schema([pa.field("id", pa.int64(), nullable=False)])


def ids_of(state: TableState) -> list[int]:
    return sorted(state.scan().to_arrow()["id"].to_pylist())


def test_a_state_is_found_by_tag_snapshot_and_moment(sql: Catalog, name: str) -> None:
    table = make_table(sql, name, [field(1, "id", "long", required=True)])
    table.append(pa.table({"id": [1]}, schema=ROWS))
    freeze(sql, name, "v1", retention_days=30)
    time.sleep(0.01)
    moment = datetime.now(timezone.utc)
    time.sleep(0.01)
    table.refresh().append(pa.table({"id": [2]}, schema=ROWS))
    first, second = (one.snapshot_id for one in table.snapshots())

    for text in ("v1", str(first), moment.isoformat(), moment.isoformat().replace("+00:00", "Z")):
        assert ids_of(read_state(f"{name}@{text}", sql)) == [1]
    assert ids_of(read_state(name, sql)) == [1, 2]
    # a branch moves, so what was read is named by its snapshot
    assert mlflow_tags(*(read_state(f"{name}{text}", sql) for text in ("@v1", "@main", ""))) == {
        "ml-platform.data-tag": f"{name}@v1,{name}@{second},{name}@{second}",
        "ml-platform.data-snapshot": f"{first},{second},{second}",
    }


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("", "has no rows yet; append to it first"),
        ("@v9", "has no tag or snapshot v9; give one that it has: snapshots expire unless a tag keeps them"),
        ("@5187", "has no tag or snapshot 5187; give one that it has"),
        ("@2026-11-01T00:00:00Z", "has no tag or snapshot 2026-11-01T00:00:00Z"),
        ("@2026-11-01T00:00:00", "moment '2026-11-01T00:00:00' of table .* cannot be read; give ISO 8601 with a zone"),
        ("@12:00", "moment '12:00' of table .* cannot be read"),
    ],
)
def test_a_state_that_is_not_there_is_refused(sql: Catalog, name: str, state: str, message: str) -> None:
    make_table(sql, name, [field(1, "id", "long", required=True)])
    with pytest.raises(BadInput, match=message):
        read_state(name + state, sql)
