"""The contract of a table: a committed JSON file with Iceberg's own schema, its history, and what the values must keep to.

`data.DataContract` of the construct library writes the file; migrations and quality checks read it here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput

if TYPE_CHECKING:
    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.table.sorting import SortOrder

#: Key of a check in the file -> name of the attribute.
_CHECKS = {
    "min": "min",
    "max": "max",
    "oneOf": "one_of",
    "pattern": "pattern",
    "unique": "unique",
    "maxNullShare": "max_null_share",
    "maxAgeSeconds": "max_age_seconds",
}
_KEYS = {"table", "version", "schema", "partition-spec", "sort-order", "properties", "checks", "history"}
_VERSION_KEYS = {"version", "schema", "sort-order", "properties"}


@dataclass(frozen=True)
class ColumnCheck:
    """What the values of one column must keep to; None means: anything. Nulls are only looked at by `max_null_share`."""

    min: float | str | None = None
    max: float | str | None = None
    one_of: tuple[str | int | float | bool, ...] | None = None
    unique: bool = False
    max_null_share: float | None = None
    #: Regular expression (RE2) that is found in every value.
    pattern: str | None = None
    #: The newest value is not older.
    max_age_seconds: float | None = None


@dataclass(frozen=True)
class ContractVersion:
    """The shape of a table at one version."""

    version: int
    schema: Schema
    sort_order: SortOrder
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Contract:
    """One table's contract. `history` holds the versions before the current one, oldest first."""

    source: str
    table: str
    version: int
    schema: Schema
    partition_spec: PartitionSpec
    sort_order: SortOrder
    properties: Mapping[str, str] = field(default_factory=dict)
    #: By path of the column; inside a struct with dots.
    checks: Mapping[str, ColumnCheck] = field(default_factory=dict)
    history: tuple[ContractVersion, ...] = ()

    @property
    def versions(self) -> tuple[ContractVersion, ...]:
        """All versions, oldest first; the last one is the current one."""
        return (*self.history, ContractVersion(self.version, self.schema, self.sort_order, self.properties))

    @classmethod
    def load(cls, location: str | Path) -> Contract:
        """The contract at a path or an s3:// address. Raises BadInput that names the file and every fault in it."""
        return cls.parse(read_json(location), str(location))

    @classmethod
    def parse(cls, document: Any, source: str) -> Contract:
        """The contract in a JSON document. Raises BadInput that names the source and every fault."""
        reader = _Reader(source)
        contract = reader.contract(document)
        if reader.faults or contract is None:
            raise BadInput(f"contract {source}: {'; '.join(reader.faults)}")
        return contract


def read_json(location: str | Path) -> Any:
    """The JSON document at a path or an s3:// address."""
    try:
        return json.loads(_read(str(location)))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"contract {location} is no JSON: {error}; write it again with the construct library") from error


def _read(location: str) -> bytes:
    if not location.startswith("s3://"):
        try:
            return Path(location).read_bytes()
        except OSError as error:
            raise BadInput(
                f"contract {location} cannot be read: {error.strerror}; give a path or s3://bucket/key"
            ) from error
    address = urlsplit(location)
    try:
        body = aws.client("s3").get_object(Bucket=address.netloc, Key=address.path.lstrip("/"))["Body"]
        return bytes(body.read())
    except aws.AWS_ERRORS as error:
        if aws.error_code(error) in {"NoSuchKey", "NoSuchBucket"}:
            raise BadInput(f"contract {location} does not exist; give a path or s3://bucket/key") from error
        raise


