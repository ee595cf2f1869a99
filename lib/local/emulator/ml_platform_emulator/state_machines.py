"""`ecs:runTask.sync` ends as its task ends."""
import json
import time
from typing import Any

from . import ministack_api as ministack

POLL_S = 0.25


def install() -> None:
    """Replaces ministack's wait, which calls a failed task a success and gives up after ten minutes."""
    ministack.replace_task_wait(wait_for_tasks)


def wait_for_tasks(cluster: str, task_arns: list) -> dict:
    """The stopped task in the shape that Step Functions puts out; raises States.TaskFailed when it did not end well."""
    while True:
        tasks = ministack.describe_tasks(cluster, task_arns)
        if tasks and all(task.get("lastStatus") == "STOPPED" for task in tasks):
            break
        time.sleep(POLL_S)
    for task in tasks:
        failed = [c for c in task.get("containers", []) if c.get("exitCode") not in (0, None)]
        if failed or task.get("stopCode") == "TaskFailedToStart":
            raise ministack.execution_error("States.TaskFailed", json.dumps(pascal_case(task), default=str))
    return pascal_case(tasks[0])


def pascal_case(value: Any) -> Any:
    """The same data with keys such as `taskArn` written `TaskArn`."""
    if isinstance(value, list):
        return [pascal_case(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal_case(item) for key, item in value.items()}
    return value
