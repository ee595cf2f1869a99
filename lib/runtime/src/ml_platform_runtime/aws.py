"""AWS clients with short timeouts: nothing here may hang, because answers to users wait behind it.

Region, credentials and AWS_ENDPOINT_URL come from the environment by boto3's own rules.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

#: Everything that boto3 raises when AWS cannot be reached or refuses.
AWS_ERRORS = (BotoCoreError, ClientError)


def client(service: str, *, connect_timeout: float = 2, read_timeout: float = 10, attempts: int = 3) -> Any:
    """One client of its own session, so that threads do not share boto3's default session."""
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    return boto3.session.Session(region_name=region()).client(service, config=config)


def region() -> str | None:
    """The region by either variable: boto3 reads AWS_DEFAULT_REGION only, containers are given AWS_REGION."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def error_code(error: BaseException) -> str:
    """AWS's own error code, or the name of the Python class where the request never reached AWS."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__
