"""The rules that follow from a contract: its checks, no null where a field is required, no two rows with one identifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ml_platform_runtime.quality.checks import Rule
from ml_platform_runtime.tables.contract import ColumnCheck, Contract

if TYPE_CHECKING:
    from pyiceberg.schema import Schema

_KEYS = {
    "maxNullShare": "max_null_share",
    "min": "min",
    "max": "max",
    "oneOf": "one_of",
    "pattern": "pattern",
    "unique": "unique",
    "maxAgeSeconds": "max_age_seconds",
}


def rules_of(contract: Contract) -> list[Rule]:
    """Every rule, in the order of the columns."""
    required = [Rule("required", (path,), 0) for path in _required(contract.schema.fields, "")]
    checks = [rule for column, check in contract.checks.items() for rule in _of_column(column, check)]
    identifiers = _identifiers(contract.schema)
    known = {rule.columns for rule in checks if rule.kind == "unique"}
    unique = [Rule("unique", identifiers, True)] if identifiers and identifiers not in known else []
    return [*required, *checks, *unique]


def _of_column(column: str, check: ColumnCheck) -> Iterator[Rule]:
    for kind, name in _KEYS.items():
        allowed = getattr(check, name)
        if allowed is not None and allowed is not False:
            yield Rule(kind, (column,), allowed)


def _required(fields: Any, prefix: str) -> Iterator[str]:
    """Required fields, those inside structs too; not those of lists and maps, which have no path."""
    from pyiceberg.types import StructType

    for field in fields:
        if field.required:
            yield prefix + field.name
        if isinstance(field.field_type, StructType):
            yield from _required(field.field_type.fields, f"{prefix}{field.name}.")


def _identifiers(schema: Schema) -> tuple[str, ...]:
    return tuple(schema.find_column_name(one) or "" for one in sorted(schema.identifier_field_ids))
