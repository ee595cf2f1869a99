"""What `promote` checks before it writes: that there is a model at the address, and that servers will agree to load it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from ml_platform_runtime.artifacts import split_s3_uri
from ml_platform_runtime.aws import error_code
from ml_platform_runtime.errors import BadInput


def check_artifact(s3: Any, artifact_uri: str) -> list[str]:
    """Warnings about the artifact. Raises BadInput when there is no MLmodel file; a promoter who may not look is not stopped."""
    bucket, prefix = split_s3_uri(artifact_uri)
    try:
        text = s3.get_object(Bucket=bucket, Key=f"{prefix}MLmodel")["Body"].read().decode()
    except ClientError as error:
        code = error_code(error)
        if code in {"NoSuchKey", "NoSuchBucket", "404"}:
            raise BadInput(
                f"there is no MLmodel file at {artifact_uri} ({code}); give the folder of a logged model"
            ) from error
        return [f"the artifact was not looked at: {code}"]
    # PyYAML comes with the extras; the record itself can be moved without it.
    try:
        from ml_platform_runtime.safety import read_mlmodel, reasons_in_mlmodel
    except ModuleNotFoundError:
        return ["the artifact was not looked at: PyYAML is not installed"]
    return [
        f"servers load this only with ML_ALLOW_PICKLE=true: {reason}"
        for reason in reasons_in_mlmodel(read_mlmodel(text))
    ]
