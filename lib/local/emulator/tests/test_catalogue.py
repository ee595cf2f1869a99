"""The table of handled types."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml_platform_emulator import catalogue, ministack_api
from ml_platform_emulator.report import Report
from ml_platform_emulator.resources.stubs import STUBS


def test_no_stub_hides_a_type_that_ministack_really_has():
    assert sorted(set(STUBS) & set(ministack_api.resource_types())) == []


def test_no_added_type_is_one_that_ministack_has_by_now():
    assert sorted(set(catalogue.ADDED) & set(ministack_api.resource_types())) == []


def test_every_stub_says_why():
    assert [resource_type for resource_type, stub in STUBS.items() if len(stub.why) < 10] == []


def test_the_table_is_printed_as_data():
    done = subprocess.run([sys.executable, "-m", "ml_platform_emulator", "--types"], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(Path(catalogue.__file__).parents[1])}, check=True)
    table = json.loads(done.stdout)
    assert table["AWS::EC2::NatGateway"] == table["AWS::S3::Bucket"] == "emulated"
    assert table["AWS::ApplicationAutoScaling::ScalingPolicy"] == "stubbed"
    assert table["Custom::AWSCDK-EKS-HelmChart"] == "kubernetes"


def test_the_report_knows_its_kinds(tmp_path):
    with pytest.raises(ValueError, match="kind is 'done', must be one of emulated, stubbed"):
        Report(tmp_path).record("done", "AWS::S3::Bucket")
