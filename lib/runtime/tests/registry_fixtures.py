"""A real PostgreSQL for the tests of the registry, and databases in it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy.engine import URL

from support import free_port

_numbers = itertools.count(1)
PASSWORD = "p@ss:/w%rd#1"


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def _as_database_user(*command: str) -> None:
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*prefix, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def postgresql() -> Iterator[dict[str, str]]:
    """A PostgreSQL of its own; the ML_DATABASE_ variables that lead to an empty database with password login."""
    programs = _programs()
    if programs is None or (os.getuid() == 0 and not shutil.which("runuser")):
        pytest.skip("PostgreSQL is not installed (no initdb): the migration lock was tried on SQLite only")
    home = Path(tempfile.mkdtemp(prefix="ml-platform-postgres-"))
    port = free_port()
    data, secret = home / "data", home / "password"
    secret.write_text(PASSWORD)
    if os.getuid() == 0:
        shutil.chown(home, "postgres")
        shutil.chown(secret, "postgres")
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        _as_database_user(
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "mlflow",
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
        )
        _as_database_user(
            str(programs / "pg_ctl"), "-w", "-D", str(data), "-l", str(home / "log"), "-o", options, "start"
        )
        try:
            yield {
                "ML_DATABASE_HOST": "127.0.0.1",
                "ML_DATABASE_PORT": str(port),
                "ML_DATABASE_NAME": "postgres",
                "ML_DATABASE_USER": "mlflow",
                "ML_DATABASE_PASSWORD": PASSWORD,
            }
        finally:
            _as_database_user(str(programs / "pg_ctl"), "-w", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def new_database(postgresql: dict[str, str]) -> dict[str, str]:
    """The variables of a fresh, empty database of the same server."""
    name = f"mlflow_{next(_numbers)}"
    with connected(postgresql) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return {**postgresql, "ML_DATABASE_NAME": name}


@contextlib.contextmanager
def connected(database: dict[str, str], *, autocommit: bool = True) -> Iterator[Any]:
    """A cursor in a database."""
    with contextlib.closing(
        psycopg2.connect(
            host=database["ML_DATABASE_HOST"],
            port=database["ML_DATABASE_PORT"],
            user=database["ML_DATABASE_USER"],
            password=database["ML_DATABASE_PASSWORD"],
            dbname=database["ML_DATABASE_NAME"],
        )
    ) as connection:
        connection.autocommit = autocommit
        with connection.cursor() as cursor:
            yield cursor


def address_of(database: dict[str, str]) -> URL:
    """The database as SQLAlchemy names it."""
    return URL.create(
        "postgresql+psycopg2",
        username=database["ML_DATABASE_USER"],
        password=database["ML_DATABASE_PASSWORD"],
        host=database["ML_DATABASE_HOST"],
        port=int(database["ML_DATABASE_PORT"]),
        database=database["ML_DATABASE_NAME"],
    )


def entries(text: str) -> list[dict[str, Any]]:
    """Our own log lines."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line["logger"].startswith("ml_platform_runtime.")]
