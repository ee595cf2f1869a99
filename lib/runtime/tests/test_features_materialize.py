"""`features-materialize` by a real Feast: Iceberg on Glue to DynamoDB, killed, repeated, at once and late."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features_recorder import Recorder
from features_support import (
    START,
    VIEW,
    FeatureStoreUnderTest,
    Outcome,
    PostgreSQL,
    definitions,
    profiles,
    spendings,
    store_yaml,
    write_repo,
)
from ml_platform_runtime.features.locks import registry_lock
from support import free_port, wait_until

pytest_plugins = ["features_fixtures"]
DAY = timedelta(days=1)
SUMMED = """
from feast import Aggregation, BatchFeatureView, FileSource


def add(rows):
    return rows.groupby("customer_id", as_index=False).agg({"total": "sum", "event_time": "max"})


summed = BatchFeatureView(
    name="summed", mode="pandas", entities=[customer], ttl=timedelta(days=7), online=True,
    source=FileSource(path="PATH", timestamp_field="event_time"),
    schema=[Field(name="customer_id", dtype=Int64), Field(name="total", dtype=Float64)], HOW,
)
"""


def materialize(store: FeatureStoreUnderTest, view: str, end: Any, *more: str) -> Outcome:
    return store.run("features-materialize", "--view", view, "--end", end.isoformat(), *more)


def online(store: FeatureStoreUnderTest, features: list[str], count: int) -> dict[str, list[Any]]:
    """What a model server reads, by Feast's own SDK."""
    with store.feast() as feast:
        rows = [{"customer_id": number} for number in range(count)]
        found: dict[str, list[Any]] = feast.get_online_features(features=features, entity_rows=rows).to_dict()
        return found


def dynamodb_size(item: dict[str, Any]) -> int:
    """By the rules of AWS, from what lies in the table."""
    values = sum(1 + len(name) + len(value["B"]) for name, value in item["values"]["M"].items())
    names = len("entity_id") + len("event_ts") + len("values")
    return names + len(item["entity_id"]["S"]) + len(item["event_ts"]["S"]) + 3 + values


def test_rows_are_written_once_and_again_only_when_they_are_new(applied: FeatureStoreUnderTest) -> None:
    applied.append("profiles", profiles(40))
    end = START + DAY
    estimate = materialize(applied, "profile", end, "--dry-run", "--dollars-per-million-units", "1000000").report
    assert (estimate["outcome"], estimate["rows"], estimate["dollars"]) == (
        "estimated",
        40,
        float(estimate["writeUnits"]),
    )
    assert applied.online_items("profile") == []

    first = materialize(applied, "profile", end, "--dollars-per-million-units", "1.25")
    assert first.code == 0, first.err[-3000:]
    items = applied.online_items("profile")
    units = sum(math.ceil(dynamodb_size(item) / 1024) for item in items)
    assert (first.report["rows"], first.report["writeUnits"]) == (40, units)
    assert first.report["dollars"] == round(units * 1.25 / 1e6, 6)
    assert estimate["writeUnits"] == units
    assert online(applied, ["profile:age", "profile:country"], 41) == {
        "customer_id": list(range(41)),
        "age": [*(20 + number % 50 for number in range(40)), None],
        "country": [*("DE" if number % 2 else "FR" for number in range(40)), None],
    }

    again = materialize(applied, "profile", end).report
    assert (again["views"][0]["outcome"], again["rows"], again["writeUnits"]) == ("up to date", 0, 0)

    applied.append("profiles", profiles(3, START + DAY + timedelta(hours=1)).assign(age=99))
    newer = materialize(applied, "profile", START + 2 * DAY).report
    assert (newer["rows"], newer["views"][0]["from"]) == (3, end.isoformat())
    assert online(applied, ["profile:age"], 4)["age"] == [99, 99, 99, 23]
    assert len(applied.online_items("profile")) == 40


def test_freshness_is_the_age_of_the_newest_event_even_when_a_run_finds_none(applied: FeatureStoreUnderTest) -> None:
    rows = profiles(2, START + 3 * DAY)
    applied.append("profiles", rows)
    with_rows = materialize(applied, "profile", START + 4 * DAY)
    without = materialize(applied, "profile", START + 5 * DAY)
    age = time.time() - (START + 3 * DAY).timestamp()
    for outcome, count in ((with_rows, 2.0), (without, 0.0)):
        [metric] = outcome.metrics
        assert (metric["Environment"], metric["Project"], metric["View"]) == ("test", "shop", "profile")
        assert metric["RowsWritten"] == count
        assert metric["Freshness"] == pytest.approx(age, abs=60)


