"""Commands in processes of their own that share one import of Feast: it takes seconds, and a fork of it none."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import feast
import feast.infra.online_stores.dynamodb
import feast.infra.registry.sql
import feast.repo_operations
import pyiceberg.catalog.glue  # noqa: F401

import ml_platform_runtime.features.iceberg_offline
from ml_platform_runtime import cli


class Child:
    """One command that runs by itself, to be waited for or killed."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._out, self._err = log.with_suffix(".out"), log.with_suffix(".err")
        paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._process = context.Process(target=_run, args=(arguments, environment, str(self._out), str(self._err)))
        self._process.start()
        if before is not None:
            os.environ["PYTHONPATH"] = before

    def kill(self) -> None:
        self._process.kill()
        self._process.join(10)

    def wait(self, seconds: float = 90) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            self.kill()
            raise AssertionError(f"still running after {seconds} s:\n{self._err.read_text()[-3000:]}")
        return code, self._out.read_text(), self._err.read_text()


def _run(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    for stream, path in ((sys.stdout, out), (sys.stderr, err)):
        with open(path, "w") as file:
            os.dup2(file.fileno(), stream.fileno() if hasattr(stream, "fileno") else 1)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(cli.main(arguments))


_imported: Any = (feast, ml_platform_runtime)
