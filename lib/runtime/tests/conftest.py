"""Session fixtures: every outside part is the real one or, for AWS, the embedded emulator in a process of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ml_platform_runtime.record import Release
from ml_platform_runtime.releases import ReleaseClient

sys.path.insert(0, str(Path(__file__).parent))

from support import AWS_ENVIRONMENT, NO_CERTIFICATES, Service, free_port, running, runtime, wait_until

# The processes that the tests start find the package also where it is not installed.
_source = str(Path(__file__).parent.parent / "src")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_source, os.environ.get("PYTHONPATH")]))
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of the emulator; this process's own AWS environment points at it too."""
    home = tmp_path_factory.mktemp("aws")
    port = free_port()
    environment = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": str(home),
        "IOT_MTLS_ENABLED": "0",
        "EKS_BASE_PORT": str(free_port()),
    }
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


@pytest.fixture(scope="session")
def dynamodb(aws: str) -> Any:
    return boto3.session.Session().client("dynamodb", endpoint_url=aws, region_name="eu-west-1")


@pytest.fixture
def table(dynamodb: Any) -> str:
    return create_table(dynamodb, f"releases-{next(_numbers)}")


@pytest.fixture
def releases(table: str, dynamodb: Any) -> ReleaseClient:
    return ReleaseClient(table, dynamodb)


@pytest.fixture(scope="session")
def s3(aws: str) -> Any:
    return boto3.session.Session().client("s3", endpoint_url=aws, region_name="eu-west-1")


@pytest.fixture(scope="session")
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return "artifacts"


@dataclass(frozen=True)
class Registry:
    """A running registry-server."""

    uri: str
    destination: str
    database: str
    service: Service


@pytest.fixture(scope="session")
def registry(aws: str, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """MLflow as our own command starts it, with SQLite behind it and artifacts on S3."""
    home = tmp_path_factory.mktemp("registry")
    port = free_port()
    destination, database = f"s3://{bucket}/mlflow", f"sqlite:///{home}/mlflow.db"
    environment = {
        "AWS_ENDPOINT_URL": aws,
        "ML_HOST": "127.0.0.1",
        "ML_PORT": str(port),
        "ML_DATABASE_URL": database,
        "MLFLOW_ARTIFACTS_DESTINATION": destination,
        "TMPDIR": str(home),
    }
    with running(runtime("registry-server"), environment, home / "registry.log") as service:
        service.wait_for_http(f"http://127.0.0.1:{port}/health", seconds=90)
        yield Registry(f"http://127.0.0.1:{port}", destination, database, service)


@dataclass(frozen=True)
class Trained:
    """Real models of the same data: the estimators themselves and where MLflow put them."""

    rows: pd.DataFrame
    estimators: dict[str, Any]
    releases: dict[str, Release]


@pytest.fixture(scope="session")
def trained(registry: Registry) -> Trained:
    """Versions 1 and 2 of `fraud` as MLflow writes them by default (skops), version 3 as cloudpickle."""
    import mlflow
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from ml_platform_runtime.mlflow_registry import find_release

    data = load_breast_cancer(as_frame=True)
    rows, target = data.data, data.target
    estimators: dict[str, Any] = {
        "1": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(rows, target),
        "2": RandomForestClassifier(n_estimators=5, max_depth=2, random_state=7).fit(rows, target),
        "3": make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(rows, target),
    }
    mlflow.set_tracking_uri(registry.uri)
    mlflow.set_experiment("runtime-tests")
    how: dict[str, Any] = {
        "1": {},
        "2": {"skops_trusted_types": ["sklearn.tree._tree.Tree"]},
        "3": {"serialization_format": "cloudpickle"},
    }
    for version, estimator in estimators.items():
        with mlflow.start_run():
            mlflow.set_tags(
                {
                    "ml-platform.data-tag": f"tag-{version}",
                    "ml-platform.data-snapshot": f"518700{version}",
                    "ml-platform.code-revision": f"rev-{version}",
                }
            )
            mlflow.sklearn.log_model(
                estimator,
                name="model",
                registered_model_name="fraud",
                input_example=rows.head(2),
                pip_requirements=[],
                **(how[version]),
            )
    releases = {version: find_release(registry.uri, "fraud", version, registry.destination) for version in estimators}
    return Trained(rows, estimators, releases)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Served:
    """A running model server and its client."""

    def __init__(self, service: Service, url: str) -> None:
        self.service = service
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=10, verify=NO_CERTIFICATES)

    def version(self) -> str | None:
        """The version that answers, or None while none does."""
        answer = self.client.get("/v2/models/fraud/ready")
        return answer.headers.get("x-model-version") if answer.status_code == 200 else None

    def wait_for_version(self, version: str, seconds: float = 45) -> float:
        """Seconds until this version answers."""
        started = time.monotonic()
        wait_until(
            lambda: self.version() == version,
            seconds=seconds,
            what=f"version {version} answers\n{self.service.text[-3000:]}",
            interval=0.01,
        )
        return time.monotonic() - started

    def metric(self, name: str, **labels: str) -> float | None:
        """One sample of /metrics, read by Prometheus's own parser; None when there is none."""
        for family in text_string_to_metric_families(self.client.get("/metrics").text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None


@contextlib.contextmanager
def model_server(environment: dict[str, str], log: Path) -> Iterator[Served]:
    """`serve` in a process of its own."""
    port = free_port()
    environment = {"ML_HOST": "127.0.0.1", "ML_PORT": str(port), "ML_MODEL_NAME": "fraud", **environment}
    with running(runtime("serve"), environment, log) as service:
        service.wait_for_http(f"http://127.0.0.1:{port}/health")
        yield Served(service, f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class Live:
    """A model server together with the table that it follows."""

    served: Served
    releases: ReleaseClient
    table: str


@pytest.fixture(scope="session")
def live(aws: str, dynamodb: Any, trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for all tests that only ask; version 1 is the champion."""
    home = tmp_path_factory.mktemp("live")
    table = create_table(dynamodb, "releases-live")
    releases = ReleaseClient(table, dynamodb)
    # MLflow's address leads nowhere: serving must not need it.
    environment = {
        "AWS_ENDPOINT_URL": aws,
        "ML_RELEASE_TABLE": table,
        "ML_CACHE_DIR": str(home),
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
    }
    with model_server(environment, home / "serve.log") as served:
        releases.promote("fraud", trained.releases["1"], by="tests")
        served.wait_for_version("1")
        yield Live(served, releases, table)
