"""The report on S3, and the event that is sent once for each snapshot and set of failed checks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.events import Event, publish

#: After so many seconds a claim without an end belongs to somebody who died.
CLAIM_SECONDS = 60


@dataclass(frozen=True)
class Folder:
    """`s3://bucket/prefix/<snapshot>`: what one snapshot's check writes."""

    s3: Any
    bucket: str
    prefix: str

    @classmethod
    def of(cls, s3: Any, address: str, snapshot_id: str | None) -> Folder:
        parts = urlsplit(address)
        prefix = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.netloc or not prefix:
            raise BadInput(f"report is {address!r}; allowed is s3://bucket/prefix")
        return cls(s3, parts.netloc, f"{prefix}/{snapshot_id or 'empty'}")

    def address(self, name: str) -> str:
        """The address of a file in the folder."""
        return f"s3://{self.bucket}/{self.prefix}/{name}"

    def write(self, name: str, text: str, content_type: str, **conditions: str) -> None:
        """Writes a file; the SDK's error passes on, so that a verdict without a report is never believed."""
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"{self.prefix}/{name}",
            Body=text.encode(),
            ContentType=content_type,
            **conditions,
        )

    def write_json(self, name: str, document: Any, **conditions: str) -> None:
        self.write(name, f"{json.dumps(document, indent=2)}\n", "application/json", **conditions)

    def read_json(self, name: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")["Body"].read())


def send_once(
    folder: Folder,
    client: Any,
    bus: str,
    environment: str,
    event: Event,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Sends the event unless it was sent before; says whether it did.

    Whoever claims it by a conditional write sends it. A claim whose owner died is taken over after a minute: then the event
    may come twice, with the same id, but it is never lost.
    """
    name = f"events/{event.event_id}.json"
    try:
        folder.write_json(name, {"state": "sending", "since": _now()}, IfNoneMatch="*")
    except aws.AWS_ERRORS as error:
        if aws.error_code(error) not in {"PreconditionFailed", "ConditionalRequestConflict"}:
            raise
        if _sent_by_another(folder, name, sleep):
            return False
    try:
        publish(client, bus, environment, [event])
    except Exception:
        # whoever comes next need not wait for this claim to grow old
        folder.write_json(name, {"state": "refused", "since": _now()})
        raise
    folder.write_json(name, {"state": "sent", "since": _now()})
    return True


def _sent_by_another(folder: Folder, name: str, sleep: Callable[[float], None]) -> bool:
    """Waits until the other one has sent the event, or its claim is old."""
    for _ in range(CLAIM_SECONDS + 1):
        claim = folder.read_json(name)
        age = datetime.now(timezone.utc) - datetime.fromisoformat(claim["since"])
        if claim["state"] != "sending" or age.total_seconds() > CLAIM_SECONDS:
            return bool(claim["state"] == "sent")
        sleep(1)
    return False


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
