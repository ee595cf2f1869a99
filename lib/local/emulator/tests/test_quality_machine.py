"""The state machine of a quality check runs: it passes on good data alone, and says what else happened."""
import base64
import functools
import json
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from conftest import eventually
from templates import balancer, ref, task

ROOT = Path(__file__).parents[4]
PROGRAM = """
  import { sparkMachine, taskMachine } from './lib/data/blueprint/quality-machine';
  const { target, patience, run, input } = JSON.parse(process.argv[1] ?? '');
  console.log(JSON.stringify([taskMachine(target, patience, input), sparkMachine(run, input)]));
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


RUN = {
    "applicationId": "00f1", "name": "Data/Quality/Job", "executionRoleArn": "arn:aws:iam::000000000000:role/job", "entryPoint": "s3://assets/spark_job.py",
    "sparkSubmitParameters": "--conf spark.driver.cores=4", "executionTimeoutMinutes": 60,
    "environment": {"ML_QUALITY_TABLE": "shop.orders", "ML_QUALITY_NAME": "a 'quoted' {name}"}, "bucketName": "BUCKET", "verdicts": "quality/shop.orders/runs"}


@functools.cache
def definitions() -> list[dict]:
    """What the construct library writes for the task `TASK`, and for a job on Spark with the bucket `BUCKET`."""
    tsx = ROOT / "node_modules/.bin/tsx"
    if not (tsx.exists() and shutil.which("node")):
        pytest.skip("node and node_modules are not here: the state machine is written in TypeScript")
    given = {
        "target": {"partition": "aws", "clusterArn": "quality", "taskDefinitionArn": "TASK", "subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
        "patience": {"timeoutSeconds": 60, "tries": 1}, "run": RUN,
        "input": {"partition": "aws", "namespace": "MlPlatform/Data", "dimensions": {"Table": "shop.orders", "Check": "Quality"},
                  "reports": "s3://reports/quality/shop.orders"}}
    done = subprocess.run([tsx, "-e", PROGRAM, json.dumps(given)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def definition() -> str:
    return json.dumps(definitions()[0])


def run(emulator, definition: str, name: str, given: dict) -> dict:
    """The ended execution."""
    machines = emulator.client("stepfunctions")
    machine = machines.create_state_machine(name=f"quality-{name}", roleArn="arn:aws:iam::000000000000:role/any", definition=definition)
    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(given))["executionArn"]
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


def on_spark(estate, **check) -> str:
    """The state machine of a job on Spark; the emulator has no EMR, so another state may stand for the job."""
    made = json.loads(json.dumps(definitions()[1]).replace("BUCKET", estate["Bucket"]))
    made["States"]["Check"].update(check)
    return json.dumps(made)


DIMENSIONS = [{"Name": "Table", "Value": "shop.orders"}, {"Name": "Check", "Value": "Quality"}]
# what EMR would be sent stays in the execution's history
SENT = {"Type": "Pass", "Resource": None, "Catch": None, "ResultPath": "$.sent"}


@pytest.mark.parametrize(("name", "told", "status", "error"), [
    ("spark-good", {"verdict": "passed", "failed": "0", "rows": "7"}, "SUCCEEDED", None),
    ("spark-bad", {"verdict": "failed", "failed": "3", "rows": "9"}, "FAILED", "DataQualityFailed"),
    ("spark-odd", {"verdict": "perhaps", "failed": "0", "rows": "0"}, "FAILED", "QualityCheckFailed"),
    ("spark-silent", None, "FAILED", "QualityCheckFailed"),
])
def test_the_verdict_that_a_job_left_becomes_that_of_the_machine(emulator, estate, name, told, status, error):
    if told:
        emulator.client("s3").put_object(Bucket=estate["Bucket"], Key=f"quality/shop.orders/runs/{name}.json", Metadata=told)
    check = {**definitions()[1]["States"]["Check"], **SENT}
    ended = run(emulator, on_spark(estate, **check), name, {"snapshotId": "17", "causationId": "e"})
    assert (ended["status"], ended.get("error")) == (status, error), ended
    events = emulator.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])["events"]
    (output,) = [one["stateExitedEventDetails"]["output"] for one in events if one.get("stateExitedEventDetails", {}).get("name") == "Check"]
    sent = json.loads(output)["sent"]
    assert {key: value for key, value in sent.items() if key != "JobDriver"} == {
        "ApplicationId": "00f1", "Name": "Data/Quality/Job", "ExecutionRoleArn": RUN["executionRoleArn"], "ExecutionTimeoutMinutes": 60}
    environment, *command = sent["JobDriver"]["SparkSubmit"].pop("EntryPointArguments")
    assert sent["JobDriver"] == {"SparkSubmit": {"EntryPoint": RUN["entryPoint"], "SparkSubmitParameters": RUN["sparkSubmitParameters"]}}
    assert command == ["quality", "check"]
    assert json.loads(base64.b64decode(environment)) == {
        **RUN["environment"], "ML_QUALITY_SNAPSHOT": "17", "ML_QUALITY_CORRELATION_ID": "", "ML_QUALITY_CAUSATION_ID": "e",
        "ML_QUALITY_VERDICT": f"s3://{estate['Bucket']}/quality/shop.orders/runs/{name}.json"}


def test_a_job_that_fails_is_a_run_without_a_verdict(emulator, estate):
    ended = run(emulator, on_spark(estate), "spark-broken", {})
    assert (ended["status"], ended["error"]) == ("FAILED", "QualityCheckFailed"), ended


def test_what_a_job_counted_is_a_metric(emulator, estate):
    now = datetime.now(timezone.utc)
    found = {name: emulator.client("cloudwatch").get_metric_statistics(
        Namespace="MlPlatform/Data", MetricName=name, Dimensions=DIMENSIONS, StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1), Period=86_400, Statistics=["Maximum"])["Datapoints"] for name in ("FailedChecks", "RowsChecked")}
    assert {name: max(one["Maximum"] for one in points) for name, points in found.items()} == {"FailedChecks": 3, "RowsChecked": 9}
