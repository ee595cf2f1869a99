"""A real PostgreSQL behind an emulated RDS instance, when one is installed."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Optional

from .processes import ChildProcess, ProcessTable
from .settings import Settings, free_port

START_TIMEOUT_S = 30.0


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL can be started here; the text says why."""


def find_programs() -> Optional[Path]:
    """The folder with initdb and postgres: that of PATH, Debian's or Homebrew's newest."""
    patterns = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin",
                "/usr/local/opt/postgresql*/bin")
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    found = [Path(folder) for pattern in patterns for folder in glob.glob(pattern)]
    candidates += sorted(found, key=lambda folder: [int(n) for n in folder.as_posix().split("/") if n.isdigit()])[::-1]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


class PostgresServers:
    """One server for each RDS instance."""

    def __init__(self, settings: Settings, processes: ProcessTable):
        self._settings = settings
        self._processes = processes
        self._servers: dict[str, tuple[ChildProcess, int, Path]] = {}
        self._lock = threading.Lock()

    def start(self, name: str, user: str, password: str, database: str) -> int:
        """Starts a server and returns its port on 127.0.0.1; raises PostgresUnavailable."""
        if os.environ.get("ML_EMULATOR_NO_POSTGRES"):
            raise PostgresUnavailable("ML_EMULATOR_NO_POSTGRES is set")
        programs = find_programs()
        if not programs:
            raise PostgresUnavailable("no PostgreSQL is installed (initdb is neither in PATH nor in a usual folder)")
        data = self._settings.directory / "postgres" / name
        data.mkdir(parents=True)
        runner = _unprivileged_user(data)
        self._initialize(programs, data, runner, user, password)
        port = free_port()
        options = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "unix_socket_directories=",
                   "-c", "listen_addresses=127.0.0.1", "-c", "dynamic_shared_memory_type=mmap", "-p", str(port)]
        # SIGINT and SIGQUIT are PostgreSQL's fast and immediate shutdown; SIGKILL would leak shared memory.
        server = self._processes.start(
            [str(programs / "postgres"), "-D", str(data), *options], environment=_environment(),
            log=self._settings.logs / f"postgres-{name}.log", directory=data, user=runner or "",
            stop_signal=signal.SIGINT, death_signal=signal.SIGQUIT)
        with self._lock:
            self._servers[name] = (server, port, data)
        _await_and_create(server, port, user, password, database)
        return port

    def stop(self, name: str) -> None:
        """Ends a server and deletes its data; an unknown name is ignored."""
        with self._lock:
            server, _, data = self._servers.pop(name, (None, 0, None))
        if server:
            server.stop(5)
            shutil.rmtree(data, ignore_errors=True)

    def set_password(self, name: str, user: str, old: str, new: str) -> None:
        """Follows a changed master password."""
        if name in self._servers and old != new:
            from psycopg2 import sql
            with _connection(self._servers[name][1], user, old, "postgres") as connection:
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), sql.Literal(new))
                connection.cursor().execute(statement)

    def _initialize(self, programs: Path, data: Path, runner: Optional[str], user: str, password: str) -> None:
        secret = data.parent / f"{data.name}.password"
        secret.write_text(password)
        secret.chmod(0o600)
        identity = {"user": runner, "group": pwd.getpwnam(runner).pw_gid, "extra_groups": []} if runner else {}
        if runner:
            entry = pwd.getpwnam(runner)
            for path in (data, secret):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        command = [str(programs / "initdb"), "-D", str(data), "-U", user, f"--pwfile={secret}", "-A", "scram-sha-256",
                   "-E", "UTF8", "--no-locale", "--no-sync"]
        done = subprocess.run(command, env=_environment(), cwd=data, capture_output=True, text=True, **identity)
        secret.unlink()
        if done.returncode:
            raise PostgresUnavailable(f"initdb failed: {done.stderr.strip()[-500:]}")


def _environment() -> dict:
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C", "TZ": "UTC"}


def _unprivileged_user(data: Path) -> Optional[str]:
    """PostgreSQL refuses to run as root: then it is user `postgres`, who must be able to reach the data folder."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        raise PostgresUnavailable("this is root, which PostgreSQL refuses, and there is no user postgres") from None
    def reachable() -> bool:
        return not subprocess.run(["test", "-x", str(data)], user=entry.pw_uid, group=entry.pw_gid,
                                  extra_groups=[]).returncode

    if not reachable():
        # May be passed through, not listed. A home folder stays as it is.
        for folder in data.parents:
            if folder == Path.home() or folder in Path.home().parents:
                break
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(folder.stat().st_mode | 0o011)
    if not reachable():
        raise PostgresUnavailable(f"user postgres cannot reach {data}; put ML_EMULATOR_DIR where others may enter")
    return "postgres"


def _connection(port: int, user: str, password: str, database: str):
    import psycopg2
    connection = psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname=database,
                                  connect_timeout=5)
    connection.autocommit = True
    return connection


def _await_and_create(server: ChildProcess, port: int, user: str, password: str, database: str) -> None:
    import psycopg2
    from psycopg2 import sql
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            connection = _connection(port, user, password, "postgres")
            break
        except psycopg2.OperationalError as error:
            if not server.running or time.monotonic() > deadline:
                server.stop(1)
                raise PostgresUnavailable(f"PostgreSQL did not start: {error}; {server.tail(500)}") from error
            time.sleep(0.1)
    try:
        if database and database != "postgres":
            connection.cursor().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    finally:
        connection.close()
