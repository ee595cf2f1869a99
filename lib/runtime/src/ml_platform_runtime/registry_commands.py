"""Commands of the registry beside its server."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

from ml_platform_runtime import aws, logs
from ml_platform_runtime.command_line import AddCommand
from ml_platform_runtime.errors import BadInput


def add_commands(add: AddCommand) -> None:
    """registry-rotate and registry-check-alias."""
    rotate = add(
        "registry-rotate", _rotate, "Give the registry's logins new passwords; the old ones work until the next time."
    )
    rotate.add_argument(
        "--secret", action="append", required=True, help="secret of a login; may be given more than once"
    )
    rotate.add_argument("--admin-secret", required=True, help="secret of the administrator's login")
    check = add(
        "registry-check-alias", _check_alias, "Compare MLflow's alias with the release record, for every model."
    )
    check.add_argument("--table", help="release table (default: ML_RELEASE_TABLE)")
    check.add_argument(
        "--registry", help="send metrics under this name (default: ML_REGISTRY_NAME; without it none are sent)"
    )
    check.add_argument("--repair", action="store_true", help="let MLflow say what the record says")
    check.add_argument("--fail", action="store_true", help="exit with 1 when something differs")
    check.add_argument(
        "--settle-seconds", type=float, default=10, help="time for a promotion to be mirrored (default: 10)"
    )


def _check_alias(options: argparse.Namespace) -> int:
    from ml_platform_runtime.registry_mirror import check, emit
    from ml_platform_runtime.releases import ReleaseClient

    logs.configure(sys.stderr)
    table = options.table or os.environ.get("ML_RELEASE_TABLE")
    if not table:
        raise BadInput("the release table is not known; set ML_RELEASE_TABLE or give --table")
    found = check(
        ReleaseClient(table, aws.client("dynamodb")),
        _tracking_uri(),
        settle_seconds=options.settle_seconds,
        repairs=options.repair,
    )
    registry = options.registry or os.environ.get("ML_REGISTRY_NAME")
    if registry:
        emit(aws.client("cloudwatch"), registry, found)
    print(
        json.dumps(
            {"outcome": "differs" if found else "same", "differing": [asdict(difference) for difference in found]}
        )
    )
    return 1 if found and options.fail else 0


def _rotate(options: argparse.Namespace) -> int:
    from ml_platform_runtime.registry_logins import rotate

    logs.configure(sys.stderr)
    uri = _tracking_uri()
    client = aws.client("secretsmanager")
    done = [rotate(client, secret, options.admin_secret, uri) for secret in options.secret]
    print(json.dumps({"outcome": "rotated", "logins": done}))
    return 0


def _tracking_uri() -> str:
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not uri:
        raise BadInput("MLFLOW_TRACKING_URI is not set; give the address of the registry")
    return uri
