"""Environment to settings: every fault at once, in words."""

from __future__ import annotations

import pytest

from ml_platform_runtime.config import ServeSettings
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.registry_server import RegistrySettings, server_environment

SERVE = {"ML_MODEL_NAME": "fraud", "ML_RELEASE_TABLE": "releases", "AWS_REGION": "eu-west-1"}
REGISTRY = {
    "MLFLOW_ARTIFACTS_DESTINATION": "s3://bucket/mlflow",
    "ML_DATABASE_HOST": "db",
    "ML_DATABASE_NAME": "mlflow",
    "ML_DATABASE_USER": "ml",
    "ML_DATABASE_PASSWORD": "p@ss:/w%rd#1",
}


def test_serve_has_the_defaults_of_the_contract() -> None:
    settings = ServeSettings.from_environment(SERVE)
    assert (settings.host, settings.port, settings.poll_seconds, str(settings.cache_dir), settings.allow_pickle) == (
        "0.0.0.0",
        8080,
        0.5,
        "/tmp/ml-platform",
        False,
    )


def test_serve_takes_every_variable() -> None:
    settings = ServeSettings.from_environment(
        {
            **SERVE,
            "ML_HOST": "::",
            "ML_PORT": "1",
            "ML_RELEASE_POLL_MS": "50",
            "ML_CACHE_DIR": "/c",
            "ML_ALLOW_PICKLE": "TRUE",
            "ML_SKOPS_TRUSTED_TYPES": "a.B, c.D",
            "ML_MAX_BODY_MIB": "1",
            "ML_DRAIN_SECONDS": "7",
        }
    )
    assert (settings.host, settings.port, settings.poll_seconds, str(settings.cache_dir), settings.allow_pickle) == (
        "::",
        1,
        0.05,
        "/c",
        True,
    )
    assert (settings.trusted_types, settings.max_body_bytes, settings.drain_seconds) == ({"a.B", "c.D"}, 1048576, 7)


def test_all_faults_of_an_environment_come_in_one_message() -> None:
    with pytest.raises(BadInput) as caught:
        ServeSettings.from_environment(
            {"ML_MODEL_NAME": "a/b", "ML_PORT": "70000", "ML_RELEASE_POLL_MS": "0.5", "ML_ALLOW_PICKLE": "maybe"}
        )
    assert str(caught.value).split("; ") == [
        "ML_MODEL_NAME: model is 'a/b'",
        "allowed are 1 to 128 letters, digits, dots, dashes, underscores and spaces, starting with a letter or digit",
        "ML_RELEASE_TABLE is not set",
        "give the name of the DynamoDB table of release records",
        "ML_PORT is '70000'",
        "allowed is an integer from 1 to 65535",
        "ML_RELEASE_POLL_MS is '0.5'",
        "allowed is an integer from 50 to 60000",
        "ML_ALLOW_PICKLE is 'maybe'",
        "allowed are true and false",
        "AWS_REGION is not set",
        "give the region of the table and bucket",
    ]


def test_an_empty_variable_counts_as_not_set() -> None:
    assert ServeSettings.from_environment({**SERVE, "ML_PORT": " "}).port == 8080


def test_the_registrys_database_address_survives_any_password() -> None:
    url = RegistrySettings.from_environment(REGISTRY).url
    assert (url.host, url.port, url.database, url.username, url.password) == (
        "db",
        5432,
        "mlflow",
        "ml",
        "p@ss:/w%rd#1",
    )
    assert "p@ss" not in str(url)


def test_one_database_address_wins_over_its_parts() -> None:
    url = RegistrySettings.from_environment({**REGISTRY, "ML_DATABASE_URL": "postgres://u:p@other/x"}).url
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg2://u:p@other/x"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MLFLOW_ARTIFACTS_DESTINATION": ""}, "MLFLOW_ARTIFACTS_DESTINATION is not set"),
        ({"MLFLOW_ARTIFACTS_DESTINATION": "/data"}, "allowed is s3://bucket/prefix"),
        ({"ML_DATABASE_PASSWORD": ""}, "ML_DATABASE_PASSWORD is not set; give the password, or all in ML_DATABASE_URL"),
        ({"ML_DATABASE_PORT": "x"}, "ML_DATABASE_PORT is 'x'"),
        ({"ML_DATABASE_SSLMODE": "on"}, "ML_DATABASE_SSLMODE is 'on'; allowed are disable"),
        (
            {"ML_DATABASE_URL": "mysql://u:secret@h/d"},
            "ML_DATABASE_URL is for mysql; allowed are postgresql, and sqlite with a file",
        ),
        ({"ML_DATABASE_URL": "sqlite://"}, "sqlite with a file"),
        ({"ML_DATABASE_URL": "user:secret@host"}, "ML_DATABASE_URL is no database address"),
        ({"MLFLOW_WORKERS": "0"}, "MLFLOW_WORKERS is '0'; allowed is an integer from 1 to 64"),
    ],
)
def test_a_wrong_registry_environment_is_told_what_is_wrong_without_the_password(
    change: dict[str, str], message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        RegistrySettings.from_environment({**REGISTRY, **change})
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_mlflow_server_is_sized_for_a_small_task_and_gets_the_password_by_environment_only() -> None:
    settings = RegistrySettings.from_environment(REGISTRY)
    environment = server_environment(settings, {**REGISTRY, "AWS_REGION": "eu-west-1", "PATH": "/bin"})
    assert settings.workers == 1
    assert environment == {
        "PATH": "/bin",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "MLFLOW_ARTIFACTS_DESTINATION": "s3://bucket/mlflow",
        "MLFLOW_BACKEND_STORE_URI": "postgresql+psycopg2://ml:p%40ss%3A%2Fw%25rd%231@db:5432/mlflow?sslmode=prefer",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
