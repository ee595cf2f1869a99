"""A custom resource: runs one Fargate task when a stack changes it, and waits for the end.

CloudFormation takes this file as text of a function, so it stands alone and below 4,096 characters.
"""

import json
import time
import urllib.request
from typing import Any

import boto3

PAUSE_SECONDS = 5
#: Time that is kept for stopping the task and for the answer.
SPARE_MS = 40_000


def handler(event: dict[str, Any], context: Any) -> None:
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    # one id for ever: another one would make CloudFormation delete "the old" resource
    answer |= {"PhysicalResourceId": event["LogicalResourceId"], "Status": "SUCCESS"}
    try:
        if event["RequestType"] != "Delete":
            run(event, context)
    except Exception as error:
        print(f"failed: {error!r}")
        answer |= {"Status": "FAILED", "Reason": str(error)[:1500]}
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=30).close()


def run(event: dict[str, Any], context: Any) -> None:
    given, ecs = event["ResourceProperties"], boto3.client("ecs")
    started = ecs.run_task(
        cluster=given["Cluster"],
        taskDefinition=given["TaskDefinition"],
        launchType="FARGATE",
        propagateTags="TASK_DEFINITION",
        # a function that AWS calls twice for one request starts one task
        clientToken=event["RequestId"],
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": given["Subnets"], "securityGroups": [given["SecurityGroup"]]}
        },
    )
    if not started["tasks"]:
        reasons = ", ".join(failure.get("reason", "") for failure in started["failures"])
        raise RuntimeError(f"the task did not start: {reasons}; deploy again")
    arn = started["tasks"][0]["taskArn"]
    print(f"started {arn}")
    while context.get_remaining_time_in_millis() > SPARE_MS:
        time.sleep(PAUSE_SECONDS)
        # a task that has just been started may not be found yet
        tasks = ecs.describe_tasks(cluster=given["Cluster"], tasks=[arn])["tasks"]
        if tasks and tasks[0]["lastStatus"] == "STOPPED":
            return check(tasks[0], given)
    ecs.stop_task(cluster=given["Cluster"], task=arn, reason="The deployment waits no longer")
    raise RuntimeError(f"task {arn} did not end in time and was stopped; what it did is kept: deploy again to go on")


def check(task: dict[str, Any], given: dict[str, Any]) -> None:
    code = task["containers"][0].get("exitCode")
    if code == 0:
        return
    arn = task["taskArn"]
    # a message of the program comes last, and says more than its exit code
    said = (
        "; ".join(last_lines(given, arn.rsplit("/", 1)[-1])) or f"{task.get('stoppedReason', '')}, nothing was logged"
    )
    raise RuntimeError(f"task {arn} ended with {code}: {said}")


def last_lines(given: dict[str, Any], task: str) -> list[str]:
    logs = boto3.client("logs")
    stream = f"{given['LogPrefix']}/{given['Container']}/{task}"
    try:
        events = logs.get_log_events(logGroupName=given["LogGroup"], logStreamName=stream, limit=20)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    lines = [one["message"].strip() for one in events]
    return [line for line in lines if line.startswith("error: ")] or lines[-3:]
