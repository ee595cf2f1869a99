"""What a change of schema breaks. The construct library refuses the same at synthesis; here the table itself is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyiceberg.schema import Schema
    from pyiceberg.types import IcebergType, NestedField, StructType


def breaking_changes(before: Schema, after: Schema) -> list[str]:
    """What readers of `before`, or files written with it, would lose. Columns are known by name and by id, neither may change."""
    changes = _struct(before.as_struct(), after.as_struct(), "")
    if set(before.identifier_field_ids) != set(after.identifier_field_ids):
        changes.append("other columns identify a row")
    return changes


def same_schema(one: Schema, other: Schema) -> bool:
    """Whether both say the same; the schema's own id does not count."""
    return one.as_struct() == other.as_struct() and set(one.identifier_field_ids) == set(other.identifier_field_ids)


def _struct(before: StructType, after: StructType, path: str) -> list[str]:
    now = {field.name: field for field in after.fields}
    old = {field.name for field in before.fields}
    changes = []
    for field in before.fields:
        name = path + field.name
        changes += _field(field, now[field.name], name) if field.name in now else [f"{name} is dropped or renamed"]
    changes += [
        f"{path}{name} is new and required" for name, field in now.items() if name not in old and field.required
    ]
    return changes


def _field(before: NestedField, after: NestedField, path: str) -> list[str]:
    changes = []
    if before.field_id != after.field_id:
        changes.append(f"{path} has id {before.field_id} and would get {after.field_id}")
    if after.required and not before.required:
        changes.append(f"{path} may be null and would be required")
    return changes + _type(before.field_type, after.field_type, path)


def _type(before: IcebergType, after: IcebergType, path: str) -> list[str]:
    from pyiceberg.types import ListType, MapType, StructType

    if isinstance(before, StructType) and isinstance(after, StructType):
        return _struct(before, after, f"{path}.")
    if isinstance(before, ListType) and isinstance(after, ListType):
        return _field(before.element_field, after.element_field, f"{path}.element")
    if isinstance(before, MapType) and isinstance(after, MapType):
        keys = [] if before.key_field == after.key_field else [f"{path}.key changes"]
        return keys + _field(before.value_field, after.value_field, f"{path}.value")
    return [] if before == after or _widens(before, after) else [f"{path} is {before} and would be {after}"]


def _widens(before: IcebergType, after: IcebergType) -> bool:
    """https://iceberg.apache.org/spec/#schema-evolution, format version 2."""
    from pyiceberg.types import DecimalType, DoubleType, FloatType, IntegerType, LongType

    if isinstance(before, DecimalType) and isinstance(after, DecimalType):
        return bool(before.scale == after.scale and before.precision < after.precision)
    pairs = ((IntegerType, LongType), (FloatType, DoubleType))
    return any(isinstance(before, narrow) and isinstance(after, wide) for narrow, wide in pairs)
