"""The checks of a contract as one statement of aggregates: counts and extremes come back, and no row."""

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
from ml_platform_runtime.quality.regex import to_java

if TYPE_CHECKING:
    import pyarrow as pa

    from ml_platform_runtime.quality.dialect import Dialect
    from ml_platform_runtime.quality.partition import NewestPartition
    from ml_platform_runtime.quality.scan import Scan

#: Column of the result that has the number of rows.
ROWS = "checked_rows"


def source(identifier: str, scan: Scan, dialect: Dialect) -> tuple[str, str | None]:
    """The table of a scan at its snapshot, and the condition for its rows if there is one; the table is called t in it."""
    where = None if scan.partition is None else _partition(scan.partition, scan.table_schema, dialect)
    return dialect.relation(identifier, str(scan.snapshot_id)), where


def rows_query(identifier: str, scan: Scan, dialect: Dialect) -> str:
    """A query of the rows of a scan."""
    return f"SELECT * {_rows(*source(identifier, scan, dialect))}"


def _rows(source: str, where: str | None) -> str:
    return f"FROM {source} AS t" + (f" WHERE {where}" if where else "")


def _partition(partition: NewestPartition, schema: pa.Schema, dialect: Dialect) -> str:
    column, arrow = dialect.path(partition.column), type_of(schema, partition.column)
    low, high = partition.bounds()
    if partition.single:
        return f"{column} = {dialect.literal(low, arrow)}"
    beginning = f"{column} >= {dialect.literal(low, arrow)}"
    return beginning if high is None else f"{beginning} AND {column} < {dialect.literal(high, arrow)}"


def statement(checks: Sequence[Check], schema: pa.Schema, source: str, where: str | None, dialect: Dialect) -> str:
    """One SELECT with one row, all of its columns text. Raises BadInput for checks that the engine would judge in another way."""
    rows = _rows(source, where)
    totals = [f"CAST(count(*) AS {dialect.text}) AS {dialect.name(ROWS)}"]
    doubled: list[str] = []
    for index, check in enumerate(checks):
        if isinstance(check, Unique):
            doubled.append(_doubled(index, check, schema, f"{rows} {'AND' if where else 'WHERE'}", dialect))
        else:
            totals += [
                f"CAST({one} AS {dialect.text}) AS {dialect.name(f'c{index}_{key}')}"
                for key, one in _aggregates(check, schema, dialect)
            ]
    text = f"SELECT * FROM (SELECT {', '.join(totals)} {rows}) AS totals"
    text += "".join(f" CROSS JOIN ({one}) AS u{index}" for index, one in enumerate(doubled))
    if dialect.max_bytes is not None and len(text.encode()) > dialect.max_bytes:
        raise BadInput(
            f"the checks make a query of {len(text.encode())} bytes, and {dialect.engine} takes {dialect.max_bytes}; "
            "shorten oneOf, or check in the task"
        )
    return text


def fill(checks: Sequence[Check], schema: pa.Schema, row: Mapping[str, str | None]) -> int:
    """Gives checks what the engine has counted; answers the number of rows."""
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


def _aggregates(check: Check, schema: pa.Schema, dialect: Dialect) -> list[tuple[str, str]]:
    column = check.rule.columns[0]
    arrow, value = type_of(schema, column), _present(column, schema, dialect)
    if isinstance(check, MaxAge):
        return [("extreme", _text(f"max({value})", arrow, dialect))]
    if isinstance(check, Bound):
        extreme = _text(f"{'min' if check.lower else 'max'}({value})", arrow, dialect)
        return [("failing", f"count_if({_beyond(check, value, arrow, dialect)})"), ("extreme", extreme)]
    return [("failing", f"count_if({_broken(check, value, arrow, dialect)})")]


def _beyond(check: Bound, value: str, arrow: pa.DataType, dialect: Dialect) -> str:
    if check.bound is None:
        return f"{value} IS NOT NULL" if check.all_fail else "FALSE"
    return f"{value} {'<' if check.lower else '>'} {dialect.literal(check.bound.as_py(), arrow)}"


def _broken(check: Check, value: str, arrow: pa.DataType, dialect: Dialect) -> str:
    if isinstance(check, Required):
        around = check.rule.columns[0].rpartition(".")[0]
        return f"{value} IS NULL" + (f" AND {dialect.path(around)} IS NOT NULL" if around else "")
    if isinstance(check, NullShare):
        return f"{value} IS NULL"
    if isinstance(check, OneOf):
        allowed = ", ".join(dialect.literal(one, arrow) for one in check.allowed.to_pylist())
        return f"{value} NOT IN ({allowed})"
    if isinstance(check, Pattern):
        pattern = to_java(check.rule.allowed, check.rule.name, dialect.engine)
        return f"NOT regexp_like({value}, {dialect.literal(pattern, arrow)})"
    raise NotImplementedError(check.rule.kind)


def _doubled(index: int, check: Unique, schema: pa.Schema, rows: str, dialect: Dialect) -> str:
    columns = check.rule.columns
    there = " AND ".join(f"{_present(one, schema, dialect)} IS NOT NULL" for one in columns)
    groups = (
        f"SELECT count(*) AS times {rows} {there}"
        f" GROUP BY {', '.join(_key(one, schema, dialect) for one in columns)} HAVING count(*) > 1"
    )
    failing = f"CAST(coalesce(sum(times), 0) AS {dialect.text}) AS {dialect.name(f'c{index}_failing')}"
    return f"SELECT {failing} FROM ({groups}) AS doubled"


def _present(column: str, schema: pa.Schema, dialect: Dialect) -> str:
    """A value with NaN as missing."""
    plain = dialect.path(column)
    return f"if({dialect.is_nan}({plain}), NULL, {plain})" if kinds.is_floating(type_of(schema, column)) else plain


def _key(column: str, schema: pa.Schema, dialect: Dialect) -> str:
    """A value as it is grouped: one zero of both."""
    arrow, value = type_of(schema, column), _present(column, schema, dialect)
    return f"{value} + {dialect.literal(0.0, arrow)}" if kinds.is_floating(arrow) else value


def _text(value: str, arrow: pa.DataType, dialect: Dialect) -> str:
    if kinds.is_floating(arrow):
        return f"CAST({value} AS double)"
    return dialect.moment(value, arrow.tz is not None) if kinds.is_timestamp(arrow) else value


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
