"""Arrivals of rows in real Iceberg tables: pyiceberg commits to the emulator's Glue and S3, the bus delivers to a queue."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.expressions import EqualTo
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.transforms import DayTransform
from pyiceberg.types import LongType, NestedField, TimestamptzType

import one_client  # noqa: F401
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.events import EventRefused
from ml_platform_runtime.tables import arrivals
from ml_platform_runtime.tables.arrivals import Announcer, ClaimPending, CommitPending, Watch

_numbers = itertools.count(1)
SCHEMA = Schema(NestedField(1, "id", LongType(), required=True), NestedField(2, "at", TimestamptzType(), required=True))
DAYS = PartitionSpec(PartitionField(2, 1000, DayTransform(), "at_day"))
REGION = "eu-west-1"


def rows(*ids: int, day: int = 1) -> pa.Table:
    at = [f"2026-11-{day:02}T10:00:00+00:00"] * len(ids)
    arrow = pa.table({"id": pa.array(ids, pa.int64()), "at": pa.array(at).cast(pa.timestamp("us", "UTC"))})
    return arrow.cast(SCHEMA.as_arrow())


class _Replace(_OverwriteFiles):
    """What a compaction commits. pyiceberg has all of it but the name of the operation."""

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        summary = super()._summary(snapshot_properties or {})
        return Summary(Operation.REPLACE, **summary.additional_properties)


def compact(table: Table) -> None:
    """Writes all rows of a table into one file, in place of those that hold them."""
    tasks = list(table.scan().plan_files())
    content = table.scan().to_arrow()
    with table.transaction() as transaction:
        replace = _Replace(Operation.OVERWRITE, transaction, table.io)
        for task in tasks:
            replace.delete_data_file(task.file)
        for file in _dataframe_to_data_files(table.metadata, content, table.io):
            replace.append_data_file(file)
        replace.commit()


@dataclass
class Lake:
    """A database, a bus whose events lie in a queue, and the state of what was told."""

    catalog: Catalog
    clients: Callable[[str], Any]
    name: str
    queue: str
    table_name: str = field(default_factory=lambda: f"orders_{next(_numbers)}")

    @property
    def watch(self) -> Watch:
        return Watch("arrivals", self.table_name)

    def create(self, spec: PartitionSpec | None = None, **properties: str) -> Table:
        options = {"partition_spec": spec} if spec else {}
        return self.catalog.create_table(("arrivals", self.table_name), SCHEMA, properties=properties, **options)

    def announcer(self, **other: Any) -> Announcer:
        return Announcer(lambda service: other.get(service) or self.clients(service), self.name, self.name, "test")

    def announce(self, since_ms: float = 0, **watch: Any) -> list[str]:
        return self.announcer().announce(Watch("arrivals", self.table_name, **watch), since_ms)

    def told(self) -> list[dict[str, Any]]:
        """Details of the events that the bus delivered, and no more of them are on the way."""
        sqs = self.clients("sqs")
        found: list[dict[str, Any]] = []
        quiet = 0
        while quiet < 2:
            messages = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
            found += [json.loads(message["Body"])["detail"] for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            quiet = 0 if messages else quiet + 1
            time.sleep(0.02)
        return found


@functools.cache
def aws_client(endpoint: str, service: str) -> Any:
    return boto3.session.Session(region_name=REGION).client(service, endpoint_url=endpoint)


@pytest.fixture(scope="module")
def catalog(aws: str, s3: Any) -> Catalog:
    s3.create_bucket(Bucket="arrivals-lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    properties = {"glue.endpoint": aws, "glue.region": REGION, "s3.endpoint": aws, "s3.region": REGION}
    catalog = load_catalog(
        "c", type="glue", warehouse="s3://arrivals-lake", **{**properties, "s3.force-virtual-addressing": "false"}
    )
    catalog.create_namespace("arrivals")
    return catalog


@pytest.fixture
def lake(aws: str, catalog: Catalog) -> Lake:
    clients = functools.partial(aws_client, aws)
    name = f"arrivals-{next(_numbers)}"
    queue = clients("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = clients("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients("events").create_event_bus(Name=name)
    clients("events").put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"detail-type": ["Data Arrived"]}))
    clients("events").put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    clients("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "table", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "table", "KeyType": "HASH"}],
    )
    return Lake(catalog, clients, name, queue)


def test_an_append_is_told_once(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1, 2, 3))
    (event_id,) = lake.announce()
    assert lake.announce() == []
    (detail,) = lake.told()
    assert detail["eventId"] == event_id
    assert detail["subject"] == {"kind": "table", "name": f"arrivals.{lake.table_name}"}
    assert detail["snapshotId"] == str(table.current_snapshot().snapshot_id)  # type: ignore[union-attr]
    assert (detail["rows"], detail["operation"], detail["environment"]) == (3, "append", "test")


def test_compaction_is_not_told(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1, 2))
    table.append(rows(3))
    assert len(lake.announce()) == 2
    compact(table)
    snapshot = table.refresh().current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    assert snapshot.summary.operation == Operation.REPLACE
    assert (snapshot.summary["added-records"], len(list(table.scan().plan_files()))) == ("3", 1)
    assert lake.announce() == []
    table.append(rows(4))
    assert len(lake.announce()) == 1
    assert [detail["rows"] for detail in lake.told()] == [2, 1, 1]


def test_a_delete_is_not_told_and_rewritten_rows_are_an_overwrite(lake: Lake) -> None:
    table = lake.create(DAYS)
    table.append(rows(1, day=1))
    table.append(rows(2, 3, day=2))
    lake.announce()
    table.delete(EqualTo("id", 1))
    assert table.refresh().current_snapshot().summary.operation == Operation.DELETE  # type: ignore[union-attr]
    assert lake.announce() == []
    table.overwrite(rows(7, 8, 9, day=2))
    assert len(lake.announce()) == 1
    assert lake.told()[-1]["rows"] == 3
    # pyiceberg keeps what is left of a file by writing it again: to Iceberg that is an overwrite
    table.delete(EqualTo("id", 7))
    assert len(lake.announce()) == 1
    (detail,) = lake.told()
    assert (detail["operation"], detail["rows"]) == ("overwrite", 2)


def test_many_callers_at_once_tell_once(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1))
    barrier = threading.Barrier(6)
    sent: list[str] = []

    def call() -> None:
        announcer = lake.announcer()
        barrier.wait()
        with contextlib.suppress(ClaimPending):
            sent.extend(announcer.announce(lake.watch, 0))

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 1
    assert len(lake.told()) == 1


def test_rows_are_counted_until_there_are_enough(lake: Lake) -> None:
    table = lake.create()
    told = []
    for count in (4, 5, 1, 12, 3):
        table.append(rows(*range(count)))
        told.append(len(lake.announce(min_rows=10)))
    assert told == [0, 0, 1, 1, 0]
    assert [detail["rows"] for detail in lake.told()] == [10, 12]


def test_commits_between_two_looks_are_told_of_one_by_one(lake: Lake) -> None:
    table = lake.create()
    for number in range(3):
        table.append(rows(number))
    assert len(lake.announce()) == 3
    expected = [str(snapshot.snapshot_id) for snapshot in table.snapshots()]
    assert [detail["snapshotId"] for detail in lake.told()] == expected


def test_a_partition_is_told_of_when_a_later_one_begins(lake: Lake) -> None:
    table = lake.create(DAYS, **{"write.summary.partition-limit": "100"})
    told = []
    for count, day in ((2, 1), (3, 1), (4, 2), (1, 1), (5, 4)):
        table.append(rows(*range(count), day=day))
        told.append(len(lake.announce(partition="at_day")))
    assert told == [0, 0, 1, 0, 1]
    # the row that came late for the first day is counted with the second
    assert [(detail["partition"], detail["rows"]) for detail in lake.told()] == [
        ("at_day=2026-11-01", 5),
        ("at_day=2026-11-02", 5),
    ]


def test_a_partition_needs_the_summary_to_name_it(lake: Lake) -> None:
    lake.create(DAYS).append(rows(1))
    with pytest.raises(BadInput, match="set the table's property write.summary.partition-limit"):
        lake.announce(partition="at_day")


def test_the_past_of_a_table_is_not_told(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1))
    time.sleep(0.01)
    since = time.time() * 1000
    time.sleep(0.01)
    assert lake.announce(since) == []
    table.append(rows(2, 3))
    assert len(lake.announce(since)) == 1
    assert [detail["rows"] for detail in lake.told()] == [2]


def test_an_expired_past_does_not_matter(lake: Lake) -> None:
    table = lake.create()
    for number in range(3):
        table.append(rows(number))
    lake.announce()
    lake.told()
    table.append(rows(7))
    old = [snapshot.snapshot_id for snapshot in table.snapshots()][:-1]
    table.maintenance.expire_snapshots().by_ids(old).commit()
    assert len(table.refresh().snapshots()) == 1
    assert len(lake.announce()) == 1


def test_a_table_that_was_rolled_back_is_quiet(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1))
    first = table.current_snapshot()
    table.append(rows(2))
    lake.announce()
    assert first is not None
    table.manage_snapshots().rollback_to_snapshot(first.snapshot_id).commit()
    assert lake.announce() == []
    table.append(rows(3))
    assert len(lake.announce()) == 1


class Refusing:
    """A bus that refuses, or that takes the event and lets nobody know."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner

    def put_events(self, **request: Any) -> dict[str, Any]:
        if self.inner is None:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
        self.inner.put_events(**request)
        raise KeyboardInterrupt


