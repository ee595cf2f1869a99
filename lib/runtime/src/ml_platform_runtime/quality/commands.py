"""The commands of `quality`. Nothing heavy is imported before a command runs.

`quality check` ends with 0 if the data keeps to its checks, and with 4 if it does not. 1 and 2 say that there is no verdict:
something failed on the way, or what was asked for cannot be checked. Where the exit code is not seen, as by those who start a
job on Spark, `--verdict` is an object on S3 that has it instead.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from ml_platform_runtime import logs
from ml_platform_runtime.command_line import AddCommand
from ml_platform_runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from ml_platform_runtime.quality.run import Verdict
    from ml_platform_runtime.quality.settings import QualitySettings

#: Exit code of a check that ran and found bad data.
BAD_DATA = 4


def add_commands(add: AddCommand) -> None:
    """Adds the commands of this package."""
    quality = add("quality", _check, "Check the values of a table: 0 good, 4 bad, 1 and 2 no verdict.")
    quality.add_argument("action", choices=["check"], help="what to do")
    quality.add_argument("--table", help="database.table (default: ML_QUALITY_TABLE)")
    quality.add_argument("--contract", help="path or s3:// address of the contract (default: ML_QUALITY_CONTRACT)")
    quality.add_argument(
        "--suite",
        action="append",
        help="path or s3:// address of a suite's JSON; repeatable (default: ML_QUALITY_SUITES)",
    )
    quality.add_argument("--report", help="s3://bucket/prefix for reports (default: ML_QUALITY_REPORT)")
    quality.add_argument(
        "--sample",
        help="all, newest-snapshot, newest-partition[:<column>] or rows:<number> (default: ML_QUALITY_SAMPLE, else all)",
    )
    quality.add_argument(
        "--athena-workgroup",
        help="count in this Athena workgroup, and read no rows here (default: ML_QUALITY_ATHENA_WORKGROUP, else rows are read)",
    )
    quality.add_argument(
        "--on-spark",
        action="store_true",
        help="count in the Spark session of this process, as spark-submit makes one (default: ML_QUALITY_ON_SPARK)",
    )
    quality.add_argument(
        "--verdict",
        help="s3://bucket/key that is told the verdict; the command then ends with 0 if there is one (default: ML_QUALITY_VERDICT)",
    )
    quality.add_argument("--snapshot", help="snapshot to check (default: ML_QUALITY_SNAPSHOT, else the newest)")


def _check(options: argparse.Namespace) -> int:
    logs.configure(sys.stderr)
    import pyarrow as pa

    from ml_platform_runtime.quality.run import run, tell
    from ml_platform_runtime.quality.settings import QualitySettings

    settings = QualitySettings.of(options, os.environ)
    try:
        verdict = run(settings)
    except (OSError, MemoryError, pa.ArrowException) as error:
        # pyarrow's own S3 client raises OSError, with AWS's words in it; a damaged file is an ArrowException
        raise RuntimeFault(f"the check did not end: {' '.join(str(error).split()) or type(error).__name__}") from error
    print(json.dumps(_line(settings, verdict)), flush=True)
    if settings.verdict is not None:
        tell(settings.verdict, verdict)
        return 0
    return 0 if verdict.passed else BAD_DATA


def _line(settings: QualitySettings, verdict: Verdict) -> dict[str, Any]:
    line: dict[str, Any] = {
        "verdict": verdict.report["verdict"],
        "table": settings.table,
        "snapshotId": verdict.report["snapshotId"],
        "rowsChecked": verdict.report["rowsChecked"],
        "failedChecks": verdict.failed,
        "report": verdict.address,
        "eventId": verdict.event_id,
        "eventSent": verdict.event_sent,
    }
    return line if settings.metrics_namespace is None else {**line, **_metrics(settings, verdict)}


def _metrics(settings: QualitySettings, verdict: Verdict) -> dict[str, Any]:
    """Embedded metric format: CloudWatch makes the metric from the log line.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    return {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": settings.metrics_namespace,
                    "Dimensions": [["Table", "Check"]],
                    "Metrics": [{"Name": "FailedChecks", "Unit": "Count"}, {"Name": "RowsChecked", "Unit": "Count"}],
                }
            ],
        },
        "Table": settings.table,
        "Check": settings.name,
        "FailedChecks": len(verdict.failed),
        "RowsChecked": verdict.report["rowsChecked"],
    }
