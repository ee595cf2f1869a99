"""What SQL engines write in different ways, each in one class: Trino, which Athena speaks, and Spark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from ml_platform_runtime.errors import BadInput


class Dialect(ABC):
    """The words of one engine."""

    #: As messages name it.
    engine: str
    #: Type of a text of any length.
    text: str
    #: What stands around an identifier.
    quote: str
    #: What stands between a table and its snapshot.
    at_version: str
    #: Function that finds NaN.
    is_nan: str
    #: What it takes as the text of a query; None is without a limit.
    max_bytes: int | None = None

    def name(self, text: str) -> str:
        """An identifier in quotes."""
        return self.quote + text.replace(self.quote, 2 * self.quote) + self.quote

    def path(self, column: str) -> str:
        """A column, or a field of a struct, of the table that is called t."""
        return ".".join(["t", *(self.name(one) for one in column.split("."))])

    def relation(self, identifier: str, snapshot_id: str) -> str:
        """A table at one snapshot."""
        return f"{'.'.join(self.name(one) for one in identifier.split('.'))} {self.at_version} {int(snapshot_id)}"

    @abstractmethod
    def moment(self, value: str, zoned: bool) -> str:
        """A timestamp as something whose text has six digits of a second; of zoned ones, in UTC."""

    def literal(self, value: Any, arrow: pa.DataType) -> str:
        """A value of Python as one of the column's type."""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if kinds.is_floating(arrow):
            return self._number(repr(float(value)).replace("inf", "Infinity"), arrow)
        if isinstance(value, int) and kinds.is_integer(arrow):
            return self._number(str(value), pa.int64())
        if isinstance(value, Decimal):
            return self._number(f"{value:f}", arrow)
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, datetime):
            zoned = value.tzinfo is not None
            moment = value.astimezone(timezone.utc).replace(tzinfo=None) if zoned else value
            return self._timestamp(moment.isoformat(sep=" ", timespec="microseconds"), zoned)
        if isinstance(value, date):
            return f"DATE '{value.isoformat()}'"
        if isinstance(value, time):
            return self._time(value.isoformat(timespec="microseconds"))
        raise BadInput(f"a value of type {arrow} cannot be written in a query; check in the task")

    @abstractmethod
    def _number(self, digits: str, arrow: pa.DataType) -> str: ...

    @abstractmethod
    def _string(self, value: str) -> str: ...

    @abstractmethod
    def _timestamp(self, text: str, zoned: bool) -> str: ...

    @abstractmethod
    def _time(self, text: str) -> str: ...


class Trino(Dialect):
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html"""

    engine, text, quote, at_version, is_nan = "Athena", "varchar", '"', "FOR VERSION AS OF", "is_nan"
    max_bytes = 262_144

    def moment(self, value: str, zoned: bool) -> str:
        return f"({value}) AT TIME ZONE 'UTC'" if zoned else value

    def _number(self, digits: str, arrow: pa.DataType) -> str:
        if kinds.is_floating(arrow):
            return f"{'REAL' if kinds.is_float32(arrow) else 'DOUBLE'} '{digits}'"
        return f"{'DECIMAL' if kinds.is_decimal(arrow) else 'BIGINT'} '{digits}'"

    def _string(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def _timestamp(self, text: str, zoned: bool) -> str:
        return f"TIMESTAMP '{text}{' UTC' if zoned else ''}'"

    def _time(self, text: str) -> str:
        return f"TIME '{text}'"


class SparkSql(Dialect):
    """https://iceberg.apache.org/docs/latest/spark-queries/#time-travel; the session's time zone has to be UTC."""

    engine, text, quote, at_version, is_nan = "Spark", "string", "`", "VERSION AS OF", "isnan"

    def moment(self, value: str, zoned: bool) -> str:
        return f"date_format({value}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"

    def _number(self, digits: str, arrow: pa.DataType) -> str:
        # not as 5L or 0.1D: the smallest of them would be read as minus one that is too large
        kind = {"float": "float", "double": "double", "int64": "bigint"}.get(str(arrow))
        return f"CAST('{digits}' AS {kind or f'decimal({arrow.precision}, {arrow.scale})'})"

    def _string(self, value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def _timestamp(self, text: str, zoned: bool) -> str:
        return f"TIMESTAMP '{text} UTC'" if zoned else f"TIMESTAMP_NTZ '{text}'"

    def _time(self, text: str) -> str:
        raise BadInput("Spark has no type for a time of day; check in the task")
