"""Login of the registry by MLflow's own basic auth: its tables in a schema of their own, its two first users, its configuration.

Two users exist from the start: an administrator for people who manage users, and one for machines, which cannot.
A user that exists is left alone, its password too: passwords change by `registry-login`, never by a deployment.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass

import psycopg2
from sqlalchemy.engine import URL

from ml_platform_runtime.config import EnvironmentReader
from ml_platform_runtime.errors import RuntimeFault

_log = logging.getLogger(__name__)

#: PostgreSQL schema of MLflow's login tables, beside MLflow's own tables in the same database.
SCHEMA = "mlflow_auth"
_PERMISSIONS = ("READ", "USE", "EDIT", "MANAGE", "NO_PERMISSIONS")


@dataclass(frozen=True)
class AuthSettings:
    """Who may log in at first, and what everybody may do who can."""

    admin: tuple[str, str]
    machine: tuple[str, str]
    secret_key: str
    default_permission: str


def auth_settings(reader: EnvironmentReader) -> AuthSettings | None:
    """None without ML_REGISTRY_AUTH=basic; faults go to the reader."""
    kind = reader.text("ML_REGISTRY_AUTH", "none")
    if kind == "none":
        return None
    if kind != "basic":
        reader.add_fault(f"ML_REGISTRY_AUTH is {kind!r}; allowed are none and basic")
        return None
    permission = reader.text("ML_AUTH_DEFAULT_PERMISSION", "EDIT")
    if permission not in _PERMISSIONS:
        reader.add_fault(f"ML_AUTH_DEFAULT_PERMISSION is {permission!r}; allowed are {', '.join(_PERMISSIONS)}")
    return AuthSettings(
        admin=_login(reader, "ADMIN", "the administrator"),
        machine=_login(reader, "MACHINE", "machines"),
        secret_key=reader.required("ML_AUTH_SECRET_KEY", "a random text, the same for every task"),
        default_permission=permission,
    )


def _login(reader: EnvironmentReader, who: str, what: str) -> tuple[str, str]:
    user = reader.required(f"ML_AUTH_{who}_USER", f"the user name of {what}")
    password = reader.required(f"ML_AUTH_{who}_PASSWORD", f"the first password of {what}")
    if password and len(password) < 12:
        reader.add_fault(f"ML_AUTH_{who}_PASSWORD has {len(password)} characters; MLflow takes 12 or more")
    return user, password


def auth_url(url: URL) -> URL:
    """Where MLflow keeps users and permissions."""
    if url.get_backend_name() == "sqlite":
        return url.set(database=f"{url.database}.auth")
    options = " ".join(filter(None, [_text(url.query.get("options")), f"-csearch_path={SCHEMA}"]))
    return url.update_query_dict({"options": options})


def _text(value: str | tuple[str, ...] | None) -> str:
    return " ".join(value) if isinstance(value, tuple) else value or ""


def prepare_logins(url: URL, settings: AuthSettings) -> None:
    """Bring the login tables up to date and make the first users. Call it inside the migration lock: MLflow itself takes none."""
    _create_schema(url)
    # The module reads its configuration when it is imported; nothing of it matters here.
    from alembic.util import CommandError
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore()
    try:
        store.init_db(auth_url(url).render_as_string(hide_password=False))
    except CommandError as error:
        raise RuntimeFault(
            f"the login tables are newer than this MLflow knows: {error}; run the image that migrated them, or restore a backup"
        ) from error
    try:
        for (user, password), is_admin in ((settings.admin, True), (settings.machine, False)):
            if not store.has_user(user):
                store.create_user(user, password, is_admin=is_admin)
                _log.info("a user was created", extra={"user": user, "admin": is_admin})
    finally:
        store.engine.dispose()


def _create_schema(url: URL) -> None:
    if url.get_backend_name() == "sqlite":
        return
    address = {
        "host": url.host,
        "port": url.port or 5432,
        "dbname": url.database,
        "user": url.username,
        "password": url.password,
        **url.query,
    }
    with contextlib.closing(psycopg2.connect(**address, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")


def auth_environment(url: URL, settings: AuthSettings) -> Mapping[str, str]:
    """Variables of the MLflow server. The users exist, so it is given no password of theirs."""
    return {
        "MLFLOW_AUTH_CONFIG_PATH": _write_configuration(url, settings),
        "MLFLOW_AUTH_ADMIN_USERNAME": settings.admin[0],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": settings.secret_key,
    }


def _write_configuration(url: URL, settings: AuthSettings) -> str:
    """A file that only this user reads: it holds the database's password."""
    values = {
        "default_permission": settings.default_permission,
        "database_uri": auth_url(url).render_as_string(hide_password=False),
        "admin_username": settings.admin[0],
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        # each request checks its password up to three times, at tens of milliseconds of CPU; a login that was changed through one
        # task is refused by the others after so long
        "auth_cache_ttl_seconds": "10",
        # MLflow's own store takes every user for a member of its one workspace
        "grant_default_workspace_access": "true",
    }
    parser = ConfigParser()
    # MLflow reads it with interpolation, in which a percent sign is doubled.
    parser["mlflow"] = {name: value.replace("%", "%%") for name, value in values.items()}
    handle, path = tempfile.mkstemp(prefix="mlflow-auth-", suffix=".ini")
    with os.fdopen(handle, "w") as file:
        parser.write(file)
    return path
