"""Artifacts from S3: complete or not there at all."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ml_platform_runtime.artifacts import ArtifactStore
from ml_platform_runtime.errors import ArtifactError
from ml_platform_runtime.record import Release
from support import free_port

_numbers = itertools.count(1)


@pytest.fixture
def release(s3: Any, bucket: str) -> Release:
    prefix = f"plain/{next(_numbers)}"
    for name, body in {"MLmodel": b"flavors: {}", "data/weights.bin": b"0123456789"}.items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=body)
    s3.put_object(Bucket=bucket, Key=f"{prefix}0/neighbour", Body=b"x")
    return Release("1", f"s3://{bucket}/{prefix}")


def no_leftovers(root: Path) -> bool:
    return not list(root.glob(".tmp-*"))


def test_an_artifact_is_downloaded_whole_and_without_its_neighbours(s3: Any, release: Release, tmp_path: Path) -> None:
    fetched = ArtifactStore(tmp_path, s3).fetch(release)
    files = sorted(path.relative_to(fetched.path).as_posix() for path in fetched.path.rglob("*") if path.is_file())
    assert (files, fetched.fresh) == (["MLmodel", "data/weights.bin"], True)
    assert (fetched.path / "data/weights.bin").read_bytes() == b"0123456789"
    assert no_leftovers(tmp_path)


def test_an_artifact_on_disk_is_used_again_also_by_another_process(s3: Any, release: Release, tmp_path: Path) -> None:
    first = ArtifactStore(tmp_path, s3).fetch(release)
    second = ArtifactStore(tmp_path, s3).fetch(release)
    assert (second.path, second.fresh) == (first.path, False)


def test_an_artifact_that_was_overwritten_on_s3_is_downloaded_again(
    s3: Any, bucket: str, release: Release, tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path, s3)
    store.fetch(release)
    s3.put_object(
        Bucket=bucket,
        Key=release.artifact_uri.removeprefix(f"s3://{bucket}/") + "/data/weights.bin",
        Body=b"9876543210",
    )
    fetched = store.fetch(release)
    assert (fetched.fresh, (fetched.path / "data/weights.bin").read_bytes()) == (True, b"9876543210")
    assert list(tmp_path.iterdir()) == [fetched.path.parent]


@pytest.mark.parametrize("harm", ["truncate", "delete", "manifest"])
def test_a_damaged_copy_on_disk_is_downloaded_again(s3: Any, release: Release, tmp_path: Path, harm: str) -> None:
    store = ArtifactStore(tmp_path, s3)
    path = store.fetch(release).path
    if harm == "truncate":
        (path / "data/weights.bin").write_bytes(b"012")
    elif harm == "delete":
        (path / "MLmodel").unlink()
    else:
        (path.parent / "manifest.json").write_text("{")
    fetched = store.fetch(release)
    assert (fetched.fresh, (fetched.path / "data/weights.bin").read_bytes(), (fetched.path / "MLmodel").exists()) == (
        True,
        b"0123456789",
        True,
    )


def test_a_complete_copy_is_enough_while_s3_is_out_of_reach(s3: Any, release: Release, tmp_path: Path) -> None:
    ArtifactStore(tmp_path, s3).fetch(release)
    dead = boto3.session.Session().client(
        "s3", endpoint_url=f"http://127.0.0.1:{free_port()}", config=Config(retries={"total_max_attempts": 1})
    )
    assert ArtifactStore(tmp_path, dead).fetch(release).fresh is False
    with pytest.raises(ArtifactError, match="cannot be listed: EndpointConnectionError"):
        ArtifactStore(tmp_path / "empty", dead).fetch(release)


class BrokenDownloads:
    """The real client, except that one file arrives short, fails, or is replaced meanwhile."""

    def __init__(self, s3: Any, how: str) -> None:
        self._s3, self._how = s3, how

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def download_file(self, bucket: str, key: str, path: str) -> None:
        if self._how == "missing":
            self._s3.download_file(bucket, f"{key}-gone", path)
        self._s3.download_file(bucket, key, path)
        if self._how == "short":
            os.truncate(path, 1)
        if self._how == "changed":
            self._s3.put_object(Bucket=bucket, Key=key, Body=Path(path).read_bytes().upper() + b"!")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("short", "is 1 bytes, expected"),
        ("missing", "cannot be downloaded: 404"),
        ("changed", "changed while it was downloaded"),
    ],
)
def test_a_download_that_goes_wrong_leaves_nothing_behind(
    s3: Any, release: Release, tmp_path: Path, how: str, message: str
) -> None:
    store = ArtifactStore(tmp_path, BrokenDownloads(s3, how))
    with pytest.raises(ArtifactError, match=message):
        store.fetch(release)
    assert list(tmp_path.iterdir()) == []


def test_an_address_without_a_model_is_refused(s3: Any, bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="plain/none/readme", Body=b"x")
    with pytest.raises(ArtifactError, match=r"holds no MLmodel file \(1 objects found\)"):
        ArtifactStore(tmp_path, s3).fetch(Release("1", f"s3://{bucket}/plain/none"))


def test_an_object_that_would_leave_the_folder_is_refused(
    s3: Any, bucket: str, release: Release, tmp_path: Path
) -> None:
    prefix = release.artifact_uri.removeprefix(f"s3://{bucket}/")
    s3.put_object(Bucket=bucket, Key=f"{prefix}/x/../../../evil", Body=b"x")
    with pytest.raises(ArtifactError, match="would leave its folder"):
        ArtifactStore(tmp_path / "store", s3).fetch(release)
    assert not (tmp_path / "evil").exists()


def test_old_artifacts_are_removed_once_nobody_needs_or_uses_them(
    s3: Any, bucket: str, release: Release, tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path, s3)
    other = Release("2", release.artifact_uri)
    recent = Release("3", release.artifact_uri)
    paths = {each.version: store.fetch(each).path.parent for each in (release, other, recent)}
    for version in ("1", "2"):
        os.utime(paths[version], (time.time() - 7200,) * 2)
    store.prune([release])
    assert {version: path.exists() for version, path in paths.items()} == {"1": True, "2": False, "3": True}


def test_abandoned_downloads_are_removed_at_the_next_start(s3: Any, tmp_path: Path) -> None:
    old, young = tmp_path / ".tmp-old", tmp_path / ".tmp-young"
    old.mkdir()
    young.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    ArtifactStore(tmp_path, s3)
    assert (old.exists(), young.exists()) == (False, True)
