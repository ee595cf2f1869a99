"""Each feature_store.yaml that the constructs write, given to the real Feast."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feast
import pytest
import yaml

from ml_platform_runtime.features.repository import load_config, workspace
from ml_platform_runtime.features.settings import FeatureSettings

FOLDER = Path(__file__).parents[3] / "test" / "features" / "feature-store-yaml"
FILES = sorted(FOLDER.glob("*.yaml"))
SPARK = Path(feast.__file__).parent / "infra/offline_stores/contrib/spark_offline_store/spark.py"
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "ML_DATABASE_HOST": "registry.internal",
    "ML_DATABASE_NAME": "feast",
    "ML_DATABASE_USER": "feast",
    "ML_DATABASE_PASSWORD": "p@ss:/w%rd#1",
    "FEAST_ONLINE_CONNECTION": "cache.internal:6379,ssl=true",
    "FEAST_ONLINE_HOST": "online.internal",
    "FEAST_ONLINE_PORT": "5432",
    "FEAST_ONLINE_DATABASE": "feast",
    "FEAST_ONLINE_USER": "online",
    "FEAST_ONLINE_PASSWORD": "secret",
}


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_there_are_examples() -> None:
    assert len(FILES) >= 5


def loaded(text: str) -> Any:
    settings = FeatureSettings.from_environment({**ENVIRONMENT, "FEAST_STORE_YAML": text})
    with workspace(settings, definitions=False) as folder:
        return load_config(folder)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_feast_accepts_it_and_knows_every_key(file: Path) -> None:
    text = file.read_text()
    raw = yaml.safe_load(text)
    spark = raw["offline_store"]["type"] == "spark"
    if spark:
        # Its configuration class cannot be imported without pyspark, so its fields are read from its source.
        _check_keys(raw["offline_store"], _annotations(SPARK, "SparkOfflineStoreConfig"))
        text = yaml.safe_dump({**raw, "offline_store": {"type": "dask"}})
    config = loaded(text)
    assert config.project == raw["project"]
    assert config.registry.path.startswith(
        "postgresql+psycopg://feast:p%40ss%3A%2Fw%25rd%231@registry.internal:5432/feast?"
    )
    assert "sslmode=require" in config.registry.path
    assert config.registry.serve_features_while_materializing is True
    # Feast takes keys that it does not know and ignores them.
    _check_keys(raw["registry"], set(type(config.registry).model_fields))
    _check_keys(raw["online_store"], set(type(config.online_store).model_fields))
    if not spark:
        _check_keys(raw["offline_store"], set(type(config.offline_store).model_fields))
    _check_keys(raw["materialization"], set(type(config.materialization_config).model_fields))
    unknown = (
        set(raw)
        - {field.alias or name for name, field in type(config).model_fields.items()}
        - set(type(config).model_fields)
    )
    assert unknown == set()
    assert "$" not in str(config.online_store)


def _check_keys(block: dict[str, Any], fields: set[str]) -> None:
    assert set(block) - fields == set()


def _annotations(file: Path, name: str) -> set[str]:
    """Fields of a class, as its source declares them."""
    tree = ast.parse(file.read_text())
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {
        node.target.id for node in found.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def test_a_misspelt_key_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        _check_keys({"type": "spark", "stagin_location": "s3://x"}, _annotations(SPARK, "SparkOfflineStoreConfig"))
