"""What promotion asks of MLflow: where a version's artifact really lies and what made it.

MLflow is imported here only, and late: rolling back and promoting by address work without it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.record import Release

#: Tags of a model version, or else of its run, that go into the release record.
DATA_TAG = "ml-platform.data-tag"
DATA_SNAPSHOT = "ml-platform.data-snapshot"
CODE_REVISION = "ml-platform.code-revision"
IMAGE_DIGEST = "ml-platform.image-digest"
_GIT_COMMIT = "mlflow.source.git.commit"


def mlflow_client(tracking_uri: str, *, timeout_seconds: int, retries: int) -> Any:
    """A client that gives up early."""
    # MLflow reads these at each request; a command-line process has one purpose, so the setting may be its own.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(timeout_seconds))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", str(retries))
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def find_release(tracking_uri: str, model: str, version: str, destination: str | None) -> Release:
    """The release of a registered version. Raises BadInput when MLflow does not answer, has no such version, or its artifact is not on S3."""
    client = mlflow_client(tracking_uri, timeout_seconds=10, retries=2)
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_model_version(model, version)
        location = client.get_model_version_download_uri(model, version)
        if location.startswith("models:/m-"):
            location = client.get_logged_model(location.removeprefix("models:/").strip("/")).artifact_location
        run_tags = client.get_run(found.run_id).data.tags if found.run_id else {}
    except MlflowException as error:
        raise BadInput(
            f"version {version} of {model} cannot be read from MLflow: {' '.join(error.message.split())[:300]}"
        ) from error
    tags = {**run_tags, **found.tags}
    return Release(
        version=str(found.version),
        artifact_uri=to_s3(location, destination),
        image_digest=tags.get(IMAGE_DIGEST),
        run_id=found.run_id or None,
        data_tag=tags.get(DATA_TAG),
        data_snapshot=tags.get(DATA_SNAPSHOT),
        code_revision=tags.get(CODE_REVISION) or tags.get(_GIT_COMMIT),
    )


def to_s3(location: str, destination: str | None) -> str:
    """The place on S3 of an MLflow location: `mlflow-artifacts:` lies below the server's artifacts destination."""
    parts = urlsplit(location)
    if parts.scheme == "s3":
        return location.rstrip("/")
    if parts.scheme != "mlflow-artifacts":
        raise BadInput(
            f"the artifact lies at {location!r}; allowed are s3:// and mlflow-artifacts: locations; register the model through the platform's MLflow server, or give --artifact-uri"
        )
    if not destination or not destination.startswith("s3://"):
        raise BadInput(
            f"MLFLOW_ARTIFACTS_DESTINATION is {destination!r}, needed to find {location!r} on S3; give the server's own s3://bucket/prefix"
        )
    return f"{destination.rstrip('/')}/{parts.path.strip('/')}"


def tracking_uri(environment: Mapping[str, str]) -> str | None:
    """MLFLOW_TRACKING_URI, or None."""
    return environment.get("MLFLOW_TRACKING_URI", "").strip() or None
