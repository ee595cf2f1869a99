"""One run: read the rows once, judge them by contract and suites, write the report, then tell the bus."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.events import Event
from ml_platform_runtime.quality import sql
from ml_platform_runtime.quality.athena import TRINO, Athena, count_rows
from ml_platform_runtime.quality.checks import Check, Memory, Outcome, Rule, make_checks
from ml_platform_runtime.quality.report import Folder, send_once
from ml_platform_runtime.quality.scan import Scan
from ml_platform_runtime.quality.settings import QualitySettings
from ml_platform_runtime.quality.suite import Suite, SuiteOutcome
from ml_platform_runtime.tables.catalogs import open_catalog, open_table

if TYPE_CHECKING:
    import pyarrow as pa

    from ml_platform_runtime.tables.contract import Contract

REPORT = "report.json"
#: Names of failed checks in an event; the report has all of them.
MAX_NAMES = 100


@dataclass(frozen=True)
class Verdict:
    """What came out, and where it is written."""

    passed: bool
    failed: list[str]
    report: dict[str, Any]
    address: str
    event_id: str | None
    event_sent: bool


def run(settings: QualitySettings) -> Verdict:
    """The whole check. Raises BadInput for what cannot be checked; AWS's refusals pass on."""
    now = datetime.now(timezone.utc)
    s3 = aws.client("s3")
    contract, rules = _contract(settings)
    suites = [Suite(_fetch(s3, address), address) for address in settings.suites]
    pages = [page_name(suite.name) for suite in suites]
    if len(set(pages)) < len(pages):
        raise BadInput(
            f"suites have the names {', '.join(suite.name for suite in suites)}; give each a name of its own"
        )
    table = open_table(open_catalog(os.environ), settings.table)
    scan = Scan.of(table, settings.snapshot_id, settings.sample, _columns(rules, whole=bool(suites)))
    judged = judge(scan, rules, suites, settings, now)
    failed = [outcome.rule.name for outcome in judged.outcomes if not outcome.passed]
    failed += [name for suite in judged.suites for name in suite.failed]
    folder = Folder.of(s3, settings.report, scan.snapshot_id)
    report: dict[str, Any] = {
        "schemaVersion": 1,
        "table": settings.table,
        "snapshotId": scan.snapshot_id,
        "verdict": "failed" if failed else "passed",
        "checkedAt": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sample": scan.sample_plain(),
        **({} if judged.engine is None else {"engine": judged.engine}),
        "rowsChecked": judged.rows,
        "contractVersion": None if contract is None else contract.version,
        "failedChecks": failed,
        "checks": [outcome.to_plain() for outcome in judged.outcomes],
        "suites": [_write_docs(folder, suite) for suite in judged.suites],
    }
    folder.write_json(REPORT, report)
    address = folder.address(REPORT)
    event = _event(settings, scan.snapshot_id, failed, address) if failed and settings.bus else None
    sent = event is not None and _send(folder, settings, event)
    return Verdict(not failed, failed, report, address, event.event_id if event else None, sent)


