"""MLflow's locations in terms of S3, and what the promotion knows of a version."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from conftest import Registry, Trained
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.mlflow_mirror import mirror_alias
from ml_platform_runtime.mlflow_registry import to_s3


@pytest.mark.parametrize("destination", ["s3://bucket/mlflow", "s3://bucket/mlflow/"])
@pytest.mark.parametrize(
    "location",
    ["mlflow-artifacts:/1/models/m-x/artifacts", "mlflow-artifacts://mlflow.internal:443/1/models/m-x/artifacts/"],
)
def test_a_location_of_the_artifact_proxy_is_mapped_below_its_destination(location: str, destination: str) -> None:
    assert to_s3(location, destination) == "s3://bucket/mlflow/1/models/m-x/artifacts"


def test_a_location_on_s3_is_taken_as_it_is() -> None:
    assert to_s3("s3://other/x/", None) == "s3://other/x"


@pytest.mark.parametrize(
    ("location", "destination", "message"),
    [
        ("file:///mlruns/1", "s3://bucket/mlflow", "the artifact lies at 'file:///mlruns/1'; allowed are s3://"),
        ("mlflow-artifacts:/1", None, "MLFLOW_ARTIFACTS_DESTINATION is None, needed to find"),
        ("mlflow-artifacts:/1", "/data", "MLFLOW_ARTIFACTS_DESTINATION is '/data'"),
    ],
)
def test_a_location_that_is_not_on_s3_is_refused(location: str, destination: str | None, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        to_s3(location, destination)


def test_the_release_of_a_version_names_its_artifact_on_s3_and_what_made_it(
    trained: Trained, s3: Any, bucket: str
) -> None:
    release = trained.releases["2"]
    key = release.artifact_uri.removeprefix(f"s3://{bucket}/")
    names = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}/")["Contents"]}
    assert {f"{key}/MLmodel", f"{key}/model.skops"} <= names
    assert (release.data_tag, release.data_snapshot) == ("tag-2", "5187002")
    assert (release.code_revision, release.image_digest) == ("rev-2", None)
    assert release.run_id


def test_the_mirror_never_raises_and_never_waits_long(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    assert mirror_alias(None, "fraud", "1") == "off"
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        assert mirror_alias("http://127.0.0.1:9", "fraud", "1", seconds=20) == "failed"
    assert "the MLflow alias was not mirrored" in caplog.text
    assert mirror_alias(registry.uri, "fraud", "999", seconds=20) == "failed"
    assert time.monotonic() - started < 10
