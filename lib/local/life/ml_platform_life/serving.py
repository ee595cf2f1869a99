"""The model service as its clients see it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml_platform_life.failure import LifeFailure
from ml_platform_life.platform import Platform


@dataclass(frozen=True)
class Served:
    """One answer."""

    version: str
    sequence: int
    values: np.ndarray


class ModelService:
    """Asks the deployed service through its load balancer."""

    def __init__(self, platform: Platform) -> None:
        self._base = platform.service_uri
        self._model = platform.model

    def infer(self, features: pd.DataFrame) -> Served | None:
        """The Open Inference Protocol's answer; None while no model is loaded (503)."""
        body = {"inputs": [{"name": "features", "shape": list(features.shape), "datatype": "FP64", "data": features.to_numpy().ravel().tolist()}]}
        answer = self._post(f"/v2/models/{self._model}/infer", body)
        if answer is None:
            return None
        content, headers = answer
        output = content["outputs"][0]
        values = np.asarray(output["data"], dtype=float).reshape(output["shape"])
        if content["model_version"] != headers["x-model-version"]:
            raise LifeFailure(f"the body says version {content['model_version']}, the header x-model-version says {headers['x-model-version']}")
        return Served(content["model_version"], int(headers["x-release-sequence"]), values)

    def invoke(self, features: pd.DataFrame) -> np.ndarray:
        """The MLflow scoring protocol's answer."""
        answer = self._post("/invocations", {"dataframe_split": features.to_dict(orient="split", index=False)})
        if answer is None:
            raise LifeFailure("/invocations answers 503 although the model is loaded")
        return np.asarray([list(row.values()) if isinstance(row, dict) else row for row in answer[0]["predictions"]], dtype=float)

    def process_start(self) -> float | None:
        """When the serving process was started (Unix time), by its own metrics; None where the system does not tell."""
        with urllib.request.urlopen(f"{self._base}/metrics", timeout=5) as response:
            found = re.search(r"^process_start_time_seconds (\S+)$", response.read().decode(), re.MULTILINE)
        return float(found[1]) if found else None

    def _post(self, path: str, body: dict[str, Any]) -> tuple[Any, Any] | None:
        request = urllib.request.Request(self._base + path, json.dumps(body).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response), response.headers
        except urllib.error.HTTPError as error:
            if error.code in (502, 503, 504):
                return None
            raise LifeFailure(f"POST {path} answers {error.code}: {error.read(300).decode(errors='replace')}") from error
