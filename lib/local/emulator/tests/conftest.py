"""An emulator for the tests, driven as any AWS account is: through boto3."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest

HERE = Path(__file__).parent
ASSET = "ab" * 32
IMAGE = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/cdk-assets:{ASSET}"
REGION = "us-east-1"


class RunningEmulator:
    """One emulator process."""

    def __init__(self, directory: Path, **environment):
        self.directory = directory
        images = directory / "images.json"
        images.write_text(json.dumps({ASSET: {"image": "runtime", "target": "serving"}}))
        self.errors = open(directory / "emulator.log", "wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ml_platform_emulator"], stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parent), "ML_EMULATOR_DIR": str(directory / "emulator"),
                 "ML_EMULATOR_IMAGES": str(images), "BIND_HOST": "127.0.0.1", "ML_EMULATOR_PARENT": str(os.getpid()),
                 **environment})
        line = self.process.stdout.readline().split()
        assert line and line[0] == "ready", (directory / "emulator.log").read_text()
        self.endpoint = line[1]

    def client(self, service: str, region: str = REGION):
        """A boto3 client."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def deploy(self, name: str, resources: dict, outputs: dict | None = None, region: str = REGION) -> dict:
        """Creates or updates a stack; returns its outputs, or raises with the reasons of the failed resources."""
        cloudformation = self.client("cloudformation", region)
        body = json.dumps({"Resources": resources,
                           "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}})
        exists = any(s["StackName"] == name for s in cloudformation.describe_stacks()["Stacks"])
        start = cloudformation.update_stack if exists else cloudformation.create_stack
        start(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        stack = self._settled(cloudformation, name)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise StackFailed(stack["StackStatus"], self.failures(name, region))
        return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}

    def failures(self, name: str, region: str = REGION) -> list[str]:
        """The reasons of what failed in a stack, oldest first."""
        pages = self.client("cloudformation", region).get_paginator("describe_stack_events").paginate(StackName=name)
        events = [event for page in pages for event in page["StackEvents"]]
        return [e.get("ResourceStatusReason", "") for e in reversed(events) if e["ResourceStatus"].endswith("FAILED")]

    def delete(self, name: str) -> str:
        """Deletes a stack; returns its last status."""
        cloudformation = self.client("cloudformation")
        identifier = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=name)
        return self._settled(cloudformation, identifier)["StackStatus"]

    def physical_ids(self, name: str) -> dict:
        """Logical id -> physical id."""
        found = self.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in found}

    def report(self, stack: str | None = None) -> list[dict]:
        """The lines of the report."""
        path = self.directory / "emulator" / "report.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if stack is None or line["stack"] == stack]

    def get(self, path: str, headers: dict | None = None) -> tuple[int, dict]:
        """A plain HTTP request: (status, JSON body)."""
        request = urllib.request.Request(self.endpoint + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends the emulator; returns its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(10)
        self.process.stdout.close()
        self.errors.close()
        return code

    @staticmethod
    def _settled(cloudformation, name: str) -> dict:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.05)
        raise AssertionError(f"stack {name} is still {stack['StackStatus']}")


class StackFailed(AssertionError):
    """A stack did not complete."""

    def __init__(self, status: str, reasons: list[str]):
        super().__init__(f"{status}: {reasons}")
        self.status = status
        self.reasons = reasons


@pytest.fixture(scope="session")
def emulator():
    """One emulator for all tests that leave nothing behind that others would see. Not in pytest's folder, which only
    its owner may enter: PostgreSQL does not run as root."""
    directory = tempfile.mkdtemp(prefix="ml-emulator-test-")
    running = RunningEmulator(Path(directory), ML_EMULATOR_SERVICE_TIMEOUT="20")
    yield running
    running.stop()
    shutil.rmtree(directory)


def eventually(check, seconds: float = 15.0):
    """The first true answer of `check`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = check()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {check()!r}")


def alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
