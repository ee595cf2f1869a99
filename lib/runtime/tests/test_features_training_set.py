"""`features-training-set`: no feature from the future, against an independent recomputation, and a record that names the snapshots."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyiceberg.schema import Schema
from pyiceberg.types import DoubleType, LongType, NestedField, TimestamptzType

from features_support import BUCKET, START, FeatureStoreUnderTest, Outcome, catalog_properties, definitions

pytest_plugins = ["features_fixtures"]

TTL = {"card": pd.Timedelta(hours=6), "shopper": pd.Timedelta(days=2)}
SEEDS = (1, 2, 3)
VIEWS = """
import pandas as pd
from feast.on_demand_feature_view import on_demand_feature_view

merchant = Entity(name="merchant", join_keys=["merchant_id"], value_type=ValueType.INT64)
card = FeatureView(
    name="card", entities=[customer, merchant], ttl=timedelta(hours=6), online=False, source=table("cards"),
    schema=[Field(name="customer_id", dtype=Int64), Field(name="merchant_id", dtype=Int64), Field(name="amount", dtype=Float64)],
)
shopper = FeatureView(
    name="shopper", entities=[customer], ttl=timedelta(days=2), online=False, source=table("shoppers"),
    schema=[Field(name="customer_id", dtype=Int64), Field(name="visits", dtype=Int64)],
)


@on_demand_feature_view(sources=[shopper], schema=[Field(name="doubled", dtype=Float64)])
def twice(inputs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"doubled": 2.0 * inputs["visits"]})


training = FeatureService(name="training", features=[card, shopper])
"""


@dataclass(frozen=True)
class History:
    """What lies in the tables, as pandas has it."""

    store: FeatureStoreUnderTest
    cards: pd.DataFrame
    shoppers: pd.DataFrame
    entities: dict[int, pd.DataFrame]

    def build(self, *arguments: str, output: str = f"s3://{BUCKET}/sets/one.parquet") -> Outcome:
        return self.store.run("features-training-set", "--output", output, *arguments)


def rows_of(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Random histories of ten customers with three merchants, and entity rows that hit them before, on and after."""
    random = np.random.default_rng(seed)
    minutes = 5 * 24 * 60

    def times(count: int) -> pd.DatetimeIndex:
        # No two of one table at the same moment: which one counts would be anybody's guess.
        return pd.to_datetime(START) + pd.to_timedelta(random.choice(minutes, size=count, replace=False), unit="min")

    customers = seed * 100 + np.arange(10)
    cards = pd.DataFrame(
        {
            "customer_id": random.choice(customers, 400),
            "merchant_id": random.choice(3, 400),
            "amount": random.normal(size=400),
            "event_time": times(400),
        }
    )
    shoppers = pd.DataFrame(
        {"customer_id": random.choice(customers, 120), "visits": random.integers(0, 99, 120), "event_time": times(120)}
    )
    count = 150
    entities = pd.DataFrame(
        {
            "customer_id": random.choice(customers, count),
            "merchant_id": random.choice(3, count),
            "at": times(count),
            "label": random.integers(0, 2, count),
        }
    )
    # At the very moment of an event it counts; at the very end of its time to live it still does; a minute later no more.
    for row, offset in ((0, pd.Timedelta(0)), (1, TTL["card"]), (2, TTL["card"] + pd.Timedelta(minutes=1))):
        event = cards.iloc[row]
        entities.loc[row, ["customer_id", "merchant_id"]] = [event["customer_id"], event["merchant_id"]]
        entities.loc[row, "at"] = event["event_time"] + offset
    # The same customer at the same moment with another merchant, and one row twice with two labels.
    twin = entities.iloc[[3, 4]].copy()
    twin.loc[3, "merchant_id"] = (twin.loc[3, "merchant_id"] + 1) % 3
    twin.loc[4, "label"] = 1 - twin.loc[4, "label"]
    return (
        cards,
        shoppers,
        pd.concat([entities, twin], ignore_index=True).astype({"customer_id": "int64", "merchant_id": "int64"}),
    )


def recomputed(
    entities: pd.DataFrame, history: pd.DataFrame, keys: list[str], value: str, ttl: pd.Timedelta
) -> pd.Series:
    """The newest value not after each row and not older than the time to live, by pandas alone."""
    left = entities[[*keys, "at"]].reset_index().sort_values("at")
    found = pd.merge_asof(
        left, history.sort_values("event_time"), left_on="at", right_on="event_time", by=keys, tolerance=ttl
    )
    return found.set_index("index")[value].sort_index()


