"""The release record: what production believes about one model, as it lies in DynamoDB and on disk.

Key: `model` (partition) and `item` (sort). `CURRENT` is the truth; `SEQ#000000000007` are its former states, never changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from ml_platform_runtime.errors import BadInput

SCHEMA_VERSION = 1
CURRENT = "CURRENT"
HISTORY_PREFIX = "SEQ#"

_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,127}")
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S.*")
# Attribute name in the record -> field of Release.
_RELEASE_FIELDS = {
    "version": "version",
    "artifactUri": "artifact_uri",
    "imageDigest": "image_digest",
    "runId": "run_id",
    "dataTag": "data_tag",
    "dataSnapshot": "data_snapshot",
    "codeRevision": "code_revision",
}


@dataclass(frozen=True)
class Release:
    """One version of a model: where its artifact lies and what made it."""

    version: str
    artifact_uri: str
    image_digest: str | None = None
    run_id: str | None = None
    data_tag: str | None = None
    data_snapshot: str | None = None
    code_revision: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two releases the same thing to a server."""
        return self.version, self.artifact_uri

    def check(self) -> None:
        """Raise BadInput unless this release could be served."""
        if not self.version:
            raise BadInput("version is empty; give the version of the model that is to be promoted")
        if not _S3_URI.fullmatch(self.artifact_uri):
            raise BadInput(
                f"artifactUri is {self.artifact_uri!r}; allowed is s3://bucket/prefix, the folder that holds MLmodel"
            )

    def to_plain(self) -> dict[str, Any]:
        """The attributes of the record, as plain data."""
        return {name: getattr(self, attribute) for name, attribute in _RELEASE_FIELDS.items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Release:
        """The opposite of to_plain; attributes that we do not know are left out."""
        values: dict[str, Any] = {attribute: plain.get(name) for name, attribute in _RELEASE_FIELDS.items()}
        return cls(**values)


@dataclass(frozen=True)
class ReleaseRecord:
    """The whole record of one model at one sequence number."""

    model: str
    sequence: int
    champion: Release
    previous: Release | None = None
    split: Mapping[str, int] = field(default_factory=lambda: {"champion": 100})
    quarantined: frozenset[str] = frozenset()
    updated_at: str = ""
    updated_by: str = ""
    reason: str = ""
    schema_version: int = SCHEMA_VERSION

    def to_plain(self) -> dict[str, Any]:
        """Plain data with the record's own attribute names, fit for JSON."""
        return {
            "model": self.model,
            "schemaVersion": self.schema_version,
            "sequence": self.sequence,
            "champion": self.champion.to_plain(),
            "previous": self.previous.to_plain() if self.previous else None,
            "split": dict(self.split),
            "quarantined": sorted(self.quarantined),
            "updatedAt": self.updated_at,
            "updatedBy": self.updated_by,
            "reason": self.reason,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ReleaseRecord:
        """Raises BadInput for a record of a newer schema or one that lacks what serving needs."""
        version = int(plain.get("schemaVersion", 0))
        if version != SCHEMA_VERSION:
            raise BadInput(
                f"schemaVersion of the release record is {version}; this runtime reads {SCHEMA_VERSION}; update the runtime's image"
            )
        try:
            record = cls(
                model=str(plain["model"]),
                sequence=int(plain["sequence"]),
                champion=Release.from_plain(plain["champion"]),
                previous=Release.from_plain(plain["previous"]) if plain.get("previous") else None,
                split={name: int(share) for name, share in plain.get("split", {"champion": 100}).items()},
                quarantined=frozenset(plain.get("quarantined") or ()),
                updated_at=str(plain.get("updatedAt", "")),
                updated_by=str(plain.get("updatedBy", "")),
                reason=str(plain.get("reason", "")),
            )
            record.champion.check()
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"the release record cannot be read: {type(error).__name__} {error}") from error
        return record

    def to_item(self, item: str) -> dict[str, Any]:
        """The record as DynamoDB's typed attributes under the sort key `item`."""
        plain: dict[str, Any] = {**self.to_plain(), "item": item}
        # DynamoDB knows no empty set: no quarantine is no attribute.
        plain.pop("quarantined")
        if self.quarantined:
            plain["quarantined"] = set(self.quarantined)
        serialize = TypeSerializer().serialize
        return {name: serialize(value) for name, value in plain.items()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> ReleaseRecord:
        """The opposite of to_item."""
        deserialize = TypeDeserializer().deserialize
        return cls.from_plain({name: deserialize(value) for name, value in item.items()})


def history_item(sequence: int) -> str:
    """The sort key of the history entry of one sequence number."""
    return f"{HISTORY_PREFIX}{sequence:012d}"


def check_model_name(name: str) -> None:
    """Raise BadInput unless the name can stand in a key, an address and a folder."""
    if not _MODEL_NAME.fullmatch(name):
        raise BadInput(
            f"model is {name!r}; allowed are 1 to 128 letters, digits, dots, dashes, underscores and spaces, starting with a letter or digit"
        )
