"""`Data Arrived`: tells the bus once of each snapshot that brought rows to an Iceberg table, and never of compaction.

Runs as a Lambda function with nothing but boto3: what happened stands in the table's metadata file, which is JSON. For a table of Glue
the function is called for each new metadata file; S3 Tables send no events, so it looks at theirs on a schedule. Once an hour it looks
at all tables, so an event of S3 that gets lost makes it late, not silent.

What was told is one DynamoDB item for each table. An announcement is claimed there by a conditional write before it is sent, and
taken off after: of two callers one sends, and what a dead one claimed is sent by the next.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from ml_platform_runtime import aws
from ml_platform_runtime.config import EnvironmentReader, check_region
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.events import Event, publish

#: Operations that bring rows. `replace` moves them (compaction), `delete` takes them away.
ARRIVING = frozenset({"append", "overwrite"})
#: A caller that has not sent what it claimed after this time is dead: the function's own timeout is shorter.
LEASE_SECONDS = 120
#: How far back the first look at a table goes: what is older was there before anybody listened.
FIRST_LOOK_SECONDS = 300


class CommitPending(RuntimeFault):
    """The metadata file is not in the catalogue yet, or its writer lost against another one."""


class ClaimPending(RuntimeFault):
    """Another caller is about to send; what came since has to wait until it has."""


@dataclass(frozen=True)
class Watch:
    """A table, and when its rows are told of: after so many, or when a later partition got its first rows."""

    database: str
    table: str
    min_rows: int = 1
    partition: str | None = None
    #: ARN of the table bucket, for a table of S3 Tables.
    table_bucket: str | None = None

    @property
    def name(self) -> str:
        return f"{self.database}.{self.table}"

    @property
    def key(self) -> str:
        """Name of the item: two table buckets, or one and Glue, may have tables of the same name."""
        return f"{self.table_bucket}/{self.name}" if self.table_bucket else self.name

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Watch:
        """From the input of a rule, or from an item."""
        return cls(
            given["database"],
            given["table"],
            int(given.get("minRows") or 1),
            given.get("partition") or None,
            given.get("tableBucket") or None,
        )

    def to_plain(self) -> dict[str, Any]:
        """The opposite of `of`."""
        return {
            "database": self.database,
            "table": self.table,
            "minRows": self.min_rows,
            "partition": self.partition,
            "tableBucket": self.table_bucket,
        }


@dataclass(frozen=True)
class Snapshot:
    """What the metadata says of one commit."""

    id: int
    sequence: int
    timestamp_ms: int
    operation: str
    summary: Mapping[str, str]

    @property
    def rows(self) -> int:
        return int(self.summary.get("added-records", 0))

    @property
    def arrived(self) -> bool:
        return self.operation in ARRIVING and self.rows > 0


@dataclass(frozen=True)
class Told:
    """How far a table's story was told, and what came since the last announcement."""

    sequence: int = 0
    rows: int = 0
    operation: str = "append"
    open_partition: str | None = None

    def plus(self, snapshot: Snapshot) -> Told:
        """With the rows of one more snapshot."""
        operation = "overwrite" if snapshot.operation == "overwrite" else self.operation
        return replace(self, rows=self.rows + snapshot.rows, operation=operation)

    def announced(self) -> Told:
        """With nothing left to tell."""
        return replace(self, rows=0, operation="append")


def lineage(metadata: Mapping[str, Any]) -> list[Snapshot]:
    """Snapshots from the oldest that is left to the current one, along the main branch."""
    snapshots = {one["snapshot-id"]: one for one in metadata.get("snapshots", [])}
    found: list[Snapshot] = []
    current = snapshots.get(metadata.get("current-snapshot-id", -1))
    while current is not None:
        found.append(_snapshot(current))
        current = snapshots.get(current.get("parent-snapshot-id"))
    return found[::-1]


def _snapshot(plain: Mapping[str, Any]) -> Snapshot:
    if "sequence-number" not in plain:
        raise BadInput(
            f"snapshot {plain['snapshot-id']} has no sequence number, so the table is of format version 1; upgrade it to 2"
        )
    summary = plain.get("summary", {})
    return Snapshot(
        plain["snapshot-id"], plain["sequence-number"], plain["timestamp-ms"], summary.get("operation", ""), summary
    )


def first_look(snapshots: list[Snapshot], since_ms: float) -> Told:
    """Where the story of a table begins that nobody has told of before: what is older than `since_ms` is not told."""
    return Told(max((one.sequence for one in snapshots if one.timestamp_ms < since_ms), default=0))


