"""The life itself: what the driver can ask for, in the order in which it asks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib.metadata import version as installed
from typing import Any

import numpy as np
import pandas as pd
from ml_platform_runtime.aws import client

from ml_platform_life.data import breast_cancer, write_and_read_back
from ml_platform_life.failure import LifeFailure
from ml_platform_life.features import FeatureLife
from ml_platform_life.platform import Platform
from ml_platform_life.registry import Registry
from ml_platform_life.release import Releases
from ml_platform_life.serving import ModelService, Served
from ml_platform_life.training import TARGET, Trained, split, train_and_register

#: What is promised; a machine that is busy with other things may miss it, and then the table says so.
ROLLBACK_LIMIT_S = 1.0


class Life:
    """Keeps what one step leaves for the next."""

    def __init__(self, platform: Platform, progress: Callable[[str], None]) -> None:
        self._platform = platform
        self._progress = progress
        self._registry = Registry(platform, client("ecs"))
        self._service = ModelService(platform)
        self._releases = Releases(platform, self._service)
        self._trained: dict[str, Trained] = {}
        self._frame = pd.DataFrame()
        self._tag = ""
        self._process_start: float | None = None
        self._features_life = FeatureLife(platform.endpoint, platform.features) if platform.features else None

    def step(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Runs one step by its name."""
        steps: dict[str, Callable[..., dict[str, Any]]] = {
            "lake": self.lake,
            "registry": self.registry,
            "train": self.train,
            "promote": self.promote,
            "switch": self.switch,
            "rollback": self.rollback,
            "stop-registry": self.stop_registry,
            "promote-without-registry": self.promote_without_registry,
            "start-registry": self.start_registry,
        }
        if features := self._features_life:
            steps |= {
                "check-rows": features.check_rows,
                "travel": features.travel,
                "apply-features": features.apply,
                "materialize": features.materialize,
                "training-set": features.training_set,
                "online": features.online,
                "refuse-rows": features.refuse_rows,
            }
        return steps[name](**arguments)

    def lake(self) -> dict[str, Any]:
        """The data set goes through the Iceberg table; what is trained on is what came back."""
        self._frame, facts = write_and_read_back(self._platform, breast_cancer())
        self._tag = facts["tag"]
        return {**facts, "pyiceberg": installed("pyiceberg")}

    def registry(self) -> dict[str, Any]:
        """MLflow answers through the load balancer."""
        self._progress("waiting for the first answer of MLflow")
        return {"mlflow": self._registry.wait_until_up()}

    def train(self, candidate: int) -> dict[str, Any]:
        """A model is trained, logged and registered."""
        trained, facts = train_and_register(self._platform, self._frame, candidate, self._tag)
        self._trained[trained.version] = trained
        return {**facts, "scikit_learn": installed("scikit-learn")}

    def promote(self, version: str) -> dict[str, Any]:
        """The first promotion: the service, which had no model, starts to answer with scikit-learn's own values."""
        self._releases.promote(version)
        started = time.monotonic()
        served = self._releases.answer_of(version, self._features(), seconds=60)
        waited = time.monotonic() - started
        self._process_start = self._service.process_start()
        return {"version": version, "sequence": served.sequence, "answer_seconds": round(waited, 3), **self._compare(served)}

    def switch(self, version: str) -> dict[str, Any]:
        """A second promotion: the same process answers with another model."""
        self._releases.promote(version)
        started = time.monotonic()
        served = self._releases.answer_of(version, self._features())
        waited = time.monotonic() - started
        return {"version": version, "sequence": served.sequence, "answer_seconds": round(waited, 3), **self._compare(served), **self._same_process()}

    def rollback(self, reason: str) -> dict[str, Any]:
        """Back to the previous version in under a second."""
        served, times = self._releases.rollback(self._features().head(1), reason)
        full = self._releases.answer_of(served.version, self._features())
        registry_answers = self._registry.version() is not None
        if registry_answers:
            self._releases.mirror(served.version)
        return {
            "version": served.version, "sequence": served.sequence, **times, **self._compare(full), **self._same_process(),
            "registry_answers": registry_answers, "in_time": times["seconds"] < ROLLBACK_LIMIT_S, "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip

    def stop_registry(self) -> dict[str, Any]:
        """MLflow is scaled to nothing; the service goes on answering."""
        self._registry.stop()
        served = self._service.infer(self._features())
        if served is None:
            raise LifeFailure("the model service stopped answering when MLflow was stopped")
        return {"version": served.version, **self._compare(served)}

    def promote_without_registry(self, version: str) -> dict[str, Any]:
        """A version that was rolled back becomes champion again, on purpose and without MLflow."""
        artifact = self._releases.artifact_of(version)
        outcome = self._releases.promote(version, "--artifact-uri", artifact, "--override", "--reason", "to roll back once more")
        started = time.monotonic()
        served = self._releases.answer_of(version, self._features())
        return {"version": version, "sequence": served.sequence, "answer_seconds": round(time.monotonic() - started, 3), **self._compare(served), "alias": outcome["alias"]}

    def start_registry(self) -> dict[str, Any]:
        """MLflow comes back, with what it knew, and hears which version is the champion."""
        self._registry.start()
        version = self._registry.wait_until_up()
        served = self._service.infer(self._features().head(1))
        if served is not None:
            self._releases.mirror(served.version)
        return {"mlflow": version}

    def _features(self) -> pd.DataFrame:
        return split(self._frame)[1].drop(columns=TARGET)

    def _compare(self, served: Served) -> dict[str, Any]:
        """Both protocols of the service against scikit-learn's own prediction in this process."""
        features = self._features()
        expected = self._trained[served.version].estimator.predict_proba(features)
        for protocol, values in (("/v2", served.values), ("/invocations", self._service.invoke(features))):
            if values.shape != expected.shape or not np.allclose(values, expected, rtol=0, atol=1e-12):
                raise LifeFailure(f"{protocol} answers differ from scikit-learn's own predictions of version {served.version}")
        return {"compared": len(features), "largest_difference": float(np.abs(served.values - expected).max())}

    def _same_process(self) -> dict[str, Any]:
        now = self._service.process_start()
        if now != self._process_start:
            raise LifeFailure("the model service was restarted between two versions")
        return {"restarted": False}
