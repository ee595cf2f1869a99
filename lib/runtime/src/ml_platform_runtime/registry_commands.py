"""Commands of the registry beside its server."""

from __future__ import annotations

import argparse
import json
import os
import sys

from ml_platform_runtime import aws, logs
from ml_platform_runtime.command_line import AddCommand
from ml_platform_runtime.errors import BadInput


def add_commands(add: AddCommand) -> None:
    """registry-rotate."""
    rotate = add(
        "registry-rotate", _rotate, "Give the registry's logins new passwords; the old ones work until the next time."
    )
    rotate.add_argument(
        "--secret", action="append", required=True, help="secret of a login; may be given more than once"
    )
    rotate.add_argument("--admin-secret", required=True, help="secret of the administrator's login")


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
