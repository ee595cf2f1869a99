"""The registry server as an operator sees it: an ECS service that can be asked, stopped and started."""

from __future__ import annotations

import urllib.request
from functools import cached_property
from typing import Any

from ml_platform_life.failure import LifeFailure
from ml_platform_life.platform import Platform
from ml_platform_life.waiting import wait_for


class Registry:
    """MLflow behind the load balancer."""

    def __init__(self, platform: Platform, ecs: Any) -> None:
        self._platform = platform
        self._ecs = ecs

    def version(self) -> str | None:
        """MLflow's own word for its version; None when it does not answer."""
        try:
            with urllib.request.urlopen(f"{self._platform.tracking_uri}/version", timeout=5) as response:
                return response.read().decode().strip()
        except OSError:
            return None

    def wait_until_up(self) -> str:
        """Its version, as soon as it answers."""
        return wait_for("MLflow did not answer", self.version, seconds=120)

    def stop(self) -> None:
        """Scales the service to nothing and waits until nobody answers."""
        self._scale(0)
        wait_for("MLflow still answers", lambda: True if self.version() is None else None, seconds=60)

    def start(self) -> None:
        """Scales the service back."""
        self._scale(1)

    def _scale(self, count: int) -> None:
        cluster, service = self._service
        self._ecs.update_service(cluster=cluster, service=service, desiredCount=count)

    @cached_property
    def _service(self) -> tuple[str, str]:
        """The cluster and the service whose containers run the registry server."""
        for cluster in self._ecs.list_clusters()["clusterArns"]:
            names = self._ecs.list_services(cluster=cluster)["serviceArns"]
            services = self._ecs.describe_services(cluster=cluster, services=names)["services"] if names else []
            for service in services:
                definition = self._ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
                if any("registry-server" in container.get("command", []) for container in definition["containerDefinitions"]):
                    return cluster, service["serviceName"]
        raise LifeFailure("no ECS service runs the registry server")
