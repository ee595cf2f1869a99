"""Migrations from the schema of an older MLflow, on a real PostgreSQL: once, whole, and never two at a time."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from forks import Fork
from ml_platform_runtime import logs
from ml_platform_runtime.config import EnvironmentReader
from ml_platform_runtime.database import database_url
from ml_platform_runtime.registry_server import migrate
from registry_fixtures import address_of, connected, entries, new_database, postgresql
from support import wait_until

__all__ = ["postgresql"]

#: The schema of MLflow 2.9, of 2023: the last revision before traces, logged models and the rest of MLflow 3.
OLD = "acf3f17fdcc7"


class Task:
    """What a new task does first, in a process of its own."""

    def __init__(self, database: dict[str, str], folder: Path) -> None:
        self._log = Path(tempfile.mkstemp(suffix=".log", dir=folder)[1])
        self._process = Fork(bring_up_to_date, (), {**os.environ, **database}, self._log, self._log)

    def said(self) -> list[str]:
        code = self._process.wait(120)
        assert code == 0, self._log.read_text()
        return [entry["message"] for entry in entries(self._log.read_text())]

    def kill(self) -> None:
        self._process.kill()


def bring_up_to_date() -> None:
    logs.configure()
    migrate(database_url(EnvironmentReader(os.environ)), wait_seconds=60)


def revision(database: dict[str, str]) -> str:
    with connected(database) as cursor:
        cursor.execute("SELECT version_num FROM alembic_version")
        return str(cursor.fetchone()[0])


def tables(database: dict[str, str]) -> set[str]:
    engine = create_engine(address_of(database))
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


@pytest.fixture
def older(postgresql: dict[str, str]) -> dict[str, str]:
    """A database as MLflow 2.9 left it, with a run and a model in it, made by MLflow's own migrations."""
    from alembic import command
    from mlflow.store.db import utils
    from mlflow.store.db.utils import InitialBase

    database = new_database(postgresql)
    engine = create_engine(address_of(database))
    InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(address_of(database).render_as_string(hide_password=False))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLD)
    engine.dispose()
    with connected(database) as cursor:
        cursor.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) VALUES (7, 'old', 's3://b/7', 'active')"
        )
        cursor.execute(
            "INSERT INTO runs (run_uuid, name, user_id, source_type, status, start_time, lifecycle_stage, artifact_uri, experiment_id)"
            " VALUES ('r1', 'first', 'ann', 'LOCAL', 'FINISHED', 1, 'active', 's3://b/7/r1', 7)"
        )
        cursor.execute("INSERT INTO registered_models (name, creation_time) VALUES ('fraud', 1)")
        cursor.execute(
            "INSERT INTO model_versions (name, version, creation_time, current_stage, source, run_id, status)"
            " VALUES ('fraud', 1, 1, 'None', 's3://b/7/r1/model', 'r1', 'READY')"
        )
        cursor.execute("INSERT INTO registered_model_aliases (name, alias, version) VALUES ('fraud', 'champion', 1)")
    assert (revision(database), "logged_models" in tables(database)) == (OLD, False)
    return database


def latest() -> str:
    from mlflow.store.db import utils

    return str(utils._get_latest_schema_revision())


def content(database: dict[str, str]) -> dict[str, Any]:
    """What MLflow of today reads in the database."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Models
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    uri = address_of(database).render_as_string(hide_password=False)
    models, tracking = Models(uri), Tracking(uri, "s3://b")
    try:
        version = models.get_model_version_by_alias("fraud", "champion")
        return {"source": version.source, "run": tracking.get_run(str(version.run_id)).info.run_name}
    finally:
        models.engine.dispose()
        tracking.engine.dispose()


WHOLE = {"source": "s3://b/7/r1/model", "run": "first"}


def test_two_tasks_that_start_at_once_bring_an_older_schema_up_to_date_once_with_what_is_in_it(
    older: dict[str, str], tmp_path: Path
) -> None:
    told = [task.said() for task in [Task(older, tmp_path), Task(older, tmp_path)]]
    assert sorted(messages[-1] for messages in told) == [
        "the database schema is up to date",
        "the database schema was migrated",
    ]
    assert revision(older) == latest()
    assert "logged_models" in tables(older)
    assert content(older) == WHOLE
    assert migrate(address_of(older), wait_seconds=5) is False


def test_a_migration_that_was_killed_half_way_is_undone_and_the_next_one_is_whole(
    older: dict[str, str], tmp_path: Path
) -> None:
    before = tables(older)
    with connected(older, autocommit=False) as holder:
        # a later step of the migration changes this table, so that the migration stands still in its middle
        holder.execute("LOCK TABLE inputs IN ACCESS EXCLUSIVE MODE")
        first = Task(older, tmp_path)
        with connected(older) as cursor:

            def half_way() -> bool:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND wait_event_type = 'Lock' AND backend_xid IS NOT NULL"
                )
                return bool(cursor.fetchone()[0])

            wait_until(half_way, seconds=60, what="a migration that has written and waits")
        first.kill()
        # the task that takes its place starts while PostgreSQL has not noticed yet
        second = Task(older, tmp_path)
        time.sleep(1)
        assert (revision(older), tables(older)) == (OLD, before)
        holder.connection.rollback()
    assert "the database schema was migrated" in second.said()
    assert revision(older) == latest()
    assert content(older) == WHOLE


def test_an_empty_database_whose_first_migration_was_killed_is_whole_after_the_next(postgresql: dict[str, str]) -> None:
    from mlflow.store.db.utils import InitialBase

    # MLflow makes its first tables in a transaction of their own: killed right after it, the database is neither empty nor stamped
    database = new_database(postgresql)
    engine = create_engine(address_of(database))
    InitialBase.metadata.create_all(engine)
    engine.dispose()
    assert migrate(address_of(database), wait_seconds=5) is True
    fresh = new_database(postgresql)
    assert migrate(address_of(fresh), wait_seconds=5) is True
    assert tables(database) == tables(fresh)
    assert revision(database) == revision(fresh) == latest()
