"""RDS instances, ECS services, listener rules and alarms: ministack's handlers with what AWS does besides."""
import time
from typing import Mapping, Optional

from .. import ministack_api as ministack
from ..databases import PostgresUnavailable
from .base import Place, Services, camel, extend

POLL_S = 0.2
CRASHES = 3


def extend_database(services: Services) -> None:
    """An instance with engine postgres is a real PostgreSQL, else the report says what stands in for it."""
    def created(place: Place, props: Mapping, name: str, attributes: dict) -> None:
        if not str(props.get("Engine", "")).startswith("postgres") or props.get("DBClusterIdentifier"):
            return
        record = ministack.database_instance(name)
        try:
            port = services.databases.start(name, record["MasterUsername"], record["_MasterUserPassword"],
                                            props.get("DBName") or "postgres")
            host, detail = "127.0.0.1", f"PostgreSQL on 127.0.0.1:{port}"
        except PostgresUnavailable as reason:
            port, host = record["Endpoint"]["Port"], f"{name}.sqlite.invalid"
            detail = f"SQLite instead of PostgreSQL: {reason}"
        record["DBName"] = props.get("DBName") or "postgres"
        record["Endpoint"].update({"Address": host, "Port": port})
        attributes.update({"Endpoint.Address": host, "Endpoint.Port": str(port)})
        services.report.record("database", "AWS::RDS::DBInstance", stack=place.stack, logical_id=place.logical_id,
                               detail=detail)

    def updated(place: Place, old: Mapping, new: Mapping, name: str, attributes: dict) -> None:
        services.databases.set_password(name, ministack.database_instance(name)["MasterUsername"],
                                        old.get("MasterUserPassword", ""), new.get("MasterUserPassword", ""))

    def before_delete(name: str, props: Mapping) -> None:
        if str(props.get("DeletionProtection", "")).lower() == "true":
            raise ValueError(f"Cannot delete protected DB Instance {name}, please disable deletion protection and try again")

    extend("AWS::RDS::DBInstance", created=created, updated=updated, before_delete=before_delete,
           deleted=lambda name, props: services.databases.stop(name))


def extend_task_definition() -> None:
    """ministack keeps these parts of a container definition in CloudFormation's spelling and then does not find them:
    secrets would be missing from the environment without a word."""
    parts = ("Secrets", "HealthCheck", "DependsOn", "Ulimits", "RepositoryCredentials")

    def adapt(props: Mapping) -> dict:
        return {**props, "ContainerDefinitions": [
            {name: camel(value) if name in parts else value for name, value in container.items()}
            for container in props.get("ContainerDefinitions") or []]}

    extend("AWS::ECS::TaskDefinition", adapt=adapt)


def extend_service(services: Services) -> None:
    """As on AWS, a service is created when its deployment is steady and its targets are healthy, and fails with it."""
    def created(place: Place, props: Mapping, arn: str, attributes: dict) -> None:
        ServiceWait(services, arn, props).run()

    extend("AWS::ECS::Service", created=created,
           updated=lambda place, old, new, arn, attributes: ServiceWait(services, arn, new).run())


