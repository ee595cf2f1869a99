"""`quality check` as a whole: real pyiceberg tables on the emulator's Glue and S3, real Great Expectations, a real bus."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform

from ml_platform_runtime.cli import main
from ml_platform_runtime.events import Event
from ml_platform_runtime.quality.report import Folder, send_once
from ml_platform_runtime.quality.scan import Sample, Scan
from ml_platform_runtime.tables.catalogs import open_catalog

pytest_plugins = ["tables_fixtures"]

SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "identifier-field-ids": [1],
    "fields": [
        {"id": 1, "name": "id", "type": "long", "required": True},
        {"id": 2, "name": "amount", "type": "double", "required": False},
        {"id": 3, "name": "country", "type": "string", "required": False},
        {"id": 4, "name": "at", "type": "timestamptz", "required": False},
    ],
}
ARROW = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("amount", pa.float64()),
        ("country", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)
CHECKS = {
    "amount": {"min": 0, "max": 100, "maxNullShare": 0.5},
    "country": {"oneOf": ["DE", "FR"], "pattern": "^[A-Z]{2}$"},
    "at": {"maxAgeSeconds": 3600},
}
_numbers = itertools.count(1)


def rows(count: int = 20, first: int = 0, **changed: Any) -> pa.Table:
    """Rows that keep to every check, except for the columns that a test changes."""
    good = {
        "id": list(range(first, first + count)),
        "amount": [float(index % 100) for index in range(count)],
        "country": ["DE", "FR"] * (count // 2) + ["DE"] * (count % 2),
        "at": [datetime.now(timezone.utc) - timedelta(minutes=5)] * count,
    }
    return pa.table({**good, **changed}, schema=ARROW)


@dataclass
class Checked:
    """A table with its contract, and where reports go."""

    table: Table
    identifier: str
    contract: Path
    bucket: str
    s3: Any
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return f"quality/{self.identifier}"

    def contract_of(self, checks: dict[str, Any], **changed: Any) -> None:
        document = {"table": self.identifier.split(".")[1], "version": 1, "schema": SCHEMA, "checks": checks, **changed}
        self.contract.write_text(json.dumps(document))

    def arguments(self, *more: str) -> list[str]:
        named = [
            "--table",
            self.identifier,
            "--contract",
            str(self.contract),
            "--report",
            f"s3://{self.bucket}/{self.prefix}",
        ]
        return ["quality", "check", *named, *more]

    def report(self, snapshot: str | None = None, name: str = "report.json") -> dict[str, Any]:
        snapshot = snapshot or str(self.table.refresh().current_snapshot().snapshot_id)
        body = self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{snapshot}/{name}")["Body"].read()
        document: dict[str, Any] = json.loads(body)
        return document

    def written(self) -> list[str]:
        """Names of the files below the report's prefix."""
        answer = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/")
        return [one["Key"].removeprefix(f"{self.prefix}/").split("/", 1)[1] for one in answer.get("Contents", [])]


@pytest.fixture
def checked(glue: Catalog, name: str, bucket: str, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    for variable in [one for one in os.environ if one.startswith("ML_")]:
        monkeypatch.delenv(variable)
    schema = Schema.model_validate(SCHEMA)
    table = glue.create_table(name, schema, location=f"s3://{bucket}/{name}")
    made = Checked(table, name, tmp_path / "contract.json", bucket, s3)
    made.contract_of(CHECKS)
    return made


@dataclass
class Bus:
    """A bus whose events about one table come to a queue."""

    name: str
    queue: str
    sqs: Any

    def received(self) -> list[dict[str, Any]]:
        """All that have come; the emulator delivers before it answers who put them."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0 if found else 1
            )
            if not answer.get("Messages"):
                return found
            found += [json.loads(one["Body"]) for one in answer["Messages"]]


@pytest.fixture
def bus(aws: str, monkeypatch: pytest.MonkeyPatch) -> Bus:
    name = f"quality-{os.getpid()}-{next(_numbers)}"
    events, sqs = boto3.client("events"), boto3.client("sqs")
    events.create_event_bus(Name=name)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["ml-platform.data"], "detail-type": ["Data Quality Failed"]})
    events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    monkeypatch.setenv("ML_EVENT_BUS", name)
    return Bus(name, queue, sqs)


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON line that a run prints."""
    (text,) = capsys.readouterr().out.strip().splitlines()
    answer: dict[str, Any] = json.loads(text)
    return answer


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in report["checks"]}


