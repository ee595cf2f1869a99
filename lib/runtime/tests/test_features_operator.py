"""What Feast's operator puts together of our configuration, given to the real Feast. See test/features/cluster-feature-server.test.ts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from feast.repo_config import load_repo_config
from sqlalchemy.engine import make_url

RECORDS = Path(__file__).parents[3] / "test" / "features" / "feast-operator"
OURS = RECORDS.parent / "feature-store-yaml"
# What YAML, addresses and shells give a meaning to; it could also pass for a number.
AWKWARD = ',12 "a"\\b: #c%d/e@f\'&g=?+'
PLAIN = {
    "AWS_REGION": "eu-west-1",
    "ML_DATABASE_HOST": "registry.internal",
    "ML_DATABASE_PORT": "5432",
    "ML_DATABASE_NAME": "feast",
    # The template of the ExternalSecret escapes both.
    "ML_DATABASE_USER": quote("fe ast", safe=""),
    "ML_DATABASE_PASSWORD": quote(AWKWARD, safe=""),
    "FEAST_ONLINE_CONNECTION": "cache.internal:6379,ssl=true",
    "FEAST_ONLINE_HOST": "online.internal",
    "FEAST_ONLINE_PORT": "5433",
    "FEAST_ONLINE_DATABASE": "values",
    "FEAST_ONLINE_USER": "reader",
    "FEAST_ONLINE_PASSWORD": "Abc123",
}


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def loaded(file: Path, **environment: str) -> Any:
    os.environ.update({**PLAIN, **environment})
    return load_repo_config(file.parent, file)


@pytest.mark.parametrize("kind", ["dynamodb", "redis", "postgres"])
def test_feast_reads_the_registry_as_it_is_meant(kind: str) -> None:
    config = loaded(RECORDS / f"{kind}.yaml")
    url = make_url(config.registry.path)
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg", "fe ast", AWKWARD)
    assert (url.host, url.port, url.database) == ("registry.internal", 5432, "feast")
    assert url.query == {"sslmode": "require", "connect_timeout": "10"}
    assert config.registry.registry_type == "sql"
    assert config.project == f"shop_{kind}"
    # Feast takes keys that it does not know and ignores them.
    raw = yaml.safe_load((RECORDS / f"{kind}.yaml").read_text())
    assert set(raw["registry"]) - set(type(config.registry).model_fields) == set()
    assert set(raw["online_store"]) - set(type(config.online_store).model_fields) == set()


@pytest.mark.parametrize(
    ("kind", "ours"), [("dynamodb", "athena-dynamodb"), ("redis", "iceberg-valkey"), ("postgres", "iceberg-postgres")]
)
def test_registry_and_online_store_are_those_of_our_own_servers(kind: str, ours: str, tmp_path: Path) -> None:
    expected = loaded(OURS / f"{ours}.yaml", FEAST_REGISTRY_URL="postgresql+psycopg://a:b@c/d")
    config = loaded(RECORDS / f"{kind}.yaml")
    assert config.online_store == expected.online_store
    without = {"path"}
    assert config.registry.model_dump(exclude=without) == expected.registry.model_dump(exclude=without)
    assert config.entity_key_serialization_version == expected.entity_key_serialization_version
    assert config.auth_config == expected.auth_config


def test_a_password_in_quotation_marks_of_its_own_is_read_as_it_is() -> None:
    config = loaded(
        RECORDS / "postgres.yaml",
        FEAST_ONLINE_USER=json.dumps("0123"),
        FEAST_ONLINE_PASSWORD=json.dumps(AWKWARD),
    )
    assert (config.online_store.user, config.online_store.password) == ("0123", AWKWARD)
    assert (config.online_store.host, config.online_store.port) == ("online.internal", 5433)


def test_without_them_it_would_not_be() -> None:
    with pytest.raises(Exception, match="(?i)yaml|scan|pars|valid"):
        _ = loaded(RECORDS / "postgres.yaml", FEAST_ONLINE_PASSWORD=AWKWARD).online_store
