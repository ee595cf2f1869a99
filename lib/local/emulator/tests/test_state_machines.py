"""`ecs:runTask.sync` ends as its task ends."""
import json

import pytest
from conftest import eventually
from templates import balancer, ref, task

ROLE = "arn:aws:iam::000000000000:role/any"
WRITE = ("import boto3, os; boto3.client('s3').put_object(Bucket=os.environ['BUCKET'], Key='out', Body=b'done');"
         "print(os.environ['TMPDIR'])")


@pytest.fixture(scope="module")
def tasks(emulator):
    """A bucket, a cluster and a task definition for each way to end."""
    outputs = emulator.deploy("Steps", {
        "Logs": balancer("steps")["Logs"], "Cluster": balancer("steps")["Cluster"],
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Good": task(["python", "-c", WRITE], "good", Environment=[{"Name": "BUCKET", "Value": ref("Bucket")}]),
        "Bad": task(["python", "-c", "raise SystemExit(3)"], "bad"),
        "Killed": task(["python", "-c", "import os; os.kill(os.getpid(), 9)"], "killed"),
        "Foreign": task(["anything"], "foreign-task", image="public.ecr.aws/other/image:1"),
        "Entry": task(["-c", "import sys; sys.exit(0 if sys.argv == ['-c'] else 1)"], "entry", EntryPoint=["python"]),
    }, {name: ref(name) for name in ("Bucket", "Good", "Bad", "Killed", "Foreign", "Entry")})
    return outputs


def run(emulator, definition: str, catch: bool = False, **parameters) -> dict:
    """The ended execution of a machine with one runTask.sync state."""
    state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True, "Parameters": {
        "Cluster": "steps", "TaskDefinition": definition, "LaunchType": "FARGATE", **parameters}}
    states = {"Run": state}
    if catch:
        state["Catch"] = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]
        states["Caught"] = {"Type": "Pass", "End": True}
    machines = emulator.client("stepfunctions")
    name = f"m{len(machines.list_state_machines()['stateMachines'])}"
    machine = machines.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(
        {"StartAt": "Run", "States": states}))["stateMachineArn"]
    execution = machines.start_execution(stateMachineArn=machine)["executionArn"]
    return eventually(lambda: (found := machines.describe_execution(executionArn=execution))["status"] != "RUNNING"
                      and found)


def test_a_task_that_ends_with_0_succeeds_and_its_work_is_done(emulator, tasks):
    ended = run(emulator, tasks["Good"])
    assert ended["status"] == "SUCCEEDED"
    output = json.loads(ended["output"])
    assert output["LastStatus"] == "STOPPED"
    assert [c["ExitCode"] for c in output["Containers"]] == [0]
    body = emulator.client("s3").get_object(Bucket=tasks["Bucket"], Key="out")["Body"].read()
    assert body == b"done"


def test_a_task_that_ends_with_3_fails_the_execution_with_the_task_as_cause(emulator, tasks):
    ended = run(emulator, tasks["Bad"])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert [c["ExitCode"] for c in json.loads(ended["cause"])["Containers"]] == [3]


def test_a_killed_task_fails_with_137(emulator, tasks):
    ended = run(emulator, tasks["Killed"])
    assert ended["status"] == "FAILED"
    assert [c["ExitCode"] for c in json.loads(ended["cause"])["Containers"]] == [137]


def test_a_failure_can_be_caught(emulator, tasks):
    ended = run(emulator, tasks["Bad"], catch=True)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["Error"] == "States.TaskFailed"


def test_a_task_of_somebody_else_s_image_fails_instead_of_pretending(emulator, tasks):
    ended = run(emulator, tasks["Foreign"])
    assert ended["status"] == "FAILED"
    assert json.loads(ended["cause"])["StopCode"] == "TaskFailedToStart"
    assert "is not built by this platform" in json.loads(ended["cause"])["StoppedReason"]


def test_the_entry_point_comes_before_the_command(emulator, tasks):
    assert run(emulator, tasks["Entry"])["status"] == "SUCCEEDED"


def test_overrides_replace_command_and_environment(emulator, tasks):
    command = "import os, sys; sys.exit(0 if os.environ['MODE'] == 'fast' else 5)"
    ended = run(emulator, tasks["Bad"], Overrides={"ContainerOverrides": [
        {"Name": "main", "Command": ["python", "-c", command], "Environment": [{"Name": "MODE", "Value": "fast"}]}]})
    assert ended["status"] == "SUCCEEDED"
