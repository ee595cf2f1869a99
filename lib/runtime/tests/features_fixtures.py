"""One feature store for all tests of this room: PostgreSQL registry, Iceberg tables on Glue, DynamoDB tables that a stack would have made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from features_support import (
    BUCKET,
    PROFILE,
    SERVICE,
    SPENDING,
    TABLES,
    FeatureStoreUnderTest,
    PostgreSQL,
    make_iceberg_tables,
    postgresql_server,
    store_yaml,
    write_repo,
)


@pytest.fixture(scope="session")
def feature_database() -> Iterator[PostgreSQL]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def feature_store(
    aws: str, s3: Any, feature_database: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> FeatureStoreUnderTest:
    """Two views of two Iceberg tables, with their online tables; nothing is applied yet."""
    folder = tmp_path_factory.mktemp("features")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    tables = folder / "feature-tables.json"
    tables.write_text(json.dumps(TABLES))
    environment = {
        **feature_database.environment(),
        "FEAST_STORE_YAML": store_yaml(aws),
        "FEAST_REPO_URI": write_repo(folder / "repo", PROFILE, SPENDING, SERVICE, endpoint=aws),
        "FEAST_TABLES_URI": str(tables),
        "ML_ENVIRONMENT": "test",
    }
    store = FeatureStoreUnderTest(environment, aws, feature_database, folder)
    make_iceberg_tables(store.catalog())
    for view in ("profile", "spending"):
        store.make_online_table(view)
    return store


@pytest.fixture(scope="session")
def applied(feature_store: FeatureStoreUnderTest) -> FeatureStoreUnderTest:
    """The same store after its first apply."""
    outcome = feature_store.run("features-apply")
    assert outcome.code == 0, outcome.err[-3000:]
    return feature_store
