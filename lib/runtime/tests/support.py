"""Real processes for the tests: started here, waited for, ended here."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from forks import Command, Fork, command_line

AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

#: httpx would read the certificates of the whole world for each call, and all that the tests ask is on this machine
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
get = functools.partial(httpx.get, verify=NO_CERTIFICATES)
post = functools.partial(httpx.post, verify=NO_CERTIFICATES)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(check: Callable[[], Any], *, seconds: float, what: str, interval: float = 0.05) -> Any:
    """The first true answer of `check`; network errors count as not yet."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = check()
            if last:
                return last
        except (OSError, httpx.HTTPError) as error:
            last = error
        time.sleep(interval)
    raise AssertionError(f"{what} did not happen within {seconds} s; last seen: {last!r}")


def surroundings(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a child: of this process's own nothing that points at AWS, MLflow or the platform."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ML_", "MLFLOW_"))}
    base.pop("PYTHONDONTWRITEBYTECODE", None)
    base.pop("PROMETHEUS_MULTIPROC_DIR", None)  # an import of Feast sets it, and MLflow would write its numbers there
    return {**base, **AWS_ENVIRONMENT, **environment}


class Service:
    """One child process with its own process group and a log file."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        environment = surroundings(environment)
        log.touch()
        if command[:3] == runtime():
            self._process: Fork | subprocess.Popen[bytes] = Fork(command_line, (command[3:],), environment, log, log)
            return
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def text(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace")

    def wait_for_http(self, url: str, *, seconds: float = 60, status: int = 200) -> None:
        """Wait until `url` answers; fail at once when the process ends before."""

        def answers() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"process ended with {self._process.returncode}:\n{self.text[-4000:]}")
            return get(url, timeout=2).status_code == status

        wait_until(answers, seconds=seconds, what=f"{status} from {url} ({self.log})")

    def terminate(self) -> None:
        """SIGTERM to the process alone, as ECS does."""
        self._process.terminate()

    def wait(self, seconds: float) -> int:
        """Its exit code."""
        return self._process.wait(seconds)

    def pause(self) -> None:
        """Stop answering without closing connections: what a hanging network looks like."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it and all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)
            os.killpg(self._process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[Service]:
    """A process for the length of a with block."""
    service = Service(command, environment, log)
    try:
        yield service
    finally:
        service.stop()


def runtime(*arguments: str) -> list[str]:
    """The command of a container of ours; a `Service` of it is a fork that has imported what is heavy."""
    return [sys.executable, "-m", "ml_platform_runtime", *arguments]


def finished(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of ours, run to its end in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return Command(list(arguments), surroundings(environment), Path(folder)).finish()
