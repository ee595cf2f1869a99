"""The follower in this process: real record, real S3, really trained models; only the faults are made."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from conftest import Trained
from ml_platform_runtime.artifacts import ArtifactStore
from ml_platform_runtime.follower import Follower, RetryPolicy
from ml_platform_runtime.last_good import LastGood
from ml_platform_runtime.metrics import ServerMetrics
from ml_platform_runtime.models import LoadedModel, ModelLoader
from ml_platform_runtime.record import Release, ReleaseRecord
from ml_platform_runtime.releases import ReleaseClient
from support import free_port, wait_until

_numbers = itertools.count(1)


@dataclass
class Rig:
    """A follower and what stands around it."""

    releases: ReleaseClient
    s3: Any
    cache: Path
    loads: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    metrics: ServerMetrics = field(default_factory=lambda: ServerMetrics("fraud"))
    read: Callable[[bool], ReleaseRecord | None] | None = None
    follower: Follower | None = None

    def start(self, retry: float = 0.2) -> Follower:
        """A new follower on the same disk, as after a restart."""
        self.metrics = ServerMetrics("fraud")
        self.loads.clear()
        self.follower = Follower(
            read=self.read or (lambda consistent: self.releases.read("fraud", consistent=consistent)),
            store=ArtifactStore(self.cache / "artifacts", self.s3),
            load=self._load,
            last_good=LastGood(self.cache / "last-good.json"),
            metrics=self.metrics,
            poll_seconds=0.02,
            reload_after=RetryPolicy(retry, retry),
        )
        self.follower.start()
        return self.follower

    def _load(self, release: Release, folder: Path) -> LoadedModel:
        self.loads.append(release.version)
        self.gate.wait(60)
        return ModelLoader().load(release, folder)

    def answers(self, version: str, sequence: int | None = None) -> None:
        """Wait until this version answers."""

        def check() -> bool:
            serving = self.follower and self.follower.serving
            return bool(serving and serving.model.release.version == version and sequence in (None, serving.sequence))

        wait_until(check, seconds=30, what=f"version {version} at sequence {sequence}", interval=0.01)

    def metric(self, name: str) -> float:
        """One sample."""
        value = self.metrics.registry.get_sample_value(name, {"model": "fraud"})
        assert value is not None, name
        return value


@pytest.fixture
def rig(releases: ReleaseClient, s3: Any, cache: Path) -> Iterator[Rig]:
    rig = Rig(releases, s3, cache)
    rig.gate.set()
    yield rig
    rig.gate.set()
    if rig.follower:
        rig.follower.stop()


@pytest.fixture
def broken(s3: Any, bucket: str, trained: Trained) -> Release:
    """Version 1 with a damaged model file: all files are there, the content is rotten."""
    source = trained.releases["1"].artifact_uri.removeprefix(f"s3://{bucket}/")
    prefix = f"broken/{next(_numbers)}"
    for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"{source}/")["Contents"]:
        body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        name = entry["Key"].removeprefix(f"{source}/")
        s3.put_object(
            Bucket=bucket, Key=f"{prefix}/{name}", Body=body[: len(body) // 2] if name == "model.skops" else body
        )
    return Release("bad", f"s3://{bucket}/{prefix}")


def mend(s3: Any, bucket: str, trained: Trained, release: Release) -> None:
    good = trained.releases["1"].artifact_uri.removeprefix(f"s3://{bucket}/")
    body = s3.get_object(Bucket=bucket, Key=f"{good}/model.skops")["Body"].read()
    s3.put_object(Bucket=bucket, Key=release.artifact_uri.removeprefix(f"s3://{bucket}/") + "/model.skops", Body=body)


def test_before_the_first_promotion_nothing_answers_and_then_it_does(rig: Rig, trained: Trained) -> None:
    follower = rig.start()
    wait_until(lambda: rig.metric("ml_release_last_read_timestamp_seconds") > 0, seconds=30, what="the first read")
    assert (follower.serving, rig.metric("ml_model_ready")) == (None, 0)
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    rig.answers("1", 1)
    assert (rig.metric("ml_model_ready"), rig.metric("ml_release_sequence")) == (1, 1)


def test_the_good_model_answers_while_the_next_one_loads(rig: Rig, trained: Trained) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    follower = rig.start()
    rig.answers("1")
    rig.gate.clear()
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    wait_until(lambda: "2" in rig.loads, seconds=30, what="loading version 2")
    assert follower.serving is not None
    assert (
        follower.serving.model.predict(trained.rows.head(3)).tolist()
        == trained.estimators["1"].predict(trained.rows.head(3)).tolist()
    )
    assert (rig.metric("ml_release_sequence"), rig.metric("ml_release_sequence_seen")) == (1, 2)
    rig.gate.set()
    rig.answers("2", 2)


def test_a_rollback_uses_the_model_in_memory_without_loading_it(rig: Rig, trained: Trained) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    rig.start()
    rig.answers("1")
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    rig.answers("2")
    loads = list(rig.loads)
    rig.gate.clear()
    rig.releases.rollback("fraud", by="tests")
    rig.answers("1", 3)
    assert rig.loads == loads == ["1", "2"]


def test_after_a_restart_the_previous_model_is_brought_to_memory_for_a_rollback(rig: Rig, trained: Trained) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    rig.start()
    rig.answers("2", 2)
    wait_until(lambda: rig.loads == ["2", "1"], seconds=30, what="loading the standby")
    wait_until(lambda: rig.follower and rig.follower._standby, seconds=30, what="the standby")
    rig.gate.clear()
    rig.releases.rollback("fraud", by="tests")
    rig.answers("1", 3)


def test_a_rollback_while_the_bad_version_still_loads_wins(
    rig: Rig, trained: Trained, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    follower = rig.start()
    rig.answers("1")
    rig.gate.clear()
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    wait_until(lambda: "2" in rig.loads, seconds=30, what="loading version 2")
    rig.releases.rollback("fraud", by="tests")
    rig.answers("1", 3)
    rig.gate.set()
    wait_until(lambda: not follower._loading, seconds=30, what="the end of loading")
    rig.answers("1", 3)
    answered = [record.__dict__["version"] for record in caplog.records if record.message == "a release answers"]
    assert answered == ["1", "1"]


def test_a_broken_artifact_keeps_the_champion_and_is_tried_again_later(
    rig: Rig, trained: Trained, broken: Release, s3: Any, bucket: str
) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    follower = rig.start()
    rig.answers("1")
    rig.releases.promote("fraud", broken, by="tests")
    wait_until(lambda: rig.metric("ml_release_load_failures_total") >= 2, seconds=30, what="two failures")
    assert follower.serving is not None
    assert (follower.serving.model.release.version, follower.serving.sequence) == ("1", 1)
    assert (
        follower.serving.model.predict(trained.rows.head(3)).tolist()
        == trained.estimators["1"].predict(trained.rows.head(3)).tolist()
    )
    kept = LastGood(rig.cache / "last-good.json").read()
    assert kept is not None
    assert kept.champion.version == "1"
    mend(s3, bucket, trained, broken)
    rig.answers("bad", 2)


def test_a_pickled_model_keeps_the_champion(rig: Rig, trained: Trained, caplog: pytest.LogCaptureFixture) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    rig.start(retry=60)
    rig.answers("1")
    rig.releases.promote("fraud", trained.releases["3"], by="tests")
    wait_until(lambda: rig.metric("ml_release_load_failures_total") == 1, seconds=30, what="the refusal")
    rig.answers("1", 1)
    refusals = [record for record in caplog.records if record.message == "a release cannot be loaded"]
    assert "flavor sklearn is serialized as cloudpickle (model.pkl)" in refusals[0].__dict__["cause"]


def test_a_new_server_whose_champion_is_broken_answers_with_the_previous_one(
    rig: Rig, trained: Trained, broken: Release
) -> None:
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    rig.releases.promote("fraud", broken, by="tests")
    rig.start(retry=60)
    rig.answers("2", 0)
    rig.releases.rollback("fraud", by="tests")
    rig.answers("2", 3)


def test_with_the_table_and_s3_out_of_reach_a_restart_serves_from_disk(rig: Rig, trained: Trained) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    first = rig.start()
    rig.answers("1")
    first.stop()
    dead = {"endpoint_url": f"http://127.0.0.1:{free_port()}", "config": Config(retries={"total_max_attempts": 1})}
    session = boto3.session.Session()
    rig.releases, rig.s3 = ReleaseClient("gone", session.client("dynamodb", **dead)), session.client("s3", **dead)
    rig.start()
    rig.answers("1", 1)
    assert rig.metric("ml_release_read_failures_total") >= 1
    assert rig.metric("ml_release_last_read_timestamp_seconds") == 0


def test_a_copy_that_rotted_on_disk_is_downloaded_once_more(rig: Rig, trained: Trained) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    first = rig.start()
    rig.answers("1")
    first.stop()
    file = next((rig.cache / "artifacts").rglob("model.skops"))
    file.write_bytes(b"\0" * file.stat().st_size)
    rig.start(retry=60)
    rig.answers("1")
    assert (rig.loads, rig.metric("ml_release_load_failures_total")) == (["1", "1"], 0)


def test_a_stale_read_never_takes_a_server_back(rig: Rig, trained: Trained) -> None:
    old = rig.releases.promote("fraud", trained.releases["1"], by="tests").record
    stale = threading.Event()
    asked: list[bool] = []

    def read(consistent: bool) -> ReleaseRecord | None:
        asked.append(consistent)
        return old if stale.is_set() and not consistent else rig.releases.read("fraud")

    rig.read = read
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    rig.start()
    rig.answers("2", 2)
    stale.set()
    asked.clear()
    wait_until(lambda: asked.count(True) >= 3, seconds=30, what="strongly consistent reads")
    rig.answers("2", 2)


def test_a_table_that_was_restored_to_an_older_state_is_believed(rig: Rig, trained: Trained) -> None:
    old = rig.releases.promote("fraud", trained.releases["1"], by="tests").record
    rig.releases.promote("fraud", trained.releases["2"], by="tests")
    restored = threading.Event()
    rig.read = lambda consistent: old if restored.is_set() else rig.releases.read("fraud")
    rig.start()
    rig.answers("2", 2)
    restored.set()
    rig.answers("1", 1)


def test_a_record_that_vanishes_leaves_the_model_answering(
    rig: Rig, trained: Trained, dynamodb: Any, table: str
) -> None:
    rig.releases.promote("fraud", trained.releases["1"], by="tests")
    follower = rig.start()
    rig.answers("1")
    dynamodb.delete_item(TableName=table, Key={"model": {"S": "fraud"}, "item": {"S": "CURRENT"}})
    wait_until(lambda: rig.metric("ml_release_sequence_seen") == 0, seconds=30, what="the missing record")
    assert follower.serving is not None
    assert follower.serving.model.release.version == "1"


def test_the_last_good_file_survives_a_torn_write(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "last-good.json"
    keeper = LastGood(path)
    assert keeper.read() is None
    record = ReleaseRecord("fraud", 4, Release("1", "s3://bucket/model"), quarantined=frozenset({"2"}))
    keeper.write(record)
    assert keeper.read() == record
    path.write_text(path.read_text()[:40])
    assert keeper.read() is None
    assert "cannot be read" in caplog.text
    LastGood(tmp_path / "missing" / "x.json").write(record)
    assert "cannot be kept on disk" in caplog.text
