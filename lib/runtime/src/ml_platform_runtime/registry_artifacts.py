"""S3 as MLflow's server uses it, with refusals that clients can read: MLflow itself answers 500 and tells its log alone why."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, TEMPORARILY_UNAVAILABLE
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

from ml_platform_runtime.aws import AWS_ERRORS, error_code

#: Below MLflow's own logger, which has a handler in the server.
_log = logging.getLogger("mlflow.ml_platform_artifacts")

#: Answers that trying again does not change.
_FORBIDDEN = (
    "AccessDenied",
    "AllAccessDisabled",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "KMS.DisabledException",
)


class TellingS3(S3ArtifactRepository):  # type: ignore[misc]
    """MLflow's own repository on S3; writes that S3 refuses end with 403, those that may be tried again with 503."""

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        with self._told("store", "/".join(filter(None, [artifact_path, Path(local_file).name]))):
            super().log_artifact(local_file, artifact_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        with self._told("delete", artifact_path or ""):
            super().delete_artifacts(artifact_path)

    def create_multipart_upload(self, local_file: str, num_parts: int = 1, artifact_path: str | None = None) -> Any:
        with self._told("store", local_file):
            return super().create_multipart_upload(local_file, num_parts, artifact_path)

    @contextlib.contextmanager
    def _told(self, what: str, path: str) -> Iterator[None]:
        try:
            yield
        except (*AWS_ERRORS, Boto3Error) as error:
            # an upload's own error holds the one of S3
            code = error_code(error.__context__ if isinstance(error, Boto3Error) and error.__context__ else error)
            failure = self._failure(f"{what} {self.artifact_uri}/{path}", code)
            _log.warning(failure.message)
            raise failure from error

    def _failure(self, attempt: str, code: str) -> MlflowException:
        if code in _FORBIDDEN:
            advice = "the rights of the registry server and the policies of bucket and key have to allow it"
            return MlflowException(f"S3 refused to {attempt}: {code}; {advice}", PERMISSION_DENIED)
        return MlflowException(f"S3 could not {attempt}: {code}; try again", TEMPORARILY_UNAVAILABLE)


def plugin_folder() -> str:
    """A folder for PYTHONPATH with which MLflow finds `TellingS3`: it looks for plugins in the metadata of installed packages, and ours is none."""
    folder = tempfile.mkdtemp(prefix="mlflow-plugins-")
    metadata = Path(folder) / "ml_platform_registry-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ml-platform-registry\nVersion: 0\n")
    plugin = f"s3 = {TellingS3.__module__}:{TellingS3.__name__}"
    (metadata / "entry_points.txt").write_text(f"[mlflow.artifact_repository]\n{plugin}\n")
    return folder