def test_good_data_passes_with_a_report_of_every_check_and_no_event(
    checked: Checked, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows())
    assert main(checked.arguments()) == 0
    report = checked.report()
    snapshot = str(checked.table.current_snapshot().snapshot_id)
    assert {
        key: report[key]
        for key in ("verdict", "snapshotId", "rowsChecked", "failedChecks", "contractVersion", "sample")
    } == {
        "verdict": "passed",
        "snapshotId": snapshot,
        "rowsChecked": 20,
        "failedChecks": [],
        "contractVersion": 1,
        "sample": {"kind": "all"},
    }
    assert set(verdicts(report).values()) == {"passed"}
    assert list(verdicts(report)) == [
        "id.required",
        "amount.maxNullShare",
        "amount.min",
        "amount.max",
        "country.oneOf",
        "country.pattern",
        "at.maxAgeSeconds",
        "id.unique",
    ]
    printed = line(capsys)
    assert (printed["verdict"], printed["report"]) == (
        "passed",
        f"s3://{checked.bucket}/{checked.prefix}/{snapshot}/report.json",
    )
    assert "_aws" not in printed
    assert checked.written() == ["report.json"]
    assert bus.received() == []


def test_bad_data_ends_with_4_and_the_report_names_rows_but_no_values(
    checked: Checked, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(
        rows(4, id=[1, 1, 2, 3], amount=[-1.0, 50.0, 4711.5, None], country=["DE", "FR", "Secret", "FR"])
    )
    assert main(checked.arguments()) == 4
    report = checked.report()
    failed = {check["name"]: check for check in report["checks"] if check["verdict"] == "failed"}
    assert sorted(failed) == sorted(report["failedChecks"]) == sorted(line(capsys)["failedChecks"])
    assert {name: (check["observed"], check["allowed"], check["failingRows"]) for name, check in failed.items()} == {
        "amount.min": (-1.0, 0, 1),
        "amount.max": (4711.5, 100, 1),
        "country.oneOf": (1, ["DE", "FR"], 1),
        "country.pattern": (1, "^[A-Z]{2}$", 1),
        "id.unique": (2, True, 2),
    }
    assert "Secret" not in json.dumps(report)
    place = failed["country.oneOf"]["rows"][0]
    with checked.table.io.new_input(place["file"]).open() as stream:
        assert pq.read_table(stream)["country"][place["row"]].as_py() == "Secret"


def test_the_same_arrival_twice_gives_the_same_report_and_one_event(
    checked: Checked, bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows(2, amount=[-1.0, 1.0]))
    snapshot = str(checked.table.current_snapshot().snapshot_id)
    monkeypatch.setenv("ML_QUALITY_SNAPSHOT", snapshot)
    monkeypatch.setenv("ML_QUALITY_CORRELATION_ID", "4711")
    assert main(checked.arguments()) == 4
    first, said = checked.report(), line(capsys)
    assert main(checked.arguments()) == 4
    second, again = checked.report(), line(capsys)
    assert {**first, "checkedAt": ""} == {**second, "checkedAt": ""}
    assert (said["eventSent"], again["eventSent"]) == (True, False)
    assert said["eventId"] == again["eventId"]
    (event,) = bus.received()
    assert (event["source"], event["detail-type"]) == ("ml-platform.data", "Data Quality Failed")
    detail = event["detail"]
    assert (detail["eventId"], detail["correlationId"], detail["snapshotId"]) == (said["eventId"], "4711", snapshot)
    assert (detail["checks"], detail["report"]) == (["amount.min"], said["report"])
    assert detail["subject"] == {"kind": "table", "name": checked.identifier}


def test_new_bad_rows_are_a_new_event(checked: Checked, bus: Bus) -> None:
    for amount in (-1.0, -2.0):
        checked.table.overwrite(rows(2, amount=[amount, 1.0]))
        assert main(checked.arguments()) == 4
    details = [event["detail"] for event in bus.received()]
    assert len({detail["snapshotId"] for detail in details}) == len(details) == 2


EVENT = Event("data", "Data Quality Failed", "table", "shop.t", "1", {"checks": ["a.min"]})


def test_of_many_at_once_one_sends_the_event(s3: Any, bucket: str, bus: Bus) -> None:
    folder = Folder.of(s3, f"s3://{bucket}/quality/{bus.name}", "1")
    sent: list[bool] = []

    def send() -> None:
        sent.append(send_once(folder, boto3.session.Session().client("events"), bus.name, "default", EVENT))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False] * 7 + [True]
    assert len(bus.received()) == 1


