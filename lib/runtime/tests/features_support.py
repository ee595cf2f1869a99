"""What the tests of features share: a PostgreSQL of their own, how commands are run, definitions and rows."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
import pytest
import yaml

import feast_as_ours  # noqa: F401
import one_client  # noqa: F401
from forks import Command
from ml_platform_runtime import cli
from support import AWS_ENVIRONMENT, free_port

PASSWORD = "p@ss:/w%rd#1$HOME"
PROJECT = "shop"
BUCKET = "feature-lake"
START = datetime(2026, 11, 1, tzinfo=timezone.utc)
WAREHOUSE = f"s3://{BUCKET}/warehouse"


class PostgreSQL:
    """A server of its own, which tests may stop and start."""

    def __init__(self, programs: Path, home: Path) -> None:
        self._programs = programs
        self._home = home
        self.port = free_port()
        data, secret = home / "data", home / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(home, "postgres")
            shutil.chown(secret, "postgres")
        self._run("initdb", "-D", str(data), "-U", "feast", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -k {self._home} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-w", "-D", str(self._home / "data"), "-l", str(self._home / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-D", str(self._home / "data"), "-m", "immediate", "stop")

    def environment(self, database: str = "postgres") -> dict[str, str]:
        return {
            "ML_DATABASE_HOST": "127.0.0.1",
            "ML_DATABASE_PORT": str(self.port),
            "ML_DATABASE_NAME": database,
            "ML_DATABASE_USER": "feast",
            "ML_DATABASE_PASSWORD": PASSWORD,
        }

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="feast", password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root.
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        done = subprocess.run(
            [*prefix, str(self._programs / program), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            check=False,
        )
        assert done.returncode == 0, done.stderr


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextlib.contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    programs = _programs()
    if programs is None or (os.getuid() == 0 and not shutil.which("runuser")):
        pytest.skip("PostgreSQL is not installed (no initdb): the feature registry was not tried")
    home = Path(tempfile.mkdtemp(prefix="ml-platform-features-"))
    try:
        server = PostgreSQL(programs, home)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):
                server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True)
class Outcome:
    """What one command said."""

    code: int
    out: str
    err: str

    @classmethod
    def of(cls, child: Command) -> Outcome:
        """What a command in a process of its own said, after its end."""
        done = child.finish()
        return cls(done.returncode, done.stdout, done.stderr)

    @property
    def report(self) -> dict[str, Any]:
        lines = self.out.strip().splitlines()
        assert len(lines) == 1, f"stdout is not one line:\n{self.out}\n{self.err[-3000:]}"
        found: dict[str, Any] = json.loads(lines[0])
        return found

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Documents in CloudWatch's embedded metric format."""
        entries = [json.loads(line) for line in self.err.splitlines() if line.startswith('{"_aws"')]
        return [{k: v for k, v in entry.items() if k != "_aws"} for entry in entries]

    @property
    def error(self) -> str:
        """The one line that a person is meant to read."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err[-3000:]
        return lines[0]


@dataclass(frozen=True)
class FeatureStoreUnderTest:
    """Where everything lies, and how commands are run in it."""

    environment: dict[str, str]
    endpoint: str
    database: PostgreSQL
    folder: Path

    def run(self, *arguments: str, **changed: str) -> Outcome:
        """One command in this process: importing Feast anew takes seconds."""
        environment = {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint, **self.environment, **changed}
        before, out, err = dict(os.environ), io.StringIO(), io.StringIO()
        os.environ.update(environment)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = cli.main(list(arguments))
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Outcome(code, out.getvalue(), err.getvalue())

    def child(self, *arguments: str, **changed: str) -> Command:
        """One command in a process of its own, to be killed or run beside another."""
        base = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "ML_", "FEAST_"))}
        environment = {**base, **AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint, **self.environment, **changed}
        return Command(list(arguments), environment, self.folder)

    @property
    def dynamodb(self) -> Any:
        return boto3.session.Session().client("dynamodb", endpoint_url=self.endpoint, region_name="eu-west-1")

    def table_name(self, view: str) -> str:
        return f"mlp_{PROJECT}_{view}"

    def make_online_table(self, view: str) -> None:
        self.dynamodb.create_table(
            TableName=self.table_name(view),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
        )

    def online_items(self, view: str) -> list[dict[str, Any]]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table_name(view))
        return [item for page in pages for item in page["Items"]]

    @contextlib.contextmanager
    def feast(self) -> Iterator[Any]:
        """A plain Feast on the same yaml, as a model server has it: none of our classes but what the yaml names."""
        from feast import FeatureStore

        before = dict(os.environ)
        settings = {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint, "FEAST_REGISTRY_URL": self.registry_url()}
        os.environ.update(settings)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "feature_store.yaml").write_text(self.environment["FEAST_STORE_YAML"])
            try:
                yield FeatureStore(repo_path=folder)
            finally:
                os.environ.clear()
                os.environ.update(before)

    def registry_url(self) -> str:
        from ml_platform_runtime.features.settings import FeatureSettings

        return FeatureSettings.from_environment(self.environment).variables["FEAST_REGISTRY_URL"]

    def catalog(self) -> Any:
        return catalog(self.endpoint)

    def append(self, table: str, rows: pd.DataFrame) -> None:
        target = self.catalog().load_table(f"features.{table}")
        target.append(pa.Table.from_pandas(rows, schema=target.schema().as_arrow(), preserve_index=False))


@functools.cache
def catalog(endpoint: str) -> Any:
    from pyiceberg.catalog import load_catalog

    return load_catalog("lake", type="glue", warehouse=WAREHOUSE, **catalog_properties(endpoint))


def catalog_properties(endpoint: str) -> dict[str, str]:
    return {
        "glue.endpoint": endpoint,
        "glue.region": "eu-west-1",
        "s3.endpoint": endpoint,
        "s3.region": "eu-west-1",
        "s3.force-virtual-addressing": "false",
        "s3.access-key-id": "test",
        "s3.secret-access-key": "test",
        "glue.access-key-id": "test",
        "glue.secret-access-key": "test",
    }


def store_yaml(endpoint: str, online: dict[str, Any] | None = None) -> str:
    """feature_store.yaml as the constructs write it, with the emulator's addresses."""
    return yaml.safe_dump(
        {
            "project": PROJECT,
            "provider": "aws",
            "registry": {
                "registry_type": "sql",
                "path": "${FEAST_REGISTRY_URL}",
                "cache_ttl_seconds": 60,
                "sqlalchemy_config_kwargs": {"echo": False, "pool_pre_ping": True},
            },
            "offline_store": {"type": "ml_platform_runtime.features.iceberg_offline.IcebergOfflineStore"},
            "online_store": online
            or {
                "type": "dynamodb",
                "region": "eu-west-1",
                "endpoint_url": endpoint,
                "table_name_template": "mlp_{project}_{table_name}",
                "consistent_reads": True,
            },
            "entity_key_serialization_version": 3,
            "auth": {"type": "no_auth"},
        },
        sort_keys=False,
    )