def tell(address: str, verdict: Verdict) -> None:
    """Writes a verdict where whoever started the run reads it."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    if not address.startswith("s3://") or not bucket or not key:
        raise BadInput(f"the verdict's address is {address!r}; allowed is s3://bucket/key")
    told = {
        "verdict": verdict.report["verdict"],
        "failed": str(len(verdict.failed)),
        "rows": str(verdict.report["rowsChecked"]),
        "report": verdict.address,
    }
    # a state machine sees metadata as they are, and a body as its SDK pleases
    aws.client("s3").put_object(
        Bucket=bucket, Key=key, Body=json.dumps(told).encode(), ContentType="application/json", Metadata=told
    )


@dataclass(frozen=True)
class Judged:
    """Every verdict on the rows of a scan, how many rows there were, and who counted if it was not this process."""

    outcomes: list[Outcome]
    suites: list[SuiteOutcome]
    rows: int
    engine: dict[str, Any] | None = None


def judge(
    scan: Scan, rules: Sequence[Rule], suites: Sequence[Suite], settings: QualitySettings, now: datetime
) -> Judged:
    """Every verdict on the rows of the scan."""
    memory = Memory(settings.memory_mib)
    checks = make_checks(rules, scan.schema, now=now, memory=memory)
    if settings.athena_workgroup is not None and not scan.nothing:
        return _judge_on_athena(settings.athena_workgroup, scan, checks, suites, settings)
    if settings.on_spark and not scan.nothing:
        return _judge_on_spark(scan, checks, suites, settings)
    return _judge_here(scan, checks, suites, settings.show_values, memory)


def _judge_on_athena(
    workgroup: str, scan: Scan, checks: Sequence[Check], suites: Sequence[Suite], settings: QualitySettings
) -> Judged:
    rows, answer = count_rows(Athena(workgroup), settings.table, scan, checks)
    query = sql.rows_query(settings.table, scan, TRINO)
    judged = [suite.run_on_athena(workgroup, query, settings.show_values) for suite in suites]
    return Judged([check.outcome() for check in checks], judged, rows, answer.to_plain())


def _judge_on_spark(scan: Scan, checks: Sequence[Check], suites: Sequence[Suite], settings: QualitySettings) -> Judged:
    from ml_platform_runtime.quality.spark import Spark

    with Spark.session() as spark:
        rows = spark.count_rows(settings.table, scan, checks)
        frame = spark.frame(settings.table, scan)
        judged = [suite.run_on_spark(frame, settings.show_values) for suite in suites]
        return Judged([check.outcome() for check in checks], judged, rows, spark.to_plain())


def _judge_here(
    scan: Scan, checks: Sequence[Check], suites: Sequence[Suite], show_values: bool, memory: Memory
) -> Judged:
    kept: list[pa.RecordBatch] = []
    count = 0
    for part in scan.slices():
        count += part.batch.num_rows
        for check in checks:
            check.see(part)
        if suites:
            memory.spend(part.batch.nbytes, "the rows of the suite")
            kept.append(part.batch)
    outcomes = [check.outcome() for check in checks]
    if not suites:
        return Judged(outcomes, [], count)
    frame = _table(kept, scan.schema)
    return Judged(outcomes, [suite.run(frame, show_values) for suite in suites], count)


def _table(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches(batches) if batches else schema.empty_table()


def _contract(settings: QualitySettings) -> tuple[Contract | None, list[Rule]]:
    if settings.contract is None:
        return None, []
    from ml_platform_runtime.quality.rules import rules_of
    from ml_platform_runtime.tables.contract import Contract

    contract = Contract.load(settings.contract)
    name = settings.table.split(".")[1]
    if contract.table != name:
        raise BadInput(f"contract {settings.contract} is that of table {contract.table}, not of {name}")
    rules = rules_of(contract)
    if not rules and not settings.suites:
        raise BadInput(
            f"contract {settings.contract} has neither checks nor required fields, so nothing would be checked"
        )
    return contract, rules


def _columns(rules: Sequence[Rule], whole: bool) -> tuple[str, ...]:
    if whole:
        return ("*",)
    return tuple(dict.fromkeys(path for rule in rules for path in rule.columns))


def _fetch(s3: Any, address: str) -> bytes:
    """A suite from S3 or from a path."""
    from pathlib import Path

    if not address.startswith("s3://"):
        try:
            return Path(address).read_bytes()
        except OSError as error:
            raise BadInput(
                f"suite {address} cannot be read: {error.strerror}; give a path or s3://bucket/key"
            ) from error
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except aws.AWS_ERRORS as error:
        if aws.error_code(error) in {"NoSuchKey", "NoSuchBucket"}:
            raise BadInput(f"suite {address} does not exist; give a path or s3://bucket/key") from error
        raise


def page_name(suite: str) -> str:
    """File of a suite's data docs."""
    return f"{''.join(one if one.isalnum() or one in '-_' else '-' for one in suite)}.html"


def _write_docs(folder: Folder, suite: SuiteOutcome) -> dict[str, Any]:
    name = page_name(suite.name)
    folder.write(name, suite.page(), "text/html; charset=utf-8")
    verdict = "passed" if suite.passed else "failed"
    return {"name": suite.name, "verdict": verdict, "dataDocs": folder.address(name), "expectations": suite.results}


def _event(settings: QualitySettings, snapshot_id: str | None, failed: list[str], address: str) -> Event:
    more = len(failed) - MAX_NAMES
    properties: dict[str, Any] = {
        "checks": failed if more <= 0 else [*failed[:MAX_NAMES], f"and {more} more"],
        "report": address,
    }
    if snapshot_id is not None:
        properties["snapshotId"] = snapshot_id
    return Event(
        room="data",
        detail_type="Data Quality Failed",
        subject_kind="table",
        subject=settings.table,
        natural_key="\n".join((snapshot_id or "empty", address, *sorted(failed))),
        properties=properties,
        correlation_id=settings.correlation_id,
        causation_id=settings.causation_id,
    )


def _send(folder: Folder, settings: QualitySettings, event: Event) -> bool:
    return send_once(folder, aws.client("events"), str(settings.bus), settings.environment, event)
