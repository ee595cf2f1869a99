"""Queries in an Athena workgroup: the table is read there, and only what was counted comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_platform_runtime import aws
from ml_platform_runtime.errors import RuntimeFault
from ml_platform_runtime.quality import sql
from ml_platform_runtime.quality.dialect import Trino

if TYPE_CHECKING:
    from ml_platform_runtime.quality.checks import Check
    from ml_platform_runtime.quality.scan import Scan

#: What Athena speaks.
TRINO = Trino()
#: Seconds between two questions whether a query has ended, growing from the first to the second.
POLL_SECONDS = (0.2, 5.0)


@dataclass(frozen=True)
class Answer:
    """One row, and what it cost."""

    row: dict[str, str | None]
    query_id: str
    scanned_bytes: int

    def to_plain(self) -> dict[str, Any]:
        return {"kind": "athena", "queryId": self.query_id, "scannedBytes": self.scanned_bytes}


class Athena:
    """One workgroup. Where results go, and how much a query may read, are the workgroup's own rules."""

    def __init__(self, workgroup: str, client: Any = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._workgroup = workgroup
        self._client = client or aws.client("athena")
        self._sleep = sleep

    def one_row(self, text: str) -> Answer:
        """Runs a query that answers with one row. Raises RuntimeFault with Athena's words if it does not succeed."""
        query_id = self._client.start_query_execution(QueryString=text, WorkGroup=self._workgroup)["QueryExecutionId"]
        execution = self._wait(query_id)
        state = execution["Status"]["State"]
        if state != "SUCCEEDED":
            reason = execution["Status"].get("StateChangeReason", "no reason was given")
            raise RuntimeFault(
                f"Athena ended query {query_id} of workgroup {self._workgroup} as {state.lower()}: {reason}"
            )
        header, row = self._client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        names, values = ([one.get("VarCharValue") for one in line["Data"]] for line in (header, row))
        scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        return Answer(dict(zip(names, values, strict=True)), query_id, scanned)

    def _wait(self, query_id: str) -> Any:
        pause, longest = POLL_SECONDS
        while True:
            execution = self._client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                return execution
            self._sleep(pause)
            pause = min(longest, 1.5 * pause)


def count_rows(athena: Athena, table: str, scan: Scan, checks: Sequence[Check]) -> tuple[int, Answer]:
    """Gives checks what they count over the rows of the scan; answers how many there were."""
    answer = athena.one_row(sql.statement(checks, scan.schema, *sql.source(table, scan, TRINO), TRINO))
    return sql.fill(checks, scan.schema, answer.row), answer
