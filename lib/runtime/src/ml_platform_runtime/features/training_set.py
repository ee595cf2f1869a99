"""`features-training-set`: features as they were at the time of each entity row, and a record of what they were made from."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.entities import TIMESTAMP, prepared, read_parquet, read_table
from ml_platform_runtime.features.settings import FeatureSettings
from ml_platform_runtime.features.sources import SourceState, states_of, tag_sources
from ml_platform_runtime.features.storage import upload, write_json
from ml_platform_runtime.features.store import opened

_ROW = "ml_platform_row"


@dataclass(frozen=True)
class Request:
    """What to join, and where to put it."""

    entities: str | None
    entity_table: str | None
    timestamp_column: str
    service: str | None
    features: list[str]
    output: str
    full_names: bool
    tag: str | None
    retention_days: int


@dataclass(frozen=True)
class Group:
    """Views that are looked up by the same keys."""

    keys: tuple[str, ...]
    views: list[Any]
    references: list[str]


def build(settings: FeatureSettings, request: Request) -> dict[str, Any]:
    """The record, which also lies beside the Parquet file as `<output>.json`, written last."""
    if not request.output.endswith(".parquet"):
        raise BadInput(f"--output {request.output} does not end in .parquet; give s3://bucket/key.parquet or a path")
    with opened(settings) as store:
        references = _references(store, request)
        groups, on_demand = _groups(store, references)
        rows, origin = _entities(request, sorted({key for group in groups for key in group.keys}))
        states = states_of(view for group in groups for view in group.views)
        if request.tag:
            # Before anything is read, so that no expiry comes in between.
            tag_sources(states, request.tag, request.retention_days)
        with _pinned(states):
            joined = _joined(store, rows, groups, references if on_demand else None, request.full_names)
        record = _record(store, request, references, groups, states, origin, rows, joined)
    return _written(joined, record, request.output)


def _references(store: Any, request: Request) -> list[str]:
    if bool(request.service) == bool(request.features):
        raise BadInput("either --service or --feature has to be given; one of them says which features to join")
    if not request.service:
        odd = [name for name in request.features if name.count(":") != 1]
        if odd:
            raise BadInput(f"--feature {', '.join(odd)} names no feature; give view:feature")
        return list(dict.fromkeys(request.features))
    names = sorted(found.name for found in store.list_feature_services())
    if request.service not in names:
        raise BadInput(
            f"feature service {request.service} is not registered in {store.project}; registered are {', '.join(names) or 'none'}"
        )
    service = store.get_feature_service(request.service)
    return [
        f"{part.name_to_use()}:{field.name}" for part in service.feature_view_projections for field in part.features
    ]


def _groups(store: Any, references: list[str]) -> tuple[list[Group], bool]:
    """Views by their keys; true when a view is computed on demand, which needs everything in one call."""
    views = {view.name: view for view in [*store.list_batch_feature_views(), *store.list_stream_feature_views()]}
    demanded = {view.name: view for view in store.list_on_demand_feature_views()}
    wanted: dict[str, list[str]] = {}
    for reference in references:
        wanted.setdefault(reference.partition(":")[0], []).append(reference)
    unknown = sorted(wanted.keys() - views.keys() - demanded.keys())
    if unknown:
        raise BadInput(
            f"view {', '.join(unknown)} is not registered in {store.project}; registered are {', '.join(sorted(views)) or 'none'}"
        )
    absent = [
        reference
        for name, asked in wanted.items()
        for reference in asked
        if reference.partition(":")[2] not in {field.name for field in (views.get(name) or demanded[name]).features}
    ]
    if absent:
        raise BadInput(f"feature {', '.join(absent)} is not registered; correct its name, or apply its view first")
    inputs = [
        part.name
        for name in wanted.keys() & demanded.keys()
        for part in demanded[name].source_feature_view_projections.values()
    ]
    found: dict[tuple[str, ...], Group] = {}
    for name in dict.fromkeys([*wanted, *inputs]):
        if name in views:
            keys = tuple(sorted(views[name].join_keys))
            group = found.setdefault(keys, Group(keys, [], []))
            group.views.append(views[name])
            group.references.extend(wanted.get(name, []))
    return list(found.values()), bool(wanted.keys() & demanded.keys())


def _entities(request: Request, keys: list[str]) -> tuple[Any, dict[str, Any]]:
    if bool(request.entities) == bool(request.entity_table):
        raise BadInput("either --entities or --entity-table has to be given; one of them says whom to join for")
    origin: dict[str, Any]
    if request.entities:
        rows, origin = read_parquet(request.entities), {"uri": request.entities}
    else:
        rows, snapshot = read_table(str(request.entity_table))
        origin = {"table": str(request.entity_table).partition("@")[0], "snapshotId": snapshot}
    rows = prepared(rows, request.timestamp_column, keys)
    return rows, {**origin, "rows": len(rows)}


@contextlib.contextmanager
def _pinned(states: list[SourceState]) -> Any:
    from ml_platform_runtime.features.iceberg_offline import pinned

    with pinned({state.table: state.snapshot_id for state in states if state.pinned and state.snapshot_id is not None}):
        yield


def _joined(store: Any, rows: Any, groups: list[Group], all_at_once: list[str] | None, full_names: bool) -> Any:
    """One lookup for each set of keys, joined to all rows here: Feast's Dask store drops entity rows that differ in another key only,
    and those whose features are all older than their time to live."""
    if all_at_once is not None:
        return _computed(store, rows, groups, all_at_once, full_names)
    joined = rows
    for group in groups:
        by = [*group.keys, TIMESTAMP]
        asked = rows[by].drop_duplicates().reset_index(drop=True)
        found = store.get_historical_features(asked, group.references, full_feature_names=full_names).to_df()
        taken = sorted((set(found.columns) - set(by)) & set(joined.columns))
        if taken:
            raise BadInput(
                f"the name {', '.join(taken)} is there twice; give --full-feature-names, or rename the entity's column"
            )
        found[TIMESTAMP] = found[TIMESTAMP].astype(joined[TIMESTAMP].dtype)
        joined = joined.merge(found, on=by, how="left", validate="many_to_one")
    return joined


def _computed(store: Any, rows: Any, groups: list[Group], references: list[str], full_names: bool) -> Any:
    """Views on demand compute from what all others gave, so everything is asked for at once."""
    for group in groups:
        if rows.duplicated([*group.keys, TIMESTAMP]).any():
            raise BadInput(
                f"entity rows repeat the same {', '.join(group.keys)} at the same time, which views on demand cannot have; make them differ, or join those views apart"
            )
    asked = rows.assign(**{_ROW: range(len(rows))})
    found = store.get_historical_features(asked, references, full_feature_names=full_names).to_df()
    # Feast's Dask store drops entity rows whose features are all older than their time to live.
    features = found[[_ROW, *(name for name in found.columns if name not in asked.columns)]]
    return asked.merge(features, on=_ROW, how="left", validate="one_to_one").drop(columns=_ROW)


def _record(
    store: Any,
    request: Request,
    references: list[str],
    groups: list[Group],
    states: list[SourceState],
    origin: dict[str, Any],
    rows: Any,
    joined: Any,
) -> dict[str, Any]:
    import feast

    features = [name for name in joined.columns if name not in rows.columns]
    return {
        "outcome": "built",
        "project": store.project,
        "output": request.output,
        "rows": len(joined),
        "entities": origin,
        "featureService": request.service,
        "views": sorted(view.name for group in groups for view in group.views),
        "features": references,
        "missingShare": {name: round(float(joined[name].isna().mean()), 6) for name in features},
        "from": rows[TIMESTAMP].min().isoformat(),
        "until": rows[TIMESTAMP].max().isoformat(),
        "sources": [state.to_plain() for state in states],
        "feast": feast.__version__,
        "createdAt": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _written(joined: Any, record: dict[str, Any], output: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="training-set-") as folder:
        file = Path(folder) / "training-set.parquet"
        joined.to_parquet(file, index=False)
        record = {**record, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        upload(file, output)
    # The record comes last: where it is, the data is complete.
    write_json(f"{output}.json", record)
    return record
