"""MLflow's login as our own entry command starts it: real servers, a real PostgreSQL, secrets on the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import mlflow
import pytest
from mlflow import MlflowClient
from prometheus_client.parser import text_string_to_metric_families

from forks import Fork
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.registry_logins import Login, MlflowUsers, rotate
from ml_platform_runtime.registry_server import RegistrySettings
from registry_fixtures import PASSWORD, connected, new_database, postgresql
from support import Service, finished, free_port, get, post, running, runtime, surroundings, wait_until

__all__ = ["postgresql"]

ADMIN = Login("admin", "first-password-of-the-admin")
MACHINES = Login("machines", "f%rst-password-of-machines")
HOST = "mlflow.ml.internal"


#: What the construct library writes for a cluster, and, its tests say, for Fargate too.
POD: dict[str, Any] = json.loads((Path(__file__).parent / "registry_pod.json").read_text())
LATER = "<deploy-time value>"


def of_pod(known_later: dict[str, str]) -> dict[str, str]:
    """The variables of the pods as they are written, and ours where only a deployment or a secret knows them."""
    written = {variable["name"]: variable.get("value", LATER) for variable in POD["env"]}
    assert {name for name, value in written.items() if LATER in value} == known_later.keys() - {"ML_DATABASE_NAME"}
    return {**written, **known_later}


@dataclass(frozen=True)
class Server:
    """A task of the service, and the database that it shares with others."""

    environment: dict[str, str]
    uri: str
    metrics: str
    service: Service


def variables(admin: Login, machines: Login) -> dict[str, str]:
    return {
        "ML_AUTH_ADMIN_USER": admin.user,
        "ML_AUTH_ADMIN_PASSWORD": admin.password,
        "ML_AUTH_MACHINE_USER": machines.user,
        "ML_AUTH_MACHINE_PASSWORD": machines.password,
        "ML_AUTH_SECRET_KEY": "a-key-for-all-tasks",
    }


@pytest.fixture(scope="module")
def server(
    postgresql: dict[str, str], aws: str, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("auth")
    port, metrics = free_port(), free_port()
    environment = {
        **of_pod(
            {
                **new_database(postgresql),
                **variables(ADMIN, MACHINES),
                "AWS_REGION": "eu-west-1",
                "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{bucket}/mlflow",
            }
        ),
        "AWS_ENDPOINT_URL": aws,
        "ML_METRICS_PORT": str(metrics),
        "TMPDIR": str(home),
    }
    assert POD["args"][:3] == ["python", "-m", "ml_platform_runtime"]
    with running(runtime(*POD["args"][3:]), {**environment, "ML_PORT": str(port)}, home / "server.log") as service:
        service.wait_for_http(f"http://127.0.0.1:{port}{POD['readinessProbe']['httpGet']['path']}", seconds=120)
        yield Server(environment, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics", service)


def search(uri: str, login: Login | None = None, **headers: str) -> int:
    return get(
        f"{uri}/api/2.0/mlflow/registered-models/search",
        auth=(login.user, login.password) if login else None,
        headers=headers,
    ).status_code


def test_nobody_gets_in_without_the_right_password_and_health_stays_open(server: Server) -> None:
    uri = server.uri
    assert search(uri) == 401
    assert search(uri, Login("machines", "a-wrong-password")) == 401
    assert search(uri, Login("nobody", MACHINES.password)) == 401
    assert search(uri, MACHINES) == search(uri, ADMIN) == 200
    # as the load balancer and the kubelet ask: by the address of a task or pod
    assert get(f"{uri}/health", headers={"Host": "10.0.3.7:5000"}).status_code == 200
    assert get(f"{uri}/", follow_redirects=True).status_code == 401
    assert get(f"{uri}/api/2.0/mlflow-artifacts/artifacts").status_code == 401


def requests_counted(server: Server, status: str) -> float:
    """As Prometheus reads it: by the address of a task, without a login."""
    families = text_string_to_metric_families(get(server.metrics, headers={"Host": "10.0.3.7:9464"}).text)
    samples = (sample for family in families if family.name == "mlflow_http_request" for sample in family.samples)
    return sum(sample.value for sample in samples if sample.labels["status"] == status)


def test_metrics_are_told_without_a_login_on_their_own_port_only(server: Server) -> None:
    told = f"{server.uri}/metrics"
    # on the server's own port, which the load balancer shows, neither strangers nor machines read them
    assert get(told).status_code == 401
    assert get(told, auth=(MACHINES.user, MACHINES.password)).status_code == 403
    assert get(told, auth=(ADMIN.user, ADMIN.password)).status_code == 200
    before = requests_counted(server, "200"), requests_counted(server, "401")
    assert [search(server.uri, MACHINES) for _ in range(3)] == [200, 200, 200]
    assert search(server.uri) == 401
    assert (requests_counted(server, "200"), requests_counted(server, "401")) == (before[0] + 3, before[1] + 1)
    text = get(server.metrics).text
    assert "mlflow_http_request_duration_seconds_bucket" in text
    for secret in (ADMIN.password, MACHINES.password, PASSWORD):
        assert secret not in text


def test_the_process_that_tells_metrics_knows_no_secret(server: Server) -> None:
    children = Path(f"/proc/{server.service._process.pid}/task/{server.service._process.pid}/children").read_text()
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children.split()}
    [teller] = [pid for pid, command in commands.items() if "registry_metrics" in command]
    environment = Path(f"/proc/{teller}/environ").read_text()
    assert not any(name in environment for name in ("PASSWORD", "SECRET", "AWS_", "MLFLOW_"))


def test_the_tables_of_the_login_stand_in_a_schema_of_their_own(server: Server) -> None:
    with connected(server.environment) as cursor:
        cursor.execute("SELECT username, is_admin FROM mlflow_auth.users ORDER BY username")
        assert cursor.fetchall() == [("admin", True), ("machines", False)]
        cursor.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name IN ('users', 'experiments')"
        )
        assert sorted(cursor.fetchall()) == [("mlflow_auth",), ("public",)]


def test_no_password_is_told_or_handed_on(server: Server) -> None:
    for secret in (ADMIN.password, MACHINES.password, PASSWORD, "a-key-for-all-tasks"):
        assert secret not in server.service.text
    environment = Path(f"/proc/{server.service._process.pid}/environ").read_text()
    assert ADMIN.password not in environment
    assert MACHINES.password not in environment


def test_machines_may_work_on_everything_but_delete_only_what_is_theirs_and_manage_no_users(server: Server) -> None:
    uri = f"{server.uri}/api/2.0/mlflow"
    admin, machines = (ADMIN.user, ADMIN.password), (MACHINES.user, MACHINES.password)
    experiment = post(f"{uri}/experiments/create", json={"name": "of-people"}, auth=admin).json()["experiment_id"]
    run = post(f"{uri}/runs/create", json={"experiment_id": experiment}, auth=machines)
    assert run.status_code == 200
    assert post(f"{uri}/experiments/delete", json={"experiment_id": experiment}, auth=machines).status_code == 403
    own = post(f"{uri}/experiments/create", json={"name": "of-machines"}, auth=machines).json()["experiment_id"]
    assert post(f"{uri}/experiments/delete", json={"experiment_id": own}, auth=machines).status_code == 200
    new = {"username": "mallory", "password": "a-password-of-mallory"}
    assert post(f"{uri}/users/create", json=new, auth=machines).status_code == 403
    taken = {"username": "admin", "password": "a-password-of-mallory"}
    assert httpx.patch(f"{uri}/users/update-password", json=taken, auth=machines).status_code == 403
    promoted = {"username": "machines", "is_admin": True}
    assert httpx.patch(f"{uri}/users/update-admin", json=promoted, auth=machines).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": HOST}, 200),
        ({"Host": f"{HOST}:443"}, 200),
        ({"Host": f"{HOST}:8443"}, 403),
        ({"Host": "evil.example"}, 403),
    ],
)
def test_only_its_own_names_are_answered_with_and_without_the_port(
    server: Server, headers: dict[str, str], status: int
) -> None:
    assert search(server.uri, MACHINES, **headers) == status


@pytest.mark.parametrize(("origin", "status"), [(f"https://{HOST}", 200), ("https://evil.example", 403), (None, 200)])
def test_a_page_of_another_origin_cannot_write_even_with_a_login(
    server: Server, origin: str | None, status: int
) -> None:
    answer = post(
        f"{server.uri}/api/2.0/mlflow/registered-models/create",
        json={"name": f"from-{status}-{bool(origin)}"},
        auth=(MACHINES.user, MACHINES.password),
        headers={"Host": HOST, **({"Origin": origin} if origin else {})},
    )
    assert answer.status_code == status


def test_a_database_that_stops_during_a_registration_loses_and_doubles_nothing(server: Server) -> None:
    uri, login = f"{server.uri}/api/2.0/mlflow", (MACHINES.user, MACHINES.password)
    name = server.environment["ML_DATABASE_NAME"]
    assert post(f"{uri}/registered-models/create", json={"name": "steady"}, auth=login).status_code == 200
    version = {"name": "steady", "source": "s3://models/steady/1"}
    with connected({**server.environment, "ML_DATABASE_NAME": "postgres"}) as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            refused = post(f"{uri}/model-versions/create", json=version, auth=login, timeout=60)
            healthy = get(f"{server.uri}/health").status_code
        finally:
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert refused.status_code >= 500
    # the load balancer does not replace tasks because their database is away
    assert healthy == 200
    assert PASSWORD not in refused.text
    # the client tries again, and the server needs no restart for it
    again = post(f"{uri}/model-versions/create", json=version, auth=login, timeout=60)
    assert again.json()["model_version"]["version"] == "1"
    # a failover that ends every connection is not even noticed
    with connected({**server.environment, "ML_DATABASE_NAME": "postgres"}) as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    found = get(f"{uri}/model-versions/search", auth=login)
    assert [one["version"] for one in found.json()["model_versions"] if one["name"] == "steady"] == ["1"]


def work(model: str) -> None:
    """What a user's job does."""
    mlflow.set_experiment("a-job")
    with mlflow.start_run() as run:
        mlflow.log_metric("auc", 0.9)
        mlflow.log_text("hello", "note.txt")
    text = mlflow.artifacts.load_text(run.info.artifact_uri + "/note.txt")
    client = MlflowClient()
    client.create_registered_model(model)
    client.create_model_version(model, run.info.artifact_uri, run.info.run_id)
    client.set_registered_model_alias(model, "champion", "1")
    print("read", text, "version", client.get_model_version_by_alias(model, "champion").version)


