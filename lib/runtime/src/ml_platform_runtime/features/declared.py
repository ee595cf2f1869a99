"""feature-tables.json, the list of tables that the stack made, against the views that Python defines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.storage import read_bytes


def check_declared(uri: str, project: str, views: Iterable[Any]) -> None:
    """Raises BadInput with every difference, each with both sides."""
    try:
        declared = json.loads(read_bytes(uri, "the list of tables"))
        tables = {view["name"]: view for view in declared["views"]}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{uri} is no list of tables ({type(error).__name__}: {error}); generate it anew") from error
    defined = {view.name: view for view in views}
    faults = []
    if declared.get("project") != project:
        faults.append(f"the stack declares project {declared.get('project')} and feature_store.yaml says {project}")
    for name in sorted(tables.keys() - defined.keys()):
        faults.append(f"view {name} is declared by the stack and not defined in Python")
    for name in sorted(defined.keys() - tables.keys()):
        faults.append(f"view {name} is defined in Python and not declared by the stack")
    for name in sorted(tables.keys() & defined.keys()):
        faults += _differences(name, tables[name], defined[name])
    if faults:
        raise BadInput(
            f"the definitions differ from the tables of the stack: {'; '.join(faults)}; change one side, deploy the stack first, then apply"
        )


def _differences(name: str, table: dict[str, Any], view: Any) -> list[str]:
    there: dict[str, Any] = {
        "entities": sorted(table["entities"]),
        "features": {field["name"]: str(field["dtype"]).upper() for field in table["features"]},
        "online": bool(table.get("online", True)),
        "ttl in seconds": int(table.get("ttlSeconds") or 0),
    }
    here: dict[str, Any] = {
        "entities": sorted(view.entities),
        "features": {field.name: field.dtype.to_value_type().name for field in view.features},
        "online": bool(view.online),
        "ttl in seconds": int(view.ttl.total_seconds()) if view.ttl else 0,
    }
    source = table.get("source") or {}
    known = source_table(view.batch_source)
    if source.get("table") and known:
        there["source table"], here["source table"] = source["table"], known
    if source.get("timestampField") and view.batch_source is not None:
        there["timestamp field"], here["timestamp field"] = source["timestampField"], view.batch_source.timestamp_field
    faults = []
    for what, expected in there.items():
        found = here[what]
        if what == "features":
            faults += _field_differences(name, expected, found)
        elif expected != found:
            faults.append(f"{what} of view {name}: the stack has {expected}, Python has {found}")
    return faults


def _field_differences(name: str, expected: dict[str, str], found: dict[str, str]) -> list[str]:
    return [
        f"feature {field} of view {name}: the stack has {expected.get(field, 'none')}, Python has {found.get(field, 'none')}"
        for field in sorted(expected.keys() | found.keys())
        if expected.get(field) != found.get(field)
    ]


def source_table(source: Any) -> str | None:
    """The name of the table that a data source reads, without its database; None for files and queries."""
    # Iceberg, then Athena, Redshift and Spark.
    table = getattr(source, "iceberg_table", None) or getattr(source, "table", None)
    return str(table).rpartition(".")[2] if table else None