def test_late_rows_need_an_overlap(applied: FeatureStoreUnderTest) -> None:
    # Their event lies behind the watermark of the runs before.
    applied.append("profiles", profiles(1, START + 4 * DAY).assign(age=77))
    assert materialize(applied, "profile", START + 6 * DAY).report["rows"] == 0
    late = materialize(applied, "profile", START + 7 * DAY, "--overlap-seconds", str(2 * 86400))
    assert late.report["rows"] == 1
    assert online(applied, ["profile:age"], 1)["age"] == [77]


def test_killed_half_way_and_run_again_everything_is_there_once(applied: FeatureStoreUnderTest) -> None:
    count = 120
    rows = spendings(count)
    applied.append("spendings", rows)
    batches, stuck, ended = itertools.count(1), threading.Event(), threading.Event()

    def passes(action: str) -> bool:
        # The third batch of 25 never arrives.
        if action != "dynamodb:BatchWriteItem" or next(batches) < 3:
            return True
        stuck.set()
        ended.wait(180)
        return False

    with Recorder(applied.endpoint, {}, passes).running() as network:
        arguments = ["features-materialize", "--view", "spending", "--end", (START + DAY).isoformat()]
        victim = applied.child(*arguments, FEAST_STORE_YAML=store_yaml(network.endpoint))
        assert stuck.wait(120)
        victim.kill()
        ended.set()
    assert len(applied.online_items("spending")) == 50
    with applied.feast() as feast:
        assert feast.get_feature_view("spending").materialization_intervals == []

    again = materialize(applied, "spending", START + DAY)
    assert again.code == 0, again.err[-3000:]
    assert again.report["rows"] == count
    assert len(applied.online_items("spending")) == count
    found = online(applied, ["spending:total", "spending:orders"], count)
    assert found["total"] == list(rows["total"])
    assert found["orders"] == list(rows["orders"])


def test_the_same_event_twice_writes_once(applied: FeatureStoreUnderTest) -> None:
    applied.append("spendings", spendings(60, START + DAY + timedelta(hours=1), factor=2.0))
    before = len(applied.online_items("spending"))
    arguments = ["features-materialize", "--view", "spending", "--end", (START + 2 * DAY).isoformat()]
    processes = [applied.child(*arguments) for _ in range(2)]
    outcomes = [Outcome.of(process) for process in processes]
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert sorted(outcome.report["rows"] for outcome in outcomes) == [0, 60]
    assert len(applied.online_items("spending")) == before
    with applied.feast() as feast:
        intervals = feast.get_feature_view("spending").materialization_intervals
    assert [(start, end) for start, end in intervals] == [(START - DAY, START + DAY), (START + DAY, START + 2 * DAY)]


def test_a_view_that_is_being_materialized_is_waited_for(applied: FeatureStoreUnderTest) -> None:
    with registry_lock(applied.registry_url(), "view shop/profile", seconds=1):
        outcome = materialize(applied, "profile", START + 30 * DAY, "--wait-seconds", "0.3")
        other = materialize(applied, "spending", START + 2 * DAY, "--wait-seconds", "0.3")
    assert (outcome.code, other.code) == (3, 0)
    assert (
        outcome.error
        == "error: view shop/profile is held by another run for longer than 0.3 s; start again when that has ended"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--view", "profil"],
            "view profil is not registered in project shop; registered are ",
        ),
        (
            ["--start", "2026-11-02", "--end", "2026-11-01"],
            "--start 2026-11-02T00:00:00+00:00 is not before the end 2026-11-01T00:00:00+00:00; give an earlier start",
        ),
    ],
)
def test_wrong_input_is_told(applied: FeatureStoreUnderTest, arguments: list[str], message: str) -> None:
    outcome = applied.run("features-materialize", *arguments)
    assert outcome.code == 2
    assert outcome.error.startswith(f"error: {message}")


@pytest.mark.filterwarnings("ignore:Batch feature views")
def test_a_sum_is_made_of_all_rows_and_not_of_the_newest(applied: FeatureStoreUnderTest, tmp_path: Path) -> None:
    rows = [spendings(4, START + timedelta(hours=hour), factor=10.0**hour) for hour in range(3)]
    pd.concat(rows).to_parquet(tmp_path / "payments.parquet")
    applied.make_online_table("summed")
    (tmp_path / "definitions.py").write_text(
        definitions(
            applied.endpoint,
            SUMMED.replace("PATH", str(tmp_path / "payments.parquet")).replace("HOW", "udf=add, udf_string='add'"),
        )
    )
    assert applied.run("features-apply", FEAST_REPO_URI=str(tmp_path), FEAST_TABLES_URI="").code == 0
    outcome = materialize(applied, "summed", START + DAY)
    assert outcome.code == 0, outcome.err[-3000:]
    with applied.feast() as feast:
        keys = [{"customer_id": number} for number in range(4)]
        assert feast.get_online_features(["summed:total"], keys).to_dict()["total"] == [
            0.0,
            111.0,
            222.0,
            333.0,
        ]
    applied.run("features-apply", "--allow-delete")


