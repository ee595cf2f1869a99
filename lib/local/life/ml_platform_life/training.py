"""Two models for one question, and their way into the registry."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

import pandas as pd
from ml_platform_runtime.mlflow_registry import DATA_TAG

from ml_platform_life.platform import Platform

TARGET = "target"


@dataclass(frozen=True)
class Trained:
    """A registered version and what it was made of."""

    version: str
    estimator: Any
    accuracy: float


def estimator_of(candidate: int) -> Any:
    """Two candidates whose answers differ, so that it shows who answered. Both are plain data in skops' eyes; trees are not."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if candidate == 1:
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return make_pipeline(StandardScaler(), PCA(n_components=10, random_state=0), LogisticRegression(max_iter=1000))


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows, always the same."""
    from sklearn.model_selection import train_test_split

    return train_test_split(frame, test_size=0.25, random_state=0, stratify=frame[TARGET])


def train_and_register(platform: Platform, frame: pd.DataFrame, candidate: int, tag: str) -> tuple[Trained, dict[str, Any]]:
    """Trains, logs the run with its model and the tag of its data to MLflow, and registers a version."""
    import mlflow
    import mlflow.sklearn
    from mlflow.models import infer_signature

    train, test = split(frame)
    features = train.drop(columns=TARGET)
    started = time.monotonic()
    estimator = estimator_of(candidate).fit(features, train[TARGET])
    seconds = time.monotonic() - started
    accuracy = float(estimator.score(test.drop(columns=TARGET), test[TARGET]))

    mlflow.set_tracking_uri(platform.tracking_uri)
    mlflow.set_experiment("laptop")
    with mlflow.start_run(run_name=f"candidate-{candidate}", tags={DATA_TAG: tag}):
        mlflow.log_metric("accuracy", accuracy)
        info = mlflow.sklearn.log_model(
            estimator,
            name="model",
            registered_model_name=platform.model,
            # probabilities, not classes: two models that agree on every class still differ in them
            pyfunc_predict_fn="predict_proba",
            signature=infer_signature(features, estimator.predict_proba(features)),
            input_example=features.head(2),
            # inferring them would start a second Python and load the model there, four seconds each time
            pip_requirements=[f"{name}=={installed(name)}" for name in ("scikit-learn", "skops", "numpy", "pandas")],
        )
    trained = Trained(str(info.registered_model_version), estimator, accuracy)
    return trained, {
        "version": trained.version,
        "estimator": " + ".join(type(part).__name__ for _, part in estimator.steps),
        "accuracy": round(accuracy, 4),
        "train_seconds": round(seconds, 2),
    }
