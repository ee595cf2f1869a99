"""`features-serve`: becomes Feast's own feature server, with the store's address in its environment."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ml_platform_runtime.config import EnvironmentReader
from ml_platform_runtime.features import feast_import
from ml_platform_runtime.features.settings import FeatureSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServeFeatures:
    """Settings of `features-serve` beside those of the store."""

    host: str
    port: int
    workers: int
    registry_seconds: int
    metrics: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServeFeatures:
        """Raises BadInput with all faults."""
        reader = EnvironmentReader(environment)
        settings = cls(
            host=reader.text("ML_HOST", "0.0.0.0"),
            port=reader.integer("ML_PORT", 6566, 1, 65535),
            workers=reader.integer("FEAST_WORKERS", 1, 1, 64),
            registry_seconds=reader.integer("FEAST_REGISTRY_TTL_SECONDS", 60, 1, 86_400),
            metrics=reader.flag("FEAST_METRICS", True),
        )
        reader.finish()
        return settings


def command(folder: Path, serving: ServeFeatures) -> list[str]:
    """What this process becomes."""
    # The console script's own module has no main guard, so it is called by name.
    start = f"from {feast_import.__name__} import import_feast as first; first(); from feast.cli.cli import cli; cli()"
    chosen = ["--host", serving.host, "--port", str(serving.port), "--workers", str(serving.workers)]
    chosen += ["--registry_ttl_sec", str(serving.registry_seconds), "--no-access-log"]
    return [
        sys.executable,
        "-c",
        start,
        "--chdir",
        str(folder),
        "serve",
        *chosen,
        *(["--metrics"] if serving.metrics else []),
    ]


def serve(settings: FeatureSettings, serving: ServeFeatures) -> NoReturn:
    """Replaces this process by the server, which gets the signals itself. The password travels by environment only."""
    folder = Path(tempfile.mkdtemp(prefix="feast-"))
    (folder / "feature_store.yaml").write_text(settings.yaml)
    settings.export()
    # Feast would call home.
    os.environ["FEAST_USAGE"] = "False"
    arguments = command(folder, serving)
    _log.info("starting", extra={"command": arguments[3:]})
    sys.stdout.flush()
    os.execve(sys.executable, arguments, dict(os.environ))
