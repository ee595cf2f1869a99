"""What a handler of a CloudFormation type looks like, and how it is put into ministack."""
import functools
import threading
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional

from .. import ministack_api as ministack
from ..databases import PostgresServers
from ..report import Report
from ..settings import DEFAULT_ACCOUNT, Settings
from ..targets import TargetDirectory

#: Clients may be used by several threads at once, their session may not.
_MAKES_CLIENT = threading.Lock()


@functools.cache
def _session() -> Any:
    """One for all clients: each session reads its descriptions of AWS anew, megabytes of JSON."""
    import boto3
    return boto3.session.Session()


@dataclass
class Services:
    """What handlers work with."""

    settings: Settings
    report: Report
    databases: PostgresServers
    targets: TargetDirectory

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator, for the account and region of the stack that is being handled."""
        scope = ministack.current_scope()
        key = "test" if scope.account == DEFAULT_ACCOUNT else scope.account
        with _MAKES_CLIENT:
            return _session().client(service, endpoint_url=self.settings.endpoint, region_name=scope.region,
                                     aws_access_key_id=key, aws_secret_access_key="test")

    def storage_properties(self) -> dict:
        """How pyiceberg reaches the emulated S3."""
        scope = ministack.current_scope()
        key = "test" if scope.account == DEFAULT_ACCOUNT else scope.account
        return {"s3.endpoint": self.settings.endpoint, "s3.access-key-id": key, "s3.secret-access-key": "test",
                "s3.region": scope.region, "s3.force-virtual-addressing": "false"}


@dataclass(frozen=True)
class Place:
    """The resource that is being handled."""

    stack: str
    logical_id: str

    def name(self, max_length: int = 128, lowercase: bool = False) -> str:
        """A generated physical name."""
        return ministack.physical_name(self.stack, self.logical_id, max_length=max_length, lowercase=lowercase)


class Resource:
    """A type. Subclasses give `type`, `create_only` and the three verbs."""

    type: str = ""
    #: properties whose change replaces the resource
    create_only: tuple = ()

    def __init__(self, services: Services):
        self.services = services

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        """Creates; returns what Ref and Fn::GetAtt answer."""
        raise NotImplementedError

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> Optional[dict]:
        """Changes in place; returns new attributes, or None when they stay."""
        return None

    def delete(self, physical_id: str, props: Mapping) -> None:
        """Deletes; a resource that is gone already is fine."""


def camel(value: Any) -> Any:
    """The same data with keys such as `AddonName` written `addonName`."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def register(resource: Resource) -> None:
    """Lets stacks have this type."""
    attributes: dict[str, dict] = {}

    def create(logical_id, props, stack):
        physical_id, attributes_ = resource.create(Place(stack, logical_id), props)
        attributes[physical_id] = attributes_
        return physical_id, attributes_

    def update(physical_id, old, new, stack, logical_id):
        if any(old.get(name) != new.get(name) for name in resource.create_only):
            return create(logical_id, new, stack)  # the stack deletes the old one after the update
        changed = resource.update(Place(stack, logical_id), physical_id, old, new)
        if changed is not None:
            attributes[physical_id] = changed
        return physical_id, attributes.get(physical_id, {})

    def delete(physical_id, props):
        resource.delete(physical_id, props)
        attributes.pop(physical_id, None)

    ministack.set_handler(resource.type, create, update, delete)


def extend(resource_type: str, *, adapt: Callable = dict, created: Optional[Callable] = None,
           updated: Optional[Callable] = None, before_create: Optional[Callable] = None,
           before_delete: Optional[Callable] = None, deleted: Optional[Callable] = None) -> None:
    """Adds to ministack's own handler: `adapt(props)` before anything, `before_create(place, props)`,
    `created(place, props, physical_id, attributes)`,
    `updated(place, old, new, physical_id, attributes)`, `before_delete(physical_id, props)`, `deleted(...)`."""
    handler = ministack.handler(resource_type)
    original = dict(handler)

    def create(logical_id, props, stack):
        place = Place(stack, logical_id)
        if before_create:
            before_create(place, props)
        physical_id, attributes = original["create"](logical_id, adapt(props), stack)
        if created:
            created(place, props, physical_id, attributes)
        return physical_id, attributes

    def update(physical_id, old, new, stack, logical_id=None):
        extra = (logical_id,) if original.get("update_with_logical_id") else ()
        changed_id, attributes = original["update"](physical_id, adapt(old), adapt(new), stack, *extra)
        place = Place(stack, logical_id or physical_id)
        if changed_id != physical_id and created:
            created(place, new, changed_id, attributes)
        elif updated:
            updated(place, old, new, changed_id, attributes)
        return changed_id, attributes

    def delete(physical_id, props):
        if before_delete:
            before_delete(physical_id, props)
        original["delete"](physical_id, props)
        if deleted:
            deleted(physical_id, props)

    handler.update({"create": create, "delete": delete, "update": update, "update_with_logical_id": True})


def report_all(report: Report, why_stubbed: Callable[[str, Mapping], Optional[str]], except_types: tuple) -> None:
    """Every created resource leaves a line: stubbed when nothing stands behind it, else emulated."""
    for resource_type in set(ministack.resource_types()) - set(except_types):
        handler = ministack.handler(resource_type)
        handler["create"] = _reporting(handler["create"], report, resource_type, why_stubbed)


def _reporting(create: Callable, report: Report, resource_type: str, why_stubbed: Callable) -> Callable:
    def reporting(logical_id, props, stack):
        result = create(logical_id, props, stack)
        why = why_stubbed(resource_type, props)
        report.record("stubbed" if why else "emulated", resource_type, stack=stack, logical_id=logical_id,
                      detail=why or "")
        return result
    return reporting
