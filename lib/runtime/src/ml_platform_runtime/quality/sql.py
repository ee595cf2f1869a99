"""The checks of a contract as one statement of aggregates for Athena (Trino's SQL): counts and extremes come back, and no row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.types as kinds

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.checks import (
    Bound,
    Check,
    MaxAge,
    NullShare,
    OneOf,
    Pattern,
    Required,
    Unique,
    type_of,
)
from ml_platform_runtime.quality.regex import to_athena

if TYPE_CHECKING:
    import pyarrow as pa

    from ml_platform_runtime.quality.partition import NewestPartition

#: Column of the result that has the number of rows.
ROWS = "checked_rows"
#: What Athena takes as the text of a query.
MAX_BYTES = 262_144


def relation(identifier: str, snapshot_id: str) -> str:
    """A table at one snapshot. https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html"""
    return f"{'.'.join(name(one) for one in identifier.split('.'))} FOR VERSION AS OF {int(snapshot_id)}"


def condition(partition: NewestPartition, schema: pa.Schema) -> str:
    """The rows of a partition."""
    column, arrow = path(partition.column), type_of(schema, partition.column)
    low, high = partition.bounds()
    if partition.single:
        return f"{column} = {literal(low, arrow)}"
    beginning = f"{column} >= {literal(low, arrow)}"
    return beginning if high is None else f"{beginning} AND {column} < {literal(high, arrow)}"


def statement(checks: Sequence[Check], schema: pa.Schema, source: str, where: str | None) -> str:
    """One SELECT with one row, all of its columns text. Raises BadInput for checks that Athena would judge in another way."""
    rows = f"FROM {source} AS t" + (f" WHERE {where}" if where else "")
    totals = [f'CAST(count(*) AS varchar) AS "{ROWS}"']
    doubled: list[str] = []
    for index, check in enumerate(checks):
        if isinstance(check, Unique):
            doubled.append(_doubled(index, check, schema, rows, "AND" if where else "WHERE"))
        else:
            totals += [f'CAST({one} AS varchar) AS "c{index}_{key}"' for key, one in _aggregates(check, schema)]
    text = f"SELECT * FROM (SELECT {', '.join(totals)} {rows}) AS totals"
    text += "".join(f" CROSS JOIN ({one}) AS u{index}" for index, one in enumerate(doubled))
    if len(text.encode()) > MAX_BYTES:
        raise BadInput(
            f"the checks make a query of {len(text.encode())} bytes, and Athena takes {MAX_BYTES}; shorten oneOf, or check in the task"
        )
    return text


def fill(checks: Sequence[Check], schema: pa.Schema, row: Mapping[str, str | None]) -> int:
    """Gives checks what Athena has counted; answers the number of rows."""
    for index, check in enumerate(checks):
        if isinstance(check, MaxAge):
            check.newest = _value(row[f"c{index}_extreme"], type_of(schema, check.rule.columns[0]))
            continue
        check.failing = int(row[f"c{index}_failing"] or 0)
        if isinstance(check, Bound):
            check.extreme = _value(row[f"c{index}_extreme"], type_of(schema, check.rule.columns[0]))
        elif isinstance(check, NullShare):
            check.total = int(row[ROWS] or 0)
    return int(row[ROWS] or 0)


def _aggregates(check: Check, schema: pa.Schema) -> list[tuple[str, str]]:
    arrow, value = type_of(schema, check.rule.columns[0]), _present(check.rule.columns[0], schema)
    if isinstance(check, MaxAge):
        return [("extreme", _text(f"max({value})", arrow))]
    if isinstance(check, Bound):
        extreme = _text(f"{'min' if check.lower else 'max'}({value})", arrow)
        return [("failing", f"count_if({_beyond(check, value, arrow)})"), ("extreme", extreme)]
    return [("failing", f"count_if({_broken(check, value, arrow)})")]


def _beyond(check: Bound, value: str, arrow: pa.DataType) -> str:
    if check.bound is None:
        return f"{value} IS NOT NULL" if check.all_fail else "FALSE"
    return f"{value} {'<' if check.lower else '>'} {literal(check.bound.as_py(), arrow)}"


def _broken(check: Check, value: str, arrow: pa.DataType) -> str:
    if isinstance(check, Required):
        around = check.rule.columns[0].rpartition(".")[0]
        return f"{value} IS NULL" + (f" AND {path(around)} IS NOT NULL" if around else "")
    if isinstance(check, NullShare):
        return f"{value} IS NULL"
    if isinstance(check, OneOf):
        allowed = ", ".join(literal(one, arrow) for one in check.allowed.to_pylist())
        return f"{value} NOT IN ({allowed})"
    if isinstance(check, Pattern):
        return f"NOT regexp_like({value}, {literal(to_athena(check.rule.allowed, check.rule.name), arrow)})"
    raise NotImplementedError(check.rule.kind)


def _doubled(index: int, check: Unique, schema: pa.Schema, rows: str, more: str) -> str:
    keys = [_present(one, schema) for one in check.rule.columns]
    there = " AND ".join(f"{one} IS NOT NULL" for one in keys)
    groups = (
        f"SELECT count(*) AS times {rows} {more} {there} GROUP BY {', '.join(_key(one, schema) for one in check.rule.columns)}"
        " HAVING count(*) > 1"
    )
    return f'SELECT CAST(coalesce(sum(times), 0) AS varchar) AS "c{index}_failing" FROM ({groups}) AS doubled'


def name(text: str) -> str:
    """An identifier in quotes."""
    return '"' + text.replace('"', '""') + '"'


def path(column: str) -> str:
    """A column, or a field of a struct, of the table that is called t."""
    return ".".join(["t", *(name(one) for one in column.split("."))])


def _present(column: str, schema: pa.Schema) -> str:
    """A value with NaN as missing."""
    plain = path(column)
    return f"if(is_nan({plain}), NULL, {plain})" if kinds.is_floating(type_of(schema, column)) else plain


def _key(column: str, schema: pa.Schema) -> str:
    """A value as it is grouped: one zero of both."""
    arrow, value = type_of(schema, column), _present(column, schema)
    return f"{value} + {literal(0.0, arrow)}" if kinds.is_floating(arrow) else value


def _text(value: str, arrow: pa.DataType) -> str:
    if kinds.is_floating(arrow):
        return f"CAST({value} AS double)"
    return f"({value}) AT TIME ZONE 'UTC'" if kinds.is_timestamp(arrow) and arrow.tz is not None else value


def literal(value: Any, arrow: pa.DataType) -> str:
    """A value of Python as one of the column's type."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if kinds.is_floating(arrow):
        return f"{'REAL' if kinds.is_float32(arrow) else 'DOUBLE'} '{float(value)!r}'".replace("inf", "Infinity")
    if isinstance(value, int) and kinds.is_integer(arrow):
        return f"BIGINT '{value}'"
    if isinstance(value, Decimal):
        return f"DECIMAL '{value:f}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime):
        zone = "" if value.tzinfo is None else " UTC"
        moment = value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)
        return f"TIMESTAMP '{moment.isoformat(sep=' ', timespec='microseconds')}{zone}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, time):
        return f"TIME '{value.isoformat(timespec='microseconds')}'"
    raise BadInput(f"a value of type {arrow} cannot be written in a query; check in the task")


def _value(text: str | None, arrow: pa.DataType) -> Any:
    if text is None:
        return None
    if kinds.is_floating(arrow):
        return float(text)
    if kinds.is_integer(arrow):
        return int(text)
    if kinds.is_decimal(arrow):
        return Decimal(text)
    if kinds.is_date(arrow):
        return date.fromisoformat(text)
    if kinds.is_time(arrow):
        return time.fromisoformat(text)
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    return moment.replace(tzinfo=timezone.utc) if arrow.tz is not None else moment
