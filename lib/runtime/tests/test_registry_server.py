"""The registry's entry command on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from conftest import Registry
from ml_platform_runtime.database import migration_lock
from ml_platform_runtime.errors import RuntimeFault
from ml_platform_runtime.registry_server import migrate
from support import Service, free_port, running, runtime, wait_until

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


@pytest.fixture(scope="module")
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


def entries(text: str) -> list[dict[str, Any]]:
    """Our own log lines; MLflow's are text."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_two_servers_that_start_at_once_migrate_once(
    postgresql: dict[str, str], aws: str, bucket: str, tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    environment = {
        **postgresql,
        "AWS_ENDPOINT_URL": aws,
        "ML_HOST": "127.0.0.1",
        "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{bucket}/mlflow-pg",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "mlflow.internal,127.0.0.1:*",
        "TMPDIR": str(tmp_path),
    }
    with contextlib.ExitStack() as stack:
        services = [
            stack.enter_context(
                running(runtime("registry-server"), {**environment, "ML_PORT": str(port)}, tmp_path / f"{port}.log")
            )
            for port in ports
        ]
        said = [_wait_for_start(service) for service in services]
        assert sorted("the database schema was migrated" in messages for messages in said) == [False, True]
        assert sorted("the database schema is up to date" in messages for messages in said) == [False, True]
        # One is enough for the rest; the host check of MLflow is in force.
        services[1].stop()
        services[0].wait_for_http(f"http://127.0.0.1:{ports[0]}/health", seconds=90)
        base = f"http://127.0.0.1:{ports[0]}/api/2.0/mlflow"
        assert httpx.post(f"{base}/registered-models/create", json={"name": "fraud"}).status_code == 200
        answer = httpx.get(
            f"{base}/registered-models/get", params={"name": "fraud"}, headers={"Host": "mlflow.internal"}
        )
        assert answer.json()["registered_model"]["name"] == "fraud"
        answer = httpx.get(f"{base}/registered-models/get", params={"name": "fraud"}, headers={"Host": "evil.example"})
        assert answer.status_code == 403
        assert PASSWORD not in services[0].text + services[1].text
        services[0].terminate()
        assert services[0].wait(20) == 0


def _wait_for_start(service: Service) -> list[str]:
    """The messages of a registry server up to the moment before it becomes MLflow."""

    def messages() -> list[str]:
        found = [entry["message"] for entry in entries(service.text)]
        return found if "starting" in found else []

    found: list[str] = wait_until(messages, seconds=60, what=f"start of MLflow ({service.log})")
    return found


def test_the_lock_of_postgresql_lets_one_in_at_a_time_and_ends_with_its_holder(postgresql: dict[str, str]) -> None:
    address = make_url(f"postgresql+psycopg2://mlflow@127.0.0.1:{postgresql['ML_DATABASE_PORT']}/postgres").set(
        password=PASSWORD
    )
    with (
        migration_lock(address, seconds=5),
        pytest.raises(RuntimeFault, match="holds the migration lock"),
        migration_lock(address, seconds=1),
    ):
        pytest.fail("two holders")
    with migration_lock(address, seconds=1):
        pass


def test_a_wrong_password_is_told_at_once_and_not_repeated(postgresql: dict[str, str]) -> None:
    address = make_url(f"postgresql+psycopg2://mlflow@127.0.0.1:{postgresql['ML_DATABASE_PORT']}/postgres").set(
        password="hush-hush"
    )
    with (
        pytest.raises(RuntimeFault, match="password authentication failed") as caught,
        migration_lock(address, seconds=60),
    ):
        pytest.fail("let in")
    assert "hush-hush" not in str(caught.value)


def test_a_database_of_a_newer_mlflow_is_left_alone(postgresql: dict[str, str]) -> None:
    address = make_url(f"postgresql+psycopg2://mlflow@127.0.0.1:{postgresql['ML_DATABASE_PORT']}/template1").set(
        password=PASSWORD
    )
    with (
        contextlib.closing(
            psycopg2.connect(
                host="127.0.0.1",
                port=postgresql["ML_DATABASE_PORT"],
                user="mlflow",
                password=PASSWORD,
                dbname="template1",
            )
        ) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        cursor.execute("INSERT INTO alembic_version VALUES ('fffffffffff1')")
        cursor.execute("CREATE TABLE experiments (experiment_id int)")
    with pytest.raises(RuntimeFault, match="revision fffffffffff1\\) is newer than this MLflow knows"):
        migrate(address, wait_seconds=5)


def test_a_database_that_starts_later_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    with (
        pytest.raises(RuntimeFault, match=f"the database at 127.0.0.1:{port} cannot be used: .*refused"),
        migration_lock(make_url(f"postgresql://u:p@127.0.0.1:{port}/x"), seconds=1.5),
    ):
        pytest.fail("let in")


def test_the_lock_of_sqlite_lets_one_in_at_a_time(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path}/mlflow.db")
    inside: list[int] = []

    def enter(number: int) -> None:
        with migration_lock(url, seconds=10):
            inside.append(number)
            assert len(inside) == 1
            threading.Event().wait(0.2)
            inside.remove(number)

    with (
        migration_lock(url, seconds=1),
        pytest.raises(RuntimeFault, match="holds the migration lock"),
        migration_lock(url, seconds=0.6),
    ):
        pytest.fail("two holders")
    enter(1)
    assert inside == []


def test_the_server_on_sqlite_migrated_before_it_answered_and_keeps_no_password_in_its_command(
    registry: Registry,
) -> None:
    said = [entry["message"] for entry in entries(registry.service.text)]
    assert said[:2] == ["the database schema was migrated", "starting"]
    wait_until(lambda: httpx.get(f"{registry.uri}/version").text == "3.17.2", seconds=5, what="the pinned MLflow")
    start = next(entry for entry in entries(registry.service.text) if entry["message"] == "starting")
    assert start["command"] == [
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        registry.uri.rpartition(":")[2],
        "--workers",
        "1",
    ]


def test_a_database_that_is_up_to_date_is_not_migrated_again(registry: Registry) -> None:
    assert migrate(make_url(registry.database), wait_seconds=5) is False
