"""The registry's entry command: bring the database up to date under a lock, then run the MLflow server.

Sizes: one worker without job runners needs about 0.5 GB, MLflow's own defaults 3 GB.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from sqlalchemy.engine import URL

from ml_platform_runtime.config import EnvironmentReader
from ml_platform_runtime.database import database_url, migration_lock
from ml_platform_runtime.errors import RuntimeFault
from ml_platform_runtime.registry_auth import AuthSettings, auth_environment, auth_settings, prepare_logins
from ml_platform_runtime.registry_metrics import FOLDER_VARIABLE, start_metrics

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RegistrySettings:
    """Settings of `registry-server`; the README of this room lists the variables."""

    url: URL
    artifacts_destination: str
    host: str
    port: int
    workers: int
    wait_seconds: int
    auth: AuthSettings | None = None
    #: Where metrics are told, without a login; None: nowhere.
    metrics_port: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> RegistrySettings:
        """Raises BadInput with all faults."""
        reader = EnvironmentReader(environment)
        destination = reader.required("MLFLOW_ARTIFACTS_DESTINATION", "the place of artifacts, s3://bucket/prefix")
        if destination and not destination.startswith("s3://"):
            reader.add_fault(
                f"MLFLOW_ARTIFACTS_DESTINATION is {destination!r}; allowed is s3://bucket/prefix, because servers load artifacts straight from there"
            )
        settings = cls(
            url=database_url(reader),
            artifacts_destination=destination,
            host=reader.text("ML_HOST", "0.0.0.0"),
            port=reader.integer("ML_PORT", 5000, 1, 65535),
            workers=reader.integer("MLFLOW_WORKERS", 1, 1, 64),
            wait_seconds=reader.integer("ML_DATABASE_WAIT_SECONDS", 300, 1, 3600),
            auth=auth_settings(reader),
            metrics_port=_metrics_port(reader),
        )
        if settings.metrics_port == settings.port:
            reader.add_fault(
                f"ML_METRICS_PORT is {settings.port}, which is the server's own; give another one, or none to tell no metrics"
            )
        reader.finish()
        return settings


def _metrics_port(reader: EnvironmentReader) -> int | None:
    return None if reader.optional("ML_METRICS_PORT") is None else reader.integer("ML_METRICS_PORT", 9464, 1, 65535)


def migrate(url: URL, *, wait_seconds: float, auth: AuthSettings | None = None) -> bool:
    """Bring the schema to what this MLflow needs; false when it already was there. What `mlflow db upgrade` does, without the password in a command line.

    With `auth` the login tables and the first users too. One lock covers all of it.
    """
    with migration_lock(url, seconds=wait_seconds):
        migrated = _migrate_schema(url)
        if auth:
            prepare_logins(url, auth)
        return migrated


def _migrate_schema(url: URL) -> bool:
    from alembic.util import CommandError
    from mlflow.store.db import utils

    engine = utils.create_sqlalchemy_engine_with_retry(url.render_as_string(hide_password=False))
    try:
        before = utils._get_schema_version(engine)
        if before == utils._get_latest_schema_revision():
            _log.info("the database schema is up to date", extra={"revision": before})
            return False
        if utils._is_empty_database(engine):
            utils._initialize_tables(engine)
        else:
            utils._upgrade_db(engine)
        _log.info("the database schema was migrated", extra={"from": before, "to": utils._get_schema_version(engine)})
        return True
    except CommandError as error:
        raise RuntimeFault(
            f"the database schema (revision {before}) is newer than this MLflow knows: {error}; run the image that migrated it, or restore a backup"
        ) from error
    finally:
        engine.dispose()


def server_environment(settings: RegistrySettings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the MLflow server: the password travels here and not in the command line."""
    child = {name: value for name, value in environment.items() if not name.startswith(("ML_DATABASE_", "ML_AUTH_"))}
    child["MLFLOW_BACKEND_STORE_URI"] = settings.url.render_as_string(hide_password=False)
    child["MLFLOW_ARTIFACTS_DESTINATION"] = settings.artifacts_destination
    child["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    child["MLFLOW_DISABLE_TELEMETRY"] = "true"
    if settings.auth:
        child.update(auth_environment(settings.url, settings.auth))
    # boto3 reads this name only; containers are given the other.
    if environment.get("AWS_REGION"):
        child.setdefault("AWS_DEFAULT_REGION", environment["AWS_REGION"])
    return child


def run(settings: RegistrySettings) -> NoReturn:
    """Migrate, then do what `python -m mlflow server` does: in this process, which has imported MLflow by then."""
    environment = server_environment(settings, os.environ)
    # before the first import of MLflow, parts of which read it only then
    os.environ.clear()
    os.environ.update(environment)
    migrate(settings.url, wait_seconds=settings.wait_seconds, auth=settings.auth)
    command = [
        "server",
        "--host",
        settings.host,
        "--port",
        str(settings.port),
        "--workers",
        str(settings.workers),
        *(["--app-name", "basic-auth"] if settings.auth else []),
    ]
    _log.info("starting", extra={"command": ["-m", "mlflow", *command]})
    sys.stdout.flush()
    from ml_platform_runtime.registry_artifacts import plugin_folder

    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [plugin_folder(), environment.get("PYTHONPATH")]))
    if settings.metrics_port is not None:
        # the exporter would prefer it to the variable of MLflow
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        os.environ[FOLDER_VARIABLE] = start_metrics(settings.host, settings.metrics_port, environment)
    from mlflow.cli import cli

    sys.exit(cli.main(command, prog_name="mlflow"))