@pytest.mark.filterwarnings("ignore:Batch feature views")
def test_an_aggregation_that_feast_would_forget_is_refused(applied: FeatureStoreUnderTest, tmp_path: Path) -> None:
    how = "aggregations=[Aggregation(column='total', function='sum')]"
    text = SUMMED.replace("PATH", "payments.parquet").replace("HOW", how)
    (tmp_path / "definitions.py").write_text(definitions(applied.endpoint, text))
    outcome = applied.run("features-apply", FEAST_REPO_URI=str(tmp_path), FEAST_TABLES_URI="")
    assert outcome.code == 2
    assert outcome.error == (
        "error: view summed has aggregations, which Feast 0.67 does not keep in its registry, so the newest row would be written instead; "
        "aggregate in the source table, or in a udf"
    )


def test_a_column_that_the_table_lacks_is_named(applied: FeatureStoreUnderTest, tmp_path: Path) -> None:
    applied.make_online_table("misspelt")
    text = VIEW.format(name="misspelt", table="profiles", ttl=86400, fields='Field(name="agee", dtype=Int64)')
    repo = write_repo(tmp_path / "repo", text, endpoint=applied.endpoint)
    assert applied.run("features-apply", FEAST_REPO_URI=repo, FEAST_TABLES_URI="").code == 0
    outcome = materialize(applied, "misspelt", START + DAY)
    assert (outcome.code, outcome.error) == (
        2,
        "error: table lake.features.profiles has no column agee; it has customer_id, age, country, event_time: "
        "correct the view, or map the name by field_mapping",
    )
    applied.run("features-apply", "--allow-delete")


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def refusing() -> Iterator[str]:
    """An S3 that refuses everything."""
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), _Refusing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_s3_refuses_and_the_watermark_stays(applied: FeatureStoreUnderTest, refusing: str, tmp_path: Path) -> None:
    applied.make_online_table("denied")
    text = VIEW.format(name="denied", table="profiles", ttl=86400, fields='Field(name="age", dtype=Int64)')
    repo = tmp_path / "repo"
    repo.mkdir()
    source = definitions(applied.endpoint, text).replace(
        f'"s3.endpoint": "{applied.endpoint}"', f'"s3.endpoint": "{refusing}"'
    )
    (repo / "definitions.py").write_text(source)
    assert applied.run("features-apply", FEAST_REPO_URI=str(repo), FEAST_TABLES_URI="").code == 0
    outcome = materialize(applied, "denied", START + DAY)
    assert outcome.code == 1
    assert "data cannot be read or written: " in outcome.error
    assert "ACCESS_DENIED" in outcome.error
    assert "Traceback" not in outcome.err
    with applied.feast() as feast:
        assert feast.get_feature_view("denied").materialization_intervals == []
    assert applied.online_items("denied") == []
    applied.run("features-apply", "--allow-delete")


def test_a_database_that_stops_in_the_middle_of_an_apply_loses_nothing(
    applied: FeatureStoreUnderTest, feature_database: PostgreSQL, tmp_path: Path
) -> None:
    import psycopg

    from features_support import PASSWORD

    names = ["first", "second"]
    texts = []
    for name in names:
        applied.make_online_table(name)
        texts.append(VIEW.format(name=name, table="profiles", ttl=60, fields='Field(name="age", dtype=Int64)'))
    repo = write_repo(tmp_path / "repo", *texts, endpoint=applied.endpoint)
    blocker = psycopg.connect(
        host="127.0.0.1", port=feature_database.port, user="feast", password=PASSWORD, dbname="postgres"
    )
    # The views cannot be written while this is held; what comes before them already is.
    blocker.execute("LOCK TABLE feature_views IN EXCLUSIVE MODE")
    process = applied.child("features-apply", FEAST_REPO_URI=repo, FEAST_TABLES_URI="")
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'feature_views'::regclass"
    wait_until(lambda: feature_database.execute(waiting)[0][0], seconds=60, what="apply has reached the views")
    feature_database.stop()
    outcome = Outcome.of(process)
    blocker.close()
    feature_database.start()
    assert (outcome.code, outcome.out) == (1, "")
    assert "the database of the registry or the online store failed: " in outcome.error
    assert outcome.error.endswith("nothing is lost: start again when it answers")
    assert PASSWORD not in outcome.err
    with applied.feast() as feast:
        assert sorted(view.name for view in feast.list_batch_feature_views()) == ["profile", "spending"]
    assert applied.run("features-apply", FEAST_REPO_URI=repo, FEAST_TABLES_URI="").report["added"] == names
    applied.run("features-apply", "--allow-delete")


def test_a_database_that_is_down_is_told_in_one_line(applied: FeatureStoreUnderTest) -> None:
    outcome = applied.run("features-materialize", ML_DATABASE_PORT="9")
    assert outcome.code == 1
    assert "the database of the registry or the online store failed: " in outcome.error
    assert "Traceback" not in outcome.err
