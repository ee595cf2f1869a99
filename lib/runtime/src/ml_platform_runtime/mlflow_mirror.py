"""The MLflow alias as a mirror of the release record: for people who look at MLflow, never for servers."""

from __future__ import annotations

import logging
import threading

from ml_platform_runtime.mlflow_registry import mlflow_client

_log = logging.getLogger(__name__)


def mirror_alias(
    tracking_uri: str | None, model: str, version: str, *, alias: str = "champion", seconds: float = 3
) -> str:
    """Point MLflow's alias at the champion, for people. Best effort: the outcome is told, never raised, and never waited for longer than `seconds`."""
    if not tracking_uri:
        return "off"
    outcome: list[str] = []

    def attempt() -> None:
        try:
            mlflow_client(tracking_uri, timeout_seconds=3, retries=0).set_registered_model_alias(model, alias, version)
            outcome.append("ok")
        except Exception as error:
            _log.warning(
                "the MLflow alias was not mirrored",
                extra={"model": model, "alias": alias, "cause": f"{type(error).__name__}: {error}"[:300]},
            )
            outcome.append("failed")

    thread = threading.Thread(target=attempt, name="mlflow-mirror", daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0] if outcome else "failed"