def arrivals(watch: Watch, snapshots: list[Snapshot], told: Told) -> tuple[list[Event], Told]:
    """What is to be told of snapshots after `told`, and how far the story is told then."""
    events: list[Event] = []
    for snapshot in (one for one in snapshots if one.sequence > told.sequence):
        told = replace(told, sequence=snapshot.sequence)
        if not snapshot.arrived:
            continue
        if watch.partition is None:
            told = told.plus(snapshot)
            due = told.rows >= watch.min_rows
        else:
            newest = _newest_partition(watch, snapshot)
            due = told.open_partition is not None and newest > told.open_partition and told.rows > 0
        if due:
            events.append(_event(watch, snapshot, told))
            told = told.announced()
        if watch.partition is not None:
            # rows that open a partition belong to it, not to the one that they close
            told = replace(told.plus(snapshot), open_partition=max(newest, told.open_partition or newest))
    return events, told


def _newest_partition(watch: Watch, snapshot: Snapshot) -> str:
    """The last value that a commit wrote to. Days, months and hours sort as text in Iceberg's spelling."""
    paths = [key.removeprefix("partitions.") for key in snapshot.summary if key.startswith("partitions.")]
    parts = [part.partition("=") for path in paths for part in path.split("/")]
    values = [value for name, _, value in parts if name == watch.partition]
    if not values:
        raise BadInput(
            f"snapshot {snapshot.id} of {watch.name} does not say which {watch.partition} it wrote to; set the table's property "
            "write.summary.partition-limit to more partitions than one commit writes to, and name a field of the partition spec"
        )
    return max(values)


def _event(watch: Watch, snapshot: Snapshot, told: Told) -> Event:
    properties: dict[str, Any] = {"snapshotId": str(snapshot.id), "rows": told.rows, "operation": told.operation}
    if told.open_partition is not None:
        properties["partition"] = f"{watch.partition}={told.open_partition}"
    return Event(
        room="data",
        detail_type="Data Arrived",
        subject_kind="table",
        subject=watch.name,
        natural_key=str(snapshot.id),
        properties=properties,
        occurred_at=datetime.fromtimestamp(snapshot.timestamp_ms / 1000, timezone.utc),
    )


