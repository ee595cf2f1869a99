"""Stands where ministack expects the docker client: a container of our image is a process on this machine."""
import os
import re
import threading
import time
import uuid
from pathlib import Path
from typing import Callable, Iterator, Mapping, Optional

from . import ministack_api as ministack
from .processes import ChildProcess, ProcessTable
from .report import Report
from .settings import DEFAULT_ACCOUNT, Settings, free_port
from .targets import TargetDirectory

_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_REPLACED = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
_SQLITE_HOST = re.compile(r"^(?P<name>[a-z0-9-]+)\.sqlite\.invalid$")


class Container:
    """One container of a task. `process` is None when the image is not ours: then nothing runs."""

    def __init__(self, process: Optional[ChildProcess], address: str, on_removal: Callable[[], None]):
        self.id = uuid.uuid4().hex + uuid.uuid4().hex
        self.process = process
        self._address = address
        self._on_removal = on_removal
        self._stopped = threading.Event()

    @property
    def status(self) -> str:
        """running or exited."""
        alive = self.process.running if self.process else not self._stopped.is_set()
        return "running" if alive else "exited"

    @property
    def attrs(self) -> dict:
        """What `docker inspect` says, as far as ministack reads it."""
        return {
            "State": {"Status": self.status, "Running": self.status == "running", "OOMKilled": False, "Error": "",
                      "ExitCode": (self.process.exit_code if self.process else 0) or 0},
            "NetworkSettings": {"Networks": {"bridge": {"IPAddress": self._address}}, "Ports": {}},
            "RepoDigests": [],
        }

    def reload(self) -> None:
        """Nothing is cached."""

    def logs(self, stream: bool = False, **_) -> "Iterator[bytes] | bytes":
        """The output; with `stream`, until the process ends."""
        if not self.process:
            return iter(()) if stream else b""
        return self._follow() if stream else self.process.log.read_bytes()

    def stop(self, timeout: float = 10, **_) -> None:
        """Ends the process, insisting after `timeout` seconds."""
        self._stopped.set()
        if self.process:
            self.process.stop(min(timeout, 5))

    def kill(self, **_) -> None:
        """Ends the process at once."""
        self.stop(timeout=0)

    def remove(self, **_) -> None:
        """Ends the process and gives its address back."""
        self.stop(timeout=2)
        self._on_removal()

    def wait(self, **_) -> dict:
        """The exit code, after the end."""
        return {"StatusCode": self.process.wait() if self.process else 0}

    def _follow(self) -> Iterator[bytes]:
        rest = b""
        with open(self.process.log, "rb") as file:
            while True:
                ended = not self.process.running
                lines, newline, rest = (rest + file.read()).rpartition(b"\n")
                if newline:
                    yield lines + newline
                elif ended:
                    yield rest
                    return
                else:
                    time.sleep(0.1)


class RestartDelay:
    """How long a service waits before it replaces a failed task: not at all three times, then longer and longer."""

    FREE, FORGET_AFTER_S, LONGEST_S = 3, 60.0, 30.0

    def __init__(self):
        self._failures: dict[str, list[float]] = {}

    def __call__(self, task: Mapping) -> float:
        """Counts a failure of the task's service; returns seconds."""
        now, key = time.monotonic(), f"{task.get('clusterArn')}/{task.get('group')}"
        recent = [moment for moment in self._failures.get(key, []) if now - moment < self.FORGET_AFTER_S] + [now]
        self._failures[key] = recent
        return 0.0 if len(recent) <= self.FREE else min(2.0 ** (len(recent) - self.FREE - 1), self.LONGEST_S)


class Image:
    """An image: its digest is the asset hash, so that a pinned digest still says which asset it is."""

    def __init__(self, digest: str):
        self.id = f"sha256:{digest}"

    def tag(self, *_, **__) -> bool:
        """Always."""
        return True


class Images:
    """The registry: every image is there, and none is pulled."""

    def get(self, name: str, **_) -> Image:
        """The image of a name with a tag or digest."""
        return Image(asset_hash(name) or "0" * 64)

    pull = get

    def get_registry_data(self, name: str, **_) -> Image:
        """As get; an image that the CDK did not publish has no digest here, so that it keeps its name."""
        if not asset_hash(name):
            raise LookupError(f"{name} is not published here")
        return self.get(name)


