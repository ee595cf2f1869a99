"""The release record against real conditional writes."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest

from forks import Command
from ml_platform_runtime.errors import BadInput, ReleaseConflict
from ml_platform_runtime.record import Release
from ml_platform_runtime.releases import ReleaseClient
from support import surroundings


def release(version: str, **more: str) -> Release:
    return Release(version=version, artifact_uri=f"s3://models/fraud/{version}", **more)


def test_a_model_that_was_never_promoted_has_no_record(releases: ReleaseClient) -> None:
    assert releases.read("fraud") is None
    assert list(releases.history("fraud")) == []


def test_the_first_promotion_writes_the_attributes_that_the_contract_names(
    releases: ReleaseClient, dynamodb: Any, table: str
) -> None:
    releases.promote(
        "fraud",
        release("1", run_id="r1", data_tag="t1", data_snapshot="5", code_revision="c1"),
        by="ann",
        reason="first",
    )
    items = dynamodb.scan(TableName=table)["Items"]
    assert sorted(item["item"]["S"] for item in items) == ["CURRENT", "SEQ#000000000001"]
    current = next(item for item in items if item["item"]["S"] == "CURRENT")
    assert current.pop("updatedAt")["S"].endswith("Z")
    assert current == {
        "model": {"S": "fraud"},
        "item": {"S": "CURRENT"},
        "schemaVersion": {"N": "1"},
        "sequence": {"N": "1"},
        "champion": {
            "M": {
                "version": {"S": "1"},
                "artifactUri": {"S": "s3://models/fraud/1"},
                "imageDigest": {"NULL": True},
                "runId": {"S": "r1"},
                "dataTag": {"S": "t1"},
                "dataSnapshot": {"S": "5"},
                "codeRevision": {"S": "c1"},
            }
        },
        "previous": {"NULL": True},
        "split": {"M": {"champion": {"N": "100"}}},
        "updatedBy": {"S": "ann"},
        "reason": {"S": "first"},
    }


def test_a_record_read_back_equals_the_record_written(releases: ReleaseClient) -> None:
    releases.promote("fraud", release("1"), by="ann")
    releases.promote("fraud", release("2", image_digest="sha256:ab"), by="bob", reason="better")
    written = releases.rollback("fraud", by="eve", reason="worse").record
    assert releases.read("fraud") == written


def test_promotion_keeps_the_former_champion_as_previous_and_history_grows(releases: ReleaseClient) -> None:
    releases.promote("fraud", release("1"), by="ann")
    change = releases.promote("fraud", release("2"), by="ann", expected_sequence=1)
    assert change.record.previous == release("1")
    assert [entry.champion.version for entry in releases.history("fraud")] == ["2", "1"]
    assert [entry.sequence for entry in releases.history("fraud", newest_first=False)] == [1, 2]


def test_promoting_the_champion_again_changes_nothing_and_keeps_previous(releases: ReleaseClient) -> None:
    releases.promote("fraud", release("1"), by="ann")
    releases.promote("fraud", release("2"), by="ann")
    change = releases.promote("fraud", release("2"), by="ann")
    assert not change.written
    assert (change.record.sequence, change.record.previous) == (2, release("1"))


@pytest.mark.parametrize("expected", [0, 2])
def test_an_unexpected_sequence_is_a_conflict_that_writes_nothing(releases: ReleaseClient, expected: int) -> None:
    before = releases.promote("fraud", release("1"), by="ann").record
    with pytest.raises(ReleaseConflict, match=f"is at sequence 1, expected was {expected}"):
        releases.promote("fraud", release("2"), by="bob", expected_sequence=expected)
    with pytest.raises(ReleaseConflict):
        releases.rollback("fraud", by="bob", expected_sequence=expected)
    assert releases.read("fraud") == before


@pytest.mark.parametrize("first", [True, False], ids=["first promotion", "later promotion"])
def test_of_writers_that_race_one_wins_and_the_others_are_told(table: str, aws: str, first: bool) -> None:
    def client() -> ReleaseClient:
        return ReleaseClient(table, boto3.session.Session().client("dynamodb", endpoint_url=aws))

    writers = 4
    if not first:
        client().promote("fraud", release("0"), by="ann")
    barrier = threading.Barrier(writers)

    class Gate(ReleaseClient):
        """Everybody has read the record before anybody writes it."""

        def _write(self, before: Any, after: Any) -> Any:
            barrier.wait(10)
            return super()._write(before, after)

    def race(number: int) -> str:
        gate = Gate(table, boto3.session.Session().client("dynamodb", endpoint_url=aws))
        try:
            return gate.promote("fraud", release(str(number)), by=f"writer-{number}").record.champion.version
        except ReleaseConflict:
            return "conflict"

    with ThreadPoolExecutor(writers) as pool:
        outcomes = list(pool.map(race, range(1, writers + 1)))
    assert outcomes.count("conflict") == writers - 1
    winner = next(outcome for outcome in outcomes if outcome != "conflict")
    record = client().read("fraud")
    assert record is not None
    assert (record.champion.version, record.updated_by) == (winner, f"writer-{winner}")
    assert len(list(client().history("fraud"))) == record.sequence == (1 if first else 2)


def test_rollback_returns_to_previous_quarantines_the_bad_version_and_goes_forward_in_sequence(
    releases: ReleaseClient,
) -> None:
    releases.promote("fraud", release("1"), by="ann")
    releases.promote("fraud", release("2"), by="ann")
    record = releases.rollback("fraud", by="bob", reason="bad").record
    assert (record.sequence, record.champion, record.quarantined) == (3, release("1"), frozenset({"2"}))


def test_a_second_rollback_goes_further_back_and_never_forward_to_the_bad_version(releases: ReleaseClient) -> None:
    for version in ("1", "2", "3"):
        releases.promote("fraud", release(version), by="ann")
    assert releases.rollback("fraud", by="bob").record.champion == release("2")
    assert releases.rollback("fraud", by="bob").record.champion == release("1")
    with pytest.raises(BadInput, match="no previous version to roll back to \\(champion is version 1\\)"):
        releases.rollback("fraud", by="bob")


def test_rolling_back_what_was_never_promoted_is_refused(releases: ReleaseClient) -> None:
    with pytest.raises(BadInput, match="fraud was never promoted"):
        releases.rollback("fraud", by="bob")


def test_a_quarantined_version_needs_an_override_with_a_reason(releases: ReleaseClient) -> None:
    releases.promote("fraud", release("1"), by="ann")
    releases.promote("fraud", release("2"), by="ann")
    releases.rollback("fraud", by="bob")
    with pytest.raises(BadInput, match="version 2 of fraud is quarantined"):
        releases.promote("fraud", release("2"), by="ann", reason="again")
    with pytest.raises(BadInput, match="needs --reason"):
        releases.promote("fraud", release("2"), by="ann", override=True)
    record = releases.promote("fraud", release("2"), by="ann", override=True, reason="fixed the feature").record
    assert (record.champion, record.quarantined) == (release("2"), frozenset())


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "models:/m-1",
        "mlflow-artifacts:/1/x",
        "file:///tmp/x",
        "s3://bucket",
        "s3://bucket/",
        "s3://b/x",
        "s3://Bucket/x",
    ],
)
def test_an_artifact_address_that_is_no_folder_on_s3_is_refused(releases: ReleaseClient, uri: str) -> None:
    with pytest.raises(BadInput, match="artifactUri is"):
        releases.promote("fraud", Release("1", uri), by="ann")
    assert releases.read("fraud") is None


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "../x", "x" * 129])
def test_a_model_name_that_cannot_stand_in_an_address_is_refused(releases: ReleaseClient, name: str) -> None:
    with pytest.raises(BadInput, match="allowed are 1 to 128"):
        releases.read(name)


def test_a_record_of_a_newer_schema_is_not_overwritten(releases: ReleaseClient, dynamodb: Any, table: str) -> None:
    releases.promote("fraud", release("1"), by="ann")
    dynamodb.update_item(
        TableName=table,
        Key={"model": {"S": "fraud"}, "item": {"S": "CURRENT"}},
        UpdateExpression="SET schemaVersion = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
    )
    with pytest.raises(BadInput, match="schemaVersion of the release record is 2; this runtime reads 1"):
        releases.promote("fraud", release("2"), by="ann")


def test_of_eight_processes_that_promote_at_once_one_wins_and_the_others_end_with_3(
    table: str, aws: str, s3: Any, bucket: str, tmp_path: Path
) -> None:
    writers = range(1, 9)
    for number in writers:
        s3.put_object(Bucket=bucket, Key=f"race/{number}/MLmodel", Body=b"flavors: {}\n")
    environment = surroundings({"AWS_ENDPOINT_URL": aws, "ML_RELEASE_TABLE": table})
    processes = [
        Command(
            [
                *("promote", "--model", "fraud", "--version", str(number), "--by", f"writer-{number}"),
                *("--artifact-uri", f"s3://{bucket}/race/{number}", "--expected-sequence", "0"),
            ],
            environment,
            tmp_path,
        )
        for number in writers
    ]
    told = [(done.stdout, done.stderr, done.returncode) for done in (process.finish() for process in processes)]
    assert sorted(code for *_, code in told) == [0, 3, 3, 3, 3, 3, 3, 3], told
    winner = next(json.loads(output) for output, _, code in told if code == 0)
    for output, errors, code in told:
        if code == 3:
            assert output == ""
            assert "error: the release record of fraud" in errors
            assert "nothing was written; read it again, then decide again" in errors
    client = ReleaseClient(table, boto3.session.Session().client("dynamodb", endpoint_url=aws))
    history = list(client.history("fraud"))
    assert [(entry.sequence, entry.champion.version) for entry in history] == [(1, winner["champion"]["version"])]
    assert client.read("fraud") == history[0]


def test_no_state_of_the_history_is_ever_written_over(releases: ReleaseClient, dynamodb: Any, table: str) -> None:
    for version in ("1", "2", "3"):
        releases.promote("fraud", release(version), by="ann")
    before = list(releases.history("fraud"))
    # somebody with more rights puts an old state back: the next sequence is one that the history has
    dynamodb.put_item(TableName=table, Item=before[1].to_item("CURRENT"))
    with pytest.raises(ReleaseConflict, match="nothing was written"):
        releases.promote("fraud", release("9"), by="mallory")
    with pytest.raises(ReleaseConflict, match="nothing was written"):
        releases.rollback("fraud", by="mallory")
    assert list(releases.history("fraud")) == before


def test_the_current_records_of_all_models_are_read_without_their_history(releases: ReleaseClient) -> None:
    for model, version in (("fraud", "1"), ("fraud", "2"), ("churn", "7")):
        releases.promote(model, release(version), by="ann")
    assert {record.model: record.champion.version for record in releases.current()} == {"fraud": "2", "churn": "7"}


def test_a_table_is_found_by_its_arn_as_well_for_it_may_stand_in_another_account(table: str, dynamodb: Any) -> None:
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    by_arn = ReleaseClient(arn, dynamodb)
    by_arn.promote("fraud", release("1"), by="ann")
    assert by_arn.read("fraud") == ReleaseClient(table, dynamodb).read("fraud")
    assert len(list(by_arn.history("fraud"))) == len(list(by_arn.current())) == 1