def job(uri: str, login: Login, model: str, folder: Path) -> tuple[int, str]:
    """A job of a user: MLflow's SDK, a login by the variables that a job gets, no AWS credentials."""
    environment = {name: value for name, value in surroundings({}).items() if not name.startswith("AWS_")}
    environment |= {
        "MLFLOW_TRACKING_USERNAME": login.user,
        "MLFLOW_TRACKING_PASSWORD": login.password,
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }
    log = folder / "job.log"
    code = Fork(work, (model,), environment, log, log).wait(240)
    return code, log.read_text()


@pytest.fixture
def secret(aws: str) -> Any:
    return boto3.session.Session().client("secretsmanager", endpoint_url=aws, region_name="eu-west-1")


def put(secret: Any, name: str, login: Login) -> str:
    value = json.dumps({"username": login.user, "password": login.password})
    return str(secret.create_secret(Name=name, SecretString=value)["ARN"])


def current(secret: Any, name: str) -> Login:
    value = json.loads(secret.get_secret_value(SecretId=name)["SecretString"])
    return Login(value["username"], value["password"])


def connections(database: dict[str, str], application: str) -> int:
    with connected(database) as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", (application,))
        return int(cursor.fetchone()[0])


def test_logins_rotate_without_an_outage_and_tasks_old_and_new_know_them(
    server: Server, secret: Any, aws: str, tmp_path: Path
) -> None:
    names = [put(secret, "auth-machines", MACHINES), put(secret, "auth-admin", ADMIN)]
    variables_of_task = {"AWS_ENDPOINT_URL": aws, "MLFLOW_TRACKING_URI": server.uri}
    secrets = ["--secret", names[0], "--secret", names[1], "--admin-secret", names[1]]
    done = finished(variables_of_task, "registry-rotate", *secrets)
    assert done.returncode == 0, done.stderr
    assert [login["user"] for login in json.loads(done.stdout)["logins"]] == ["machines-b", "admin-b"]
    machines, admin = current(secret, names[0]), current(secret, names[1])
    for password in (machines.password, admin.password):
        assert password not in done.stdout + done.stderr
    assert MlflowUsers(server.uri, admin).is_admin("admin-b")
    assert not MlflowUsers(server.uri, admin).is_admin("machines-b")

    # a task that starts now is given the new secrets and finds its users; the task of before goes on
    port = free_port()
    environment = {
        **server.environment,
        **variables(admin, machines),
        "ML_PORT": str(port),
        "TMPDIR": str(tmp_path),
        # as beside an Aurora cluster that may pause
        "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
        "PGAPPNAME": "new-task",
    }
    with running(runtime("registry-server"), environment, tmp_path / "new.log") as service:
        # meanwhile: jobs that started before go on, jobs that start now work
        assert [search(server.uri, login) for login in (MACHINES, machines, ADMIN, admin)] == [200, 200, 200, 200]
        code, said = job(server.uri, machines, "after-rotation", tmp_path)
        assert (code, said.endswith("read hello version 1\n")) == (0, True), said
        service.wait_for_http(f"http://127.0.0.1:{port}/health", seconds=180)
        assert "a user was created" not in service.text
        # its port for metrics is taken by the first task of this machine, which is no reason to answer nobody
        assert "Address already in use" in service.text
        uri = f"http://127.0.0.1:{port}"
        assert [search(uri, login) for login in (MACHINES, machines, ADMIN, admin)] == [200, 200, 200, 200]
        # a server that keeps no connection lets its database pause, though it is used and asked for its health
        wait_until(lambda: connections(server.environment, "new-task") == 0, seconds=30, what="no connection")
        # the next time the first login ends, the one in use stays
        rotate(secret, names[0], names[1], uri)
        third = current(secret, names[0])
        assert third.user == "machines"
        assert [search(uri, login) for login in (MACHINES, machines, third)] == [401, 200, 200]


