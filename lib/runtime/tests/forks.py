"""Our commands in processes of their own that share one import of what is heavy: MLflow and Feast take seconds, a fork of them none.

A fork is a process like any other: it has its own environment, output and process group, may be killed, and may replace itself.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import connection
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session

#: Imported before the first fork, if the tests that run have imported the package too.
HEAVY = [
    "feast_as_ours",
    "feast",
    "feast.infra.online_stores.dynamodb",
    "feast.infra.registry.sql",
    "feast.repo_operations",
    "great_expectations",
    "mlflow.cli",
    "mlflow.server",
    "mlflow.sklearn",
    "mlflow.tracking.request_header.registry",  # a plugin that comes with Feast makes each client of MLflow import all of Feast
    "pyiceberg.catalog.glue",
    "pyiceberg.table",
    "sklearn.ensemble",
    "skops.io",
]
#: What our commands import anyway, as late as they can.
OURS = [
    "ml_platform_runtime.cli",
    "ml_platform_runtime.database",
    "ml_platform_runtime.registry_server",
    "ml_platform_runtime.server",
]
_numbers = itertools.count(1)
#: Those of a fresh interpreter: this module is the first that the fork server imports, and some of the others change them.
_FILTERS = warnings.filters[:]
# a session of boto3 reads its descriptions of AWS anew, megabytes of JSON; here they are read once a process
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


class Fork:
    """One call in a process of its own; it looks like `subprocess.Popen`."""

    def __init__(
        self, call: Callable[..., Any], arguments: tuple[Any, ...], environment: dict[str, str], out: Path, err: Path
    ) -> None:
        """Both files may be the same; they are appended to."""
        context = multiprocessing.get_context("forkserver")
        # Prometheus' client first: an import of Feast sets a variable that makes it keep its numbers in files
        first = [__name__, "prometheus_client"]
        context.set_forkserver_preload(
            [*first, *OURS, *(name for name in HEAVY if name.partition(".")[0] in sys.modules)]
        )
        self._process = context.Process(target=_run, args=(call, arguments, environment, str(out), str(err)))
        with _fork_server_environment():
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        while self.poll() is None and os.getpgid(self.pid) != self.pid:
            time.sleep(0.001)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.exitcode

    @property
    def returncode(self) -> int | None:
        """As `poll`."""
        return self.poll()

    def wait(self, timeout: float) -> int:
        """The exit code; raises `subprocess.TimeoutExpired`."""
        connection.wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout)
        return code

    def terminate(self) -> None:
        """SIGTERM to it alone."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self._process.kill()
        self._process.join(10)


class Command(Fork):
    """One command line of ours."""

    def __init__(self, arguments: list[str], environment: dict[str, str], folder: Path) -> None:
        stem = folder / f"command-{next(_numbers)}"
        self._out, self._err = stem.with_suffix(".out"), stem.with_suffix(".err")
        super().__init__(command_line, (arguments,), environment, self._out, self._err)

    def finish(self, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """What it said, and how it ended; killed and told when it takes longer."""
        try:
            code = self.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise AssertionError(f"still running after {seconds} s:\n{self._err.read_text()[-3000:]}") from late
        return subprocess.CompletedProcess([], code, self._out.read_text(), self._err.read_text())


def command_line(arguments: list[str]) -> int:
    """What `python -m ml_platform_runtime` does."""
    from ml_platform_runtime import cli

    return cli.main(arguments)


@contextlib.contextmanager
def _fork_server_environment() -> Iterator[None]:
    """It finds what the tests find, and MLflow leaves the log to our own formatter, as `serve` tells it before it imports it."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parent), before.get("PYTHONPATH")]))
    os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(call: Callable[..., Any], arguments: tuple[Any, ...], environment: dict[str, str], out: str, err: str) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor, path in ((1, out), (2, err)):
        with open(path, "ab") as file:
            os.dup2(file.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    warnings.filters[:] = _FILTERS  # type: ignore[index]
    sys.exit(call(*arguments))
