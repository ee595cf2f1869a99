"""Keeps the data of a model version: an Iceberg tag with a retention of its own.

Snapshots expire within days, on Glue as on S3 Tables, and with them the data that a model was trained on. A tag keeps its snapshot.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.tables.catalogs import open_table

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

MAX_RETENTION_DAYS = 36_500
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DAY_MS = 24 * 60 * 60 * 1000
_ATTEMPTS = 20


class TagConflict(RuntimeFault):
    """The tag names another snapshot: choose another name, or give that snapshot."""

    exit_code = 3


@dataclass(frozen=True)
class Frozen:
    """A tag and the snapshot that it keeps. Ids are text in JSON: they are longer than JavaScript counts."""

    table: str
    tag: str
    snapshot_id: int
    retention_days: int
    #: `frozen`, `unchanged`, or `extended` when only the retention grew.
    outcome: str
    metadata_location: str

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "table": self.table,
            "tag": self.tag,
            "snapshotId": str(self.snapshot_id),
            "retentionDays": self.retention_days,
            "outcome": self.outcome,
            "metadataLocation": self.metadata_location,
        }


def freeze(catalog: Catalog, name: str, tag: str, *, retention_days: int, snapshot_id: int | None = None) -> Frozen:
    """Tag the current snapshot, or the given one. A tag never moves; asking again for the same is fine, and may only lengthen it.

    Raises TagConflict when the tag names another snapshot.
    """
    from pyiceberg.exceptions import CommitFailedException

    if not _TAG.fullmatch(tag) or tag == "main" or tag.isdigit():
        raise BadInput(
            f"tag {tag!r} is not allowed; use 1 to 128 letters, digits, dots, hyphens or underscores, other than main, "
            "and not digits alone: those name a snapshot"
        )
    if not 1 <= retention_days <= MAX_RETENTION_DAYS:
        raise BadInput(
            f"retention of {retention_days} days is not allowed; give 1 to {MAX_RETENTION_DAYS}, the time that the model may have to be explained"
        )
    wanted = snapshot_id
    for _ in range(_ATTEMPTS):
        table = open_table(catalog, name)
        # settled once: a retry must not slip to a snapshot that came in between
        wanted = wanted if wanted is not None else _current(table)
        outcome = _outcome(table, tag, wanted, retention_days)
        if outcome == "unchanged":
            days = _days(table, tag)
            return Frozen(name, tag, wanted, days, outcome, table.metadata_location)
        try:
            table.manage_snapshots().create_tag(wanted, tag, max_ref_age_ms=retention_days * _DAY_MS).commit()
        except CommitFailedException:
            continue
        return Frozen(name, tag, wanted, retention_days, outcome, table.metadata_location)
    raise TagConflict(
        f"table {name} was changed by others {_ATTEMPTS} times in a row; run again with --snapshot {wanted}"
    )


def record(frozen: Frozen, uri: str) -> None:
    """Write what was frozen to s3://bucket/key, for whoever comes later."""
    address = urlsplit(uri)
    if address.scheme != "s3" or not address.netloc or not address.path.strip("/"):
        raise BadInput(f"record {uri!r} is not allowed; give s3://bucket/key")
    body = json.dumps(frozen.to_plain()).encode()
    aws.client("s3").put_object(
        Bucket=address.netloc, Key=address.path.lstrip("/"), Body=body, ContentType="application/json"
    )


def _current(table: Table) -> int:
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise BadInput(
            f"table {'.'.join(table.name())} has no data yet, so there is nothing to freeze; append to it first"
        )
    return int(snapshot.snapshot_id)


def _outcome(table: Table, tag: str, snapshot_id: int, retention_days: int) -> str:
    name = ".".join(table.name())
    existing = table.metadata.refs.get(tag)
    if existing is None:
        if table.metadata.snapshot_by_id(snapshot_id) is None:
            raise BadInput(f"table {name} has no snapshot {snapshot_id}; it may have expired: name one that exists")
        return "frozen"
    if existing.snapshot_ref_type != "tag":
        raise BadInput(f"{tag} is a branch of table {name}; choose another tag")
    if existing.snapshot_id != snapshot_id:
        raise TagConflict(
            f"tag {tag} of table {name} keeps snapshot {existing.snapshot_id}, not {snapshot_id}; tags never move: "
            f"choose another tag, or ask with --snapshot {existing.snapshot_id}"
        )
    age = existing.max_ref_age_ms
    return "unchanged" if age is None or age >= retention_days * _DAY_MS else "extended"


def _days(table: Table, tag: str) -> int:
    age = table.metadata.refs[tag].max_ref_age_ms
    return MAX_RETENTION_DAYS if age is None else age // _DAY_MS