@pytest.fixture(scope="module")
def history(applied: FeatureStoreUnderTest, tmp_path_factory: pytest.TempPathFactory) -> History:
    catalog = applied.catalog()
    time = NestedField(9, "event_time", TimestamptzType(), required=False)
    customer = NestedField(1, "customer_id", LongType(), required=False)
    merchant = NestedField(2, "merchant_id", LongType(), required=False)
    amount = NestedField(3, "amount", DoubleType(), required=False)
    visits = NestedField(3, "visits", LongType(), required=False)
    label = NestedField(3, "label", LongType(), required=False)
    catalog.create_table("features.cards", Schema(customer, merchant, amount, time))
    catalog.create_table("features.shoppers", Schema(customer, visits, time))
    catalog.create_table(
        "features.labels", Schema(customer, merchant, label, NestedField(9, "at", TimestamptzType(), required=False))
    )
    made = {seed: rows_of(seed) for seed in SEEDS}
    cards, shoppers = (pd.concat([made[seed][part] for seed in SEEDS]) for part in (0, 1))
    applied.append("cards", cards)
    applied.append("shoppers", shoppers)
    applied.append("labels", made[1][2])
    repo = tmp_path_factory.mktemp("repo")
    (repo / "definitions.py").write_text(definitions(applied.endpoint, VIEWS))
    assert applied.run("features-apply", FEAST_REPO_URI=str(repo), FEAST_TABLES_URI="").code == 0
    return History(applied, cards, shoppers, {seed: made[seed][2] for seed in SEEDS})


