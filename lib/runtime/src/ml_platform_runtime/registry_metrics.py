"""MLflow's metrics on a port of their own, by a small process beside the server.

On the server's own port MLflow asks for the administrator's login, and checks the Host header, which a scrape of an address cannot have.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

#: MLflow's processes write their numbers into files of this folder, if the variable names one.
FOLDER_VARIABLE = "MLFLOW_EXPOSE_PROMETHEUS"
#: What a Python program needs to start; the database's password and the logins are none of it.
_KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR")


def start_metrics(host: str, port: int, environment: Mapping[str, str]) -> str:
    """Start the process that tells the numbers; the answer is the folder that MLflow has to write them to.

    It ends with the server. The server does not end with it: a scrape that fails says enough.
    """
    # A folder of its own: a container that starts again would find the numbers of processes that are gone.
    folder = tempfile.mkdtemp(prefix="mlflow-metrics-")
    command = [sys.executable, "-m", "ml_platform_runtime.registry_metrics", folder, host, str(port), str(os.getpid())]
    subprocess.Popen(command, env={name: environment[name] for name in _KEPT if name in environment})
    return folder


def serve(folder: str, host: str, port: int, parent: int) -> None:
    """Tell the numbers of all worker processes until the parent is gone."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)
    start_http_server(port, addr=host, registry=registry)
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
