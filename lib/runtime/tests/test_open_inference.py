"""The Open Inference Protocol over other kinds of models: tensors, text, several outputs; against scikit-learn's own answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
import pytest
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from ml_platform_runtime.models import LoadedModel, ModelLoader
from ml_platform_runtime.open_inference import infer, metadata
from ml_platform_runtime.record import Release

X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 5.0]])


def load(folder: Path, estimator: Any, signature: Any = None, **more: Any) -> LoadedModel:
    mlflow.sklearn.save_model(
        estimator, str(folder), signature=signature, pip_requirements=[], serialization_format="skops", **more
    )
    return ModelLoader().load(Release("7", "s3://bucket/model"), folder)


def ask(model: LoadedModel, *inputs: dict[str, Any], status: int = 200, **more: Any) -> dict[str, Any]:
    answer = infer("m", model, json.dumps({"inputs": inputs, **more}).encode())
    assert answer.status == status, answer.body
    body: dict[str, Any] = json.loads(answer.body)
    return body


def tensor(array: np.ndarray, datatype: str, name: str = "x") -> dict[str, Any]:
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.tolist()}


@pytest.mark.parametrize("signed", [True, False], ids=["tensor signature", "no signature"])
def test_a_model_of_plain_arrays_answers_with_a_tensor_for_all_outputs(tmp_path: Path, signed: bool) -> None:
    targets = np.column_stack([X.sum(axis=1), X[:, 0] * 2])
    estimator = LinearRegression().fit(X, targets)
    model = load(tmp_path / "m", estimator, infer_signature(X, targets) if signed else None)
    output = ask(model, tensor(X, "FP64"))["outputs"][0]
    assert (output["shape"], output["datatype"]) == ([4, 2], "FP64")
    assert output["data"] == pytest.approx(estimator.predict(X).ravel().tolist())
    described = metadata("m", model)
    expected = [{"name": "input", "datatype": "FP64", "shape": [-1, 2]}] if signed else []
    assert described["inputs"] == expected


def test_text_goes_in_and_comes_out_as_bytes(tmp_path: Path) -> None:
    rows = pd.DataFrame({"colour": ["red", "blue", "red", "blue"], "size": [1.0, 2.0, 3.0, 4.0]})
    estimator = make_pipeline(make_column_transformer((OneHotEncoder(), ["colour"])), LogisticRegression())
    estimator.fit(rows, ["hot", "cold", "hot", "cold"])
    model = load(tmp_path / "m", estimator, infer_signature(rows, np.array(["hot"])))
    assert [entry["datatype"] for entry in metadata("m", model)["inputs"]] == ["BYTES", "FP64"]
    output = ask(
        model,
        tensor(np.array(["blue", "red"]), "BYTES", "colour"),
        tensor(np.array([[1.0], [2.0]]), "FP64", "size"),
    )["outputs"][0]
    assert output == {"name": "predict", "shape": [2], "datatype": "BYTES", "data": ["cold", "hot"]}
    assert output["data"] == estimator.predict(pd.DataFrame({"colour": ["blue", "red"], "size": [1.0, 2.0]})).tolist()


def test_a_datatype_that_the_signature_forbids_is_refused_with_mlflows_reason(tmp_path: Path) -> None:
    rows = pd.DataFrame({"n": np.array([1, 2, 3], dtype=np.int32)})
    model = load(tmp_path / "m", LinearRegression().fit(rows, [1, 2, 3]), infer_signature(rows))
    assert ask(model, tensor(np.array([4]), "INT32", "n"))["outputs"][0]["data"] == pytest.approx([4.0])
    error = ask(model, tensor(np.array([4.5]), "FP64", "n"), status=400)["error"]
    assert "Incompatible input types for column n" in error


def test_what_the_estimator_itself_refuses_is_the_callers_fault(tmp_path: Path) -> None:
    model = load(tmp_path / "m", LinearRegression().fit(X, X[:, 0]))
    assert "expecting 2 features" in ask(model, tensor(np.zeros((1, 3)), "FP64"), status=400)["error"]
    with_gap = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [None, 1.0]}
    assert "NaN" in ask(model, with_gap, status=400)["error"]


@pytest.mark.parametrize(("datatype", "data"), [("UINT8", [256]), ("INT8", [-129]), ("BOOL", [1]), ("BYTES", [1])])
def test_a_value_beyond_its_datatype_is_refused(tmp_path: Path, datatype: str, data: list[Any]) -> None:
    model = load(tmp_path / "m", LinearRegression().fit(X, X[:, 0]))
    request = {"name": "x", "shape": [1], "datatype": datatype, "data": data}
    assert datatype in ask(model, request, status=400)["error"]


def test_probabilities_and_named_outputs_can_be_asked_for(tmp_path: Path) -> None:
    estimator = LogisticRegression().fit(X, [0, 0, 1, 1])
    model = load(tmp_path / "m", estimator, pyfunc_predict_fn="predict_proba")
    body = ask(model, tensor(X, "FP32"), outputs=[{"name": "predict"}], id="42")
    assert body["id"] == "42"
    assert body["outputs"][0]["shape"] == [4, 2]
    assert body["outputs"][0]["data"] == pytest.approx(estimator.predict_proba(X).ravel().tolist(), rel=1e-6)
