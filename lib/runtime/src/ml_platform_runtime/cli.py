"""The commands of the containers and of people: serve, registry-server, promote, rollback, show, and those of the packages.

`promote`, `rollback` and `show` print one JSON line. Exit codes: 0 done, 1 failed, 2 bad input, 3 somebody else was faster.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ml_platform_runtime import __version__, aws, logs
from ml_platform_runtime import registry_commands as registry
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.features import commands as features
from ml_platform_runtime.quality import commands as quality
from ml_platform_runtime.record import Release
from ml_platform_runtime.releases import Change, ReleaseClient
from ml_platform_runtime.tables import commands as tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the answer."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.run
        return command(options)
    except RuntimeFault as fault:
        return _fail(str(fault), fault.exit_code)
    except aws.AWS_ERRORS as error:
        return _fail(f"AWS refused or cannot be reached: {aws.error_code(error)}: {' '.join(str(error).split())}", 1)


def _fail(message: str, code: int) -> int:
    print(f"error: {logs.mask(message)}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ml_platform_runtime", description="The Python that runs inside cdk-ml-platform.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(run=run)
        return command

    add("serve", _serve, "Serve the champion of one model (settings come from the environment).")
    add(
        "registry-server",
        _registry_server,
        "Migrate the database, then run MLflow (settings come from the environment).",
    )
    promote = add("promote", _promote, "Make a version the champion.")
    rollback = add("rollback", _rollback, "Make the previous version the champion again.")
    show = add("show", _show, "Print the release record.")
    for command in (promote, rollback, show):
        command.add_argument("--model", required=True, help="name of the registered model")
        command.add_argument("--table", help="release table (default: ML_RELEASE_TABLE)")
    for command in (promote, rollback):
        command.add_argument(
            "--expected-sequence",
            type=_sequence,
            help="refuse unless the record is at this sequence (0: never promoted)",
        )
        command.add_argument("--reason", default="", help="kept in the record")
        command.add_argument("--by", help="who does this (default: ML_ACTOR, else the user's name)")
    promote.add_argument("--version", required=True, help="version of the registered model")
    promote.add_argument(
        "--artifact-uri", help="s3://bucket/folder of the model, for registries other than MLflow or while it is down"
    )
    promote.add_argument("--override", action="store_true", help="promote a quarantined version, with --reason")
    for name, text in {
        "run-id": "run that made it",
        "data-tag": "data that made it",
        "data-snapshot": "snapshot of that data",
        "code-revision": "code that made it",
        "image-digest": "image that made it",
    }.items():
        promote.add_argument(f"--{name}", help=f"{text} (default: what MLflow knows)")
    for package in (tables, quality, features, registry):
        package.add_commands(add)
    show.add_argument("--history", action="store_true", help="print all states, newest first, one a line")
    return parser


def _sequence(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no sequence; give an integer of 0 or more")
    return int(text)


def _serve(_options: argparse.Namespace) -> int:
    from ml_platform_runtime.config import ServeSettings

    logs.configure()
    settings = ServeSettings.from_environment(os.environ)
    # MLflow is only a library here: no server of it is ever asked, and it reports to nobody.
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    # Its log lines go through our formatter.
    os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"
    from ml_platform_runtime.server import serve

    return serve(settings)


def _registry_server(_options: argparse.Namespace) -> int:
    from ml_platform_runtime import registry_server

    logs.configure()
    registry_server.run(registry_server.RegistrySettings.from_environment(os.environ))


def _releases(options: argparse.Namespace) -> ReleaseClient:
    logs.configure(sys.stderr)
    table = options.table or os.environ.get("ML_RELEASE_TABLE")
    if not table:
        raise BadInput("the release table is not known; set ML_RELEASE_TABLE or give --table")
    return ReleaseClient(table, aws.client("dynamodb", read_timeout=5))


def _promote(options: argparse.Namespace) -> int:
    releases = _releases(options)
    release = _release(options)
    release.check()
    from ml_platform_runtime.promotion import check_artifact

    warnings = check_artifact(aws.client("s3"), release.artifact_uri)
    change = releases.promote(
        options.model,
        release,
        expected_sequence=options.expected_sequence,
        by=_actor(options),
        reason=options.reason,
        override=options.override,
    )
    return _report(change, warnings)


def _release(options: argparse.Namespace) -> Release:
    if options.artifact_uri:
        release = Release(options.version, options.artifact_uri.rstrip("/"))
    else:
        from ml_platform_runtime.mlflow_registry import find_release, tracking_uri

        uri = tracking_uri(os.environ)
        if not uri:
            raise BadInput(
                "MLFLOW_TRACKING_URI is not set, so the artifact cannot be found; set it, or give --artifact-uri"
            )
        release = find_release(uri, options.model, options.version, os.environ.get("MLFLOW_ARTIFACTS_DESTINATION"))
    given = {
        name: getattr(options, name)
        for name in ("run_id", "data_tag", "data_snapshot", "code_revision", "image_digest")
    }
    return replace(release, **{name: value for name, value in given.items() if value})


def _rollback(options: argparse.Namespace) -> int:
    change = _releases(options).rollback(
        options.model, expected_sequence=options.expected_sequence, by=_actor(options), reason=options.reason
    )
    return _report(change, [])


def _report(change: Change, warnings: list[str]) -> int:
    """One JSON line; the record is already written, so nothing here changes the outcome."""
    outcome: dict[str, Any] = {
        "outcome": "written" if change.written else "unchanged",
        **change.record.to_plain(),
        "warnings": warnings,
    }
    outcome["alias"] = _mirror(change) if change.written else "unchanged"
    print(json.dumps(outcome), flush=True)
    return 0


def _mirror(change: Change) -> str:
    from ml_platform_runtime.mlflow_mirror import mirror_alias
    from ml_platform_runtime.mlflow_registry import tracking_uri

    return mirror_alias(tracking_uri(os.environ), change.record.model, change.record.champion.version)


def _show(options: argparse.Namespace) -> int:
    releases = _releases(options)
    if options.history:
        for entry in releases.history(options.model):
            print(json.dumps(entry.to_plain()))
        return 0
    record = releases.read(options.model)
    if record is None:
        raise BadInput(f"{options.model} has no release record; promote a version first")
    print(json.dumps(record.to_plain()))
    return 0


def _actor(options: argparse.Namespace) -> str:
    if options.by or os.environ.get("ML_ACTOR"):
        return str(options.by or os.environ["ML_ACTOR"])
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no name.
        return f"uid {os.getuid()}"