def test_an_event_that_the_bus_refused_is_sent_by_the_next_caller(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1, 2))
    with pytest.raises(EventRefused, match="InternalFailure"):
        lake.announcer(events=Refusing()).announce(lake.watch, 0)
    assert lake.told() == []
    assert lake.announce() == []
    assert [detail["rows"] for detail in lake.told()] == [2]
    assert lake.announce() == []
    assert lake.told() == []


def test_a_caller_that_died_is_followed_by_the_same_event_id(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.create().append(rows(1))
    with pytest.raises(KeyboardInterrupt):
        lake.announcer(events=Refusing(lake.clients("events"))).announce(lake.watch, 0)
    with pytest.raises(ClaimPending):
        lake.announce()
    monkeypatch.setattr(arrivals, "LEASE_SECONDS", 0)
    lake.announce()
    first, second = lake.told()
    assert first["eventId"] == second["eventId"]


def test_a_file_that_is_not_committed_yet_is_waited_for(lake: Lake) -> None:
    table = lake.create()
    table.append(rows(1))
    key = table.metadata_location.removeprefix("s3://arrivals-lake/")
    with pytest.raises(CommitPending):
        lake.announcer().announce(lake.watch, 0, key.replace("00001-", "00002-"))
    table.append(rows(2))
    # the file of the first commit is history by now, and known all the same
    assert len(lake.announcer().announce(lake.watch, 0, key)) == 2


@pytest.fixture
def environment(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("ML_ARRIVALS_TABLE", lake.name)
    monkeypatch.setenv("ML_EVENT_BUS", lake.name)
    monkeypatch.setattr(arrivals, "PAUSES_SECONDS", (0.01, 0.01))
    return lake


def s3_event(lake: Lake, table: Table) -> dict[str, Any]:
    """The input that the rule of the table makes of S3's event."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    key = table.metadata_location.removeprefix("s3://arrivals-lake/")
    return {"database": "arrivals", "table": lake.table_name, "minRows": 1, "key": key, "time": now}


def test_the_function_tells_once_of_an_event_that_comes_twice(environment: Lake) -> None:
    table = environment.create()
    table.append(rows(1))
    event = s3_event(environment, table)
    assert [len(arrivals.handler(event)["events"]) for _ in range(2)] == [1, 0]
    assert len(environment.told()) == 1


def test_the_function_tells_what_others_committed_when_a_writer_lost(environment: Lake) -> None:
    table = environment.create()
    table.append(rows(1))
    event = {**s3_event(environment, table), "key": "tables/x/metadata/00009-lost.metadata.json"}
    assert len(arrivals.handler(event)["events"]) == 1


def test_the_hourly_sweep_tells_what_no_event_told(environment: Lake) -> None:
    table = environment.create()
    table.append(rows(1))
    arrivals.handler(s3_event(environment, table))
    table.append(rows(2, 3))
    assert len(arrivals.handler({"sweep": True})["events"]) == 1
    assert [detail["rows"] for detail in environment.told()] == [1, 2]
    environment.catalog.drop_table(("arrivals", environment.table_name))
    with pytest.raises(RuntimeFault, match=f"arrivals.{environment.table_name}: "):
        arrivals.handler({"sweep": True})


def test_tables_of_s3_tables_are_looked_at_by_the_same_rules(environment: Lake, aws: str) -> None:
    s3tables = environment.clients("s3tables")
    rest = {
        "type": "rest",
        "uri": f"{aws}/iceberg",
        "rest.sigv4-enabled": "true",
        "rest.signing-name": "s3tables",
        "rest.signing-region": REGION,
        "s3.endpoint": aws,
        "s3.force-virtual-addressing": "false",
    }

    def table_of(bucket: str) -> tuple[Table, dict[str, Any]]:
        arn = s3tables.create_table_bucket(name=bucket)["arn"]
        s3tables.create_namespace(tableBucketARN=arn, namespace=["arrivals"])
        catalog = load_catalog(bucket, warehouse=arn, **rest)
        poll = {"database": "arrivals", "table": environment.table_name, "tableBucket": arn, "everySeconds": 300}
        return catalog.create_table(("arrivals", environment.table_name), SCHEMA), poll

    table, poll = table_of("arrivals-tables")
    told = []
    for write in (
        lambda: table.append(rows(1, 2, 3)),
        lambda: table.append(rows(4)),
        lambda: compact(table),
        lambda: table.overwrite(rows(5, 6)),
    ):
        write()
        table.refresh()
        told.append([len(arrivals.handler(poll)["events"]) for _ in range(2)])
    assert told == [[1, 0], [1, 0], [0, 0], [1, 0]]
    operations = [snapshot.summary.operation for snapshot in table.snapshots() if snapshot.summary]
    assert {Operation.REPLACE, Operation.DELETE} < set(operations)

    # one of the same name in another bucket has a story of its own, and the hourly look knows both
    other, other_poll = table_of("arrivals-others")
    other.append(rows(7, 8, 9, 10))
    # what was committed since the schedule was made, an hour before its first look, is not the past
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1200))
    assert len(arrivals.handler({**other_poll, "time": later, "everySeconds": 3600})["events"]) == 1
    for one in (table, other):
        one.append(rows(11))
    assert len(arrivals.handler({"sweep": True})["events"]) == 2
    assert [detail["rows"] for detail in environment.told()] == [3, 1, 2, 4, 1, 1]


def test_a_table_of_s3_tables_without_metadata_has_nothing_to_tell(lake: Lake) -> None:
    class Empty:
        def get_table_metadata_location(self, **_: Any) -> dict[str, Any]:
            return {"versionToken": "1", "warehouseLocation": "s3://x--table-s3"}

    watch = Watch("arrivals", "nothing", table_bucket="arn:aws:s3tables:eu-west-1:111122223333:bucket/b")
    assert lake.announcer(s3tables=Empty()).announce(watch, 0) == []


def test_the_function_says_which_settings_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ML_ARRIVALS_TABLE", "ML_EVENT_BUS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadInput, match="ML_ARRIVALS_TABLE is not set; give .*; ML_EVENT_BUS is not set; give"):
        arrivals.handler({"sweep": True})


def test_the_function_needs_nothing_that_lambda_does_not_have() -> None:
    import subprocess
    import sys

    program = "import ml_platform_runtime.tables.arrivals, sys; print({'pyiceberg', 'pyarrow', 'numpy', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
