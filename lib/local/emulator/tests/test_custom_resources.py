"""Custom resources with a Lambda function of their own."""
import time

import pytest
from conftest import StackFailed

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}
ANSWER = """
import json, urllib.request
def handler(event, context):
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "mine", "Data": {"Said": event["ResourceProperties"]["Say"]}}
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT"))
    if event["ResourceProperties"].get("ThenCrash"):
        raise SystemError("too late to matter")
"""
CRASH = """
def handler(event, context):
    raise RuntimeError("no module named client-s3")
"""


def stack(code: str, **properties) -> dict:
    """A custom resource over inline Python."""
    return {"Role": ROLE, "Function": {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "python3.13", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": code}}},
        "Custom": {"Type": "Custom::Mine", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                                                          **properties}}}


def test_a_python_function_answers(emulator):
    outputs = emulator.deploy("Answering", stack(ANSWER, Say="hello"), {"Said": {"Fn::GetAtt": ["Custom", "Said"]}})
    assert outputs == {"Said": "hello"}
    assert emulator.delete("Answering") == "DELETE_COMPLETE"


def test_a_function_that_crashes_fails_the_stack_at_once_with_its_error(emulator):
    started = time.monotonic()
    with pytest.raises(StackFailed) as failed:
        emulator.deploy("Crashing", stack(CRASH))
    assert time.monotonic() - started < 15
    assert "the function ended without an answer: no module named client-s3" in failed.value.reasons[0]


def test_a_crash_after_the_answer_does_not_matter(emulator):
    assert emulator.deploy("Late", stack(ANSWER, Say="hi", ThenCrash="yes"), {"Said": {"Fn::GetAtt": ["Custom", "Said"]}})
