"""AWS clients with short timeouts: nothing here may hang, because answers to users wait behind it.

Region, credentials and AWS_ENDPOINT_URL come from the environment by boto3's own rules.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

#: Everything that boto3 raises when AWS cannot be reached or refuses.
AWS_ERRORS = (BotoCoreError, ClientError)

#: A client may be used by many threads; a session may not.
_one_at_a_time = threading.Lock()


def client(service: str, *, connect_timeout: float = 2, read_timeout: float = 10, attempts: int = 3) -> Any:
    """A client for any number of threads. All come from one session: a new one reads megabytes of JSON about AWS again."""
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
    )
    with _one_at_a_time:
        return _session(region()).client(service, config=config)


@functools.cache
def _session(region_name: str | None) -> boto3.session.Session:
    return boto3.session.Session(region_name=region_name)


def region() -> str | None:
    """The region by either variable: boto3 reads AWS_DEFAULT_REGION only, containers are given AWS_REGION."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def error_code(error: BaseException) -> str:
    """AWS's own error code, or the name of the Python class where the request never reached AWS."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__
