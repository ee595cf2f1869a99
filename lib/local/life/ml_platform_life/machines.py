"""What runs on the platform: its state machines, and the commands of its images in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ml_platform_runtime import cli
from ml_platform_runtime.aws import client

from ml_platform_life.failure import LifeFailure
from ml_platform_life.waiting import wait_for

PATIENCE_S = 180.0


class Machines:
    """State machines, started as a person or a schedule does it."""

    def __init__(self) -> None:
        self._client = client("stepfunctions")

    def start(self, machine: str) -> str:
        """The execution."""
        return str(self._client.start_execution(stateMachineArn=machine)["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """The execution when it has ended, well or not."""
        return wait_for(f"{execution.split(':')[6]} did not end", lambda: self._if_ended(execution), seconds=PATIENCE_S, every=0.1)

    def done(self, execution: str) -> None:
        """Returns when it has ended well. Raises LifeFailure otherwise."""
        state = self.ended(execution)
        if state["status"] != "SUCCEEDED":
            raise LifeFailure(
                f"{execution.split(':')[6]} ended as {state['status']}: {state.get('error', 'no error is given')}",
                hint="the logs of its task are among those of the services",
            )

    def _if_ended(self, execution: str) -> dict[str, Any] | None:
        state = self._client.describe_execution(executionArn=execution)
        return None if state["status"] == "RUNNING" else state


def command(*arguments: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`python -m ml_platform_runtime <arguments>`, here: its imports are the slowest part of it. What it printed last."""
    said, refused = io.StringIO(), io.StringIO()
    with _environment(environment or {}), contextlib.redirect_stdout(said), contextlib.redirect_stderr(refused):
        code = cli.main(arguments)
    print(said.getvalue(), refused.getvalue(), sep="")
    if code != 0:
        last = refused.getvalue().strip().splitlines()[-1:] or ["no output"]
        raise LifeFailure(f"{arguments[0]} ended with exit code {code}: {last[0]}")
    answer: dict[str, Any] = json.loads(said.getvalue().strip().splitlines()[-1])
    return answer


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