class Announcer:
    """Tells one bus of tables, and keeps in one DynamoDB table how far it has come."""

    def __init__(self, clients: Callable[[str], Any], state: str, bus: str, environment: str) -> None:
        self._clients = clients
        self._s3, self._dynamodb, self._events = (clients(service) for service in ("s3", "dynamodb", "events"))
        self._state, self._bus, self._environment = state, bus, environment

    def announce(self, watch: Watch, since_ms: float, written: str | None = None) -> list[str]:
        """Tell of what is new; the answer is the events' ids.

        `written` is the metadata file that gave cause to look: CommitPending is raised while the catalogue does not know it.
        """
        metadata = self._metadata(watch, written)
        self._send_abandoned(watch)
        item = self._item(watch)
        snapshots = lineage(metadata)
        before = _told(item) if item else None
        events, told = arrivals(watch, snapshots, before or first_look(snapshots, since_ms))
        if told == before or not self._claim(watch, item, told, events):
            return []
        return self._send(watch, events)

    def watched(self) -> list[Watch]:
        """Every table that was told of before."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._state, ConsistentRead=True)
        return [Watch.of(json.loads(item["watch"]["S"])) for page in pages for item in page["Items"]]

    def _metadata(self, watch: Watch, written: str | None) -> dict[str, Any]:
        """The table's current metadata. A file is written before it is committed, so the catalogue may lag behind the event."""
        location = self._location(watch)
        if location is None:
            return {}
        address = urlsplit(location)
        body = self._s3.get_object(Bucket=address.netloc, Key=address.path.lstrip("/"))["Body"].read()
        metadata: dict[str, Any] = json.loads(gzip.decompress(body) if ".gz." in location else body)
        known = {location, *(entry["metadata-file"] for entry in metadata.get("metadata-log", []))}
        if written is not None and not any(one.endswith(f"/{written.rsplit('/', 1)[-1]}") for one in known):
            raise CommitPending(f"{written} is not in the history of {watch.name}")
        return metadata

    def _location(self, watch: Watch) -> str | None:
        """Where the catalogue says that the metadata lies; None for a table of S3 Tables that nobody has written to."""
        location: str | None
        if watch.table_bucket:
            answer = self._clients("s3tables").get_table_metadata_location(
                tableBucketARN=watch.table_bucket, namespace=watch.database, name=watch.table
            )
            location = answer.get("metadataLocation")
            return location
        answer = self._clients("glue").get_table(DatabaseName=watch.database, Name=watch.table)
        location = answer["Table"].get("Parameters", {}).get("metadata_location")
        if location is None:
            raise BadInput(f"{watch.name} is in the catalogue, but is no Iceberg table; announce Iceberg tables only")
        return location

    def _item(self, watch: Watch) -> dict[str, Any] | None:
        answer = self._dynamodb.get_item(TableName=self._state, Key={"table": {"S": watch.key}}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _claim(self, watch: Watch, item: dict[str, Any] | None, told: Told, events: list[Event]) -> bool:
        """Writes down what will be sent; false if another caller was faster, who then sends it."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(told)"}
        if item:
            condition = {
                "ConditionExpression": "told = :before AND attribute_not_exists(pending)",
                "ExpressionAttributeValues": {":before": item["told"]},
            }
        claimed: dict[str, Any] = {
            "table": {"S": watch.key},
            "watch": {"S": json.dumps(watch.to_plain())},
            "told": {"S": json.dumps(asdict(told))},
        }
        if events:
            claimed |= {
                "pending": {"S": json.dumps([_plain(event) for event in events])},
                "claimedAt": {"N": str(time.time())},
            }
        try:
            self._dynamodb.put_item(TableName=self._state, Item=claimed, **condition)
        except ClientError as error:
            if aws.error_code(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _send(self, watch: Watch, events: list[Event]) -> list[str]:
        key = {"table": {"S": watch.key}}
        if not events:
            return []
        try:
            ids = publish(self._events, self._bus, self._environment, events)
        except Exception:
            # the next caller need not wait for the lease to end
            self._dynamodb.update_item(
                TableName=self._state,
                Key=key,
                UpdateExpression="SET claimedAt = :never",
                ExpressionAttributeValues={":never": {"N": "0"}},
            )
            raise
        self._dynamodb.update_item(TableName=self._state, Key=key, UpdateExpression="REMOVE pending, claimedAt")
        return ids

    def _send_abandoned(self, watch: Watch) -> None:
        """Sends what a caller claimed and did not send: under the same ids, should it have been sent after all."""
        item = self._item(watch)
        if item is None or "pending" not in item:
            return
        if time.time() - float(item["claimedAt"]["N"]) < LEASE_SECONDS:
            raise ClaimPending(f"another caller is telling of {watch.name}")
        self._send(watch, [_event_of(plain) for plain in json.loads(item["pending"]["S"])])


def _told(item: Mapping[str, Any]) -> Told:
    return Told(**json.loads(item["told"]["S"]))


def _plain(event: Event) -> dict[str, Any]:
    return {**asdict(event), "occurred_at": event.occurred_at.isoformat() if event.occurred_at else None}


def _event_of(plain: dict[str, Any]) -> Event:
    when = plain["occurred_at"]
    return Event(**{**plain, "occurred_at": datetime.fromisoformat(when) if when else None})


#: Waits for a commit, or for another caller; together well below the function's timeout.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


def handler(event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
    """Called by a rule for a new metadata file of one table, every so often for one of S3 Tables, and once an hour (`sweep`) for all."""
    announcer = _announcer(os.environ)
    now_ms = time.time() * 1000
    if event.get("sweep"):
        return _sweep(announcer, now_ms)
    watch = Watch.of(event)
    # what came since the schedule was made is not the past
    back_seconds = max(FIRST_LOOK_SECONDS, int(event.get("everySeconds") or 0))
    since_ms = _milliseconds(event.get("time"), now_ms) - back_seconds * 1000
    for pause in (*PAUSES_SECONDS, None):
        try:
            return {"events": announcer.announce(watch, since_ms, event.get("key"))}
        except CommitPending:
            # after so long its writer has lost: what others committed is told all the same
            if pause is None:
                return {"events": announcer.announce(watch, since_ms)}
        except ClaimPending:
            if pause is None:
                raise
        time.sleep(pause or 0)
    raise AssertionError("unreachable")


def _sweep(announcer: Announcer, now_ms: float) -> dict[str, Any]:
    ids: list[str] = []
    faults: list[str] = []
    for watch in announcer.watched():
        try:
            ids += announcer.announce(watch, now_ms)
        except ClaimPending:
            continue
        except (RuntimeFault, *aws.AWS_ERRORS) as error:
            # one table that is gone does not keep the others from being told of
            faults.append(f"{watch.name}: {error}")
    if faults:
        raise RuntimeFault("; ".join(faults))
    return {"events": ids}


def _announcer(environment: Mapping[str, str]) -> Announcer:
    reader = EnvironmentReader(environment)
    check_region(reader)
    state = reader.required("ML_ARRIVALS_TABLE", "the DynamoDB table of what was told")
    bus = reader.required("ML_EVENT_BUS", "the name of the event bus")
    name = reader.text("ML_ENVIRONMENT", "default")
    reader.finish()
    return _announcer_of(state, bus, name)


@lru_cache(maxsize=1)
def _announcer_of(state: str, bus: str, environment: str) -> Announcer:
    """Kept between calls: making clients takes longer than what they do here."""
    return Announcer(lru_cache(aws.client), state, bus, environment)


def _milliseconds(when: str | None, otherwise: float) -> float:
    return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp() * 1000 if when else otherwise
