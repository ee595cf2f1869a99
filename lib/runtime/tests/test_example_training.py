"""The training script of examples/experiment-tracking, against a real MLflow."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

from conftest import Registry
from forks import Fork

EXAMPLE = Path(__file__).parents[3] / "examples/experiment-tracking/training/train.py"


def job(folder: Path) -> None:
    os.chdir(folder)
    runpy.run_path(str(EXAMPLE), run_name="__main__")


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples do not lie beside the runtime")
def test_the_job_needs_nothing_but_the_address_of_mlflow(registry: Registry, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= {"MLFLOW_TRACKING_URI": registry.uri, "MLFLOW_EXPERIMENT_NAME": "example", "CODE_REVISION": "abc"}
    # it is no machine of EC2: nobody has to wait for its metadata
    environment |= {"MODEL_NAME": "example-fraud", "AWS_EC2_METADATA_DISABLED": "true"}
    log = tmp_path / "job.log"
    code = Fork(job, (tmp_path,), environment, log, log).wait(120)
    assert code == 0, log.read_text()
    client = MlflowClient(registry.uri)
    [version] = client.search_model_versions("name='example-fraud'")
    run = client.get_run(version.run_id)
    # measured by scikit-learn on this very split
    assert run.data.metrics["auc"] > 0.98
    assert run.data.tags["ml-platform.code-revision"] == "abc"
