"""`features-materialize`: what is new in the offline store to the online store, view by view.

A view's watermark moves only after all of its rows are written, and a row is written under its entity's key: a run that was
killed is repeated from the old watermark, and nothing is there twice.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.locks import registry_lock
from ml_platform_runtime.features.measurements import emit
from ml_platform_runtime.features.settings import FeatureSettings
from ml_platform_runtime.features.store import chosen_views, opened
from ml_platform_runtime.features.writes import Writes, watch

_log = logging.getLogger(__name__)
_FIRST_WINDOW = timedelta(days=365)


@dataclass(frozen=True)
class Plan:
    """What to materialize, and what it costs to write."""

    views: list[str]
    start: datetime | None
    end: datetime
    overlap: timedelta
    dry_run: bool
    wait_seconds: float
    dollars_per_million_units: float


def materialize(settings: FeatureSettings, plan: Plan) -> dict[str, Any]:
    """The report: rows, write units and dollars of each view."""
    with opened(settings) as store:
        views = chosen_views(store, plan.views)
        if not views:
            raise BadInput(f"project {store.project} has no online view; apply one first")
        reports = [_materialize(store, view.name, plan, settings.environment) for view in views]
    units = sum(report["writeUnits"] or 0 for report in reports)
    return {
        "outcome": "estimated" if plan.dry_run else "materialized",
        "project": store.project,
        "until": plan.end.isoformat(),
        "rows": sum(report["rows"] or 0 for report in reports),
        "writeUnits": units,
        "dollars": round(units * plan.dollars_per_million_units / 1e6, 6),
        "views": reports,
    }


def _materialize(store: Any, name: str, plan: Plan, environment: str) -> dict[str, Any]:
    with registry_lock(store.config.registry.path, f"view {store.project}/{name}", seconds=plan.wait_seconds):
        # Whoever held the lock before has moved the watermark.
        store.refresh_registry()
        view = chosen_views(store, [name])[0]
        start = _start(view, plan)
        report: dict[str, Any] = {"view": name, "from": start.isoformat(), "until": plan.end.isoformat()}
        if start >= plan.end:
            return {**report, "rows": 0, "writeUnits": 0, "dollars": 0.0, "seconds": 0.0, "outcome": "up to date"}
        writes, began = _write(store, view, start, plan)
        newest = _newest(store, name, writes, plan)
    freshness = (datetime.now(timezone.utc) - newest).total_seconds() if newest else None
    if not plan.dry_run:
        measured = {"RowsWritten": float(writes.rows), "WriteUnits": float(writes.write_units)}
        if freshness is not None:
            measured["Freshness"] = freshness
        emit(measured, {"Environment": environment, "Project": store.project, "View": name})
    return {
        **report,
        "rows": writes.rows,
        "writeUnits": writes.write_units,
        "dollars": round(writes.write_units * plan.dollars_per_million_units / 1e6, 6),
        "newestEvent": newest.isoformat() if newest else None,
        "freshnessSeconds": freshness,
        "seconds": round(time.monotonic() - began, 3),
        "outcome": "estimated" if plan.dry_run else "written",
    }


def _write(store: Any, view: Any, start: datetime, plan: Plan) -> tuple[Writes, float]:
    writes, began = Writes(), time.monotonic()
    provider = store._get_provider()
    watch(provider.online_store, writes, dry_run=plan.dry_run)
    _log.info("materializing", extra={"view": view.name, "from": start.isoformat(), "until": plan.end.isoformat()})
    # Only the newest row of each entity leaves the offline store, except where a sum or a function needs all of them.
    store.config.materialization_config.pull_latest_features = not computes(view)
    if plan.dry_run:
        provider.materialize_single_feature_view(
            config=store.config,
            feature_view=view,
            start_date=start,
            end_date=plan.end,
            registry=store.registry,
            project=store.project,
            tqdm_builder=None,
        )
    else:
        store.materialize(start, plan.end, [view.name])
    return writes, began


def computes(view: Any) -> bool:
    """Whether the view's values are made of several rows while they are materialized."""
    return bool(getattr(view, "aggregations", None) or getattr(view, "feature_transformation", None))


def _start(view: Any, plan: Plan) -> datetime:
    """Given, else where the last run ended less the overlap for late rows, else as far back as a value is valid."""
    if plan.start:
        return plan.start
    if view.most_recent_end_time:
        last: datetime = view.most_recent_end_time
        return (last if last.tzinfo else last.replace(tzinfo=timezone.utc)) - plan.overlap
    return plan.end - (view.ttl or _FIRST_WINDOW)


def _newest(store: Any, view: str, writes: Writes, plan: Plan) -> datetime | None:
    """The newest event that is online, kept in the registry: a run without rows does not make old data fresh."""
    # The column takes 50 characters.
    key = f"ml-platform.newest.{hashlib.sha256(view.encode()).hexdigest()[:24]}"
    stored = store.registry.get_project_metadata(store.project, key)
    known = [datetime.fromisoformat(stored)] if stored else []
    newest = max([*known, *([writes.newest] if writes.newest else [])], default=None)
    if newest and not plan.dry_run and newest not in known:
        store.registry.set_project_metadata(store.project, key, newest.isoformat())
    return newest
