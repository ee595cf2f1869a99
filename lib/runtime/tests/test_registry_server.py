"""The registry's entry command on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from conftest import Registry
from ml_platform_runtime.database import migration_lock
from ml_platform_runtime.errors import RuntimeFault
from ml_platform_runtime.registry_server import migrate
from registry_fixtures import PASSWORD, connected, entries, new_database, postgresql
from support import Service, free_port, get, post, running, runtime, wait_until

__all__ = ["postgresql"]


def test_two_servers_that_start_at_once_migrate_once(
    postgresql: dict[str, str], aws: str, bucket: str, tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    login = ("admin", "a-password-of-the-admin")
    environment = {
        **new_database(postgresql),
        "AWS_ENDPOINT_URL": aws,
        "ML_REGISTRY_AUTH": "basic",
        "ML_AUTH_ADMIN_USER": login[0],
        "ML_AUTH_ADMIN_PASSWORD": login[1],
        "ML_AUTH_MACHINE_USER": "machines",
        "ML_AUTH_MACHINE_PASSWORD": "a-password-of-machines",
        "ML_AUTH_SECRET_KEY": "a-key-for-all-tasks",
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
        assert sorted(messages.count("a user was created") for messages in said) == [0, 2]
        # One is enough for the rest; the host check of MLflow is in force.
        services[1].stop()
        services[0].wait_for_http(f"http://127.0.0.1:{ports[0]}/health", seconds=90)
        base = f"http://127.0.0.1:{ports[0]}/api/2.0/mlflow"
        assert post(f"{base}/registered-models/create", json={"name": "fraud"}, auth=login).status_code == 200
        answer = get(
            f"{base}/registered-models/get", params={"name": "fraud"}, headers={"Host": "mlflow.internal"}, auth=login
        )
        assert answer.json()["registered_model"]["name"] == "fraud"
        answer = get(f"{base}/registered-models/get", params={"name": "fraud"}, headers={"Host": "evil.example"})
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
    with connected({**postgresql, "ML_DATABASE_NAME": "template1"}) as cursor:
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
    wait_until(lambda: get(f"{registry.uri}/version").text == "3.17.2", seconds=5, what="the pinned MLflow")
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
