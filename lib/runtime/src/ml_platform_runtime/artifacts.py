"""Artifacts on disk: straight from S3 by the task's own role, complete or not there at all.

`<root>/<key>/manifest.json` lists what was downloaded to `<root>/<key>/model`. Both come into being by one rename.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ml_platform_runtime.aws import AWS_ERRORS, error_code
from ml_platform_runtime.errors import ArtifactError
from ml_platform_runtime.record import Release

_log = logging.getLogger(__name__)
_TEMPORARY = ".tmp-"
_STALE_SECONDS = 3600

#: Path below the artifact -> (size, ETag).
Listing = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Fetched:
    """A complete artifact. `fresh` is false when it already lay on disk."""

    path: Path
    fresh: bool


class ArtifactStore:
    """The artifacts of one model below one folder; several processes may share it."""

    def __init__(self, root: Path, s3: Any) -> None:
        self._root = root
        self._s3 = s3
        root.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    def fetch(self, release: Release) -> Fetched:
        """The artifact of a release, downloaded unless the same objects lie on disk already.

        With S3 out of reach a complete copy on disk is good enough. Raises ArtifactError otherwise.
        """
        folder = self._folder(release)
        known = _read_manifest(folder)
        try:
            listing = self._list(release)
        except AWS_ERRORS as error:
            if known is None:
                raise ArtifactError(f"{release.artifact_uri} cannot be listed: {error_code(error)}") from error
            _log.warning(
                "artifact store cannot be reached, using the copy on disk",
                extra={"artifact": release.artifact_uri, "cause": error_code(error)},
            )
            return Fetched(folder / "model", fresh=False)
        if known == listing:
            return Fetched(folder / "model", fresh=False)
        self._download(release, listing, folder)
        return Fetched(folder / "model", fresh=True)

    def discard(self, release: Release) -> None:
        """Forget the copy on disk, because it cannot be loaded."""
        shutil.rmtree(self._folder(release), ignore_errors=True)

    def prune(self, keep: Iterable[Release]) -> None:
        """Remove artifacts that no release of `keep` needs and that nobody used lately."""
        needed = {self._folder(release) for release in keep}
        for folder in self._root.iterdir():
            if folder not in needed and _age(folder) > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, release: Release) -> Path:
        return self._root / hashlib.sha256("\n".join(release.key).encode()).hexdigest()[:24]

    def _list(self, release: Release) -> Listing:
        bucket, prefix = split_s3_uri(release.artifact_uri)
        listing: Listing = {}
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                name = entry["Key"][len(prefix) :]
                if name and not name.endswith("/"):
                    listing[name] = (int(entry["Size"]), entry["ETag"])
        if "MLmodel" not in listing:
            raise ArtifactError(
                f"{release.artifact_uri} holds no MLmodel file ({len(listing)} objects found); the address must be the folder of a logged model"
            )
        return listing

    def _download(self, release: Release, listing: Listing, folder: Path) -> None:
        bucket, prefix = split_s3_uri(release.artifact_uri)
        temporary = self._root / f"{_TEMPORARY}{uuid.uuid4().hex}"
        try:
            for name, (size, _) in listing.items():
                path = temporary / "model" / _safe(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(bucket, prefix + name, str(path))
                if path.stat().st_size != size:
                    raise ArtifactError(
                        f"{release.artifact_uri}/{name} is {path.stat().st_size} bytes, expected {size}"
                    )
            if self._list(release) != listing:
                raise ArtifactError(f"{release.artifact_uri} changed while it was downloaded")
            (temporary / "manifest.json").write_text(json.dumps(listing))
            _replace(temporary, folder)
        except AWS_ERRORS as error:
            raise ArtifactError(f"{release.artifact_uri} cannot be downloaded: {error_code(error)}") from error
        except OSError as error:
            raise ArtifactError(
                f"{release.artifact_uri} cannot be written to {self._root}: {error.strerror or error}"
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _remove_abandoned(self) -> None:
        for folder in self._root.glob(f"{_TEMPORARY}*"):
            if _age(folder) > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Bucket and prefix; the prefix ends with a slash."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.strip("/") + "/"


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ArtifactError(f"object {name!r} would leave its folder")
    return path


def _read_manifest(folder: Path) -> Listing | None:
    """What lies complete on disk; None when any file is missing or has another size."""
    try:
        listing = {
            name: (int(size), str(tag))
            for name, (size, tag) in json.loads((folder / "manifest.json").read_text()).items()
        }
        complete = all((folder / "model" / name).stat().st_size == size for name, (size, _) in listing.items())
        os.utime(folder)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return listing if complete else None


def _replace(temporary: Path, folder: Path) -> None:
    """Put the new folder in the old one's place; another process may be doing the same with the same content."""
    old = folder.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
    if folder.exists():
        folder.rename(old)
    try:
        temporary.rename(folder)
    except OSError:
        if _read_manifest(folder) is None:
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
