"""Trains a classifier, logs what came out, and registers the version. Address and login of MLflow come from the environment."""

import os
from pathlib import Path

import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    """One run."""
    data = load_breast_cancer(as_frame=True)
    train, test, train_target, test_target = train_test_split(data.data, data.target, random_state=7, stratify=data.target)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(train, train_target)
    with mlflow.start_run():
        mlflow.set_tag("ml-platform.code-revision", os.environ.get("CODE_REVISION", "unknown"))
        mlflow.log_metric("auc", float(roc_auc_score(test_target, model.predict_proba(test)[:, 1])))
        mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=os.environ.get("MODEL_NAME", "fraud"),
            input_example=test.head(2),
            # what this image was made of; without it MLflow starts a process that guesses
            pip_requirements=str(Path(__file__).with_name("requirements.txt")),
        )


if __name__ == "__main__":
    main()
