"""`features-skew`: what serving is answered against what training would have seen, for a sample of entities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.entities import TIMESTAMP, read_parquet
from ml_platform_runtime.features.measurements import emit
from ml_platform_runtime.features.settings import FeatureSettings
from ml_platform_runtime.features.store import chosen_views, opened

_LONGEST_LOOK = timedelta(days=365)


@dataclass(frozen=True)
class Check:
    """What to compare, and how strictly."""

    views: list[str]
    entities: str | None
    sample: int
    seed: int
    #: None: as of each view's watermark, so that rows that are not materialized yet do not count.
    at: datetime | None
    tolerance: float
    threshold: float


def compare(settings: FeatureSettings, check: Check) -> dict[str, Any]:
    """Shares of differing values; `outcome` is `skewed` when any of them is above the threshold."""
    with opened(settings) as store:
        views = chosen_views(store, check.views)
        if not views:
            raise BadInput(f"project {store.project} has no online view; apply one first")
        reports = [_view(store, view, check, settings.environment) for view in views]
    worst = max((share for report in reports for share in report["shares"].values()), default=0.0)
    return {
        "outcome": "skewed" if worst > check.threshold else "equal" if worst == 0 else "within threshold",
        "project": store.project,
        "threshold": check.threshold,
        "worstShare": worst,
        "views": reports,
    }


def _view(store: Any, view: Any, check: Check, environment: str) -> dict[str, Any]:
    at = check.at or _watermark(view)
    keys = _sample(store, view, check, at)
    report: dict[str, Any] = {"view": view.name, "asOf": at.isoformat(), "entities": len(keys), "shares": {}}
    if keys.empty:
        return {**report, "missingOnline": 0, "onlyOnline": 0}
    references = [f"{view.name}:{field.name}" for field in view.features]
    offline = store.get_historical_features(keys.assign(**{TIMESTAMP: at}), references).to_df()
    offline = keys.merge(offline, on=list(keys.columns), how="left", validate="one_to_one")
    online = store.get_online_features(references, keys.to_dict("records")).to_dict(include_event_timestamps=True)
    missing, only = set(), set()
    for field in view.features:
        differing = 0
        for row, expected in enumerate(offline[field.name]):
            # A key that was never written comes back as present, with null and the year 1970.
            written = online[f"{field.name}__ts"][row] > 0
            found = online[field.name][row] if written else None
            if not written and not _null(expected):
                missing.add(row)
            if _null(expected) and not _null(found):
                only.add(row)
            differing += not _equal(expected, found, check.tolerance)
        report["shares"][field.name] = round(differing / len(keys), 6)
    worst = max(report["shares"].values())
    emit(
        {"SkewShare": worst, "MissingShare": round(len(missing) / len(keys), 6)},
        {"Environment": environment, "Project": store.project, "View": view.name},
    )
    # Values that only serving has are mostly older than the time to live, which online reads of Feast do not look at.
    return {**report, "missingOnline": len(missing), "onlyOnline": len(only)}


def _watermark(view: Any) -> datetime:
    last: datetime | None = view.most_recent_end_time
    if last is None:
        raise BadInput(f"view {view.name} was never materialized; run features-materialize first, or give --at")
    return last if last.tzinfo else last.replace(tzinfo=timezone.utc)


def _sample(store: Any, view: Any, check: Check, at: datetime) -> Any:
    if check.entities:
        rows = read_parquet(check.entities)
        missing = [key for key in view.join_keys if key not in rows.columns]
        if missing:
            raise BadInput(f"entity rows lack the columns {', '.join(missing)} of view {view.name}; give all keys")
    else:
        rows = _latest_keys(store, view, at)
    keys = rows[list(view.join_keys)].drop_duplicates()
    if len(keys) > check.sample:
        keys = keys.sort_values(list(keys.columns)).sample(check.sample, random_state=check.seed)
    return keys.reset_index(drop=True)


def _latest_keys(store: Any, view: Any, at: datetime) -> Any:
    """Entities that have a valid value in the offline store."""
    source = view.batch_source
    columns = {mapped: column for column, mapped in (source.field_mapping or {}).items()}
    job = store._get_provider().offline_store.pull_latest_from_table_or_query(
        config=store.config,
        data_source=source,
        join_key_columns=[columns.get(key, key) for key in view.join_keys],
        feature_name_columns=[columns.get(field.name, field.name) for field in view.features],
        timestamp_field=source.timestamp_field,
        created_timestamp_column=source.created_timestamp_column or None,
        start_date=at - (view.ttl or _LONGEST_LOOK),
        end_date=at,
    )
    return job.to_df().rename(columns=source.field_mapping or {})


def _null(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")
    )


def _equal(expected: Any, found: Any, tolerance: float) -> bool:
    if _null(expected) or _null(found):
        return _null(expected) and _null(found)
    if hasattr(expected, "tolist"):
        expected = expected.tolist()
    if isinstance(expected, (list, tuple)):
        return len(expected) == len(found) and all(
            _equal(a, b, tolerance) for a, b in zip(expected, found, strict=True)
        )
    if isinstance(expected, datetime) or isinstance(found, datetime):
        import pandas as pd

        return bool(pd.to_datetime(expected, utc=True) == pd.to_datetime(found, utc=True))
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return math.isclose(expected, found, rel_tol=tolerance, abs_tol=tolerance)
    return bool(expected == found)
