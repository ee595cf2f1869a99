"""The commands of `features`. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

from ml_platform_runtime import logs
from ml_platform_runtime.command_line import AddCommand
from ml_platform_runtime.errors import BadInput

#: Exit code of `features-skew` when too many values differ; 1 to 3 mean what they mean everywhere.
SKEWED = 4


def add_commands(add: AddCommand) -> None:
    """Adds the commands of this package."""
    command = add("features-apply", _apply, "Register the Python definitions of features.")
    command.add_argument("--allow-delete", action="store_true", help="remove from the registry what the repo lacks")
    command.add_argument("--check", action="store_true", help="only compare the definitions with the stack's tables")
    _common(command)
    command = add("features-materialize", _materialize, "Write what is new to the online store.")
    command.add_argument("--view", action="append", default=[], help="only this view; repeatable (default: all online)")
    command.add_argument("--end", type=_moment, help="until this moment, ISO 8601 (default: now)")
    command.add_argument("--start", type=_moment, help="from this moment (default: where the last run ended)")
    command.add_argument(
        "--overlap-seconds", type=float, default=0, help="go back behind the last run's end for rows that came late"
    )
    command.add_argument("--dry-run", action="store_true", help="count rows, write units and dollars; write nothing")
    command.add_argument("--dollars-per-million-units", type=float, help="of DynamoDB writes (default: us-east-1)")
    _common(command)
    command = add("features-training-set", _training_set, "Join features to entity rows as of each row's time.")
    command.add_argument("--entities", metavar="URI", help="Parquet of entity rows: a file, or a folder that ends in /")
    command.add_argument("--entity-table", metavar="TABLE", help="Iceberg table of entity rows: database.table[@tag]")
    command.add_argument("--timestamp-column", default="event_timestamp", help="default: %(default)s")
    command.add_argument("--service", help="feature service that says which features")
    command.add_argument("--feature", action="append", default=[], metavar="VIEW:FEATURE", help="repeatable")
    command.add_argument(
        "--output", required=True, metavar="URI", help="s3://bucket/key.parquet; the record lies beside it"
    )
    command.add_argument("--full-feature-names", action="store_true", help="name columns view__feature")
    command.add_argument("--tag", help="keep the snapshots that were read, by an Iceberg tag of this name")
    command.add_argument("--retention-days", type=int, default=365, help="of the tag (default: %(default)s)")
    command.add_argument("--report", metavar="URI", help="also write the record to this path or s3:// address")
    command = add(
        "features-skew", _skew, "Compare online values with what training would see; exit code 4: too many differ."
    )
    command.add_argument("--view", action="append", default=[], help="only this view; repeatable (default: all online)")
    command.add_argument("--entities", metavar="URI", help="Parquet of keys (default: a sample of the offline store)")
    command.add_argument("--sample", type=int, default=500, help="entities of each view (default: %(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
    command.add_argument(
        "--at",
        type=_moment_or_watermark,
        help="compare as of this moment, or `watermark`: the last run's end (default: now)",
    )
    command.add_argument("--tolerance", type=float, default=1e-6, help="of numbers (default: %(default)s)")
    command.add_argument("--threshold", type=float, default=0.01, help="share that may differ (default: %(default)s)")
    command.add_argument("--report", metavar="URI", help="also write the result to this path or s3:// address")
    add("features-serve", _serve, "Serve features by HTTP (settings come from the environment).")


def _moment_or_watermark(text: str) -> datetime | str:
    return text if text == "watermark" else _moment(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment; give ISO 8601 such as 2026-11-21T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _common(command: argparse.ArgumentParser, wait: int = 600) -> None:
    command.add_argument("--report", metavar="URI", help="also write the result to this path or s3:// address")
    command.add_argument(
        "--wait-seconds", type=float, default=wait, help="how long to wait for another run (default: %(default)s)"
    )


def _settings() -> Any:
    from ml_platform_runtime.features.settings import FeatureSettings

    logs.configure(sys.stderr)
    return FeatureSettings.from_environment(os.environ)


def _done(options: argparse.Namespace, report: dict[str, Any]) -> None:
    from ml_platform_runtime.features.storage import write_json

    if options.report:
        write_json(options.report, report)
    print(json.dumps(report, default=str), flush=True)


def _apply(options: argparse.Namespace) -> int:
    settings = _settings()
    from ml_platform_runtime.features.apply import apply

    report = apply(
        settings, allow_delete=options.allow_delete, check_only=options.check, wait_seconds=options.wait_seconds
    )
    _done(options, report)
    return 0


def _materialize(options: argparse.Namespace) -> int:
    settings = _settings()
    from ml_platform_runtime.features.materialize import Plan, materialize
    from ml_platform_runtime.features.writes import DOLLARS_PER_MILLION_UNITS

    end = options.end or datetime.now(timezone.utc)
    if options.start and options.start >= end:
        raise BadInput(
            f"--start {options.start.isoformat()} is not before the end {end.isoformat()}; give an earlier start"
        )
    price = options.dollars_per_million_units
    plan = Plan(
        views=list(dict.fromkeys(options.view)),
        start=options.start,
        end=end,
        overlap=timedelta(seconds=options.overlap_seconds),
        dry_run=options.dry_run,
        wait_seconds=options.wait_seconds,
        dollars_per_million_units=DOLLARS_PER_MILLION_UNITS if price is None else price,
    )
    _done(options, materialize(settings, plan))
    return 0


def _training_set(options: argparse.Namespace) -> int:
    settings = _settings()
    from ml_platform_runtime.features.training_set import Request, build

    request = Request(
        entities=options.entities,
        entity_table=options.entity_table,
        timestamp_column=options.timestamp_column,
        service=options.service,
        features=options.feature,
        output=options.output,
        full_names=options.full_feature_names,
        tag=options.tag,
        retention_days=options.retention_days,
    )
    _done(options, build(settings, request))
    return 0


def _skew(options: argparse.Namespace) -> int:
    settings = _settings()
    from ml_platform_runtime.features.skew import Check, compare

    at = options.at or datetime.now(timezone.utc)
    check = Check(
        views=list(dict.fromkeys(options.view)),
        entities=options.entities,
        sample=options.sample,
        seed=options.seed,
        at=None if at == "watermark" else at,
        tolerance=options.tolerance,
        threshold=options.threshold,
    )
    report = compare(settings, check)
    _done(options, report)
    return SKEWED if report["outcome"] == "skewed" else 0


def _serve(_options: argparse.Namespace) -> int:
    settings = _settings()
    from ml_platform_runtime.features.serve import ServeFeatures, serve

    serve(settings, ServeFeatures.from_environment(os.environ))
