"""The Open Inference Protocol, version 2, REST: tensors in, tensors out.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
A model with named columns takes one tensor for each column, or one tensor [rows, columns] in the order of its signature.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from ml_platform_runtime.invocations import Answer
from ml_platform_runtime.models import LoadedModel

DATATYPES: dict[str, Any] = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BYTES": np.object_,
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in DATATYPES.items()}
# MLflow's column types in this protocol's words.
_COLUMN_TYPES = {"boolean": "BOOL", "integer": "INT32", "long": "INT64", "float": "FP32", "double": "FP64"}


class RequestFault(Exception):
    """What is wrong with a request, in words for its sender."""


def infer(name: str, model: LoadedModel, body: bytes) -> Answer:
    """Answer one inference request."""
    try:
        request = _parse(body)
        data = _to_model_input([_tensor(entry) for entry in request["inputs"]], model)
        outputs = _encode(model.predict(data), model)
        outputs = _choose(outputs, request.get("outputs"))
    except RequestFault as fault:
        return Answer(400, json.dumps({"error": str(fault)}))
    except MlflowException as error:
        return Answer(error.get_http_status_code(), json.dumps({"error": error.message}))
    except (ValueError, TypeError, KeyError) as error:
        # What estimators raise when the data does not suit them (number of features, missing values).
        return Answer(400, json.dumps({"error": f"the model cannot use this input: {error}"}))
    answer = {"model_name": name, "model_version": model.release.version, "outputs": outputs}
    if isinstance(request.get("id"), str):
        answer["id"] = request["id"]
    return Answer(200, json.dumps(answer))


def metadata(name: str, model: LoadedModel) -> dict[str, Any]:
    """GET /v2/models/<name>."""
    return {
        "name": name,
        "versions": [model.release.version],
        "platform": "mlflow_pyfunc",
        "inputs": _schema_tensors(model.inputs, "input"),
        "outputs": _schema_tensors(model.outputs, "output"),
    }


def _schema_tensors(schema: Any, default_name: str) -> list[dict[str, Any]]:
    if schema is None:
        return []
    if schema.is_tensor_spec():
        return [
            {"name": spec.name or default_name, "datatype": _NAMES.get(spec.type, "BYTES"), "shape": list(spec.shape)}
            for spec in schema.inputs
        ]
    return [
        {
            "name": spec.name or default_name,
            "datatype": _COLUMN_TYPES.get(getattr(spec.type, "name", ""), "BYTES"),
            "shape": [-1],
        }
        for spec in schema.inputs
    ]


def _parse(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError as error:
        raise RequestFault(f"the body is no JSON: {error}") from error
    if not isinstance(request, dict) or not isinstance(request.get("inputs"), list) or not request["inputs"]:
        raise RequestFault("inputs is missing; give a list of tensors, each with name, shape, datatype and data")
    return request


def _tensor(entry: Any) -> tuple[str, np.ndarray]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise RequestFault("each of inputs needs a name")
    name, shape, datatype = entry["name"], entry.get("shape"), entry.get("datatype")
    if datatype not in DATATYPES:
        raise RequestFault(f"datatype of input {name} is {datatype!r}; allowed are {', '.join(DATATYPES)}")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise RequestFault(f"shape of input {name} is {shape!r}; give a list of sizes, for example [2, 4]")
    if not isinstance(entry.get("data"), list):
        raise RequestFault(f"data of input {name} is missing; give a list")
    return name, _array(name, shape, datatype, entry["data"])


def _array(name: str, shape: list[int], datatype: str, data: list[Any]) -> np.ndarray:
    flat = list(_flatten(data))
    if len(flat) != math.prod(shape):
        raise RequestFault(f"data of input {name} has {len(flat)} elements; shape {shape} needs {math.prod(shape)}")
    _check_elements(name, datatype, flat)
    try:
        return np.array(flat, dtype=DATATYPES[datatype]).reshape(shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestFault(f"data of input {name} does not fit {datatype}: {error}") from error


def _check_elements(name: str, datatype: str, flat: list[Any]) -> None:
    """numpy would turn 1.7 into the integer 1 and "x" into true; the sender is told instead. null is a missing FP value."""
    allowed: tuple[type, ...] = (int,)
    if datatype == "BOOL":
        allowed = (bool,)
    elif datatype == "BYTES":
        allowed = (str,)
    elif datatype.startswith("FP"):
        allowed = (int, float, type(None))
    for element in flat:
        if type(element) not in allowed:
            raise RequestFault(f"data of input {name} has the element {element!r}, which is no {datatype}")


def _flatten(data: Iterable[Any]) -> Iterable[Any]:
    """Row by row; the protocol allows nested and flat data."""
    for element in data:
        if isinstance(element, list):
            yield from _flatten(element)
        else:
            yield element


def _to_model_input(tensors: list[tuple[str, np.ndarray]], model: LoadedModel) -> Any:
    schema = model.inputs
    names = [name for name, _ in tensors]
    if len(set(names)) != len(names):
        raise RequestFault("two of inputs have the same name")
    columns = schema.input_names() if schema is not None and schema.has_input_names() else []
    if schema is not None and schema.is_tensor_spec():
        return dict(tensors) if columns else tensors[0][1]
    if len(tensors) == 1:
        name, array = tensors[0]
        if array.ndim == 2 and columns and not (len(columns) == 1 and name == columns[0]):
            if array.shape[1] != len(columns):
                raise RequestFault(
                    f"input {name} has {array.shape[1]} columns; the model has {len(columns)}: {', '.join(columns)}"
                )
            return pd.DataFrame(array, columns=columns)
        if not columns:
            return array
    return pd.DataFrame({name: _column(name, array) for name, array in _same_rows(tensors)})


def _same_rows(tensors: list[tuple[str, np.ndarray]]) -> list[tuple[str, np.ndarray]]:
    if len({array.shape[0] for _, array in tensors}) > 1:
        raise RequestFault(
            "inputs have different numbers of rows: " + ", ".join(f"{name} {array.shape[0]}" for name, array in tensors)
        )
    return tensors


def _column(name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
        return array.reshape(-1)
    raise RequestFault(f"shape of input {name} is {list(array.shape)}; a column is [rows] or [rows, 1]")


def _encode(prediction: Any, model: LoadedModel) -> list[dict[str, Any]]:
    if isinstance(prediction, pd.DataFrame):
        return [_output(str(name), prediction[name].to_numpy()) for name in prediction.columns]
    if isinstance(prediction, Mapping):
        return [_output(str(name), np.asarray(value)) for name, value in prediction.items()]
    schema = model.outputs
    name = schema.input_names()[0] if schema is not None and schema.has_input_names() else "predict"
    return [_output(name, np.asarray(prediction))]


def _output(name: str, array: np.ndarray) -> dict[str, Any]:
    datatype = _NAMES.get(array.dtype)
    if datatype is None or datatype == "BYTES":
        datatype, array = "BYTES", array.astype(str)
    data = array.ravel().tolist()
    if datatype.startswith("FP") and not np.isfinite(array).all():
        # JSON has no NaN.
        data = [value if math.isfinite(value) else None for value in data]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": data}


def _choose(outputs: list[dict[str, Any]], wanted: Any) -> list[dict[str, Any]]:
    if not wanted:
        return outputs
    known = {output["name"]: output for output in outputs}
    names = (
        [entry.get("name") if isinstance(entry, Mapping) else None for entry in wanted]
        if isinstance(wanted, list)
        else [None]
    )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RequestFault(f"outputs names {unknown[0]!r}; the model has {', '.join(known)}")
    return [known[name] for name in names]
