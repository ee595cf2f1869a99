"""The model server as a process: answers against scikit-learn's own, following the record without a restart."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import Live, Trained


def sample(trained: Trained, count: int = 5) -> Any:
    return trained.rows.iloc[10 : 10 + count]


def sequence(live: Live) -> int:
    record = live.releases.read("fraud")
    assert record is not None
    return record.sequence


def tensor(array: np.ndarray, name: str = "rows", datatype: str = "FP64") -> dict[str, Any]:
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.tolist()}


@pytest.mark.parametrize("flat", [False, True], ids=["nested data", "flat data"])
def test_one_tensor_of_rows_gets_the_predictions_of_scikit_learn(live: Live, trained: Trained, flat: bool) -> None:
    rows = sample(trained)
    request = tensor(rows.to_numpy())
    if flat:
        request["data"] = rows.to_numpy().ravel().tolist()
    answer = live.served.client.post("/v2/models/fraud/infer", json={"id": "abc", "inputs": [request]})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["id"], body["model_name"], body["model_version"]) == ("abc", "fraud", "1")
    output = body["outputs"][0]
    assert (output["shape"], output["datatype"]) == ([5], "INT64")
    assert output["data"] == trained.estimators["1"].predict(rows).tolist()
    assert (answer.headers["x-model-version"], answer.headers["x-release-sequence"]) == ("1", str(sequence(live)))


def test_one_tensor_for_each_column_gets_the_same_predictions_in_any_order(live: Live, trained: Trained) -> None:
    rows = sample(trained)
    inputs = [tensor(rows[name].to_numpy(), name) for name in reversed(rows.columns)]
    answer = live.served.client.post("/v2/models/fraud/versions/1/infer", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][0]["data"] == trained.estimators["1"].predict(rows).tolist()


def with_change(**change: Any) -> dict[str, Any]:
    return {**tensor(np.zeros((1, 30))), **change}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (None, "inputs is missing"),
        ([], "inputs is missing"),
        ([{"shape": [1]}], "each of inputs needs a name"),
        ([with_change(datatype="FLOAT")], "datatype of input rows is 'FLOAT'; allowed are BOOL"),
        ([with_change(shape=[2, 30])], "has 30 elements; shape [2, 30] needs 60"),
        ([with_change(shape=[1, -30])], "shape of input rows"),
        ([with_change(data=["x"] * 30)], "has the element 'x', which is no FP64"),
        ([with_change(shape=[1, 29], data=[0.5] * 29)], "has 29 columns; the model has 30: mean radius"),
        ([with_change(shape=[30], data=[0.5] * 30)], "missing inputs"),
        ([tensor(np.zeros(1), "a"), tensor(np.zeros(1), "a")], "two of inputs have the same name"),
        ([tensor(np.zeros(1), "a"), tensor(np.zeros(2), "b")], "different numbers of rows: a 1, b 2"),
    ],
)
def test_a_wrong_inference_request_is_told_what_is_wrong(live: Live, inputs: Any, message: str) -> None:
    answer = live.served.client.post("/v2/models/fraud/infer", json={"inputs": inputs})
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_integers_are_not_silently_cut_from_fractions(live: Live) -> None:
    answer = live.served.client.post(
        "/v2/models/fraud/infer", json={"inputs": [with_change(datatype="INT64", data=[1.7] * 30)]}
    )
    assert (answer.status_code, "1.7, which is no INT64" in answer.json()["error"]) == (400, True)


def test_a_body_that_is_no_json_is_refused_by_both_protocols(live: Live) -> None:
    for path in ("/v2/models/fraud/infer", "/invocations"):
        answer = live.served.client.post(path, content=b"{", headers={"content-type": "application/json"})
        assert answer.status_code == 400, path
        assert "Traceback" not in answer.text


def test_asking_for_an_output_that_the_model_does_not_have_is_refused(live: Live) -> None:
    answer = live.served.client.post(
        "/v2/models/fraud/infer", json={"inputs": [tensor(np.zeros((1, 30)))], "outputs": [{"name": "score"}]}
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "outputs names 'score'; the model has predict")


def test_other_models_and_versions_are_not_found(live: Live) -> None:
    client = live.served.client
    assert client.get("/v2/models/other").json()["error"] == "model other is not served here; this server has fraud"
    for method, path in (
        ("GET", "/v2/models/other/ready"),
        ("POST", "/v2/models/other/infer"),
        ("GET", "/v2/models/fraud/versions/9/ready"),
        ("POST", "/v2/models/fraud/versions/9/infer"),
    ):
        assert client.request(method, path, json={}).status_code == 404, path


def test_metadata_names_the_columns_of_the_signature(live: Live, trained: Trained) -> None:
    body = live.served.client.get("/v2/models/fraud").json()
    assert (body["name"], body["versions"], body["platform"]) == ("fraud", ["1"], "mlflow_pyfunc")
    assert body["inputs"] == [{"name": name, "datatype": "FP64", "shape": [-1]} for name in trained.rows.columns]
    assert live.served.client.get("/v2").json()["name"] == "cdk-ml-platform"
    assert live.served.client.get("/v2/health/live").status_code == 200
    assert live.served.client.get("/v2/health/ready").status_code == 200


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "instances", "inputs"])
def test_each_form_of_mlflows_scoring_protocol_gets_the_predictions_of_scikit_learn(
    live: Live, trained: Trained, form: str
) -> None:
    rows = sample(trained)
    data = {
        "dataframe_split": rows.to_dict(orient="split"),
        "dataframe_records": rows.to_dict(orient="records"),
        "instances": rows.to_dict(orient="records"),
        "inputs": rows.to_dict(orient="list"),
    }[form]
    answer = live.served.client.post("/invocations", json={form: data})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": trained.estimators["1"].predict(rows).tolist()}
    assert answer.headers["x-model-version"] == "1"


def test_mlflows_scoring_protocol_takes_csv(live: Live, trained: Trained) -> None:
    text = io.StringIO()
    sample(trained).to_csv(text, index=False)
    answer = live.served.client.post("/invocations", content=text.getvalue(), headers={"content-type": "text/csv"})
    assert answer.json() == {"predictions": trained.estimators["1"].predict(sample(trained)).tolist()}


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", '{"rows": []}', 400),
        ("application/json", '{"dataframe_records": [{"mean radius": 1.0}]}', 400),
        ("application/xml", "<a/>", 415),
    ],
)
def test_mlflows_scoring_protocol_refuses_with_mlflows_codes_and_no_stack_trace(
    live: Live, content_type: str, body: str, status: int
) -> None:
    answer = live.served.client.post("/invocations", content=body, headers={"content-type": content_type})
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "site-packages" not in answer.text


def test_a_body_beyond_the_limit_is_refused(live: Live) -> None:
    answer = live.served.client.post(
        "/invocations", content=b" " * (16 * 1024 * 1024 + 1), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
    assert "16777216 bytes" in answer.json()["error"]


def test_metrics_are_read_by_prometheus_own_parser_and_count_requests(live: Live, trained: Trained) -> None:
    labels = {"model": "fraud", "version": "1", "protocol": "mlflow", "code": "200"}
    before = live.served.metric("ml_requests_total", **labels) or 0
    live.served.client.post("/invocations", json={"dataframe_split": sample(trained).to_dict(orient="split")})
    assert live.served.metric("ml_requests_total", **labels) == before + 1
    families = {
        family.name: family for family in text_string_to_metric_families(live.served.client.get("/metrics").text)
    }
    assert {
        "ml_request_duration_seconds",
        "ml_model_info",
        "ml_release_load_failures",
        "process_resident_memory_bytes",
    } <= families.keys()
    info = families["ml_model_info"].samples
    assert [(entry.labels["version"], entry.labels["data_tag"], entry.labels["code_revision"]) for entry in info] == [
        ("1", "tag-1", "rev-1")
    ]
    assert live.served.metric("ml_release_sequence") == live.served.metric("ml_release_sequence_seen") == sequence(live)


def test_logs_are_one_json_object_a_line(live: Live) -> None:
    lines = [json.loads(line) for line in live.served.service.text.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    answers = [line for line in lines if line["message"] == "a release answers"]
    assert (answers[0]["version"], answers[0]["sequence"], answers[0]["level"]) == ("1", 1, "info")


def test_non_finite_predictions_become_null(trained: Trained) -> None:
    from ml_platform_runtime.open_inference import _output

    output = _output("score", np.array([[0.5, math.nan], [math.inf, 1.0]]))
    assert output == {"name": "score", "shape": [2, 2], "datatype": "FP64", "data": [0.5, None, None, 1.0]}
