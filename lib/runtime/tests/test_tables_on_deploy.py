"""The custom resource that runs migrations: CloudFormation always gets an answer, and a failure says why."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ml_platform_runtime.tables import on_deploy

ARN = "arn:aws:ecs:eu-west-1:111122223333:task/shop/abc"
PROPERTIES = {
    "Cluster": "shop",
    "TaskDefinition": "migrations:3",
    "Container": "Container",
    "Subnets": ["subnet-1", "subnet-2"],
    "SecurityGroup": "sg-1",
    "LogGroup": "logs",
    "LogPrefix": "migrations",
}


class Context:
    """Time that runs out by the poll."""

    def __init__(self, polls: int) -> None:
        self.left = polls

    def get_remaining_time_in_millis(self) -> int:
        self.left -= 1
        return 10**6 if self.left >= 0 else 0


class Missing(Exception):
    pass


class Aws:
    """ECS and CloudWatch Logs, as far as the handler asks them."""

    class exceptions:
        ResourceNotFoundException = Missing

    def __init__(self, states: list[list[dict[str, Any]]], lines: list[str] | None) -> None:
        self.states, self.lines = states, lines
        self.calls: dict[str, Any] = {}
        self.tasks = [{"taskArn": ARN}]
        self.failures: list[dict[str, str]] = []

    def run_task(self, **arguments: Any) -> dict[str, Any]:
        self.calls["run"] = arguments
        return {"tasks": self.tasks, "failures": self.failures}

    def describe_tasks(self, **arguments: Any) -> dict[str, Any]:
        assert arguments == {"cluster": "shop", "tasks": [ARN]}
        return {"tasks": self.states.pop(0) if len(self.states) > 1 else self.states[0]}

    def stop_task(self, **arguments: Any) -> None:
        self.calls["stop"] = arguments

    def get_log_events(self, **arguments: Any) -> dict[str, Any]:
        assert arguments == {"logGroupName": "logs", "logStreamName": "migrations/Container/abc", "limit": 20}
        if self.lines is None:
            raise Missing
        return {"events": [{"message": line} for line in self.lines]}


def stopped(code: int | None, reason: str = "Essential container in task exited") -> list[dict[str, Any]]:
    container = {} if code is None else {"exitCode": code}
    return [{"taskArn": ARN, "lastStatus": "STOPPED", "stoppedReason": reason, "containers": [container]}]


RUNNING: list[dict[str, Any]] = [{"taskArn": ARN, "lastStatus": "RUNNING"}]


@pytest.fixture
def answers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where CloudFormation waits, and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            # S3 signs an empty content type
            assert self.headers["Content-Type"] == ""
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", told
    server.shutdown()
    thread.join()
    server.server_close()


def run(
    answers: tuple[str, list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    aws: Aws,
    request_type: str = "Update",
    polls: int = 10,
) -> dict[str, Any]:
    monkeypatch.setattr(on_deploy.boto3, "client", lambda _service: aws)
    monkeypatch.setattr(on_deploy.time, "sleep", lambda _seconds: None)
    url, told = answers
    names = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Run"}
    event = {**names, "RequestType": request_type, "ResponseURL": url, "ResourceProperties": PROPERTIES}
    on_deploy.handler(event, Context(polls))
    [answer] = told
    assert names.items() <= answer.items()
    assert answer["PhysicalResourceId"] == "Run"
    return answer


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_task_that_ends_well_is_a_success(answers: Any, monkeypatch: pytest.MonkeyPatch, request_type: str) -> None:
    aws = Aws([[], RUNNING, stopped(0)], [])
    assert run(answers, monkeypatch, aws, request_type)["Status"] == "SUCCESS"
    assert aws.calls["run"] == {
        "cluster": "shop",
        "taskDefinition": "migrations:3",
        "launchType": "FARGATE",
        "propagateTags": "TASK_DEFINITION",
        "clientToken": "request",
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}
        },
    }


def test_a_deletion_runs_nothing(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws([stopped(0)], [])
    assert run(answers, monkeypatch, aws, "Delete")["Status"] == "SUCCESS"
    assert aws.calls == {}


def test_a_task_that_fails_says_what_it_logged(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws([stopped(2)], ["starting", "error: table shop.t cannot become version 2", "{}"])
    answer = run(answers, monkeypatch, aws)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"task {ARN} ended with 2: error: table shop.t cannot become version 2"


def test_without_a_message_the_last_lines_are_told(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = run(answers, monkeypatch, Aws([stopped(137)], ["a", "b", "c", "Killed"]))["Reason"]
    assert reason == f"task {ARN} ended with 137: b; c; Killed"


@pytest.mark.parametrize("lines", [None, []])
def test_a_container_that_never_ran_has_the_reason_of_ecs(
    answers: Any, monkeypatch: pytest.MonkeyPatch, lines: list[str] | None
) -> None:
    reason = run(answers, monkeypatch, Aws([stopped(None, "CannotPullContainerError")], lines))["Reason"]
    assert reason == f"task {ARN} ended with None: CannotPullContainerError, nothing was logged"


def test_a_task_that_does_not_start_is_a_failure(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws([stopped(0)], [])
    aws.tasks, aws.failures = [], [{"reason": "RESOURCE:ENI"}]
    assert run(answers, monkeypatch, aws)["Reason"] == "the task did not start: RESOURCE:ENI; deploy again"


def test_a_task_that_takes_too_long_is_stopped(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws([RUNNING], [])
    answer = run(answers, monkeypatch, aws, polls=3)
    assert answer["Status"] == "FAILED"
    assert "did not end in time and was stopped; what it did is kept: deploy again to go on" in answer["Reason"]
    assert aws.calls["stop"]["task"] == ARN


def test_a_long_reason_fits_into_an_answer(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(run(answers, monkeypatch, Aws([stopped(1)], ["error: " + "x" * 5000]))["Reason"]) == 1500