class Containers:
    """docker's `containers`."""

    def __init__(self, settings: Settings, processes: ProcessTable, directory: TargetDirectory, report: Report):
        self._settings = settings
        self._processes = processes
        self._directory = directory
        self._report = report
        self._all: dict[str, Container] = {}

    def run(self, image: str, *, command: list, environment: Mapping, labels: Mapping, **_) -> Container:
        """Starts a container. An image that is not ours is not run: as part of a service nothing answers for it; a
        task of its own fails to start, because a success would be a lie."""
        task_arn = labels["com.amazonaws.ecs.task-arn"]
        name = labels["com.amazonaws.ecs.container-name"]
        task = ministack.task(task_arn) or {}
        ours = self._settings.images.get(asset_hash(image) or "")
        if ours is None:
            container = self._not_run(image, name, task)
        else:
            container = self._start(ours, name, task_arn, task, command, environment)
        self._all[container.id] = container
        return container

    def get(self, container_id: str) -> Container:
        """A container that was started here; KeyError otherwise."""
        return self._all[container_id]

    def list(self, **_) -> list:
        """All containers."""
        return list(self._all.values())

    def _not_run(self, image: str, name: str, task: dict) -> Container:
        group = task.get("group", "")
        self._report.record("not-run", "AWS::ECS::Service" if group.startswith("service:") else "AWS::ECS::Task",
                            logical_id=group.removeprefix("service:"), detail=f"container {name}: image {image}")
        if not group.startswith("service:"):
            raise RuntimeError(f"image {image} is not built by this platform and is not run here")
        address = self._directory.add(None, 0)
        return Container(None, address, lambda: self._directory.remove(address))

    def _start(self, ours: Mapping, name: str, task_arn: str, task: dict, command: list,
               given: Mapping) -> Container:
        task_id = task_arn.rsplit("/", 1)[-1]
        group = task.get("group", "").removeprefix("service:")
        label = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{group or 'task'}-{name}-{task_id[:8]}")
        home = self._settings.directory / "tasks" / label
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        port = free_port()
        environment = self._environment(ours, task_arn, given, home, port)
        process = self._processes.start(self._command(command), environment=environment, directory=home,
                                        log=self._settings.logs / f"{label}.log")
        self._report.record("process", "AWS::ECS::Task", logical_id=group, detail=(
            f"{ours.get('image', 'image')}/{ours.get('target', '')} container {name}: "
            f"{' '.join(command)} on 127.0.0.1:{port}, log {process.log}"))
        address = self._directory.add(process, port)
        return Container(process, address, lambda: self._directory.remove(address))

    def _command(self, command: list) -> list:
        if not command:
            raise RuntimeError("the container definition has no command, and an image's own is not known here")
        if command[0] in ("python", "python3"):
            return [self._settings.python, *command[1:]]
        return list(command)

    def _environment(self, ours: Mapping, task_arn: str, given: Mapping, home: Path, port: int) -> dict:
        scope = ministack.Scope.of_arn(task_arn)
        key = "test" if scope.account == DEFAULT_ACCOUNT else scope.account
        gateway = self._settings.endpoint
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment.update({"PYTHONUNBUFFERED": "1", **(ours.get("environment") or {})})
        environment.update({name: value for name, value in given.items() if name not in _REPLACED})
        environment.update({
            "AWS_ENDPOINT_URL": gateway, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": scope.region, "AWS_DEFAULT_REGION": scope.region, "AWS_EC2_METADATA_DISABLED": "true",
            "ML_HOST": "127.0.0.1", "ML_PORT": str(port), "HOME": str(home), "TMPDIR": str(home / "tmp"),
            "ML_CACHE_DIR": str(home / "cache"),  # every task has a disk of its own
            # The platform's own host names resolve nowhere on a laptop: the front door answers for them.
            **{name: gateway for name in ("http_proxy", "HTTP_PROXY")},
            **{name: "127.0.0.1,localhost" for name in ("no_proxy", "NO_PROXY")},
        })
        if "ECS_CONTAINER_METADATA_URI_V4" in environment:
            path = environment["ECS_CONTAINER_METADATA_URI_V4"].split("/v4/")[-1]
            environment["ECS_CONTAINER_METADATA_URI_V4"] = f"{gateway}/v4/{path}"
        database = _SQLITE_HOST.match(environment.get("ML_DATABASE_HOST", ""))
        if database:
            folder = self._settings.directory / "databases"
            folder.mkdir(exist_ok=True)
            environment["ML_DATABASE_URL"] = f"sqlite:///{folder / database['name']}.db"
        return environment


class ContainerClient:
    """docker's client, as far as ministack's ECS uses it."""

    def __init__(self, settings: Settings, processes: ProcessTable, directory: TargetDirectory, report: Report):
        self.containers = Containers(settings, processes, directory, report)
        self.images = Images()


def asset_hash(image: str) -> Optional[str]:
    """The hash in the tag or digest of an image that the CDK published."""
    found = re.search(r"[:@]([0-9a-f]{64})$", image)
    return found[1] if found else None
