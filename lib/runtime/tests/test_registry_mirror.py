"""The alias of a real MLflow beside the release record on the emulator's DynamoDB, and metrics on its CloudWatch."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from mlflow import MlflowClient

from conftest import Registry
from ml_platform_runtime.record import Release
from ml_platform_runtime.releases import ReleaseClient
from support import finished, free_port


@pytest.fixture
def client(registry: Registry) -> MlflowClient:
    """MLflow with models `alpha` (versions 1 and 2), `beta` (1) and `gamma` (1), without any alias."""
    found = MlflowClient(registry.uri, registry.uri)
    names = {model.name for model in found.search_registered_models()}
    for name, versions in {"alpha": 2, "beta": 1, "gamma": 1}.items():
        if name not in names:
            found.create_registered_model(name)
            for number in range(versions):
                found.create_model_version(name, f"s3://models/{name}/{number + 1}", await_creation_for=0)
        if "champion" in found.get_registered_model(name).aliases:
            found.delete_registered_model_alias(name, "champion")
    for name in names & {"fraud"}:
        # of other tests of this session
        if "champion" in found.get_registered_model(name).aliases:
            found.delete_registered_model_alias(name, "champion")
    return found


def promote(releases: ReleaseClient, model: str, version: str) -> None:
    releases.promote(model, Release(version, f"s3://models/{model}/{version}"), by="ann")


def check(aws: str, table: str, uri: str, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "AWS_ENDPOINT_URL": aws,
        "ML_RELEASE_TABLE": table,
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    return finished(environment, "registry-check-alias", "--settle-seconds", "0", *more)


def metric(aws: str, registry: str, model: str | None = None) -> list[float]:
    cloudwatch = boto3.session.Session().client("cloudwatch", endpoint_url=aws, region_name="eu-west-1")
    now = datetime.now(timezone.utc)
    dimensions = [{"Name": "Registry", "Value": registry}] + ([{"Name": "Model", "Value": model}] if model else [])
    points = cloudwatch.get_metric_statistics(
        Namespace="MlPlatform/Registry",
        MetricName="AliasDiffers",
        Dimensions=dimensions,
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Maximum"],
    )["Datapoints"]
    return [point["Maximum"] for point in points]


def test_an_alias_that_was_moved_by_hand_is_told_measured_and_put_right(
    client: MlflowClient, releases: ReleaseClient, registry: Registry, table: str, aws: str
) -> None:
    promote(releases, "alpha", "1")
    promote(releases, "beta", "1")
    client.set_registered_model_alias("alpha", "champion", "1")
    client.set_registered_model_alias("beta", "champion", "1")
    done = check(aws, table, registry.uri, "--registry", "quiet", "--fail")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"outcome": "same", "differing": []}), done.stderr
    assert metric(aws, "quiet") == [0]

    client.set_registered_model_alias("alpha", "champion", "2")  # by hand
    client.set_registered_model_alias("gamma", "champion", "1")  # a champion that was never promoted
    client.delete_registered_model_alias("beta", "champion")
    expected = [
        {"model": "alpha", "recorded": "1", "alias": "2"},
        {"model": "beta", "recorded": "1", "alias": None},
        {"model": "gamma", "recorded": None, "alias": "1"},
    ]
    done = check(aws, table, registry.uri, "--registry", "loud", "--fail", "--repair")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"outcome": "differs", "differing": expected}), done.stderr
    assert metric(aws, "loud") == [3]
    assert metric(aws, "loud", "alpha") == [1]
    assert metric(aws, "quiet", "alpha") == []

    done = check(aws, table, registry.uri)
    assert json.loads(done.stdout)["outcome"] == "same"
    assert client.get_model_version_by_alias("alpha", "champion").version == "1"
    assert client.get_registered_model("gamma").aliases == {}
    record = releases.read("alpha")
    assert record is not None
    assert (record.sequence, record.champion.version) == (1, "1")


def test_a_difference_that_a_mirror_is_about_to_end_is_none(client: MlflowClient, releases: ReleaseClient) -> None:
    from ml_platform_runtime.registry_mirror import differences

    promote(releases, "alpha", "1")

    class Late:
        """MLflow as it is while a promotion is being mirrored: the alias comes between the two looks."""

        looks = 0

        def search_registered_models(self, **more: Any) -> Any:
            self.looks += 1
            if self.looks == 2:
                client.set_registered_model_alias("alpha", "champion", "1")
            return client.search_registered_models(**more)

    late = Late()
    assert differences(releases, late, settle_seconds=0) == []
    assert late.looks == 2


def test_a_model_that_mlflow_does_not_know_was_promoted_by_address_and_differs_from_nothing(
    client: MlflowClient, releases: ReleaseClient, registry: Registry, table: str, aws: str
) -> None:
    promote(releases, "somewhere-else", "1")
    assert json.loads(check(aws, table, registry.uri).stdout) == {"outcome": "same", "differing": []}


def test_a_registry_that_does_not_answer_is_a_failure_and_no_difference(table: str, aws: str) -> None:
    done = check(aws, table, f"http://127.0.0.1:{free_port()}", "--registry", "down")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the models cannot be read from MLflow" in done.stderr
    assert metric(aws, "down") == []
