"""Catalogues for the tests of `tables`."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import boto3
import pytest
from pyiceberg.catalog import Catalog

import one_client  # noqa: F401
from ml_platform_runtime.tables.catalogs import open_catalog

_numbers = itertools.count(1)


@pytest.fixture
def name() -> str:
    """A table that no other test has."""
    return f"shop.t{os.getpid()}_{next(_numbers)}"


@pytest.fixture
def glue(aws: str, bucket: str) -> Catalog:
    """The emulator's Glue, as the platform's settings open it."""
    client = boto3.client("glue")
    if not any(one["Name"] == "shop" for one in client.get_databases()["DatabaseList"]):
        client.create_database(DatabaseInput={"Name": "shop", "LocationUri": f"s3://{bucket}/shop"})
    return open_catalog(os.environ)


@pytest.fixture
def sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """SQLite and a folder."""
    monkeypatch.setenv("ML_CATALOG", "sql")
    monkeypatch.setenv("ML_CATALOG_URI", f"sqlite:///{tmp_path}/catalog.db")
    monkeypatch.setenv("ML_WAREHOUSE", f"file://{tmp_path}/warehouse")
    catalog = open_catalog({key: value for key, value in os.environ.items() if key != "AWS_ENDPOINT_URL"})
    catalog.create_namespace("shop")
    return catalog
