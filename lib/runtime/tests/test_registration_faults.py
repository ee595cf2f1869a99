"""A registration while S3 refuses: a real MLflow server in front of an S3 that answers 403 or 503 to every write."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from requests import HTTPError

from conftest import Registry
from support import free_port, running, runtime

_ANSWERS = {403: "AccessDenied", 503: "SlowDown"}
#: What a client hears. It tries a 503 again by itself, and then names the artifact alone; the log of the server says why.
_TOLD = {
    403: r"S3 refused to store s3://\S+/models/m-\w+/artifacts/\S+: AccessDenied; the rights of the registry server and the",
    503: r"/mlflow-artifacts/artifacts/0/models/m-\w+/artifacts/.*too many 503 error responses",
}


@dataclass
class Gate:
    """The emulator's S3, which can be told to refuse writes."""

    endpoint: str
    address: str = ""
    #: Status of the answer to a PUT or POST; None lets it pass.
    refuses: int | None = None


@pytest.fixture(scope="module")
def gate(aws: str) -> Iterator[Gate]:
    gate = Gate(aws)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if gate.refuses and self.command in ("PUT", "POST"):
                code = _ANSWERS[gate.refuses]
                return self._answer(
                    gate.refuses,
                    f"<Error><Code>{code}</Code><Message>refused by the test</Message></Error>".encode(),
                    {},
                )
            request = urllib.request.Request(
                gate.endpoint + self.path, body or None, dict(self.headers), method=self.command
            )
            try:
                with urllib.request.urlopen(request) as found:
                    self._answer(found.status, found.read(), found.headers)
            except urllib.error.HTTPError as error:
                self._answer(error.code, error.read(), error.headers)

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            own = ("transfer-encoding", "connection", "date", "server", "content-length")
            for name, value in headers.items():
                if name.lower() not in own:
                    self.send_header(name, value)
            # of HEAD the length is that of what a GET would bring
            self.send_header("Content-Length", headers.get("Content-Length", str(len(body))))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    gate.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield gate
    server.shutdown()


@pytest.fixture(scope="module")
def registry_beyond(gate: Gate, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry server that reaches S3 through the gate."""
    home = tmp_path_factory.mktemp("refusing")
    port = free_port()
    environment = {
        "AWS_ENDPOINT_URL": gate.address,
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # else botocore sends chunks, which the gate does not read
        "ML_HOST": "127.0.0.1",
        "ML_PORT": str(port),
        "ML_DATABASE_URL": f"sqlite:///{home}/mlflow.db",
        "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{bucket}/refusing",
        "TMPDIR": str(home),
    }
    with running(runtime("registry-server"), environment, home / "registry.log") as service:
        service.wait_for_http(f"http://127.0.0.1:{port}/health", seconds=90)
        import mlflow

        others = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(f"http://127.0.0.1:{port}")
        yield Registry(f"http://127.0.0.1:{port}", f"s3://{bucket}/refusing", "", service)
        mlflow.set_tracking_uri(others)


@pytest.mark.parametrize("status", [403, 503])
def test_a_registration_that_s3_refuses_leaves_nothing_and_succeeds_once_when_it_is_tried_again(
    gate: Gate, registry_beyond: Registry, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    import mlflow
    from mlflow.entities import LoggedModelStatus
    from mlflow.exceptions import MlflowException
    from sklearn.dummy import DummyClassifier

    # by default a client tries for minutes
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    client = mlflow.MlflowClient()
    name = f"refused-{status}"

    def register() -> str:
        with mlflow.start_run(experiment_id="0") as run:
            mlflow.sklearn.log_model(
                DummyClassifier().fit([[0], [1]], [0, 1]), name="model", registered_model_name=name, pip_requirements=[]
            )
        return str(run.info.run_id)

    gate.refuses = status
    with pytest.raises((MlflowException, HTTPError), match=_TOLD[status]):
        register()
    gate.refuses = None
    # neither a name nor a version of it; the run and its model are known as failed
    assert name not in [found.name for found in client.search_registered_models()]
    assert client.search_model_versions(f"name='{name}'") == []
    lost = client.search_logged_models(["0"])[0]
    assert lost.status == LoggedModelStatus.FAILED
    assert client.get_run(lost.source_run_id).info.status == "FAILED"
    assert re.search(
        rf"S3 (refused to|could not) store s3://\S+/artifacts/\S+: {_ANSWERS[status]}", registry_beyond.service.text
    )

    run = register()
    (version,) = client.search_model_versions(f"name='{name}'")
    assert (version.version, version.status, version.run_id) == ("1", "READY", run)
    assert mlflow.sklearn.load_model(f"models:/{name}/1").predict([[5]]).tolist() == [0]
