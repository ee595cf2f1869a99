"""A real Spark for the tests: the version that EMR's release has, with the Iceberg of that release, from PyPI and Maven."""

from __future__ import annotations

import functools
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import surroundings

ROOT = Path(__file__).parents[3]
RUNTIME = ROOT / "lib/runtime"
#: https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-release-app-versions-7.x.html
ICEBERG = "1.7.1"
PACKAGES = [f"org.apache.iceberg:{name}:{ICEBERG}" for name in ("iceberg-spark-runtime-3.5_2.12", "iceberg-aws-bundle")]
DEFAULTS = """
  import { icebergDefaults } from './lib/data/blueprint/spark';
  console.log(JSON.stringify(icebergDefaults('s3://lake/tables')));
"""


@functools.cache
def environment() -> Path:
    """The Python environment with Spark. Skips where Java or node is missing."""
    tsx = ROOT / "node_modules/.bin/tsx"
    if shutil.which("java") is None:
        pytest.skip("java is not on PATH: Spark 3.5 needs Java 8, 11 or 17")
    if not (tsx.exists() and shutil.which("node")):
        pytest.skip("node and node_modules are not here: the settings of Spark are written in TypeScript")
    lock = "lib/runtime/requirements/spark.lock"
    made = _node("lib/local/toolchain/main.ts", "--python", lock)
    return Path(made.strip().split("\t")[1]).parent


@functools.cache
def defaults() -> dict[str, str]:
    """What the construct library sets for an application, without the place of EMR's own jar."""
    given: dict[str, str] = json.loads(_node("-e", DEFAULTS))
    assert given.pop("spark.jars").startswith("/usr/share/aws/iceberg/")
    return given


def _node(*arguments: str) -> str:
    done = subprocess.run(
        [ROOT / "node_modules/.bin/tsx", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def submit(endpoint: str, program: Path, *arguments: str) -> list[str]:
    """The command that runs a program, as EMR's worker does, on this machine; Java's part of AWS is at `endpoint`."""
    settings = {
        **defaults(),
        "spark.master": "local[1]",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.jars.packages": ",".join(PACKAGES),
        "spark.jars.ivy": str(environment().parents[1] / "ivy"),
        "spark.sql.catalog.glue_catalog.glue.endpoint": endpoint,
        "spark.sql.catalog.glue_catalog.s3.endpoint": endpoint,
        "spark.sql.catalog.glue_catalog.s3.path-style-access": "true",
    }
    conf = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    return [str(environment() / "spark-submit"), *conf, str(program), *arguments]


def submit_environment() -> dict[str, str]:
    """What the worker has, without anything of the check's own."""
    return surroundings(
        {
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "PYSPARK_PYTHON": str(environment() / "python"),
            "PYTHONPATH": str(RUNTIME / "src"),
        }
    )


class SparkSession:
    """One Spark that answers one request after the other (spark_session.py)."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._log = folder / "spark.log"
        # pipes with names: spark-submit gives its program no standard input
        pipes = [folder / "requests", folder / "answers"]
        for pipe in pipes:
            os.mkfifo(pipe)
        program = RUNTIME / "tests/spark_session.py"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                submit(endpoint, program, *map(str, pipes)), env=submit_environment(), cwd=folder, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        # whoever opens a pipe waits for the other side, which might have failed; to read and write waits for nobody
        self._requests, self._answers = (
            os.fdopen(os.open(pipe, os.O_RDWR), mode) for pipe, mode in zip(pipes, "wr", strict=True)
        )

    def __call__(self, **request: Any) -> Any:
        self._requests.write(f"{json.dumps(request)}\n")
        self._requests.flush()
        while not select.select([self._answers], [], [], 1)[0]:
            assert self._process.poll() is None, self._log.read_text()[-3000:]
        return json.loads(self._answers.readline())

    def close(self) -> None:
        """Ends it."""
        if self._process.poll() is None:
            self._requests.write("null\n")
            self._requests.flush()
        self._process.wait(60)
        self._requests.close()
        self._answers.close()
