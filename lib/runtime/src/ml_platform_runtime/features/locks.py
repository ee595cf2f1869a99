"""Named locks in the registry's database: two applies, or two materializations of a view, never run at once.

Feast 0.67 takes none (`# TODO: Add locking` in `FeatureStore.apply`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from ml_platform_runtime.errors import BadInput, RuntimeFault

_POLL_SECONDS = 0.2


class Busy(RuntimeFault):
    """Somebody else holds the lock: wait for them, then start again."""

    exit_code = 3


@contextlib.contextmanager
def registry_lock(address: str, name: str, *, seconds: float) -> Iterator[None]:
    """Only one process at a time gets past this. Raises Busy when that takes longer than `seconds`."""
    url = make_url(address)
    backend = url.get_backend_name()
    if backend == "postgresql":
        with _advisory(address, name, seconds):
            yield
    elif backend == "sqlite" and url.database:
        with _file(f"{url.database}.{_number(name):x}.lock", name, seconds):
            yield
    else:
        raise BadInput(f"the registry is on {backend}; allowed are postgresql, and sqlite with a file on one machine")


@contextlib.contextmanager
def _advisory(address: str, name: str, seconds: float) -> Iterator[None]:
    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    # The lock ends with the connection, also when this process is killed.
    with engine.connect() as connection:

        def taken() -> bool:
            return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _number(name)}).scalar())

        _wait(taken, name, seconds)
        try:
            yield
        finally:
            # A connection that broke in the meantime hides no error of the work itself, and its lock is gone.
            with contextlib.suppress(Exception):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _number(name)})


@contextlib.contextmanager
def _file(path: str, name: str, seconds: float) -> Iterator[None]:
    with open(path, "w") as file:

        def taken() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait(taken, name, seconds)
        yield


def _wait(taken: Callable[[], bool], name: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not taken():
        if time.monotonic() > deadline:
            raise Busy(f"{name} is held by another run for longer than {seconds:g} s; start again when that has ended")
        time.sleep(_POLL_SECONDS)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"ml-platform {name}".encode()).digest()[:8], "big", signed=True)