def read(s3: Any, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@pytest.mark.parametrize("seed", SEEDS)
def test_features_are_those_of_the_moment(history: History, s3: Any, seed: int, tmp_path: Path) -> None:
    entities = history.entities[seed]
    buffer = io.BytesIO()
    entities.to_parquet(buffer)
    s3.put_object(Bucket=BUCKET, Key=f"entities/{seed}/part-0.parquet", Body=buffer.getvalue())
    uri = f"s3://{BUCKET}/sets/{seed}.parquet"
    outcome = history.build(
        "--entities", f"s3://{BUCKET}/entities/{seed}/", "--timestamp-column", "at", "--service", "training", output=uri
    )
    assert outcome.code == 0, outcome.err[-3000:]
    data = read(s3, f"sets/{seed}.parquet")
    found = pd.read_parquet(io.BytesIO(data))
    amount = recomputed(entities, history.cards, ["customer_id", "merchant_id"], "amount", TTL["card"])
    visits = recomputed(entities, history.shoppers, ["customer_id"], "visits", TTL["shopper"])
    # Some are there and some are not, or the comparison would say little.
    assert 0.05 < amount.isna().mean() < 0.95
    assert 0.0 < visits.isna().mean() < 0.95
    pd.testing.assert_series_equal(found["amount"], amount, check_names=False, check_index=False)
    pd.testing.assert_series_equal(
        found["visits"].astype(float), visits.astype(float), check_names=False, check_index=False
    )
    assert list(found["label"]) == list(entities["label"])
    assert list(found["event_timestamp"]) == list(entities["at"])
    assert not np.isnan(found["amount"][0])
    record = json.loads(read(s3, f"sets/{seed}.parquet.json"))
    assert record == outcome.report
    assert record["rows"] == len(entities)
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert record["missingShare"]["amount"] == pytest.approx(amount.isna().mean(), abs=1e-5)


def test_the_record_names_the_snapshots_and_a_tag_keeps_them(history: History, s3: Any) -> None:
    uri = f"s3://{BUCKET}/sets/tagged.parquet"
    arguments = [
        "--entity-table",
        "features.labels",
        "--timestamp-column",
        "at",
        "--feature",
        "card:amount",
        "--feature",
        "shopper:visits",
    ]
    record = history.build(*arguments, "--tag", "fraud-7", "--retention-days", "30", output=uri).report
    catalog = history.store.catalog()
    current = {
        name: catalog.load_table(f"features.{name}").current_snapshot().snapshot_id
        for name in ("cards", "shoppers", "labels")
    }
    assert record["sources"] == [
        {
            "table": "lake.features.cards",
            "kind": "iceberg",
            "views": ["card"],
            "snapshotId": str(current["cards"]),
            "pinned": True,
            "tag": "fraud-7",
        },
        {
            "table": "lake.features.shoppers",
            "kind": "iceberg",
            "views": ["shopper"],
            "snapshotId": str(current["shoppers"]),
            "pinned": True,
            "tag": "fraud-7",
        },
    ]
    assert record["entities"] == {"table": "features.labels", "snapshotId": str(current["labels"]), "rows": 152}
    assert (record["views"], record["features"]) == (["card", "shopper"], ["card:amount", "shopper:visits"])
    reference = catalog.load_table("features.cards").metadata.refs["fraud-7"]
    assert (reference.snapshot_id, reference.max_ref_age_ms) == (current["cards"], 30 * 86_400_000)


def test_a_place_that_refuses_the_set_gets_no_record(history: History, tmp_path: Path) -> None:
    arguments = ["--entity-table", "features.labels", "--timestamp-column", "at", "--feature", "card:amount"]
    outcome = history.build(*arguments, output="s3://no-such-bucket/set.parquet")
    assert outcome.code == 1
    assert outcome.error.startswith("error: s3://no-such-bucket/set.parquet cannot be written: ")
    assert "NoSuchBucket" in outcome.error
    (tmp_path / "rows.parquet").write_text("customer_id,at")
    text = history.build("--entities", str(tmp_path / "rows.parquet"), "--feature", "card:amount")
    assert text.code == 2
    assert f"entity rows {tmp_path}/rows.parquet are no Parquet: " in text.error


def test_features_on_demand_are_computed_for_every_row(history: History, s3: Any) -> None:
    entities = history.entities[2].drop_duplicates(["customer_id", "at"]).reset_index(drop=True)
    buffer = io.BytesIO()
    entities.to_parquet(buffer)
    s3.put_object(Bucket=BUCKET, Key="entities/demand.parquet", Body=buffer.getvalue())
    arguments = [
        "--entities",
        f"s3://{BUCKET}/entities/demand.parquet",
        "--timestamp-column",
        "at",
        "--feature",
        "twice:doubled",
    ]
    outcome = history.build(*arguments, output=f"s3://{BUCKET}/sets/demand.parquet")
    assert outcome.code == 0, outcome.err[-3000:]
    found = pd.read_parquet(io.BytesIO(read(s3, "sets/demand.parquet")))
    visits = recomputed(entities, history.shoppers, ["customer_id"], "visits", TTL["shopper"])
    pd.testing.assert_series_equal(found["doubled"], 2.0 * visits, check_names=False, check_index=False)
    twins = history.build("--entity-table", "features.labels", "--timestamp-column", "at", "--feature", "twice:doubled")
    assert twins.code == 2
    assert "entity rows repeat the same customer_id at the same time" in twins.error


def test_rows_that_come_while_a_set_is_built_stay_out(history: History) -> None:
    from ml_platform_runtime.features.iceberg_offline import IcebergOfflineStore, load_table, pinned, table_id

    store = history.store
    with store.feast() as feast:
        source = feast.get_feature_view("shopper").batch_source
        before = load_table(source).current_snapshot().snapshot_id
        late = history.shoppers.head(1).assign(customer_id=999)
        store.append("shoppers", late)

        def customers() -> set[int]:
            job = IcebergOfflineStore.pull_all_from_table_or_query(
                feast.config,
                source,
                ["customer_id"],
                ["visits"],
                "event_time",
                None,
                START,
                START + pd.Timedelta(days=9),
            )
            return set(job.to_df()["customer_id"])

        assert 999 in customers()
        with pinned({table_id(source): before}):
            assert 999 not in customers()
    assert catalog_properties(store.endpoint)["glue.endpoint"] == store.endpoint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either --service or --feature has to be given; one of them says which features to join"),
        (
            ["--service", "trainin"],
            "feature service trainin is not registered in shop; registered are scoring, training",
        ),
        (
            ["--feature", "cart:amount"],
            "view cart is not registered in shop; registered are card, ",
        ),
        (
            ["--feature", "card:amnt", "--entity-table", "features.labels"],
            "feature card:amnt is not registered; correct its name, or apply its view first",
        ),
        (["--feature", "amount"], "--feature amount names no feature; give view:feature"),
        (
            ["--feature", "card:amount"],
            "either --entities or --entity-table has to be given; one of them says whom to join for",
        ),
        (
            ["--feature", "card:amount", "--entity-table", "features.labels"],
            "entity rows lack the columns event_timestamp; they have customer_id, merchant_id, label, at; name the time's by --timestamp-column",
        ),
        (
            ["--feature", "card:amount", "--entity-table", "features.labels@gone", "--timestamp-column", "at"],
            "table features.labels has no tag or snapshot gone; give one that it has",
        ),
        (
            ["--feature", "card:amount", "--entities", f"s3://{BUCKET}/none.parquet"],
            f"entity rows s3://{BUCKET}/none.parquet do not exist; give a Parquet file, or a folder that ends in /",
        ),
    ],
)
def test_wrong_input_is_told(history: History, arguments: list[str], message: str) -> None:
    outcome = history.build(*arguments)
    assert outcome.code == 2
    assert outcome.error.startswith(f"error: {message}")
