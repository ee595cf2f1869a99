"""Freezing: the data of a model version outlives the expiry of snapshots."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from ml_platform_runtime.cli import main
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.tables.freeze import TagConflict, freeze
from ml_platform_runtime.tables.references import mlflow_tags, read_state
from tables_support import field, make_table

pytest_plugins = ["tables_fixtures"]

ROWS = pa.schema([pa.field("id", pa.int64(), nullable=False)])
DAY_MS = 24 * 60 * 60 * 1000


def append(table: Table, *ids: int) -> int:
    table.append(pa.table({"id": pa.array(ids, pa.int64())}, schema=ROWS))
    snapshot = table.current_snapshot()
    assert snapshot
    return snapshot.snapshot_id


def ids_of(table: Table, snapshot_id: int | None = None) -> list[int]:
    return sorted(table.scan(snapshot_id=snapshot_id).to_arrow()["id"].to_pylist())


def snapshots(table: Table) -> set[int]:
    return {one.snapshot_id for one in table.metadata.snapshots}


def test_a_tag_keeps_its_rows_while_everything_else_expires(
    glue: Catalog, name: str, s3: Any, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_table(glue, name, [field(1, "id", "long", required=True)])
    untagged = append(table, 1)
    trained_on = append(table, 2)
    arguments = [
        "--table",
        name,
        "--tag",
        "fraud-v3",
        "--retention-days",
        "730",
        "--record",
        f"s3://{bucket}/frozen.json",
    ]
    assert main(["tables-freeze", *arguments]) == 0
    table = glue.load_table(name)
    # training data is replaced, as a correction does it: the rows of the tag are in no later snapshot
    table.delete("id == 2")
    latest = append(table, 3)
    assert {untagged, trained_on, latest} <= snapshots(table)

    time.sleep(0.01)
    table.maintenance.expire_snapshots().older_than(datetime.now() + timedelta(days=1)).commit()

    table = glue.load_table(name)
    assert snapshots(table) == {trained_on, latest}
    with pytest.raises(ValueError, match=f"Snapshot not found: {untagged}"):
        ids_of(table, untagged)
    state = read_state(f"{name}@fraud-v3")
    assert sorted(state.scan().to_arrow()["id"].to_pylist()) == [1, 2]
    assert mlflow_tags(state) == {
        "ml-platform.data-tag": f"{name}@fraud-v3",
        "ml-platform.data-snapshot": str(trained_on),
    }
    assert ids_of(table) == [1, 3]
    answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert answer == {
        "table": name,
        "tag": "fraud-v3",
        "snapshotId": str(trained_on),
        "retentionDays": 730,
        "outcome": "frozen",
        "metadataLocation": answer["metadataLocation"],
    }
    assert json.loads(s3.get_object(Bucket=bucket, Key="frozen.json")["Body"].read()) == answer


def test_the_retention_stands_in_the_tag_itself(sql: Catalog, name: str) -> None:
    snapshot = append(make_table(sql, name, [field(1, "id", "long", required=True)]), 1)

    freeze(sql, name, "v1", retention_days=30)

    ref = sql.load_table(name).metadata.refs["v1"]
    assert (ref.snapshot_id, str(ref.snapshot_ref_type), ref.max_ref_age_ms) == (snapshot, "tag", 30 * DAY_MS)


def test_asking_again_changes_nothing_and_may_only_lengthen_the_retention(sql: Catalog, name: str) -> None:
    append(make_table(sql, name, [field(1, "id", "long", required=True)]), 1)
    freeze(sql, name, "v1", retention_days=30)
    before = sql.load_table(name).metadata_location

    shorter = freeze(sql, name, "v1", retention_days=7)
    assert (shorter.outcome, shorter.retention_days) == ("unchanged", 30)
    assert sql.load_table(name).metadata_location == before

    longer = freeze(sql, name, "v1", retention_days=90)
    assert (longer.outcome, longer.retention_days) == ("extended", 90)
    assert sql.load_table(name).metadata.refs["v1"].max_ref_age_ms == 90 * DAY_MS


def test_a_tag_never_moves_to_another_snapshot(sql: Catalog, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = make_table(sql, name, [field(1, "id", "long", required=True)])
    first = append(table, 1)
    freeze(sql, name, "v1", retention_days=30)
    second = append(sql.load_table(name), 2)

    assert main(["tables-freeze", "--table", name, "--tag", "v1", "--retention-days", "30"]) == 3

    assert (
        f"tag v1 of table {name} keeps snapshot {first}, not {second}; tags never move: choose another tag, "
        f"or ask with --snapshot {first}"
    ) in capsys.readouterr().err
    assert sql.load_table(name).metadata.refs["v1"].snapshot_id == first
    assert freeze(sql, name, "v1", retention_days=30, snapshot_id=first).outcome == "unchanged"
    assert freeze(sql, name, "v2", retention_days=30, snapshot_id=first).snapshot_id == first


def test_a_lost_race_keeps_the_snapshot_that_was_seen_first(
    sql: Catalog, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table(sql, name, [field(1, "id", "long", required=True)])
    seen = append(table, 1)
    commit = type(sql).commit_table
    raced: list[bool] = []

    def after_another_tag(self: Catalog, *arguments: Any) -> Any:
        if not raced:
            raced.append(True)
            append(sql.load_table(name), 2)
            freeze(sql, name, "v1", retention_days=5, snapshot_id=seen)
        return commit(self, *arguments)

    monkeypatch.setattr(type(sql), "commit_table", after_another_tag)

    assert freeze(sql, name, "v1", retention_days=30).snapshot_id == seen
    assert sql.load_table(name).metadata.refs["v1"].snapshot_id == seen


@pytest.mark.parametrize(
    ("tag", "days", "message"),
    [
        ("main", 30, "tag 'main' is not allowed"),
        ("a b", 30, "tag 'a b' is not allowed; use 1 to 128 letters"),
        ("2026", 30, "tag '2026' is not allowed; .* not digits alone: those name a snapshot"),
        ("v1", 0, "retention of 0 days is not allowed; give 1 to 36500"),
        ("v1", 30, "has no data yet, so there is nothing to freeze"),
    ],
)
def test_what_cannot_be_frozen_is_refused(sql: Catalog, name: str, tag: str, days: int, message: str) -> None:
    make_table(sql, name, [field(1, "id", "long", required=True)])
    with pytest.raises(BadInput, match=message):
        freeze(sql, name, tag, retention_days=days)


def test_a_snapshot_that_is_gone_cannot_be_frozen(sql: Catalog, name: str) -> None:
    append(make_table(sql, name, [field(1, "id", "long", required=True)]), 1)
    with pytest.raises(BadInput, match="has no snapshot 12; it may have expired"):
        freeze(sql, name, "v1", retention_days=30, snapshot_id=12)


def test_a_branch_is_no_tag(sql: Catalog, name: str) -> None:
    table = make_table(sql, name, [field(1, "id", "long", required=True)])
    snapshot = append(table, 1)
    table.manage_snapshots().create_branch(snapshot, "audit").commit()
    with pytest.raises(BadInput, match="audit is a branch of table"):
        freeze(sql, name, "audit", retention_days=30)


def test_a_table_that_is_always_changed_ends_in_a_conflict(
    sql: Catalog, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyiceberg.exceptions import CommitFailedException

    append(make_table(sql, name, [field(1, "id", "long", required=True)]), 1)

    def refused(*_: Any) -> None:
        raise CommitFailedException("somebody else")

    monkeypatch.setattr(type(sql), "commit_table", refused)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(TagConflict, match="run again with --snapshot"):
        freeze(sql, name, "v1", retention_days=30)