class _Reader:
    """Collects faults; each names the place in the file, what stands there and what is allowed."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults: list[str] = []

    def contract(self, document: Any) -> Contract | None:
        if not isinstance(document, dict):
            self.faults.append(f"is {_show(document)}; allowed is an object with {', '.join(sorted(_KEYS))}")
            return None
        self._known(document, _KEYS, "")
        table = document.get("table")
        if not isinstance(table, str) or not table:
            self.faults.append(f"table is {_show(table)}; allowed is the table's name")
        version = self._version(document, "")
        schema = self._schema(document, "")
        spec = self._partition_spec(document)
        order = self._sort_order(document, "")
        properties = self._properties(document, "")
        history = self._history(document, version)
        if schema is None or spec is None or order is None or self.faults:
            return None
        checks = self._checks(document, schema)
        return Contract(self.source, str(table), version, schema, spec, order, properties, checks, tuple(history))

    def _history(self, document: dict[str, Any], version: int) -> list[ContractVersion]:
        entries = document.get("history", [])
        if not isinstance(entries, list):
            self.faults.append(f"history is {_show(entries)}; allowed is a list of earlier versions")
            return []
        found = []
        for index, entry in enumerate(entries):
            place = f"history[{index}]."
            if not isinstance(entry, dict):
                self.faults.append(f"{place[:-1]} is {_show(entry)}; allowed is an object with version and schema")
                continue
            self._known(entry, _VERSION_KEYS, place)
            number, schema = self._version(entry, place), self._schema(entry, place)
            order, properties = self._sort_order(entry, place), self._properties(entry, place)
            if schema is not None and order is not None:
                found.append(ContractVersion(number, schema, order, properties))
        numbers = [one.version for one in found]
        if not self.faults and numbers != list(range(1, version)):
            self.faults.append(f"history has versions {numbers}; allowed are 1 to {version - 1} in order, each once")
        return found

    def _version(self, document: dict[str, Any], place: str) -> int:
        version = document.get("version")
        if isinstance(version, int) and not isinstance(version, bool) and version >= 1:
            return version
        self.faults.append(f"{place}version is {_show(version)}; allowed is an integer of 1 or more")
        return 1

    def _schema(self, document: dict[str, Any], place: str) -> Schema | None:
        from pyiceberg.schema import Schema

        parsed: Schema | None = self._iceberg(Schema, document.get("schema"), f"{place}schema")
        if parsed is None:
            return None
        if not parsed.fields:
            self.faults.append(f"{place}schema.fields is empty; allowed is at least one field")
        ids = _ids(document["schema"])
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            self.faults.append(
                f"{place}schema has id {twice} more than once; allowed is a number of its own for each field"
            )
        return parsed

    def _partition_spec(self, document: dict[str, Any]) -> PartitionSpec | None:
        from pyiceberg.partitioning import PartitionSpec

        fields = document.get("partition-spec", [])
        parsed: PartitionSpec | None = self._iceberg(PartitionSpec, {"spec-id": 0, "fields": fields}, "partition-spec")
        self._sources(parsed, document, "partition-spec")
        return parsed

    def _sort_order(self, document: dict[str, Any], place: str) -> SortOrder | None:
        from pyiceberg.table.sorting import SortOrder

        fields = document.get("sort-order", [])
        order_id = 1 if fields else 0
        parsed: SortOrder | None = self._iceberg(
            SortOrder, {"order-id": order_id, "fields": fields}, f"{place}sort-order"
        )
        self._sources(parsed, document, f"{place}sort-order")
        return parsed

    def _iceberg(self, kind: Any, given: Any, place: str) -> Any:
        """What pyiceberg makes of Iceberg's JSON."""
        try:
            return kind.model_validate(given)
        except (ValueError, TypeError) as error:
            self.faults.append(f"{place} is not Iceberg's JSON (appendix C of its specification): {_reasons(error)}")
            return None

    def _sources(self, parsed: Any, document: dict[str, Any], place: str) -> None:
        ids = _ids(document.get("schema"))
        for one in parsed.fields if parsed is not None else ():
            if ids and one.source_id not in ids:
                self.faults.append(f"{place} has source-id {one.source_id}, which is no field of the schema")

    def _properties(self, document: dict[str, Any], place: str) -> dict[str, str]:
        given = document.get("properties", {})
        if isinstance(given, dict) and all(isinstance(value, str) for value in given.values()):
            return given
        self.faults.append(f"{place}properties is {_show(given)}; allowed is an object of texts")
        return {}

    def _checks(self, document: dict[str, Any], schema: Schema) -> dict[str, ColumnCheck]:
        given = document.get("checks", {})
        if not isinstance(given, dict):
            self.faults.append(f"checks is {_show(given)}; allowed is an object from column to check")
            return {}
        checks = {}
        for column, check in given.items():
            if schema._name_to_id.get(column) is None:
                self.faults.append(f"checks names column {column!r}, which is not in schema; allowed are its columns")
            elif not isinstance(check, dict):
                self.faults.append(f"checks.{column} is {_show(check)}; allowed is an object with {', '.join(_CHECKS)}")
            else:
                checks[column] = self._check(check, f"checks.{column}")
        return checks

    def _check(self, check: dict[str, Any], place: str) -> ColumnCheck:
        self._known(check, set(_CHECKS), f"{place}.")
        for bound in ("min", "max"):
            if bound in check and not (_number(check[bound]) or isinstance(check[bound], str)):
                self.faults.append(
                    f"{place}.{bound} is {_show(check[bound])}; allowed is a number, or text for dates and times"
                )
        one_of = check.get("oneOf")
        if one_of is not None and not (
            isinstance(one_of, list) and one_of and all(isinstance(value, (str, int, float)) for value in one_of)
        ):
            self.faults.append(f"{place}.oneOf is {_show(one_of)}; allowed is a list of at least one text or number")
            one_of = None
        if not isinstance(check.get("unique", False), bool):
            self.faults.append(f"{place}.unique is {_show(check['unique'])}; allowed are true and false")
        share = check.get("maxNullShare", 0)
        if not _number(share) or not 0 <= share <= 1:
            self.faults.append(f"{place}.maxNullShare is {_show(share)}; allowed is a number from 0 to 1")
        if not isinstance(check.get("pattern", ""), str):
            self.faults.append(f"{place}.pattern is {_show(check['pattern'])}; allowed is a regular expression as text")
        age = check.get("maxAgeSeconds", 1)
        if not _number(age) or age <= 0:
            self.faults.append(f"{place}.maxAgeSeconds is {_show(age)}; allowed is a number above 0")
        known = {_CHECKS[key]: value for key, value in check.items() if key in _CHECKS}
        return ColumnCheck(**{**known, "one_of": None if one_of is None else tuple(one_of)})

    def _known(self, document: dict[str, Any], allowed: set[str], place: str) -> None:
        for key in sorted(set(document) - allowed):
            self.faults.append(f"{place}{key} is not known; allowed are {', '.join(sorted(allowed))}")


def _ids(node: Any) -> list[int]:
    """Every field id of a schema in JSON, at whatever depth."""
    if isinstance(node, list):
        return [one for item in node for one in _ids(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("id", "element-id", "key-id", "value-id") if isinstance(node.get(key), int)]
    return own + [one for value in node.values() for one in _ids(value)]


def _reasons(error: Exception) -> str:
    """What pydantic found, each with its place and without its links."""
    details = getattr(error, "errors", None)
    if details is None:
        return " ".join(str(error).split())
    found = [(".".join(str(part) for part in one["loc"]), one["msg"]) for one in details()]
    return ", ".join(f"{place}: {message}" if place else message for place, message in found)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _show(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
