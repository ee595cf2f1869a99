"""The registry's database: its address, waiting for it, and one lock for everybody who wants to migrate it."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ml_platform_runtime.config import EnvironmentReader
from ml_platform_runtime.errors import RuntimeFault

_log = logging.getLogger(__name__)

# Any constant will do, as long as nothing else in this database takes the same.
_LOCK_KEY = 0x6D6C666C6F77
_PERMANENT = ("password authentication failed", "does not exist", "no pg_hba.conf entry")
_PARTS = {"HOST": "the host name", "NAME": "the name of the database", "USER": "the user", "PASSWORD": "the password"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def database_url(reader: EnvironmentReader) -> URL:
    """ML_DATABASE_URL, or an address made of the other ML_DATABASE_ variables; faults go to the reader."""
    given = reader.optional("ML_DATABASE_URL")
    if given:
        return _parse(given, reader)
    parts = {
        name: reader.required(f"ML_DATABASE_{name}", f"{what}, or all in ML_DATABASE_URL")
        for name, what in _PARTS.items()
    }
    port = reader.integer("ML_DATABASE_PORT", 5432, 1, 65535)
    mode = reader.text("ML_DATABASE_SSLMODE", "prefer")
    if mode not in _SSL_MODES:
        reader.add_fault(f"ML_DATABASE_SSLMODE is {mode!r}; allowed are {', '.join(_SSL_MODES)}")
    return URL.create(
        "postgresql+psycopg2",
        username=parts["USER"],
        password=parts["PASSWORD"],
        host=parts["HOST"],
        port=port,
        database=parts["NAME"],
        query={"sslmode": mode},
    )


def _parse(text: str, reader: EnvironmentReader) -> URL:
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1) if text.startswith("postgres://") else text)
    except (ArgumentError, ValueError):
        # The text may hold a password, so it is not repeated.
        reader.add_fault(
            "ML_DATABASE_URL is no database address; give postgresql://user:password@host:5432/name or sqlite:////path/file"
        )
        return make_url("sqlite://")
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg2")
    if url.get_backend_name() != "sqlite" or not url.database:
        reader.add_fault(
            f"ML_DATABASE_URL is for {url.get_backend_name()}; allowed are postgresql, and sqlite with a file"
        )
    return url


@contextlib.contextmanager
def migration_lock(url: URL, *, seconds: float) -> Iterator[None]:
    """Only one process at a time gets past this. Raises RuntimeFault when that takes longer than `seconds`."""
    with _sqlite_lock(url, seconds) if url.get_backend_name() == "sqlite" else _postgresql_lock(url, seconds):
        yield


@contextlib.contextmanager
def _postgresql_lock(url: URL, seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    connection = _connect(url, deadline)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:

            def taken() -> bool:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK_KEY,))
                return bool(cursor.fetchone()[0])

            _wait_for_lock(taken, deadline)
            # The lock ends with the connection, also when this process is killed.
            yield
    finally:
        connection.close()


@contextlib.contextmanager
def _sqlite_lock(url: URL, seconds: float) -> Iterator[None]:
    with open(f"{url.database}.migration-lock", "w") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait_for_lock(taken, time.monotonic() + seconds)
        yield


def _wait_for_lock(taken: Callable[[], bool], deadline: float) -> None:
    if taken():
        return
    _log.info("another server is migrating the database, waiting for it")
    while not taken():
        if time.monotonic() > deadline:
            raise RuntimeFault(
                "another server holds the migration lock of the database for too long; look at its log, or end it"
            )
        time.sleep(0.5)


def _connect(url: URL, deadline: float) -> Any:
    """A connection of its own, as soon as the database answers."""
    address = {
        "host": url.host,
        "port": url.port or 5432,
        "dbname": url.database,
        "user": url.username,
        "password": url.password,
        **url.query,
    }
    said = ""
    while True:
        try:
            return psycopg2.connect(**address, connect_timeout=5, application_name="ml-platform-migration")
        except psycopg2.OperationalError as error:
            cause = " ".join(str(error).split())
            if time.monotonic() > deadline or any(text in cause for text in _PERMANENT):
                raise RuntimeFault(f"the database at {url.host}:{url.port or 5432} cannot be used: {cause}") from error
            if cause != said:
                _log.warning("the database does not answer yet, waiting for it", extra={"cause": cause})
                said = cause
            time.sleep(1)
