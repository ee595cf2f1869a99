"""The newest partition: real pyiceberg tables, found by manifests and read by nothing else."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    YearTransform,
)
from pyiceberg.types import DateType, LongType, NestedField, StringType, TimestampType, TimestamptzType

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.scan import Sample, Scan

pytest_plugins = ["tables_fixtures"]

SCHEMA = Schema(
    NestedField(1, "id", LongType()),
    NestedField(2, "at", TimestamptzType()),
    NestedField(3, "seen", TimestampType()),
    NestedField(4, "day", DateType()),
    NestedField(5, "dt", StringType()),
)
COLUMNS = {name: index for index, name in enumerate(SCHEMA.column_names, 1)}


def partitioned(catalog: Catalog, name: str, *fields: tuple[str, Transform[Any, Any]]) -> Table:
    made = [
        PartitionField(COLUMNS[column], 1000 + index, transform, f"{column}_{index}")
        for index, (column, transform) in enumerate(fields)
    ]
    return catalog.create_table(f"shop.{name}", SCHEMA, partition_spec=PartitionSpec(*made))


def rows(*moments: datetime | None, first: int = 0) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(first, first + len(moments)), pa.int64()),
            "at": pa.array(moments, pa.timestamp("us", "UTC")),
            "seen": pa.array([one and one.replace(tzinfo=None) for one in moments], pa.timestamp("us")),
            "day": pa.array([one and one.date() for one in moments], pa.date32()),
            "dt": pa.array([one and one.date().isoformat() for one in moments], pa.string()),
        }
    )


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


def ids(scan: Scan) -> list[int]:
    return sorted(one for part in scan.slices() for one in part.batch["id"].to_pylist())


def newest(table: Table, sample: str = "newest-partition", snapshot: str | None = None) -> Scan:
    return Scan.of(table, snapshot, Sample.parse(sample), ("id",))


CUTS: list[tuple[str, Transform[Any, Any], Any]] = [
    ("at", HourTransform(), lambda one: (one.date(), one.hour)),
    ("at", DayTransform(), lambda one: one.date()),
    ("seen", MonthTransform(), lambda one: (one.year, one.month)),
    ("day", YearTransform(), lambda one: one.year),
    ("day", DayTransform(), lambda one: one.date()),
    ("at", IdentityTransform(), lambda one: one),
    ("day", IdentityTransform(), lambda one: one.date()),
]


@pytest.mark.parametrize(("column", "transform", "part"), CUTS, ids=[f"{one[0]}-{one[1]}" for one in CUTS])
def test_it_has_the_rows_that_python_says_are_newest(
    sql: Catalog, column: str, transform: Transform[Any, Any], part: Any
) -> None:
    dice = random.Random(str(transform) + column)
    table = partitioned(sql, "t", (column, transform), ("id", BucketTransform(2)))
    moments: list[datetime | None] = []
    for _ in range(3):
        some = [at(2025, 11, 1) + timedelta(hours=dice.randint(0, 24 * dice.choice([1, 60, 400]))) for _ in range(6)]
        table.append(rows(*some, None, first=len(moments)))
        moments += [*some, None]
    last = max(part(one) for one in moments if one is not None)
    scan = newest(table)
    assert ids(scan) == [index for index, one in enumerate(moments) if one is not None and part(one) == last]
    # the filter says the same of rows as the partition says of files
    assert scan.partition is not None
    filtered = table.scan(row_filter=scan.partition.expression(), selected_fields=("id",)).to_arrow()
    assert sorted(filtered["id"].to_pylist()) == ids(scan)


def test_manifests_of_older_partitions_stay_closed_and_data_files_too(
    sql: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyiceberg.manifest import ManifestFile

    table = partitioned(sql, "t", ("at", DayTransform()))
    for day in (3, 1, 5, 2):
        table.append(rows(at(2026, 1, day)))
    opened: list[str] = []
    fetch = ManifestFile.fetch_manifest_entry

    def seen(self: ManifestFile, *given: Any, **named: Any) -> Any:
        opened.append(self.manifest_path)
        return fetch(self, *given, **named)

    monkeypatch.setattr(ManifestFile, "fetch_manifest_entry", seen)
    scan = newest(table)
    assert len(opened) == 1
    assert scan.sample_plain() == {"kind": "newest-partition", "partition": {"field": "at_0", "value": "2026-01-05"}}
    for task in table.scan().plan_files():
        if not scan.partition or not scan.partition.holds(task.file):
            table.io.delete(task.file.file_path)
    assert len(ids(scan)) == 1


def test_a_deleted_partition_is_not_the_newest_and_an_older_snapshot_has_its_own(sql: Catalog) -> None:
    table = partitioned(sql, "t", ("at", DayTransform()))
    table.append(rows(at(2026, 1, 1), at(2026, 1, 2)))
    before = str(table.current_snapshot().snapshot_id)  # type: ignore[union-attr]
    table.delete("at >= '2026-01-02T00:00:00+00:00'")
    assert ids(newest(table)) == [0]
    assert ids(newest(table, snapshot=before)) == [1]
    table.delete("id >= 0")
    assert ids(newest(table)) == []


def test_time_is_chosen_unless_a_column_is_named(sql: Catalog) -> None:
    table = partitioned(sql, "t", ("dt", IdentityTransform()), ("at", DayTransform()))
    table.append(rows(at(2026, 1, 1), at(2026, 1, 2)))
    swapped = rows(at(2026, 1, 1), first=9).set_column(4, "dt", pa.array(["2027"]))
    table.append(swapped)
    assert ids(newest(table)) == [1]
    assert ids(newest(table, "newest-partition:dt")) == [9]


def test_files_from_before_the_table_was_partitioned_do_not_count(sql: Catalog) -> None:
    table = sql.create_table("shop.t", SCHEMA)
    table.append(rows(at(2026, 1, 9)))
    with table.update_spec() as update:
        update.add_field("at", DayTransform(), "day_of")
    with pytest.raises(BadInput, match=r"^no row of table shop\.t is in a partition by day\(at\) yet; check all rows$"):
        newest(table)
    table.append(rows(at(2026, 1, 2), first=1))
    assert ids(newest(table)) == [1]


def test_a_day_that_stands_for_never_is_a_partition_like_others(sql: Catalog) -> None:
    table = partitioned(sql, "t", ("day", YearTransform()))
    table.append(rows(at(2026, 1, 1), at(9999, 12, 31)))
    scan = newest(table)
    assert ids(scan) == [1]
    assert scan.partition is not None
    assert scan.partition.bounds() == (date(9999, 1, 1), None)


@pytest.mark.parametrize(
    ("fields", "sample", "said"),
    [
        ([], "newest-partition", "by time (it has none)"),
        ([("id", BucketTransform(4))], "newest-partition", "by time (it has bucket[4](id))"),
        ([("dt", IdentityTransform())], "newest-partition", "by time (it has identity(dt))"),
        ([("id", BucketTransform(4))], "newest-partition:id", "by values or times of 'id' (it has bucket[4](id))"),
    ],
)
def test_a_table_without_such_partitions_is_bad_input(
    sql: Catalog, fields: list[tuple[str, Transform[Any, Any]]], sample: str, said: str
) -> None:
    table = partitioned(sql, "t", *fields)
    with pytest.raises(BadInput) as fault:
        newest(table, sample)
    assert str(fault.value) == (
        f"table shop.t has no partitions {said}, so none is the newest; "
        "name an identity partition with newest-partition:<column>, or take another sample"
    )


def test_a_table_without_rows_has_none(sql: Catalog) -> None:
    assert ids(newest(partitioned(sql, "t", ("at", DayTransform())))) == []
