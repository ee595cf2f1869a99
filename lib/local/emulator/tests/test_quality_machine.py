"""The state machine of a quality check runs: it passes on good data alone, and says what else happened."""
import functools
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import eventually
from templates import balancer, ref, task

ROOT = Path(__file__).parents[4]
PROGRAM = """
  import { qualityMachine } from './lib/data/blueprint/quality-check';
  const { target, plan, dimensions, reports } = JSON.parse(process.argv[1] ?? '');
  console.log(JSON.stringify(qualityMachine(target, plan, dimensions, reports)));
"""
# the exit code is that of the name; what came from the state machine goes to S3
CHECK = ("import boto3, json, os, sys; told = {k: v for k, v in os.environ.items() if k.startswith('ML_QUALITY_')};"
         "boto3.client('s3').put_object(Bucket=os.environ['BUCKET'], Key=os.environ['NAME'], Body=json.dumps(told));")
ENDS = {"good": "sys.exit(0)", "bad": "sys.exit(4)", "broken": "sys.exit(1)", "wrong": "sys.exit(2)",
        "forty-four": "sys.exit(44)", "killed": "os.kill(os.getpid(), 9)"}


@pytest.fixture(scope="module")
def estate(emulator):
    """A bucket, a cluster and a task for each way to end."""
    resources = {"Logs": balancer("quality")["Logs"], "Cluster": balancer("quality")["Cluster"], "Bucket": {"Type": "AWS::S3::Bucket"}}
    for name, end in ENDS.items():
        environment = [{"Name": "BUCKET", "Value": ref("Bucket")}, {"Name": "NAME", "Value": name}]
        resources[f"Task{name.replace('-', '')}"] = task(["python", "-c", CHECK + end], f"quality-{name}", Name="Container", Environment=environment)
    outputs = {name: ref(f"Task{name.replace('-', '')}") for name in ENDS}
    found = emulator.deploy("Quality", resources, {"Bucket": ref("Bucket"), **{n.replace("-", ""): r for n, r in outputs.items()}})
    return found


@functools.cache
def definition() -> str:
    """What the construct library writes for the task `TASK`."""
    tsx = ROOT / "node_modules/.bin/tsx"
    if not (tsx.exists() and shutil.which("node")):
        pytest.skip("node and node_modules are not here: the state machine is written in TypeScript")
    given = {
        "target": {"partition": "aws", "clusterArn": "quality", "taskDefinitionArn": "TASK", "subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
        "plan": {"timeoutSeconds": 60, "tries": 1, "namespace": "MlPlatform/Data"},
        "dimensions": {"Table": "shop.orders", "Check": "Quality"}, "reports": "s3://reports/quality/shop.orders"}
    done = subprocess.run([tsx, "-e", PROGRAM, json.dumps(given)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(emulator, definition: str, name: str, given: dict) -> dict:
    """The ended execution."""
    machines = emulator.client("stepfunctions")
    machine = machines.create_state_machine(name=f"quality-{name}", roleArn="arn:aws:iam::000000000000:role/any", definition=definition)
    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given))["executionArn"]
    return eventually(lambda: (found := machines.describe_execution(executionArn=execution))["status"] != "RUNNING" and found)


@pytest.mark.parametrize(("name", "given", "status", "error"), [
    ("good", {}, "SUCCEEDED", None),
    ("bad", {"snapshotId": "17", "correlationId": "c", "causationId": "e"}, "FAILED", "DataQualityFailed"),
    ("broken", {"snapshotId": "17"}, "FAILED", "QualityCheckFailed"),
    ("wrong", {}, "FAILED", "QualityCheckFailed"),
    ("forty-four", {}, "FAILED", "QualityCheckFailed"),
    ("killed", {}, "FAILED", "QualityCheckFailed"),
])
def test_the_verdict_of_the_task_becomes_that_of_the_machine(emulator, estate, name, given, status, error):
    ended = run(emulator, definition().replace("TASK", estate[name.replace("-", "")]), name, given)
    assert (ended["status"], ended.get("error")) == (status, error), ended
    if status == "SUCCEEDED":
        assert json.loads(ended["output"]) == {"verdict": "passed"}
    told = json.loads(emulator.client("s3").get_object(Bucket=estate["Bucket"], Key=name)["Body"].read())
    assert told == {"ML_QUALITY_SNAPSHOT": given.get("snapshotId", ""), "ML_QUALITY_CORRELATION_ID": given.get("correlationId", ""),
                    "ML_QUALITY_CAUSATION_ID": given.get("causationId", "")}


def test_a_run_without_a_verdict_is_counted(emulator, estate):
    metrics = emulator.client("cloudwatch").list_metrics(Namespace="MlPlatform/Data")["Metrics"]
    assert [(one["MetricName"], {d["Name"]: d["Value"] for d in one["Dimensions"]}) for one in metrics] == [
        ("RunsWithoutVerdict", {"Table": "shop.orders", "Check": "Quality"})]
