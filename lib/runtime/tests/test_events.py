"""Events as they arrive behind a rule of a bus, against the JSON schemas that the TypeScript side publishes."""

from __future__ import annotations

import functools
import itertools
import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest

from ml_platform_runtime.events import MAX_DETAIL_BYTES, Event, EventRefused, publish
from support import wait_until

ROOT = Path(__file__).parents[3]
_numbers = itertools.count(1)

ARRIVED = Event(
    room="data",
    detail_type="Data Arrived",
    subject_kind="table",
    subject="shop.orders",
    natural_key="4711",
    properties={"snapshotId": "4711", "rows": 10, "operation": "append"},
)


@functools.cache
def contract() -> dict[str, Any]:
    """Sources and schemas by detail type, from the source of the contract."""
    tsx = ROOT / "node_modules/.bin/tsx"
    if not (tsx.exists() and shutil.which("node")):
        pytest.skip("node and node_modules are not here: the schemas are written in TypeScript")
    program = """
      import { EventContract } from './lib/core/events/event-contract';
      const all = EventContract.detailTypes().map((type) => [type, { source: EventContract.source(type), schema: JSON.parse(EventContract.schema(type)) }]);
      console.log(JSON.stringify({ bus: EventContract.BUS_NAME, bytes: EventContract.MAX_DETAIL_BYTES, types: Object.fromEntries(all) }));
    """
    done = subprocess.run([tsx, "-e", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@dataclass
class Bus:
    """A bus with a rule that sends events of some detail types to a queue."""

    events: Any
    sqs: Any
    name: str
    queue: str

    def received(self, count: int) -> list[dict[str, Any]]:
        """Events of the queue, once there are so many."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0)
            found.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
            return len(found) >= count

        wait_until(enough, seconds=15, what=f"{count} events are in the queue")
        return found


@pytest.fixture
def bus(aws: str) -> Bus:
    session = boto3.session.Session(region_name="eu-west-1")
    events, sqs = (session.client(service, endpoint_url=aws) for service in ("events", "sqs"))
    name = f"ml-platform-{next(_numbers)}"
    events.create_event_bus(Name=name)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    # the pattern of `EventRule`
    pattern = {"source": ["ml-platform.data"], "detail-type": ["Data Arrived"]}
    events.put_rule(Name="arrivals", EventBusName=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule="arrivals", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    return Bus(events, sqs, name, queue)


def test_an_event_arrives_behind_a_rule_as_the_contract_says(bus: Bus) -> None:
    quality = replace(ARRIVED, detail_type="Data Quality Failed", properties={"checks": ["amount: min"]})
    ids = publish(bus.events, bus.name, "prod", [quality, ARRIVED])
    (event,) = bus.received(1)
    assert (event["source"], event["detail-type"]) == ("ml-platform.data", "Data Arrived")
    assert event["source"] == contract()["types"]["Data Arrived"]["source"]
    schema = contract()["types"]["Data Arrived"]["schema"]
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in checker.iter_errors(event["detail"])] == []
    assert event["detail"]["eventId"] == ids[1]
    assert event["detail"]["environment"] == "prod"


def test_the_schema_refuses_an_event_that_lacks_its_rows() -> None:
    detail = replace(ARRIVED, properties={"snapshotId": "1", "operation": "replace"}).detail("prod")
    errors = jsonschema.Draft202012Validator(contract()["types"]["Data Arrived"]["schema"]).iter_errors(detail)
    assert sorted(error.message for error in errors) == [
        "'replace' is not one of ['append', 'overwrite']",
        "'rows' is a required property",
    ]


def test_a_retry_sends_the_same_id(bus: Bus) -> None:
    for _ in range(2):
        publish(bus.events, bus.name, "prod", [ARRIVED])
    first, second = bus.received(2)
    assert first["detail"]["eventId"] == second["detail"]["eventId"]
    assert first["id"] != second["id"]


def test_what_happened_otherwise_has_another_id() -> None:
    others = [
        replace(ARRIVED, natural_key="4712"),
        replace(ARRIVED, subject="shop.payments"),
        replace(ARRIVED, detail_type="Data Quality Failed"),
        replace(ARRIVED, room="monitoring"),
    ]
    assert len({event.event_id for event in [ARRIVED, *others]}) == 5


def test_more_than_ten_events_arrive(bus: Bus) -> None:
    events = [replace(ARRIVED, natural_key=str(number)) for number in range(23)]
    ids = publish(bus.events, bus.name, "prod", events)
    assert {event["detail"]["eventId"] for event in bus.received(23)} == set(ids)


def test_what_is_too_large_is_refused_before_it_is_sent(bus: Bus) -> None:
    assert contract()["bytes"] == MAX_DETAIL_BYTES
    large = replace(ARRIVED, properties={**ARRIVED.properties, "partition": "ä" * (MAX_DETAIL_BYTES // 6)})
    with pytest.raises(
        EventRefused, match="Data Arrived of shop.orders has 20[0-9]{4} bytes, allowed are 204800; put the rest on S3"
    ):
        publish(bus.events, bus.name, "prod", [large])


def test_what_the_bus_refuses_is_told() -> None:
    class Refusing:
        def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:
            return {
                "FailedEntryCount": 1,
                "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}],
            }

    message = r"bus ml-platform refused 1 of 2 events \(ThrottlingException: slow down\); send them again"
    with pytest.raises(EventRefused, match=message):
        publish(Refusing(), contract()["bus"], "prod", [ARRIVED, replace(ARRIVED, natural_key="2")])
