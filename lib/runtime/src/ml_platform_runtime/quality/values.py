"""Bounds and categories of a contract as values of a column's Arrow type, exactly: no bound is rounded the wrong way."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from ml_platform_runtime.errors import BadInput

#: More digits than any Iceberg type has, so that rounding to a scale never loses one.
_EXACT = Context(prec=400)
_INTEGER_LIMITS = {32: 2**31 - 1, 64: 2**63 - 1}


class Unbounded(Exception):
    """The bound lies beyond everything that the type holds: `all_fail` says on which side."""

    def __init__(self, all_fail: bool) -> None:
        super().__init__()
        self.all_fail = all_fail


def bound(given: Any, arrow: pa.DataType, lower: bool, where: str) -> pa.Scalar:
    """The smallest (`lower`) or largest value of the type that keeps to the bound. Raises Unbounded where none or all do."""
    if kinds.is_floating(arrow):
        return pa.scalar(float(_number(given, where)), arrow)
    if kinds.is_integer(arrow) or kinds.is_decimal(arrow):
        return _exact_bound(_number(given, where), arrow, lower)
    if kinds.is_temporal(arrow):
        return moment(given, arrow, where)
    raise BadInput(f"{where} is on a column of type {arrow}, which has no order that a bound can name; remove it")


def _exact_bound(number: Decimal, arrow: pa.DataType, lower: bool) -> pa.Scalar:
    scale = arrow.scale if kinds.is_decimal(arrow) else 0
    largest = _largest(arrow)
    if number.is_infinite() or abs(number) > largest + 1:
        raise Unbounded(all_fail=(number > 0) == lower)
    rounding = ROUND_CEILING if lower else ROUND_FLOOR
    value = number.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=_EXACT)
    smallest = -largest - (1 if kinds.is_integer(arrow) else 0)
    if not smallest <= value <= largest:
        raise Unbounded(all_fail=(value > 0) == lower)
    return pa.scalar(int(value) if kinds.is_integer(arrow) else value, arrow)


def _largest(arrow: pa.DataType) -> Decimal:
    if kinds.is_integer(arrow):
        return Decimal(_INTEGER_LIMITS[arrow.bit_width])
    return Decimal(10 ** int(arrow.precision) - 1).scaleb(-int(arrow.scale), context=_EXACT)


def category(given: Any, arrow: pa.DataType, where: str) -> Any:
    """One of the allowed values in Python's form, which is one that the column can hold."""
    if kinds.is_string(arrow) or kinds.is_large_string(arrow):
        return _of_type(given, str, arrow, where)
    if kinds.is_boolean(arrow):
        return _of_type(given, bool, arrow, where)
    if kinds.is_integer(arrow) or kinds.is_decimal(arrow):
        try:
            lower, upper = (_exact_bound(_number(given, where), arrow, side) for side in (True, False))
        except Unbounded:
            lower, upper = None, pa.scalar(0)
        if lower != upper or lower is None:
            raise BadInput(f"{where} holds {given!r}, which no value of type {arrow} is; remove it")
        return lower.as_py()
    if kinds.is_temporal(arrow):
        return moment(given, arrow, where).as_py()
    raise BadInput(f"{where} is on a column of type {arrow}, whose values cannot be listed exactly; use min and max")


def _of_type(given: Any, kind: type, arrow: pa.DataType, where: str) -> Any:
    if not isinstance(given, kind):
        raise BadInput(f"{where} holds {given!r}, which no value of type {arrow} is; remove it")
    return given


def _number(given: Any, where: str) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise BadInput(f"{where} is {given!r}; allowed is a number")
    try:
        # repr: the decimal that the contract shows, and not the binary fraction behind it
        number = Decimal(given if isinstance(given, (int, str)) else repr(given))
    except InvalidOperation:
        number = Decimal("nan")
    if number.is_nan():
        raise BadInput(f"{where} is {given!r}; allowed is a number")
    return number


def moment(given: Any, arrow: pa.DataType, where: str) -> pa.Scalar:
    """A date, time or timestamp from ISO 8601 text. Text for a column with a time zone must name one; any other must not."""
    zoned = kinds.is_timestamp(arrow) and arrow.tz is not None
    example = "2026-01-31T00:00:00Z" if zoned else "2026-01-31T00:00:00" if kinds.is_timestamp(arrow) else "2026-01-31"
    if kinds.is_time(arrow):
        example = "23:59:59"
    try:
        value = _parse(str(given).replace("Z", "+00:00"), arrow)
    except ValueError:
        value = None
    if value is None or not isinstance(given, str) or (not isinstance(value, date | time)):
        raise BadInput(f"{where} is {given!r}; allowed is text such as {example}")
    if isinstance(value, datetime) and zoned != (value.tzinfo is not None):
        with_or_without = "with a time zone" if zoned else "without a time zone"
        raise BadInput(f"{where} is {given!r}; allowed is text {with_or_without}, such as {example}")
    if isinstance(value, datetime) and zoned:
        value = value.astimezone(timezone.utc)
    return pa.scalar(value, arrow)


def _parse(text: str, arrow: pa.DataType) -> date | datetime | time:
    if kinds.is_timestamp(arrow):
        return datetime.fromisoformat(text)
    return time.fromisoformat(text) if kinds.is_time(arrow) else date.fromisoformat(text)
