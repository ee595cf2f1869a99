"""Small files by path or by s3:// address: yaml, tables, repos, reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput, RuntimeFault

_MISSING = ("NoSuchKey", "NoSuchBucket", "404")


def read_bytes(uri: str, what: str) -> bytes:
    """The content. Raises BadInput when there is no such file or object."""
    if not uri.startswith("s3://"):
        try:
            return Path(uri).read_bytes()
        except OSError as error:
            raise BadInput(f"{what} {uri} cannot be read ({error.strerror}); give a path or s3://bucket/key") from error
    bucket, key = split_s3(uri)
    try:
        return bytes(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    except aws.AWS_ERRORS as error:
        if aws.error_code(error) in _MISSING:
            raise BadInput(f"{what} {uri} does not exist; deploy what writes it, or correct the address") from error
        raise


def write_json(uri: str, value: dict[str, Any]) -> None:
    """A JSON document at a path or s3:// address; an existing one is replaced."""
    text = json.dumps(value, indent=2, default=str) + "\n"
    if not uri.startswith("s3://"):
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        Path(uri).write_text(text)
        return
    bucket, key = split_s3(uri)
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json")


def upload(path: Path, uri: str) -> None:
    """A local file to its place, in one step: a reader never sees half of it."""
    if not uri.startswith("s3://"):
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        path.replace(uri)
        return
    from boto3.exceptions import S3UploadFailedError

    bucket, key = split_s3(uri)
    try:
        aws.client("s3", read_timeout=120).upload_file(str(path), bucket, key)
    except S3UploadFailedError as error:
        # boto3 hides S3's answer in the text.
        raise RuntimeFault(f"{uri} cannot be written: {' '.join(str(error).split())}") from error


def split_s3(uri: str) -> tuple[str, str]:
    """Bucket and key."""
    parts = urlsplit(uri)
    key = parts.path.lstrip("/")
    if not parts.netloc or not key:
        raise BadInput(f"{uri!r} is no object's address; give s3://bucket/key")
    return parts.netloc, key
