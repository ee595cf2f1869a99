"""What the driver tells the emulator, all of it by environment variables."""
import json
import os
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Settings:
    """The emulator's surroundings; `Settings.read` documents the variables."""

    directory: Path
    host: str
    port: int
    python: str
    images_file: Optional[str] = None
    kubeconfig: Optional[str] = None
    helm: Optional[str] = None
    parent: Optional[int] = None
    service_timeout_s: float = 180.0

    @property
    def endpoint(self) -> str:
        """The one address of all emulated services."""
        return f"http://{self.host}:{self.port}"

    @property
    def images(self) -> Mapping[str, Mapping]:
        """Image assets that are ours, by hash. Read when they are asked for: the emulator starts before an app is synthesized."""
        if not self.images_file or not Path(self.images_file).exists():
            return {}
        return json.loads(Path(self.images_file).read_text(encoding="utf-8"))

    @property
    def logs(self) -> Path:
        """Where each process writes its output."""
        return self.directory / "logs"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """ML_EMULATOR_DIR, GATEWAY_PORT, BIND_HOST, ML_EMULATOR_PYTHON, ML_EMULATOR_IMAGES, ML_EMULATOR_KUBECONFIG,
        ML_EMULATOR_HELM, ML_EMULATOR_PARENT (a process id; the emulator ends when it does), ML_EMULATOR_SERVICE_TIMEOUT
        (seconds that a Fargate service may take until its targets are healthy)."""
        host = environment.get("BIND_HOST") or "127.0.0.1"
        directory = environment.get("ML_EMULATOR_DIR") or tempfile.mkdtemp(prefix="ml-emulator-")
        parent = environment.get("ML_EMULATOR_PARENT")
        return cls(
            directory=Path(directory).resolve(),
            host=host,
            port=int(environment.get("GATEWAY_PORT") or 0) or free_port(host),
            python=environment.get("ML_EMULATOR_PYTHON") or sys.executable,
            images_file=environment.get("ML_EMULATOR_IMAGES") or None,
            kubeconfig=environment.get("ML_EMULATOR_KUBECONFIG") or None,
            helm=environment.get("ML_EMULATOR_HELM") or None,
            parent=int(parent) if parent else None,
            service_timeout_s=float(environment.get("ML_EMULATOR_SERVICE_TIMEOUT") or 180),
        )

    def prepare(self) -> None:
        """Makes the folders and points everything in this process, ministack included, at them."""
        for folder in (self.directory, self.logs, self.directory / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(self.directory / "tmp")
        os.environ.update({
            "TMPDIR": tempfile.tempdir,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": self.host,
            "MINISTACK_REGION": os.environ.get("MINISTACK_REGION") or os.environ.get("AWS_REGION") or DEFAULT_REGION,
            "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "WARNING",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            # Nothing listens there: a cluster without an API server must not reach somebody else's.
            "EKS_BASE_PORT": str(free_port(self.host)),
            # ministack would start containers for databases and caches; here nothing runs in one.
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        })


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
