"""The newest partition of an Iceberg table, found by manifests alone: no data file is opened for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ml_platform_runtime.errors import BadInput

if TYPE_CHECKING:
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.manifest import DataFile, ManifestFile
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot
    from pyiceberg.types import IcebergType

#: Transforms that keep the order of their column.
_ORDERED = ("identity", "hour", "day", "month", "year")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class NewestPartition:
    """All files whose value of one partition field is the greatest that the snapshot has."""

    table: Table
    field: PartitionField
    column: str
    value: Any

    def holds(self, file: DataFile) -> bool:
        """Whether a data file belongs to it; files that were written before the table had the field do not."""
        position = _position(self.table.specs()[file.spec_id], self.field.field_id)
        return position is not None and file.partition[position] == self.value

    @property
    def single(self) -> bool:
        """Whether it has one value of the column, and not a range of them."""
        return str(self.field.transform) == "identity"

    def bounds(self) -> tuple[Any, Any]:
        """The first value of the column that belongs to it, and the first that does not any more (None: there is no such)."""
        return _range(str(self.field.transform), self._type, self.value)

    def expression(self) -> BooleanExpression:
        """The same as a filter, which lets pyiceberg pass over manifests of other partitions."""
        from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan

        low, high = (_plain(one) for one in self.bounds())
        if self.single:
            return EqualTo(self.column, low)
        beginning = GreaterThanOrEqual(self.column, low)
        return beginning if high is None else And(beginning, LessThan(self.column, high))

    def to_plain(self) -> dict[str, str]:
        """As a report names it."""
        return {"field": self.field.name, "value": self.field.transform.to_human_string(self._type, self.value)}

    @property
    def _type(self) -> IcebergType:
        return _type_of(self.table, self.field)


def newest_partition(table: Table, snapshot: Snapshot | None, column: str | None) -> NewestPartition | None:
    """The newest one of a snapshot; None where the table has no row. `column` names the partition column where time does not."""
    field, path = _field(table, column)
    if snapshot is None:
        return None
    value = _greatest(table, snapshot, field)
    if value is None:
        if not any(True for _ in table.scan(snapshot_id=snapshot.snapshot_id).plan_files()):
            return None
        raise BadInput(f"no row of {_name(table)} is in a partition by {field.transform}({path}) yet; check all rows")
    return NewestPartition(table, field, path, value)


def _field(table: Table, column: str | None) -> tuple[PartitionField, str]:
    schema = table.schema()
    found = [(one, schema.find_column_name(one.source_id) or "") for one in table.spec().fields]
    fits = [
        pair
        for pair in found
        if str(pair[0].transform) in _ORDERED and (pair[1] == column if column else _is_time(table, pair[0]))
    ]
    if not fits:
        what = f"by values or times of {column!r}" if column else "by time"
        have = ", ".join(f"{one.transform}({path})" for one, path in found) or "none"
        raise BadInput(
            f"{_name(table)} has no partitions {what} (it has {have}), so none is the newest; "
            "name an identity partition with newest-partition:<column>, or take another sample"
        )
    return fits[0]


def _is_time(table: Table, field: PartitionField) -> bool:
    from pyiceberg.types import DateType, TimestampType, TimestamptzType

    return str(field.transform) != "identity" or isinstance(
        _type_of(table, field), (DateType, TimestampType, TimestamptzType)
    )


def _greatest(table: Table, snapshot: Snapshot, field: PartitionField) -> Any:
    """The greatest value of living files. Manifests are opened from the greatest bound down, until none can hold a greater one."""
    from pyiceberg.conversions import from_bytes
    from pyiceberg.manifest import ManifestContent

    result_type: Any = field.transform.result_type(_type_of(table, field))
    bounds: list[tuple[Any, ManifestFile, int]] = []
    for manifest in snapshot.manifests(table.io):
        position = _position(table.specs()[manifest.partition_spec_id], field.field_id)
        if manifest.content != ManifestContent.DATA or position is None or not manifest.partitions:
            continue
        upper = manifest.partitions[position].upper_bound
        if upper is not None:
            bounds.append((from_bytes(result_type, upper), manifest, position))
    greatest: Any = None
    for upper, manifest, position in sorted(bounds, key=lambda one: one[0], reverse=True):
        if greatest is not None and upper <= greatest:
            break
        # a bound counts deleted files too, so the entries themselves decide
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            value = entry.data_file.partition[position]
            if value is not None and (greatest is None or value > greatest):
                greatest = value
    return greatest


def _position(spec: PartitionSpec, field_id: int) -> int | None:
    return next((index for index, one in enumerate(spec.fields) if one.field_id == field_id), None)


def _type_of(table: Table, field: PartitionField) -> IcebergType:
    return table.schema().find_type(field.source_id)


def _range(transform: str, kind: IcebergType, value: Any) -> tuple[Any, Any]:
    from pyiceberg.types import DateType, TimestampType, TimestamptzType

    if transform == "identity":
        if isinstance(kind, DateType):
            return date(1970, 1, 1) + timedelta(days=value), None
        if isinstance(kind, (TimestampType, TimestamptzType)):
            return _of_column(_EPOCH + timedelta(microseconds=value), kind), None
        return value, None
    low = _of_column(_start(transform, value), kind)
    try:
        return low, _of_column(_start(transform, value + 1), kind)
    except (OverflowError, ValueError):
        # 9999-12-31 stands for never in many tables, and Python knows no later day
        return low, None


def _start(transform: str, value: int) -> datetime:
    if transform == "hour":
        return _EPOCH + timedelta(hours=value)
    if transform == "day":
        return _EPOCH + timedelta(days=value)
    months = value if transform == "month" else 12 * value
    return _EPOCH.replace(year=1970 + months // 12, month=1 + months % 12)


def _of_column(moment: datetime, kind: IcebergType) -> date | datetime:
    from pyiceberg.types import DateType, TimestamptzType

    if isinstance(kind, DateType):
        return moment.date()
    return moment if isinstance(kind, TimestamptzType) else moment.replace(tzinfo=None)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _name(table: Table) -> str:
    return f"table {'.'.join(table.name()[-2:])}"
