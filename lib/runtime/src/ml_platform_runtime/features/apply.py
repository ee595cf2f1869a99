"""`features-apply`: Python definitions into the registry, one apply at a time, additive unless told otherwise."""

from __future__ import annotations

import contextlib
from typing import Any

import boto3

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.features.declared import check_declared
from ml_platform_runtime.features.locks import registry_lock
from ml_platform_runtime.features.repository import load_config, parse_definitions, workspace
from ml_platform_runtime.features.settings import FeatureSettings
from ml_platform_runtime.features.store import check_registry, open_store, told, views_of

_PROVIDER = "ml_platform_runtime.features.provider.StackOwnedTablesProvider"


def apply(settings: FeatureSettings, *, allow_delete: bool, check_only: bool, wait_seconds: float) -> dict[str, Any]:
    """Registers what the repo defines; the answer is what changed. Raises BadInput before anything is written."""
    with told(), workspace(settings, definitions=True) as folder:
        config = load_config(folder)
        check_registry(config)
        contents = parse_definitions(folder, config.project)
        views = [*contents.feature_views, *contents.stream_feature_views]
        _check_aggregations(contents.feature_views)
        if settings.tables_uri:
            check_declared(settings.tables_uri, config.project, views)
        if check_only:
            # needs neither AWS nor a database, so that a pull request can ask
            return {"outcome": "checked", "project": config.project, "views": sorted(view.name for view in views)}
        _check_online_tables(config, views)
        # Before the store is opened: even creating the registry's tables is a race.
        with registry_lock(config.registry.path, f"apply of {config.project}", seconds=wait_seconds):
            store = open_store(config, folder, _PROVIDER)
            return _apply_to(store, contents, allow_delete=allow_delete, wait_seconds=wait_seconds)


def _apply_to(store: Any, contents: Any, *, allow_delete: bool, wait_seconds: float) -> dict[str, Any]:
    from feast.repo_operations import extract_objects_for_apply_delete

    before = _fingerprints(store)
    to_apply, absent, _, _ = extract_objects_for_apply_delete(store.project, store.registry, contents)
    absent = [found for found in absent if not _internal(found)]
    known = views_of(store)
    # What is registered already is not written again: that would take back a watermark which a materialization sets meanwhile.
    to_apply = [found for found in to_apply if not _same(found, known.get(found.name))]
    touched = sorted(_names(to_apply) & known.keys()) + (sorted(_names(absent)) if allow_delete else [])
    with contextlib.ExitStack() as locks:
        # A view is not changed under a materialization of it: half of its rows would be of the old kind.
        for name in touched:
            locks.enter_context(
                registry_lock(store.config.registry.path, f"view {store.project}/{name}", seconds=wait_seconds)
            )
        store.apply(to_apply, objects_to_delete=absent if allow_delete else [], partial=not allow_delete)
        # Also for views that are registered already: an apply may have ended between the registry and the tables.
        views = [view for name, view in views_of(store).items() if name in _names(contents.feature_views)]
        store.provider.update_infra(store.project, [], views, [], [], True)
    return _report(store, contents, before, absent, allow_delete)


def _report(store: Any, contents: Any, before: dict[str, bytes], absent: list[Any], deleted: bool) -> dict[str, Any]:
    store.refresh_registry()
    after = _fingerprints(store)
    defined = _names([*contents.feature_views, *contents.stream_feature_views])
    missing = sorted(defined - after.keys())
    if missing:
        raise RuntimeFault(
            f"view {', '.join(missing)} did not reach the registry; apply again, and look at the log above"
        )
    gone = sorted(f"{type(found).__name__} {found.name}" for found in absent)
    return {
        "outcome": "applied",
        "project": store.project,
        "added": sorted(defined - before.keys()),
        "changed": sorted(name for name in defined & before.keys() if before[name] != after[name]),
        "unchanged": sorted(name for name in defined & before.keys() if before[name] == after[name]),
        # Registered by another branch or team: gone only with --allow-delete.
        "kept": [] if deleted else gone,
        "deleted": gone if deleted else [],
    }


def _fingerprints(store: Any) -> dict[str, bytes]:
    return {
        name: bytes(view.to_proto().spec.SerializeToString(deterministic=True))
        for name, view in views_of(store).items()
    }


def _same(desired: Any, registered: Any) -> bool:
    from feast import FeatureView

    if not isinstance(desired, FeatureView) or type(desired) is not type(registered):
        return False
    return _definition(desired) == _definition(registered)


def _definition(view: Any) -> bytes:
    spec = view.to_proto().spec
    # Feast fills these in itself while it applies.
    for field in ("project", "entity_columns", "version"):
        spec.ClearField(field)
    for source in (spec.batch_source, spec.stream_source):
        source.ClearField("meta")
    return bytes(spec.SerializeToString(deterministic=True))


def _names(found: list[Any]) -> set[str]:
    from feast import FeatureView

    return {view.name for view in found if isinstance(view, FeatureView)}


def _internal(found: Any) -> bool:
    from feast.feature_view import DUMMY_ENTITY_NAME
    from feast.project import Project

    return isinstance(found, Project) or found.name == DUMMY_ENTITY_NAME


def _check_aggregations(views: list[Any]) -> None:
    """A batch view's proto has no field for them."""
    names = sorted(view.name for view in views if getattr(view, "aggregations", None))
    if names:
        raise BadInput(
            f"view {', '.join(names)} has aggregations, which Feast 0.67 does not keep in its registry, so the newest row would be written instead; "
            "aggregate in the source table, or in a udf"
        )


def _check_online_tables(config: Any, views: list[Any]) -> None:
    """DynamoDB's tables must be there already, and of the key that Feast writes."""
    if config.online_store is None or config.online_store.type != "dynamodb":
        return
    from feast.infra.online_stores.dynamodb import _get_table_name

    online = config.online_store
    client = boto3.session.Session(region_name=online.region).client("dynamodb", endpoint_url=online.endpoint_url)
    faults = []
    for view in views:
        if not view.online:
            continue
        name = _get_table_name(online, config, view)
        try:
            keys = client.describe_table(TableName=name)["Table"]["KeySchema"]
        except aws.AWS_ERRORS as error:
            if aws.error_code(error) != "ResourceNotFoundException":
                raise
            faults.append(f"table {name} of view {view.name} does not exist")
            continue
        if keys != [{"AttributeName": "entity_id", "KeyType": "HASH"}]:
            faults.append(f"table {name} of view {view.name} has key {keys}, Feast needs entity_id as its only key")
    if faults:
        raise BadInput(f"{'; '.join(faults)}; declare the view in the stack and deploy it before apply")