def test_a_rotation_that_was_killed_half_way_is_ended_by_the_next(server: Server, secret: Any) -> None:
    uri = server.uri
    admin = put(secret, "half-admin", Login("half-admin", "a-password-of-half-admin"))
    name = put(secret, "half", Login("half", "first-password-of-half"))
    MlflowUsers(uri, ADMIN).ensure(Login("half-admin", "a-password-of-half-admin"), is_admin=True)
    MlflowUsers(uri, ADMIN).ensure(Login("half", "first-password-of-half"), is_admin=False)

    class Killed(Exception):
        pass

    def killed(**_: Any) -> None:
        raise Killed

    dying = boto3.session.Session().client(
        "secretsmanager", endpoint_url=secret.meta.endpoint_url, region_name="eu-west-1"
    )
    dying.update_secret_version_stage = killed
    with pytest.raises(Killed):
        rotate(dying, name, admin, uri)
    # the secret still names the old login, which works; the prepared one is taken up again, not made anew
    assert current(secret, name).user == "half"
    prepared = json.loads(secret.get_secret_value(SecretId=name, VersionStage="AWSPENDING")["SecretString"])
    assert search(uri, current(secret, name)) == search(uri, Login(prepared["username"], prepared["password"])) == 200
    rotate(secret, name, admin, uri)
    assert current(secret, name) == Login(prepared["username"], prepared["password"])


