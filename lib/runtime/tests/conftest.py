"""Session fixtures: every outside part is the real one or, for AWS, the embedded emulator in a process of its own."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ml_platform_runtime.releases import ReleaseClient

sys.path.insert(0, str(Path(__file__).parent))

from support import AWS_ENVIRONMENT, free_port, running  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of the emulator; this process's own AWS environment points at it too."""
    home = tmp_path_factory.mktemp("aws")
    port = free_port()
    environment = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": str(home), "IOT_MTLS_ENABLED": "0", "EKS_BASE_PORT": str(free_port())}
    endpoint = f"http://127.0.0.1:{port}"
    before = dict(os.environ)
    os.environ.update(AWS_ENVIRONMENT, AWS_ENDPOINT_URL=endpoint)
    with running([sys.executable, "-m", "ministack"], environment, home / "ministack.log") as service:
        service.wait_for_http(f"{endpoint}/_ministack/health")
        yield endpoint
    os.environ.clear()
    os.environ.update(before)


def create_table(dynamodb: Any, name: str) -> str:
    """A release table as the platform's registry makes it."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("model", "item")],
        KeySchema=[{"AttributeName": "model", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
    )
    return name


@pytest.fixture
def dynamodb(aws: str) -> Any:
    return boto3.session.Session().client("dynamodb", endpoint_url=aws, region_name="eu-west-1")


@pytest.fixture
def table(dynamodb: Any) -> str:
    return create_table(dynamodb, f"releases-{next(_numbers)}")


@pytest.fixture
def releases(table: str, dynamodb: Any) -> ReleaseClient:
    return ReleaseClient(table, dynamodb)