def test_the_claim_of_somebody_who_died_is_taken_over(s3: Any, bucket: str, bus: Bus) -> None:
    folder = Folder.of(s3, f"s3://{bucket}/quality/{bus.name}", "1")
    old = datetime.now(timezone.utc) - timedelta(seconds=61)
    folder.write_json(f"events/{EVENT.event_id}.json", {"state": "sending", "since": old.isoformat()})
    assert send_once(folder, boto3.client("events"), bus.name, "default", EVENT)
    assert not send_once(folder, boto3.client("events"), bus.name, "default", EVENT)
    assert len(bus.received()) == 1


def test_a_bus_that_refuses_loses_no_event(
    checked: Checked, bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import ml_platform_runtime.quality.report as report

    checked.table.append(rows(2, amount=[-1.0, 1.0]))
    publish = report.publish

    def refuse(*_: Any) -> list[str]:
        raise report.aws.AWS_ERRORS[1]({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutEvents")

    monkeypatch.setattr(report, "publish", refuse)
    assert main(checked.arguments()) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "ThrottlingException" in output.err
    monkeypatch.setattr(report, "publish", publish)
    assert main(checked.arguments()) == 4
    assert len(bus.received()) == 1


KILL = """
import os, signal, sys
from ml_platform_runtime.cli import main
from ml_platform_runtime.quality import report, run
write, publish = report.Folder.write, report.publish
def dies(self, name, *rest, **more):
    if name == os.environ['DIE_AT']: os.kill(os.getpid(), signal.SIGKILL)
    write(self, name, *rest, **more)
def dies_after(*given):
    publish(*given)
    if os.environ['DIE_AT'] == 'sent': os.kill(os.getpid(), signal.SIGKILL)
report.Folder.write, report.publish = dies, dies_after
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("die_at", "events_in_all"), [("report.json", 1), ("sent", 2)])
def test_a_check_that_was_killed_half_way_gives_the_same_report_when_it_runs_again(
    checked: Checked, bus: Bus, monkeypatch: pytest.MonkeyPatch, die_at: str, events_in_all: int
) -> None:
    import ml_platform_runtime.quality.report as report

    checked.table.append(rows(2, amount=[-1.0, 1.0]))
    environment = {**os.environ, "DIE_AT": die_at}
    killed = subprocess.run(
        [sys.executable, "-c", KILL, *checked.arguments()], env=environment, capture_output=True, text=True, check=False
    )
    assert (killed.returncode, killed.stdout) == (-9, ""), killed.stderr
    assert ("report.json" in checked.written()) == (die_at == "sent")
    monkeypatch.setattr(report, "CLAIM_SECONDS", 0)
    assert main(checked.arguments()) == 4
    after = {**checked.report(), "checkedAt": ""}
    assert main(checked.arguments()) == 4
    assert {**checked.report(), "checkedAt": ""} == after
    # killed between the bus and the note about it: the event comes twice, with one id
    ids = [event["detail"]["eventId"] for event in bus.received()]
    assert (len(ids), len(set(ids))) == (events_in_all, 1)


def test_a_table_that_does_not_exist_is_bad_input(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    checked.contract.write_text(json.dumps({"table": "nothing", "version": 1, "schema": SCHEMA, "checks": CHECKS}))
    assert main([*checked.arguments(), "--table", "shop.nothing"]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == (
        "",
        "error: table shop.nothing does not exist in the catalogue; deploy the lake that has it first\n",
    )


def test_a_report_that_s3_refuses_is_no_verdict_and_no_event(
    checked: Checked, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows(2, amount=[-1.0, 1.0]))
    for amounts in ([-1.0, 1.0], [1.0, 1.0]):
        checked.table.overwrite(rows(2, amount=amounts))
        assert main([*checked.arguments(), "--report", "s3://no-such-bucket-at-all/quality"]) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith("error: AWS refused or cannot be reached: NoSuchBucket: ")
    assert bus.received() == []


def test_data_files_that_are_gone_or_damaged_are_no_verdict(
    checked: Checked, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows())
    (task,) = checked.table.scan().plan_files()
    key = task.file.file_path.split("/", 3)[3]
    damage = [
        lambda: checked.s3.delete_object(Bucket=checked.bucket, Key=key),
        lambda: checked.s3.put_object(
            Bucket=checked.bucket, Key=key, Body=b"PAR1" + b"x" * task.file.file_size_in_bytes
        ),
    ]
    for harm in damage:
        harm()
        assert main(checked.arguments()) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert re.fullmatch(r"error: the check did not end: .*\n", output.err)
    assert checked.written() == []


def test_a_table_without_rows_passes_what_needs_none(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    checked.contract_of({"amount": {"min": 0, "maxNullShare": 0}, "id": {"unique": True}})
    assert main(checked.arguments()) == 0
    report = checked.report("empty")
    assert (report["rowsChecked"], report["snapshotId"], set(verdicts(report).values())) == (0, None, {"passed"})
    checked.contract_of({"at": {"maxAgeSeconds": 60}})
    capsys.readouterr()
    assert main(checked.arguments()) == 4
    assert line(capsys)["failedChecks"] == ["at.maxAgeSeconds"]


def test_a_snapshot_is_judged_as_it_was(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    checked.table.append(rows(2, amount=[-1.0, 1.0]))
    bad = str(checked.table.current_snapshot().snapshot_id)
    checked.table.overwrite(rows())
    assert main(checked.arguments()) == 0
    assert main([*checked.arguments(), "--snapshot", bad]) == 4
    assert checked.report(bad)["verdict"] == "failed"
    assert main([*checked.arguments(), "--snapshot", "17"]) == 2
    assert capsys.readouterr().err == (
        f"error: snapshot 17 is not in table {checked.identifier}; it has expired, so check the newest one\n"
    )


def test_the_newest_snapshot_is_what_it_added_whatever_was_there_before(checked: Checked) -> None:
    checked.table.append(rows(2, amount=[-1.0, 1.0]))
    checked.table.append(rows(3, first=10))
    newest = str(checked.table.current_snapshot().snapshot_id)
    assert main([*checked.arguments(), "--sample", "newest-snapshot"]) == 0
    assert checked.report()["rowsChecked"] == 3
    # a deletion brings no rows: the last arrival is looked at again
    checked.table.delete("id = 0")
    assert checked.table.current_snapshot().summary.operation.value == "overwrite"
    checked.table.delete("id = 1")
    assert checked.table.current_snapshot().summary.operation.value == "delete"
    checked.table.append(rows(4, first=20))
    assert main([*checked.arguments(), "--sample", "newest-snapshot", "--snapshot", newest]) == 0
    assert checked.report(newest)["rowsChecked"] == 3


def test_a_sample_has_so_many_rows_from_many_files_and_is_the_same_each_time(
    glue: Catalog,
    name: str,
    bucket: str,
    checked: Checked,
) -> None:
    spec = PartitionSpec(PartitionField(source_id=3, field_id=1000, transform=IdentityTransform(), name="country"))
    table = glue.create_table(
        f"{name}_parts", Schema.model_validate(SCHEMA), partition_spec=spec, location=f"s3://{bucket}/{name}_parts"
    )
    dice = random.Random(3)
    table.append(rows(1000, country=[f"C{dice.randint(0, 29)}" for _ in range(1000)]))
    for count in (1, 7, 100, 999):
        scan = Scan.of(table, None, Sample("rows", count), ("id", "country"))
        found = [
            (part.file, row, one) for part in scan.slices() for row, one in enumerate(part.batch["id"].to_pylist())
        ]
        assert len(found) == count == len({one for _, _, one in found})
        again = [
            one
            for part in Scan.of(table, None, Sample("rows", count), ("id",)).slices()
            for one in part.batch["id"].to_pylist()
        ]
        assert again == [one for _, _, one in found]
        assert len({file for file, _, _ in found}) >= min(count, 20)
    places = [
        (part.row(index), one) for part in scan.slices() for index, one in enumerate(part.batch["id"].to_pylist())
    ]
    for place, one in dice.sample(places, 5):
        with table.io.new_input(place["file"]).open() as stream:
            assert pq.read_table(stream)["id"][place["row"]].as_py() == one
    everything = Scan.of(table, None, Sample("rows", 5000), ("id",))
    assert sum(part.batch.num_rows for part in everything.slices()) == 1000


def test_a_scan_holds_a_file_at_most_and_only_the_columns_of_the_checks(checked: Checked) -> None:
    count = 200_000
    for first in range(6):
        checked.table.append(rows(count, first=first * count))
    scan = Scan.of(checked.table, None, Sample("all"), ("id",))
    before, most, seen = pa.total_allocated_bytes(), 0, 0
    for part in scan.slices():
        assert part.batch.schema.names == ["id"]
        seen += part.batch.num_rows
        most = max(most, pa.total_allocated_bytes() - before)
    assert seen == 6 * count
    # one column of one file is 1.6 MB, all of them 9.6 MB
    assert most < 6_000_000


def test_a_contract_that_does_not_fit_the_table_is_bad_input(
    checked: Checked, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows())
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"], {"id": 5, "name": "iban", "type": "string", "required": True}]}
    checked.contract_of({}, schema=schema)
    assert main(checked.arguments()) == 2
    assert capsys.readouterr().err == (
        f"error: table {checked.identifier} lacks a column that the checks name (Could not find column: 'iban'); "
        "migrate the table, or give the contract that fits\n"
    )
    checked.contract_of({}, table="other")
    assert main(checked.arguments()) == 2
    own = checked.identifier.split(".")[1]
    assert capsys.readouterr().err == f"error: contract {checked.contract} is that of table other, not of {own}\n"


def test_the_metric_is_part_of_the_line_in_the_embedded_format(
    checked: Checked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows(2, amount=[-1.0, 101.0]))
    monkeypatch.setenv("ML_QUALITY_METRICS_NAMESPACE", "MlPlatform/Data")
    monkeypatch.setenv("ML_QUALITY_NAME", "Shop")
    assert main(checked.arguments()) == 4
    printed = line(capsys)
    (directive,) = printed["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "MlPlatform/Data"
    assert directive["Dimensions"] == [["Table", "Check"]]
    named = [*directive["Dimensions"][0], *(metric["Name"] for metric in directive["Metrics"])]
    assert {name: printed[name] for name in named} == {
        "Table": checked.identifier,
        "Check": "Shop",
        "FailedChecks": 2,
        "RowsChecked": 2,
    }
    assert abs(printed["_aws"]["Timestamp"] / 1000 - datetime.now(timezone.utc).timestamp()) < 60


def test_every_wrong_setting_is_named_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [one for one in os.environ if one.startswith(("ML_", "AWS_"))]:
        monkeypatch.delenv(variable)
    assert main(["quality", "check", "--table", "orders", "--sample", "rows:0"]) == 2
    assert capsys.readouterr().err == (
        "error: ML_QUALITY_REPORT is not set; give s3://bucket/prefix for reports; "
        "ML_QUALITY_SAMPLE: sample is 'rows:0'; allowed are all, newest-snapshot, newest-partition, newest-partition:<column> "
        "and rows:<number above 0>; "
        "ML_QUALITY_TABLE is 'orders'; give database.table; "
        "nothing would be checked; set ML_QUALITY_CONTRACT, ML_QUALITY_SUITES or both; "
        "AWS_REGION is not set; give the region of the table and bucket\n"
    )


SUITE = {
    "name": "Shop rules",
    "expectations": [
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "amount", "min_value": 0, "max_value": 100},
            "meta": {},
        },
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "country", "value_set": ["DE", "FR"]}},
        {
            "type": "expect_column_pair_values_a_to_be_greater_than_b",
            "kwargs": {"column_A": "amount", "column_B": "id", "or_equal": True},
        },
    ],
}


def suite_of(checked: Checked, document: Any) -> list[str]:
    key = f"suites/{next(_numbers)}.json"
    checked.s3.put_object(
        Bucket=checked.bucket, Key=key, Body=document if isinstance(document, bytes) else json.dumps(document)
    )
    return [*checked.arguments(), "--suite", f"s3://{checked.bucket}/{key}"]


def test_a_suite_passes_on_good_data_with_data_docs_beside_the_report(checked: Checked) -> None:
    checked.table.append(rows())
    assert main(suite_of(checked, SUITE)) == 0
    report = checked.report()
    (suite,) = report["suites"]
    assert (suite["name"], suite["verdict"], len(suite["expectations"])) == ("Shop rules", "passed", 4)
    assert suite["dataDocs"] == f"s3://{checked.bucket}/{checked.prefix}/{report['snapshotId']}/Shop-rules.html"
    page = checked.s3.get_object(Bucket=checked.bucket, Key=suite["dataDocs"].split("/", 3)[3])
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert "Shop rules" in page["Body"].read().decode()
    assert len(report["checks"]) == 8


def test_a_suite_fails_on_bad_data_and_shows_no_values_unless_asked(
    checked: Checked, bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.contract_of({})
    checked.table.append(rows(4, amount=[5.0, 6.0, 7.0, 4711.5], country=["DE", "FR", "Secret", "DE"]))
    command = suite_of(checked, SUITE)
    assert main(command) == 4
    names = [
        "Shop rules: amount.expect_column_values_to_be_between",
        "Shop rules: country.expect_column_values_to_be_in_set",
    ]
    assert line(capsys)["failedChecks"] == names
    assert bus.received()[0]["detail"]["checks"] == names

    def everything() -> str:
        report = checked.report()
        page = checked.s3.get_object(Bucket=checked.bucket, Key=report["suites"][0]["dataDocs"].split("/", 3)[3])
        return json.dumps(report) + str(page["Body"].read())

    assert "Secret" not in everything()
    assert "4711" not in everything()
    monkeypatch.setenv("ML_QUALITY_SHOW_VALUES", "true")
    assert main(command) == 4
    assert "Secret" in everything()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            b"{",
            "is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1); export it with suite.to_json_dict()",
        ),
        ({"name": "x", "expectations": []}, "lacks a name or expectations; export it with suite.to_json_dict()"),
        ({"name": "x", "expectations": [{"type": "expect_it"}]}, "expectations[0] expect_it is not { type, kwargs }"),
        (
            {"name": "x", "expectations": [*SUITE["expectations"], {"type": "expect_peace", "kwargs": {}}]},
            "expectations[4] expect_peace cannot be made: expect_peace not found",
        ),
        (
            {
                "name": "x",
                "expectations": [{"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id", "why": 1}}],
            },
            "expectations[0] expect_column_values_to_be_unique cannot be made: 1 validation error for ExpectColumnValuesToBeUnique why extra fields",
        ),
        (
            {
                "name": "x",
                "expectations": [{"type": "expect_column_values_to_be_unique", "kwargs": {"column": "iban"}}],
            },
            'iban.expect_column_values_to_be_unique cannot be computed: Error: The column "iban" in BatchData does not exist.',
        ),
    ],
)
def test_a_suite_that_cannot_be_run_is_bad_input_in_one_line(
    checked: Checked, capsys: pytest.CaptureFixture[str], document: Any, message: str
) -> None:
    checked.table.append(rows())
    assert main(suite_of(checked, document)) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert output.err.startswith("error: suite s3://")
    assert output.err.count("\n") == 1
    assert checked.written() == []


def test_a_suite_that_is_not_there_is_bad_input(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"s3://{checked.bucket}/suites/none.json"
    assert main([*checked.arguments(), "--suite", address]) == 2
    assert capsys.readouterr().err == f"error: suite {address} does not exist; give a path or s3://bucket/key\n"


def test_rows_of_a_suite_may_not_fill_the_memory(
    checked: Checked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checked.table.append(rows(600_000))
    monkeypatch.setenv("ML_QUALITY_MEMORY_MIB", "16")
    assert main(suite_of(checked, SUITE)) == 2
    assert (
        "the rows of the suite would keep more than 16 MiB of values in memory; check a sample"
        in capsys.readouterr().err
    )


def test_a_table_of_s3_tables_is_checked_in_the_same_way(
    aws: str, bucket: str, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("s3tables")
    name = f"quality-{os.getpid()}-{next(_numbers)}"
    monkeypatch.setenv("ML_CATALOG", "s3tables")
    monkeypatch.setenv("ML_WAREHOUSE", client.create_table_bucket(name=name)["arn"])
    catalog = open_catalog(os.environ)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", Schema.model_validate(SCHEMA))
    made = Checked(table, "shop.orders", tmp_path / "contract.json", bucket, s3)
    made.contract_of(CHECKS)
    arguments = [*made.arguments(), "--report", f"s3://{bucket}/{name}"]
    table.append(rows())
    assert main(arguments) == 0
    table.append(rows(1, first=90, amount=[-1.0]))
    assert main([*arguments, "--sample", "newest-snapshot"]) == 4


def test_two_suites_need_two_names(checked: Checked, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*suite_of(checked, SUITE), *suite_of(checked, {**SUITE, "name": "Shop-rules"})[-2:]]) == 2
    assert (
        capsys.readouterr().err == "error: suites have the names Shop rules, Shop-rules; give each a name of its own\n"
    )