DEFINITIONS = """
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, ValueType
from feast.infra.data_sources.contrib.iceberg_catalog.iceberg_source import IcebergSource
from feast.types import Float64, Int64, String

PROPERTIES = {properties}


def table(name):
    return IcebergSource(
        name=f"{{name}}_source", warehouse="{warehouse}", namespace="features", table=name, catalog_type="glue",
        catalog_name="lake", catalog_properties=PROPERTIES, timestamp_field="event_time",
    )


customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64)
{views}
"""

VIEW = """
{name} = FeatureView(
    name="{name}", entities=[customer], ttl=timedelta(seconds={ttl}), online=True, source=table("{table}"),
    schema=[Field(name="customer_id", dtype=Int64), {fields}],
)
"""

PROFILE = VIEW.format(
    name="profile",
    table="profiles",
    ttl=30 * 86400,
    fields='Field(name="age", dtype=Int64), Field(name="country", dtype=String)',
)
SPENDING = VIEW.format(
    name="spending",
    table="spendings",
    ttl=2 * 86400,
    fields='Field(name="total", dtype=Float64), Field(name="orders", dtype=Int64)',
)
SERVICE = '\nscoring = FeatureService(name="scoring", features=[profile, spending])\n'


def definitions(endpoint: str, *views: str) -> str:
    return DEFINITIONS.format(
        properties=json.dumps(catalog_properties(endpoint)), warehouse=WAREHOUSE, views="".join(views)
    )


def write_repo(folder: Path, *views: str, endpoint: str) -> str:
    """A folder with one Python file; the answer is FEAST_REPO_URI."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "definitions.py").write_text(definitions(endpoint, *views))
    return str(folder)


TABLES = {
    "project": PROJECT,
    "views": [
        {
            "name": "profile",
            "entities": ["customer"],
            "features": [{"name": "age", "dtype": "INT64"}, {"name": "country", "dtype": "STRING"}],
            "source": {"table": "profiles", "timestampField": "event_time"},
            "online": True,
            "ttlSeconds": 30 * 86400,
        },
        {
            "name": "spending",
            "entities": ["customer"],
            "features": [{"name": "total", "dtype": "DOUBLE"}, {"name": "orders", "dtype": "INT64"}],
            "source": {"table": "spendings", "timestampField": "event_time"},
            "online": True,
            "ttlSeconds": 2 * 86400,
        },
    ],
}


def profiles(count: int, when: datetime = START) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": pd.array(range(count), dtype="int64"),
            "age": pd.array([20 + number % 50 for number in range(count)], dtype="int64"),
            "country": ["DE" if number % 2 else "FR" for number in range(count)],
            "event_time": pd.to_datetime([when] * count, utc=True),
        }
    )


def spendings(count: int, when: datetime = START, factor: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": pd.array(range(count), dtype="int64"),
            "total": [factor * number for number in range(count)],
            "orders": pd.array([number % 7 for number in range(count)], dtype="int64"),
            "event_time": pd.to_datetime([when + timedelta(seconds=n) for n in range(count)], utc=True),
        }
    )


def make_iceberg_tables(catalog: Any) -> None:
    from pyiceberg.schema import Schema
    from pyiceberg.types import DoubleType, LongType, NestedField, StringType, TimestamptzType

    catalog.create_namespace("features")
    catalog.create_table(
        "features.profiles",
        Schema(
            NestedField(1, "customer_id", LongType(), required=False),
            NestedField(2, "age", LongType(), required=False),
            NestedField(3, "country", StringType(), required=False),
            NestedField(4, "event_time", TimestamptzType(), required=False),
        ),
    )
    catalog.create_table(
        "features.spendings",
        Schema(
            NestedField(1, "customer_id", LongType(), required=False),
            NestedField(2, "total", DoubleType(), required=False),
            NestedField(3, "orders", LongType(), required=False),
            NestedField(4, "event_time", TimestamptzType(), required=False),
        ),
    )
