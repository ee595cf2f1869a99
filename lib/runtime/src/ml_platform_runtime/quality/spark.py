"""The Spark session of this process: the table is read by its workers, and only what was counted comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.quality import sql
from ml_platform_runtime.quality.dialect import SparkSql

if TYPE_CHECKING:
    import pyarrow as pa

    from ml_platform_runtime.quality.checks import Check
    from ml_platform_runtime.quality.scan import Scan

SPARK_SQL = SparkSql()
#: How the session reads what we write: moments are UTC's, `A` is not `a`, and neither a backslash nor `${...}` means anything else.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.variable.substitute": "false",
}


class Spark:
    """One session. Where tables are looked up is its own configuration."""

    def __init__(self, session: Any) -> None:
        self._session = session
        for name, value in SETTINGS.items():
            session.conf.set(name, value)

    @classmethod
    @contextmanager
    def session(cls) -> Iterator[Spark]:
        """The one that spark-submit made. Raises BadInput without Spark, and RuntimeFault with Spark's words if it fails."""
        try:
            from py4j.protocol import Py4JError
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise BadInput("there is no Spark here; start the check by spark-submit, or check in the task") from error
        try:
            yield cls(SparkSession.builder.getOrCreate())
        except (PySparkException, Py4JError) as error:
            raise RuntimeFault(f"Spark did not count: {_first_line(error)}") from error

    def count_rows(self, table: str, scan: Scan, checks: Sequence[Check]) -> int:
        """Gives checks what they count over the rows of the scan; answers how many there were."""
        return self.count(checks, scan.schema, *sql.source(table, scan, SPARK_SQL))

    def count(self, checks: Sequence[Check], schema: pa.Schema, source: str, where: str | None) -> int:
        """The same for whatever can stand behind FROM."""
        statement = sql.statement(checks, schema, source, where, SPARK_SQL)
        return sql.fill(checks, schema, self._session.sql(statement).first().asDict())

    def frame(self, table: str, scan: Scan) -> Any:
        """The rows of the scan, which nobody has read yet."""
        return self._session.sql(sql.rows_query(table, scan, SPARK_SQL))

    def to_plain(self) -> dict[str, Any]:
        """As a report names it."""
        return {
            "kind": "spark",
            "application": self._session.sparkContext.applicationId,
            "version": self._session.version,
        }


def _first_line(error: Exception) -> str:
    """The message without the stack traces of Java that follow it."""
    java = getattr(error, "java_exception", None)
    text = str(error) if java is None else str(java.toString())
    return text.strip().partition("\n")[0]
