"""A feature store of our own constructs, deployed and run: real Feast on a real registry, Iceberg tables and DynamoDB tables."""
import datetime
import json
import os
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest
from assemblies import NODE_MODULES, PROJECT, has_cdk, publish
from conftest import IMAGE, RunningEmulator
from pyiceberg.catalog.glue import GlueCatalog

from ml_platform_emulator.databases import find_programs

APP = PROJECT / "test" / "features" / "emulator" / "app.ts"
TSX = NODE_MODULES / ".bin" / "tsx"
pytestmark = [
    # an import of it, which only the tasks need, takes many seconds
    pytest.mark.skipif(find_spec("feast") is None, reason="feast is not installed"),
    pytest.mark.skipif(not has_cdk() or not TSX.exists(), reason="node, aws-cdk-lib or tsx is not installed"),
    pytest.mark.skipif(not find_programs(), reason="PostgreSQL is not installed"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The emulator with the stack in it, and the stack's outputs."""
    directory = tmp_path_factory.mktemp("features")
    assembly = directory / "assembly"
    done = subprocess.run([str(TSX), str(APP), str(assembly), IMAGE], cwd=PROJECT, capture_output=True, text=True, check=False,
                          env={**os.environ, "CDK_VALIDATION": "false"})
    assert done.returncode == 0, done.stderr
    emulator = RunningEmulator(directory, ML_EMULATOR_PYTHON=str(python_with_runtime(directory)))
    try:
        yield emulator, deploy(emulator, assembly)
    finally:
        emulator.stop()


def python_with_runtime(directory: Path) -> Path:
    """What the image has: an interpreter that knows our runtime."""
    import sys

    program = directory / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={PROJECT}/lib/runtime/src exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return program


def deploy(emulator, assembly: Path) -> dict:
    """Creates the stack; returns its outputs."""
    publish(emulator, assembly, "Shop")
    artifact = json.loads((assembly / "manifest.json").read_text())["artifacts"]["Shop"]
    url = artifact["properties"]["stackTemplateAssetObjectUrl"].replace("s3://", f"{emulator.endpoint}/")
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName="Shop", TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])
    settled = emulator._settled(cloudformation, "Shop")
    assert settled["StackStatus"] == "CREATE_COMPLETE", emulator.failures("Shop")
    return {output["OutputKey"]: output["OutputValue"] for output in settled["Outputs"]}


def run(emulator, machine: str) -> dict:
    """One execution until its end; the result that its last task printed."""
    functions = emulator.client("stepfunctions")
    logs = emulator.directory / "emulator" / "logs"
    before = set(logs.glob("task-*"))
    execution = functions.start_execution(stateMachineArn=machine)["executionArn"]
    deadline = time.monotonic() + 240
    while (state := functions.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline, "the execution does not end"
        time.sleep(0.2)
    words = "\n".join(log.read_text() for log in sorted(set(logs.glob("task-*")) - before, key=os.path.getmtime))
    assert state["status"] == "SUCCEEDED", words
    return json.loads(words.strip().splitlines()[-1])


def test_a_store_applies_definitions_and_writes_the_newest_values_once(shop):
    emulator, outputs = shop
    catalog = GlueCatalog("lake", client=emulator.client("glue"), **{
        "s3.endpoint": emulator.endpoint, "s3.access-key-id": "test", "s3.secret-access-key": "test", "s3.region": "us-east-1"})
    table = catalog.load_table("lake.customers")
    now = datetime.datetime.now(datetime.timezone.utc)
    rows = [{"customer_id": number, "event_time": now - datetime.timedelta(hours=hours), "age": 10 * number + hours}
            for number in (1, 2, 3) for hours in (5, 1)]
    table.append(pa.Table.from_pylist(rows, schema=table.schema().as_arrow()))

    # the list of tables that the stack wrote, and the definitions in test/features/emulator/repo, say the same
    assert run(emulator, outputs["Apply"])["added"] == ["profile"]
    written = run(emulator, outputs["Nightly"])
    assert (written["outcome"], written["rows"]) == ("materialized", 3)
    assert emulator.client("dynamodb").scan(TableName=outputs["Table"])["Count"] == 3
    assert outputs["Table"] == "shop.profile"
