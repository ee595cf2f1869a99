"""Moving the release record: by the command as a person does it, and timed from the write to the first answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
from ml_platform_runtime.aws import client
from ml_platform_runtime.mlflow_mirror import mirror_alias
from ml_platform_runtime.releases import ReleaseClient

from ml_platform_life.failure import LifeFailure
from ml_platform_life.machines import command
from ml_platform_life.platform import Platform
from ml_platform_life.serving import ModelService, Served

PATIENCE_S = 30.0


class Releases:
    """What production believes, and how fast it gets there."""

    def __init__(self, platform: Platform, service: ModelService) -> None:
        self._platform = platform
        self._service = service
        self._client = ReleaseClient(platform.release_table, client("dynamodb"))

    def promote(self, version: str, *options: str) -> dict[str, Any]:
        """Runs the command `promote` and returns what it says."""
        outcome = command("promote", "--model", self._platform.model, "--version", version, *options, environment={
            "ML_RELEASE_TABLE": self._platform.release_table,
            "MLFLOW_TRACKING_URI": self._platform.tracking_uri,
            "MLFLOW_ARTIFACTS_DESTINATION": self._platform.artifacts,
        })  # fmt: skip
        if outcome["warnings"]:
            raise LifeFailure(f"promote of version {version} warns: {'; '.join(outcome['warnings'])}")
        return outcome

    def mirror(self, version: str) -> None:
        """Tells MLflow which version is the champion, as the command line does after its write."""
        mirror_alias(self._platform.tracking_uri, self._platform.model, version)

    def artifact_of(self, version: str) -> str:
        """Where a version that was once promoted lies, from the record's own history: MLflow is not asked."""
        for record in self._client.history(self._platform.model):
            if record.champion.version == version:
                return record.champion.artifact_uri
        raise LifeFailure(f"version {version} is not in the history of the release record")

    def rollback(self, probe: pd.DataFrame, reason: str) -> tuple[Served, dict[str, Any]]:
        """One conditional write; the clock runs from before it to the first answer of the old version."""
        expected = self._client.read(self._platform.model)
        if expected is None or expected.previous is None:
            raise LifeFailure("there is no previous version to roll back to")
        return self._timed(
            expected.previous.version, probe,
            lambda: self._client.rollback(self._platform.model, expected_sequence=expected.sequence, by="laptop", reason=reason),
        )  # fmt: skip

    def answer_of(self, version: str, probe: pd.DataFrame, seconds: float = PATIENCE_S) -> Served:
        """The first answer of a version; LifeFailure when it does not come."""
        deadline = time.monotonic() + seconds
        served = None
        while time.monotonic() < deadline:
            try:
                served = self._service.infer(probe)
            except OSError:
                served = None
            if served is not None and served.version == version:
                return served
            time.sleep(0.01)
        seen = f"version {served.version}" if served else "nobody"
        raise LifeFailure(f"version {version} did not answer within {seconds:.0f} s; {seen} does")

    def _timed(self, version: str, probe: pd.DataFrame, write: Callable[[], Any]) -> tuple[Served, dict[str, Any]]:
        started = time.monotonic()
        write()
        written = time.monotonic()
        served = self.answer_of(version, probe)
        answered = time.monotonic()
        return served, {"write_seconds": round(written - started, 3), "seconds": round(answered - started, 3)}
