"""Where the targets of load balancers really listen, and whether they are healthy."""
import asyncio
import http.client
import itertools
import random
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Optional

from .processes import ChildProcess

HEALTHY_FOR_S = 2.0
UNHEALTHY_FOR_S = 0.2
PROBE_TIMEOUT_S = 1.0


@dataclass
class Place:
    """The process behind a task's address; `process` is None when its image is not run here."""

    process: Optional[ChildProcess]
    port: int


class TargetDirectory:
    """Gives every container an address of its own, as awsvpc does, and knows the port on this machine behind it."""

    def __init__(self):
        self._places: dict[str, Place] = {}
        self._numbers = itertools.count(10)
        self._lock = threading.Lock()
        self._health: dict[tuple, tuple[float, str, str]] = {}
        self._was_healthy: set[tuple] = set()

    def add(self, process: Optional[ChildProcess], port: int) -> str:
        """The new address of a container that listens on `port` of this machine."""
        number = next(self._numbers)
        address = f"10.99.{number // 250}.{number % 250 + 1}"
        with self._lock:
            self._places[address] = Place(process, port)
        return address

    def remove(self, address: str) -> None:
        """Forgets a container."""
        with self._lock:
            self._places.pop(address, None)

    def locate(self, target: dict) -> dict:
        """The target as something to connect to."""
        place = self._places.get(target["Id"])
        return {**target, "Id": "127.0.0.1", "Port": place.port} if place else target

    def health(self, group: dict, target: dict) -> tuple[str, str, str]:
        """(state, reason, description) in the words of DescribeTargetHealth."""
        place = self._places.get(target["Id"])
        if place and place.process is None:
            return "unavailable", "Target.FailedHealthChecks", "the image of this task is not run here"
        if place and not place.process.running:
            return "unhealthy", "Target.FailedHealthChecks", "the process has ended"
        key = (group["TargetGroupArn"], target["Id"], target.get("Port"))
        problem = self._probe(key, group, self.locate(target))
        if not problem:
            self._was_healthy.add(key)
            return "healthy", "", ""
        if key not in self._was_healthy:
            return "initial", "Elb.InitialHealthChecking", problem
        return "unhealthy", "Target.FailedHealthChecks", problem

    async def choose(self, group: dict, registered: list[dict]) -> dict:
        """A healthy target; any, when none is (a load balancer fails open)."""
        states = await asyncio.gather(*(asyncio.to_thread(self.health, group, target) for target in registered))
        healthy = [target for target, state in zip(registered, states) if state[0] == "healthy"]
        return random.choice(healthy or registered)

    def _probe(self, key: tuple, group: dict, place: dict) -> str:
        checked, problem, _ = self._health.get(key, (0.0, "never checked", ""))
        port = int(place.get("Port") or group.get("Port") or 80)
        # one that was healthy a moment ago may have been stopped since: here nobody drains it first
        if time.monotonic() - checked < (UNHEALTHY_FOR_S if problem else HEALTHY_FOR_S) and (problem or listens(place["Id"], port)):
            return problem
        problem = probe(place["Id"], port, group)
        self._health[key] = (time.monotonic(), problem, "")
        return problem


def listens(host: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((host, port), timeout=PROBE_TIMEOUT_S).close()
        return True
    except OSError:
        return False


def probe(host: str, port: int, group: dict) -> str:
    """One HTTP health check of a target group; empty when it passes, else what is wrong."""
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", group.get("HealthCheckPath") or "/", headers={"User-Agent": "ELB-HealthChecker/2.0"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"health check failed: {error}"
    finally:
        connection.close()
    expected = (group.get("Matcher") or {}).get("HttpCode") or "200"
    return "" if matches(status, expected) else f"health check answered {status}, expected {expected}"


def matches(status: int, codes: str) -> bool:
    """Whether a status is in a matcher such as "200,301" or "200-399"."""
    for part in codes.split(","):
        bounds = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if bounds and int(bounds[1]) <= status <= int(bounds[2] or bounds[1]):
            return True
    return False


def choose_group(groups: list[dict]) -> str:
    """One target group by weight; all weights 0 means the first, as on AWS nothing would be answered."""
    weights = [group["Weight"] for group in groups]
    return random.choices(groups, weights if any(weights) else None)[0]["TargetGroupArn"]