class ServiceWait:
    """Waits for one deployment of one service."""

    def __init__(self, services: Services, arn: str, props: Mapping):
        self._services = services
        self._name = arn.rsplit("/", 1)[-1]
        self._cluster = str(props.get("Cluster", "default")).rsplit("/", 1)[-1]
        self._definition = props.get("TaskDefinition", "")
        self._started = time.monotonic()
        record = ministack.service(self._cluster, self._name) or {}
        self._before = {task["taskArn"] for task in self._tasks(record) if task.get("lastStatus") == "STOPPED"}

    def run(self) -> None:
        """Returns when the service is steady; raises ValueError with the reason and the process's last words."""
        while True:
            record = ministack.service(self._cluster, self._name)
            if record is None or not int(record.get("desiredCount") or 0):
                return
            problem = self._failure(record)
            waiting_for = None if problem else self._missing(record)
            if not problem and not waiting_for:
                return
            if waiting_for and time.monotonic() - self._started > self._services.settings.service_timeout_s:
                problem = f"is not steady after {self._services.settings.service_timeout_s:.0f} s: {waiting_for}"
            if problem:
                raise ValueError(f"service {self._name} {problem}{self._last_words()}")
            time.sleep(POLL_S)

    def _tasks(self, record: Mapping) -> list:
        return ministack.tasks_of_service(record.get("clusterArn", ""), self._name)

    def _failure(self, record: Mapping) -> Optional[str]:
        for deployment in record.get("deployments", []):
            if deployment.get("rolloutState") == "FAILED" and self._is_new(deployment):
                return f"failed: {deployment.get('rolloutStateReason')}"
        crashed = [task for task in self._tasks(record)
                   if task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart")
                   and task["taskArn"] not in self._before]
        if len(crashed) >= CRASHES:
            codes = sorted({str(c.get("exitCode")) for task in crashed for c in task.get("containers", [])})
            return f"failed: {len(crashed)} tasks ended, exit codes {', '.join(codes)}: {crashed[-1]['stoppedReason']}"
        return None

    def _is_new(self, deployment: Mapping) -> bool:
        return not self._definition or self._definition in (
            deployment.get("taskDefinition"), str(deployment.get("taskDefinition", "")).rsplit("/", 1)[-1])

    def _missing(self, record: Mapping) -> Optional[str]:
        primary = next((d for d in record.get("deployments", []) if d.get("status") == "PRIMARY"), {})
        if primary.get("rolloutState") != "COMPLETED":
            return f"deployment {primary.get('rolloutState', 'missing')}"
        for attached in record.get("loadBalancers") or []:
            arn = attached.get("targetGroupArn")
            group = ministack.target_group(arn)
            if not group:
                continue
            states = [self._services.targets.health(group, target) for target in ministack.targets(arn)]
            good = [state for state in states if state[0] in ("healthy", "unavailable")]
            if len(good) < int(record["desiredCount"]):
                return "; ".join(state[2] for state in states if state[2]) or "targets are not registered yet"
        return None

    def _last_words(self) -> str:
        logs = sorted(self._services.settings.logs.glob(f"{self._name}-*.log"), key=lambda path: path.stat().st_mtime)
        text = logs[-1].read_text(errors="replace").strip()[-1500:] if logs else ""
        return f"; {logs[-1]} ends with: {text}" if text else ""


def extend_listener_rule() -> None:
    """Two rules of a listener cannot have the same priority."""
    def before_create(place: Place, props: Mapping) -> None:
        priority = str(props.get("Priority", ""))
        for rule in ministack.rules_of(props.get("ListenerArn", "")):
            if not rule.get("IsDefault") and rule.get("Priority") == priority:
                raise ValueError(f"Priority '{priority}' is currently in use")
    extend("AWS::ElasticLoadBalancingV2::ListenerRule", before_create=before_create)


METRIC_MATH = "alarms over metric math are not evaluated"


def install_alarm() -> None:
    """Alarms over metric math, which ministack refuses, are kept as names only."""
    resource_type = "AWS::CloudWatch::Alarm"
    original = dict(ministack.handler(resource_type))

    def stub(logical_id, props, stack):
        name = props.get("AlarmName") or Place(stack, logical_id).name(255)
        scope = ministack.current_scope()
        return name, {"Arn": f"arn:aws:cloudwatch:{scope.region}:{scope.account}:alarm:{name}"}

    def create(logical_id, props, stack):
        return stub(logical_id, props, stack) if props.get("Metrics") else original["create"](logical_id, props, stack)

    def update(physical_id, old, new, stack, logical_id):
        if new.get("Metrics"):
            return stub(logical_id, new, stack)
        if old.get("Metrics"):
            return original["create"](logical_id, new, stack)
        return original["update"](physical_id, old, new, stack, logical_id)

    def delete(physical_id, props):
        if not props.get("Metrics"):
            original["delete"](physical_id, props)

    ministack.set_handler(resource_type, create, update, delete)
