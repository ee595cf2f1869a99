"""The emulator: ministack with everything of this package in place."""
import logging
from typing import Callable

from . import catalogue, ministack_pin, state_machines, targets
from . import ministack_api as ministack
from .containers import ContainerClient, RestartDelay
from .databases import PostgresServers
from .front_door import FrontDoor
from .processes import ProcessTable
from .report import Report
from .resources.base import Services
from .settings import Settings
from .targets import TargetDirectory


class Emulator:
    """Owns the processes and the ASGI application."""

    def __init__(self, settings: Settings):
        logging.getLogger().setLevel(logging.WARNING)
        ministack_pin.check()
        report = Report(settings.directory)
        self._processes = ProcessTable(settings.directory)
        directory = TargetDirectory()
        databases = PostgresServers(settings, self._processes)
        catalogue.install(Services(settings, report, databases, directory))
        ministack.install_container_client(ContainerClient(settings, self._processes, directory, report))
        ministack.fail_crashed_custom_resources()
        ministack.complete_deployments(RestartDelay())
        ministack.install_load_balancer(targets.choose_group, directory.choose, directory.locate, directory.health)
        state_machines.install()
        self.application: Callable = FrontDoor(ministack.asgi_app())

    def end(self, grace_s: float) -> None:
        """Ends every process that runs for the emulator."""
        self._processes.stop_all(grace_s)
        ministack.end_lambda_workers()
        self._processes.dismiss_watcher()
