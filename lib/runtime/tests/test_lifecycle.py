"""Whole processes: promotion without a restart, rollback in under a second, MLflow stopped, restarts, SIGTERM."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import httpx
from mlflow import MlflowClient

from conftest import Live, Registry, Trained, model_server
from ml_platform_runtime.releases import ReleaseClient
from support import finished, free_port, wait_until


def predictions(live: Live, rows: Any) -> list[int]:
    array = rows.to_numpy()
    body = {"inputs": [{"name": "x", "shape": list(array.shape), "datatype": "FP64", "data": array.tolist()}]}
    return live.served.client.post("/v2/models/fraud/infer", json=body).json()["outputs"][0]["data"]


def _rollback_seconds(live: Live, trained: Trained) -> float:
    """From before the write to the first answer of the old version; the best of three, because machines stumble."""
    best = float("inf")
    for _ in range(3):
        started = time.monotonic()
        live.releases.rollback("fraud", by="tests", reason="worse")
        live.served.wait_for_version("1")
        best = min(best, time.monotonic() - started)
        if best < 1.0:
            break
        live.releases.promote("fraud", trained.releases["2"], by="tests", override=True, reason="again")
        live.served.wait_for_version("2")
    return best


def test_the_life_of_a_model_without_a_restart_and_with_mlflow_stopped(
    live: Live, trained: Trained, registry: Registry, aws: str
) -> None:
    environment = {
        "AWS_ENDPOINT_URL": aws,
        "ML_RELEASE_TABLE": live.table,
        "MLFLOW_TRACKING_URI": registry.uri,
        "MLFLOW_ARTIFACTS_DESTINATION": registry.destination,
    }
    rows = trained.rows[trained.estimators["1"].predict(trained.rows) != trained.estimators["2"].predict(trained.rows)]
    assert len(rows) > 0, "the two versions must differ somewhere"
    sequence = live.releases.read("fraud").sequence  # type: ignore[union-attr]
    assert predictions(live, rows) == trained.estimators["1"].predict(rows).tolist()

    done = finished(
        environment,
        "promote",
        "--model",
        "fraud",
        "--version",
        "2",
        "--expected-sequence",
        str(sequence),
        "--reason",
        "better",
        "--by",
        "ann",
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    line = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert (line["outcome"], line["alias"], line["warnings"]) == ("written", "ok", [])
    assert (
        line["champion"]["version"],
        line["champion"]["dataTag"],
        line["champion"]["codeRevision"],
        line["updatedBy"],
    ) == ("2", "tag-2", "rev-2", "ann")
    assert MlflowClient(registry.uri).get_model_version_by_alias("fraud", "champion").version == "2"
    live.served.wait_for_version("2")
    assert predictions(live, rows) == trained.estimators["2"].predict(rows).tolist()

    # MLflow hangs: the worst way to be away.
    registry.service.pause()
    try:
        seconds = _rollback_seconds(live, trained)
        assert seconds < 1.0
        assert predictions(live, rows) == trained.estimators["1"].predict(rows).tolist()

        uri = trained.releases["2"].artifact_uri
        again = ("promote", "--model", "fraud", "--version", "2", "--artifact-uri", uri)
        refused = finished(environment, *again)
        assert (refused.returncode, refused.stderr) == (
            2,
            "error: version 2 of fraud is quarantined because it was rolled back; promote another version, or pass --override with --reason\n",
        )
        done = finished(environment, *again, "--override", "--reason", "it was the data")
        assert (done.returncode, json.loads(done.stdout)["alias"]) == (0, "failed"), done.stderr
        live.served.wait_for_version("2")
        done = finished({**environment, "MLFLOW_TRACKING_URI": ""}, "rollback", "--model", "fraud", "--reason", "tests")
        assert (done.returncode, json.loads(done.stdout)["alias"]) == (0, "off"), done.stderr
        live.served.wait_for_version("1")
    finally:
        registry.service.resume()


def test_the_losers_exit_code_is_3_and_bad_input_is_2_each_with_one_line(
    live: Live, trained: Trained, registry: Registry, aws: str
) -> None:
    environment = {"AWS_ENDPOINT_URL": aws, "ML_RELEASE_TABLE": live.table}
    uri = trained.releases["1"].artifact_uri
    lost = finished(
        environment, "promote", "--model", "fraud", "--version", "1", "--artifact-uri", uri, "--expected-sequence", "99"
    )
    assert lost.returncode == 3
    assert lost.stderr.startswith("error: the release record of fraud is at sequence ")
    missing = finished(environment, "promote", "--model", "fraud", "--version", "9", "--artifact-uri", f"{uri}-gone")
    assert (missing.returncode, missing.stderr) == (
        2,
        f"error: there is no MLmodel file at {uri}-gone (NoSuchKey); give the folder of a logged model\n",
    )
    unknown = finished(
        {**environment, "MLFLOW_TRACKING_URI": registry.uri, "MLFLOW_ARTIFACTS_DESTINATION": registry.destination},
        "promote",
        "--model",
        "fraud",
        "--version",
        "77",
    )
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("error: version 77 of fraud cannot be read from MLflow: ")
    unset = finished({}, "show", "--model", "fraud")
    assert (unset.returncode, unset.stderr) == (
        2,
        "error: the release table is not known; set ML_RELEASE_TABLE or give --table\n",
    )
    for done in (lost, missing, unknown, unset):
        assert (done.stdout, done.stderr.count("\n"), "Traceback" in done.stderr) == ("", 1, False)


def test_promotion_warns_of_a_model_that_servers_will_refuse(
    trained: Trained, releases: ReleaseClient, table: str, aws: str
) -> None:
    done = finished(
        {"AWS_ENDPOINT_URL": aws, "ML_RELEASE_TABLE": table},
        "promote",
        "--model",
        "fraud",
        "--version",
        "3",
        "--artifact-uri",
        trained.releases["3"].artifact_uri,
    )
    assert json.loads(done.stdout)["warnings"] == [
        "servers load this only with ML_ALLOW_PICKLE=true: flavor sklearn is serialized as cloudpickle (model.pkl)"
    ]
    assert releases.read("fraud") is not None


def test_wrong_settings_end_a_server_with_one_line_and_no_stack_trace() -> None:
    done = finished({"ML_PORT": "0"}, "serve")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: ML_MODEL_NAME is not set")
    assert "ML_PORT is '0'" in done.stderr


def test_a_server_is_healthy_before_the_first_promotion_but_not_ready(
    aws: str, table: str, releases: ReleaseClient, trained: Trained, cache: Path, tmp_path: Path
) -> None:
    environment = {"AWS_ENDPOINT_URL": aws, "ML_RELEASE_TABLE": table, "ML_CACHE_DIR": str(cache)}
    with model_server(environment, tmp_path / "serve.log") as served:
        expected = {
            "/health": 200,
            "/ping": 200,
            "/v2/health/live": 200,
            "/v2/health/ready": 503,
            "/v2/models/fraud/ready": 503,
            "/v2/models/fraud": 503,
            "/metrics": 200,
        }
        assert {path: served.client.get(path).status_code for path in expected} == expected
        assert served.client.post("/invocations", json={"inputs": []}).status_code == 503
        releases.promote("fraud", trained.releases["1"], by="tests")
        served.wait_for_version("1")
        served.service.terminate()
        assert served.service.wait(10) == 0
    # The same disk, and an AWS that does not answer.
    environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{free_port()}"
    with model_server(environment, tmp_path / "again.log") as served:
        served.wait_for_version("1")
        answer = served.client.post(
            "/invocations", json={"dataframe_split": trained.rows.head(4).to_dict(orient="split")}
        )
        assert answer.json() == {"predictions": trained.estimators["1"].predict(trained.rows.head(4)).tolist()}
        _finish_a_request_after_sigterm(served, trained)
        assert served.service.wait(10) == 0
        assert json.loads(served.service.text.splitlines()[-1])["message"] == "stopped"


def _finish_a_request_after_sigterm(served: Any, trained: Trained) -> None:
    """Half a request, SIGTERM, the other half: it is answered, and nobody new is let in."""
    body = json.dumps({"dataframe_split": trained.rows.head(4).to_dict(orient="split")}).encode()
    host, port = httpx.URL(served.url).host, httpx.URL(served.url).port
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body[:100]
        )
        time.sleep(0.2)
        served.service.terminate()

        def refused() -> bool:
            try:
                with socket.create_connection((host, port), timeout=1):
                    return False
            except ConnectionRefusedError:
                return True

        wait_until(refused, seconds=5, what="the listener closing")
        connection.sendall(body[100:])
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, payload = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), answer
    assert json.loads(payload) == {"predictions": trained.estimators["1"].predict(trained.rows.head(4)).tolist()}


def test_answers_stay_right_while_versions_change_under_load(live: Live, trained: Trained) -> None:
    rows = trained.rows.head(20)
    expected = {version: trained.estimators[version].predict(rows).tolist() for version in ("1", "2")}
    array = rows.to_numpy()
    body = json.dumps(
        {"inputs": [{"name": "x", "shape": list(array.shape), "datatype": "FP64", "data": array.tolist()}]}
    )
    seen: set[str] = set()
    live.releases.promote("fraud", trained.releases["2"], by="tests", override=True, reason="tests")
    deadline = time.monotonic() + 10
    while seen != {"1", "2"} and time.monotonic() < deadline:
        answer = live.served.client.post("/v2/models/fraud/infer", content=body)
        assert answer.status_code == 200
        version = answer.headers["x-model-version"]
        seen.add(version)
        assert answer.json()["outputs"][0]["data"] == expected[version]
    live.releases.rollback("fraud", by="tests")
    live.served.wait_for_version("1")
    assert seen == {"1", "2"}