def test_a_rotation_that_mlflow_refuses_leaves_the_old_login_in_the_secret(server: Server, secret: Any) -> None:
    admin = put(secret, "stale-admin", Login("admin", "not-the-password-any-more"))
    name = put(secret, "untouched", MACHINES)
    with pytest.raises(RuntimeFault, match="refused POST users/create as admin|refused GET users/get"):
        rotate(secret, name, admin, server.uri)
    assert current(secret, name) == MACHINES
    with pytest.raises(RuntimeFault, match="cannot be used"):
        rotate(secret, name, admin, f"http://127.0.0.1:{free_port()}")
    assert current(secret, name) == MACHINES


def test_a_secret_that_is_no_login_is_named_and_not_repeated(secret: Any) -> None:
    name = secret.create_secret(Name="no-login", SecretString='"hush"')["ARN"]
    with pytest.raises(BadInput, match="no-login.* holds no JSON object with username and password") as caught:
        rotate(secret, name, name, "http://127.0.0.1:1")
    assert "hush" not in str(caught.value)


def test_settings_of_a_login_are_told_all_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        RegistrySettings.from_environment(
            {
                "ML_DATABASE_URL": "sqlite:////tmp/x.db",
                "MLFLOW_ARTIFACTS_DESTINATION": "s3://b/p",
                "ML_REGISTRY_AUTH": "basic",
                "ML_AUTH_ADMIN_USER": "admin",
                "ML_AUTH_ADMIN_PASSWORD": "short",
                "ML_AUTH_DEFAULT_PERMISSION": "ALL",
                "ML_METRICS_PORT": "5000",
            }
        )
    assert str(caught.value) == (
        "ML_AUTH_DEFAULT_PERMISSION is 'ALL'; allowed are READ, USE, EDIT, MANAGE, NO_PERMISSIONS; "
        "ML_AUTH_ADMIN_PASSWORD has 5 characters; MLflow takes 12 or more; "
        "ML_AUTH_MACHINE_USER is not set; give the user name of machines; "
        "ML_AUTH_MACHINE_PASSWORD is not set; give the first password of machines; "
        "ML_AUTH_SECRET_KEY is not set; give a random text, the same for every task; "
        "ML_METRICS_PORT is 5000, which is the server's own; give another one, or none to tell no metrics"
    )
    with pytest.raises(BadInput, match="ML_REGISTRY_AUTH is 'ldap'; allowed are none and basic"):
        RegistrySettings.from_environment(
            {
                "ML_DATABASE_URL": "sqlite:////tmp/x.db",
                "MLFLOW_ARTIFACTS_DESTINATION": "s3://b/p",
                "ML_REGISTRY_AUTH": "ldap",
            }
        )
