"""Events on the platform's bus: the envelope, an id that is the same on every retry, and no event lost in silence.

The contract is `lib/core/events`: version 1, details of at most 200 KB.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ml_platform_runtime.errors import RuntimeFault

SCHEMA_VERSION = 1
MAX_DETAIL_BYTES = 200 * 1024
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "ml-platform")


class EventRefused(RuntimeFault):
    """EventBridge did not take the event: send it again, it keeps its id."""


@dataclass(frozen=True)
class Event:
    """One event before it is sent.

    `natural_key` names what happened, so that a retry sends the same id: a snapshot's id, or a run's.
    """

    room: str
    detail_type: str
    subject_kind: str
    subject: str
    natural_key: str
    properties: Mapping[str, Any]
    correlation_id: str | None = None
    causation_id: str | None = None
    occurred_at: datetime | None = None

    @property
    def source(self) -> str:
        return f"ml-platform.{self.room}"

    @property
    def event_id(self) -> str:
        return str(uuid.uuid5(_NAMESPACE, "\n".join((self.source, self.detail_type, self.subject, self.natural_key))))

    def detail(self, environment: str) -> dict[str, Any]:
        """The detail as the contract's schema describes it."""
        when = self.occurred_at or datetime.now(timezone.utc)
        detail: dict[str, Any] = {
            "schemaVersion": SCHEMA_VERSION,
            "eventId": self.event_id,
            "correlationId": self.correlation_id or self.event_id,
            "subject": {"kind": self.subject_kind, "name": self.subject},
            "environment": environment,
            "occurredAt": when.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **self.properties,
        }
        if self.causation_id:
            detail["causationId"] = self.causation_id
        return detail


def publish(client: Any, bus: str, environment: str, events: list[Event]) -> list[str]:
    """Send events to the bus; the answer is their ids. EventBridge takes ten at a time, and refuses entries one by one."""
    for start in range(0, len(events), 10):
        batch = events[start : start + 10]
        answer = client.put_events(Entries=[_entry(bus, environment, event) for event in batch])
        if answer.get("FailedEntryCount"):
            refused = [entry for entry in answer["Entries"] if entry.get("ErrorCode")]
            reasons = ", ".join(sorted({f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}" for entry in refused}))
            raise EventRefused(f"bus {bus} refused {len(refused)} of {len(batch)} events ({reasons}); send them again")
    return [event.event_id for event in events]


def _entry(bus: str, environment: str, event: Event) -> dict[str, str]:
    detail = json.dumps(event.detail(environment))
    size = len(detail.encode())
    if size > MAX_DETAIL_BYTES:
        raise EventRefused(
            f"{event.detail_type} of {event.subject} has {size} bytes, allowed are {MAX_DETAIL_BYTES}; put the rest on S3"
        )
    return {"EventBusName": bus, "Source": event.source, "DetailType": event.detail_type, "Detail": detail}
