"""Reading and moving the release record: compare-and-swap by DynamoDB's conditional writes, nothing else on the path.

Rights: readers need dynamodb:GetItem; the lifecycle role also dynamodb:PutItem and dynamodb:Query.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import ClientError

from ml_platform_runtime.errors import BadInput, ReleaseConflict
from ml_platform_runtime.record import CURRENT, HISTORY_PREFIX, Release, ReleaseRecord, check_model_name, history_item

_WRITE_ATTEMPTS = 5


@dataclass(frozen=True)
class Change:
    """The outcome of a promotion or rollback. `written` is false when the record already said so."""

    record: ReleaseRecord
    before: ReleaseRecord | None
    written: bool = True


def _utc_now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ReleaseClient:
    """The release records of one table."""

    def __init__(self, table: str, dynamodb: Any, now: Callable[[], str] = _utc_now) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._now = now

    def read(self, model: str, *, consistent: bool = True) -> ReleaseRecord | None:
        """The current record, or None before the first promotion."""
        check_model_name(model)
        key = {"model": {"S": model}, "item": {"S": CURRENT}}
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=consistent).get("Item")
        return ReleaseRecord.from_item(item) if item else None

    def history(self, model: str, *, newest_first: bool = True) -> Iterator[ReleaseRecord]:
        """Every state that the record ever had."""
        check_model_name(model)
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#model = :model AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#model": "model", "#item": "item"},
            ExpressionAttributeValues={":model": {"S": model}, ":prefix": {"S": HISTORY_PREFIX}},
            ScanIndexForward=not newest_first,
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(ReleaseRecord.from_item, page["Items"])

    def current(self) -> Iterator[ReleaseRecord]:
        """The current record of every model. Reads the whole table, history included: for checks, not for servers. Needs dynamodb:Scan."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="#item = :current",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":current": {"S": CURRENT}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(ReleaseRecord.from_item, page["Items"])

    def promote(
        self,
        model: str,
        release: Release,
        *,
        expected_sequence: int | None = None,
        by: str,
        reason: str = "",
        override: bool = False,
    ) -> Change:
        """Make `release` the champion; the champion of before becomes `previous`.

        Without `expected_sequence` the write is still conditional on the record that was read here. Promoting the champion
        again changes nothing. Raises ReleaseConflict when somebody else was faster, BadInput for a quarantined version.
        """
        release.check()
        before = self.read(model)
        sequence = before.sequence if before else 0
        _expect(model, expected_sequence, sequence)
        if before and before.champion.key == release.key:
            return Change(before, before, written=False)
        quarantined = before.quarantined if before else frozenset()
        if release.version in quarantined:
            if not override:
                raise BadInput(
                    f"version {release.version} of {model} is quarantined because it was rolled back; promote another version, or pass --override with --reason"
                )
            if not reason:
                raise BadInput(
                    f"promoting the quarantined version {release.version} of {model} needs --reason beside --override"
                )
        after = ReleaseRecord(
            model=model,
            sequence=sequence + 1,
            champion=release,
            previous=before.champion if before else None,
            quarantined=quarantined - {release.version},
            updated_at=self._now(),
            updated_by=by,
            reason=reason,
        )
        return self._write(before, after)

    def rollback(self, model: str, *, expected_sequence: int | None = None, by: str, reason: str = "") -> Change:
        """Make `previous` the champion again and quarantine the version that leaves: one conditional write."""
        before = self.read(model)
        if before is None:
            raise BadInput(f"{model} was never promoted, so there is nothing to roll back")
        _expect(model, expected_sequence, before.sequence)
        if before.previous is None:
            raise BadInput(
                f"{model} has no previous version to roll back to (champion is version {before.champion.version}); promote a version instead"
            )
        quarantined = before.quarantined | {before.champion.version}
        after = replace(
            before,
            sequence=before.sequence + 1,
            champion=before.previous,
            previous=self._predecessor(model, before.previous, quarantined),
            split={"champion": 100},
            quarantined=quarantined - {before.previous.version},
            updated_at=self._now(),
            updated_by=by,
            reason=reason,
        )
        return self._write(before, after)

    def _predecessor(self, model: str, release: Release, quarantined: frozenset[str]) -> Release | None:
        """What stood before `release` when it last became champion, so that a second rollback goes further back."""
        for entry in self.history(model):
            if entry.champion.key == release.key:
                previous = entry.previous
                return previous if previous and previous.version not in quarantined else None
        return None

    def _write(self, before: ReleaseRecord | None, after: ReleaseRecord) -> Change:
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(#model)",
            "ExpressionAttributeNames": {"#model": "model"},
        }
        if before:
            condition = {
                "ConditionExpression": "#sequence = :expected",
                "ExpressionAttributeNames": {"#sequence": "sequence"},
                "ExpressionAttributeValues": {":expected": {"N": str(before.sequence)}},
            }
        history = {"ConditionExpression": "attribute_not_exists(#item)", "ExpressionAttributeNames": {"#item": "item"}}
        self._transact(
            after.model,
            [
                {"Put": {"TableName": self._table, "Item": after.to_item(CURRENT), **condition}},
                {"Put": {"TableName": self._table, "Item": after.to_item(history_item(after.sequence)), **history}},
            ],
        )
        return Change(after, before)

    def _transact(self, model: str, items: list[dict[str, Any]]) -> None:
        # One token for all attempts: a write whose answer got lost is not taken for somebody else's.
        token = uuid.uuid4().hex
        for attempt in range(1, _WRITE_ATTEMPTS + 1):
            try:
                self._dynamodb.transact_write_items(TransactItems=items, ClientRequestToken=token)
                return
            except ClientError as error:
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" in reasons:
                    raise ReleaseConflict(
                        f"the release record of {model} was changed by somebody else at the same time; nothing was written; read it again, then decide again"
                    ) from error
                # Two transactions met on the item; neither has won yet.
                if "TransactionConflict" not in reasons or attempt == _WRITE_ATTEMPTS:
                    raise
                time.sleep(0.05 * attempt)


def _expect(model: str, expected: int | None, found: int) -> None:
    if expected is not None and expected != found:
        raise ReleaseConflict(
            f"the release record of {model} is at sequence {found}, expected was {expected}; nothing was written; read it again, then decide again"
        )
