"""The user's Python definitions and the generated yaml as one folder, and what Feast finds in it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.settings import FeatureSettings
from ml_platform_runtime.features.storage import read_bytes

_YAML = "feature_store.yaml"
_MAX_UNPACKED_BYTES = 256 * 1024 * 1024


@contextlib.contextmanager
def workspace(settings: FeatureSettings, *, definitions: bool) -> Iterator[Path]:
    """A folder with feature_store.yaml, and with the definitions where they are asked for; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="feast-")).resolve()
    try:
        if definitions:
            _definitions(settings, folder)
        (folder / _YAML).write_text(settings.yaml)
        settings.export()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load_config(folder: Path) -> Any:
    """Feast's own configuration object, as Feast reads it. Raises BadInput when Feast refuses it."""
    import yaml
    from feast.errors import FeastError
    from feast.repo_config import FeastConfigError, load_repo_config
    from pydantic import ValidationError

    try:
        return load_repo_config(folder, folder / _YAML)
    except (FeastConfigError, FeastError, ValidationError, yaml.YAMLError, TypeError, ValueError) as error:
        # Feast repeats the values that it refuses, passwords too, so only the places are told.
        raise BadInput(f"Feast refuses feature_store.yaml: {_places(error)}; generate it anew") from None


def _places(error: BaseException) -> str:
    from pydantic import ValidationError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ValidationError):
            return ", ".join(f"{'.'.join(map(str, e['loc'])) or 'value'}: {e['msg']}" for e in cause.errors())
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def parse_definitions(folder: Path, project: str) -> Any:
    """What the Python files define. Raises BadInput that names the file which cannot be imported, or ends the program."""
    from feast.project import Project
    from feast.repo_operations import get_repo_files, parse_repo

    files = get_repo_files(folder)
    with _importing_from(folder):
        try:
            contents = parse_repo(folder)
        except (Exception, SystemExit) as error:
            raise BadInput(_cannot_import(error, folder)) from error
    if not (contents.feature_views or contents.stream_feature_views or contents.on_demand_feature_views):
        raise BadInput(
            f"no feature view is defined in {len(files)} Python files of the repo; give the folder or zip that holds the definitions in FEAST_REPO_URI"
        )
    if not contents.projects:
        contents.projects.append(Project(name=project))
    names = [found.name for found in contents.projects]
    if names != [project]:
        raise BadInput(
            f"the definitions are of project {', '.join(names)} and feature_store.yaml is of {project}; use one name in both"
        )
    return contents


def _cannot_import(error: BaseException, folder: Path) -> str:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(folder)
    ]
    place = f"{Path(frames[-1].filename).relative_to(folder)}:{frames[-1].lineno}" if frames else "a file of the repo"
    if isinstance(error, SystemExit):
        return (
            f"{place} ends the program while its definitions are read (exit code {error.code}), so nothing was applied; "
            "move scripts out of the repo, or name them in .feastignore"
        )
    return f"{place} cannot be imported: {type(error).__name__}: {' '.join(str(error).split())}; every .py of the repo is imported"


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Feast names modules by the working directory; what was imported is forgotten afterwards."""
    before, modules, bytecode = os.getcwd(), set(sys.modules), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = bytecode
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]


def _definitions(settings: FeatureSettings, folder: Path) -> None:
    uri = settings.repo_uri
    if not uri:
        raise BadInput(
            "FEAST_REPO_URI is not set; give the folder or the zip (path or s3://bucket/key) with the Python definitions"
        )
    if not uri.startswith("s3://") and Path(uri).is_dir():
        shutil.copytree(uri, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".git", ".venv"))
        return
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(uri, "the feature repo"))) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED_BYTES:
                raise BadInput(f"{uri} unpacks to more than 256 MiB; keep data out of the feature repo")
            # Names that lead out of the folder are made harmless by zipfile itself.
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise BadInput(f"{uri} is neither a folder nor a zip; give one of them in FEAST_REPO_URI") from error
