"""POST /invocations: MLflow's scoring protocol, by MLflow's own parser, so that its clients see no difference.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ : dataframe_split, dataframe_records, instances, inputs; CSV.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server

from ml_platform_runtime.models import LoadedModel


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whichever protocol it belongs to."""

    status: int
    body: str
    media_type: str = "application/json"


def invoke(model: LoadedModel, body: bytes, content_type: str) -> Answer:
    """Parse, predict and write; faults of the request are answers, with MLflow's codes and without stack traces."""
    try:
        result = scoring_server.invocations(body, content_type, model.pyfunc, model.inputs)
    except MlflowException as error:
        # MLflow repeats the whole data before the cause; the cause is what helps.
        message = (
            error.message.rpartition("\nError: ")[2]
            if error.message.startswith("Failed to predict data")
            else error.message
        )
        return Answer(error.get_http_status_code(), json.dumps({"error_code": error.error_code, "message": message}))
    return Answer(result.status, result.response, result.mimetype)
