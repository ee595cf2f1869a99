"""An offline store for Feast that reads Iceberg tables by pyiceberg: no warehouse to run, memory bounded by the rows in question.

In feature_store.yaml: `offline_store: {type: ml_platform_runtime.features.iceberg_offline.IcebergOfflineStore}`.
A scan keeps only the columns and the time window that are asked for, goes to a temporary Parquet file, and Feast's own Dask
store does the join from there. Tables of more rows than one machine holds belong on Athena, Redshift or Spark.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from feast import FileSource
from feast.infra.data_sources.contrib.iceberg_catalog.iceberg_source import IcebergSource
from feast.infra.offline_stores.dask import DaskOfflineStore, DaskOfflineStoreConfig

from ml_platform_runtime.errors import BadInput

_pins: ContextVar[Mapping[str, int] | None] = ContextVar("pins", default=None)


class IcebergOfflineStoreConfig(DaskOfflineStoreConfig):  # type: ignore[misc]
    """Its only setting is the type."""

    type: Literal["ml_platform_runtime.features.iceberg_offline.IcebergOfflineStore"] = (
        "ml_platform_runtime.features.iceberg_offline.IcebergOfflineStore"
    )


@contextlib.contextmanager
def pinned(snapshots: Mapping[str, int]) -> Iterator[None]:
    """Inside, tables are read as of these snapshots (`table_id` -> snapshot id), whatever is written meanwhile."""
    token = _pins.set(snapshots)
    try:
        yield
    finally:
        _pins.reset(token)


def table_id(source: IcebergSource) -> str:
    """Catalog, namespace and table."""
    return f"{source.catalog_name}.{source.namespace}.{source.iceberg_table}"


def load_source_catalog(source: IcebergSource) -> Any:
    """The pyiceberg catalogue of a source."""
    from pyiceberg.catalog import load_catalog

    properties = {**_surroundings(source.catalog_type), "type": source.catalog_type, **source.catalog_properties}
    if source.endpoint:
        properties.setdefault("uri", source.endpoint)
    if source.warehouse:
        properties.setdefault("warehouse", source.warehouse)
    return load_catalog(source.catalog_name, **properties)


def _surroundings(catalog_type: str) -> dict[str, str]:
    """Region and endpoint of this process: definitions are the same wherever they are read."""
    from ml_platform_runtime.tables.catalogs import catalog_properties

    return catalog_properties({**os.environ, "ML_CATALOG": "glue"}) if catalog_type == "glue" else {}


def load_table(source: IcebergSource) -> Any:
    """The pyiceberg table of a source. Raises pyiceberg's NoSuchTableError."""
    return load_source_catalog(source).load_table(f"{source.namespace}.{source.iceberg_table}")


class IcebergOfflineStore(DaskOfflineStore):  # type: ignore[misc]
    """Feast calls it by the name in feature_store.yaml."""

    @staticmethod
    def get_historical_features(
        config: Any, feature_views: list[Any], feature_refs: list[str], entity_df: Any, *arguments: Any, **named: Any
    ) -> Any:
        """Features as they were at the time of each entity row."""
        folder = _folder()
        start, end = _span(entity_df, named)
        views = []
        for view in feature_views:
            first = start - view.ttl if start is not None and view.ttl else None
            views.append(_staged_view(view, folder, first, end))
        job = DaskOfflineStore.get_historical_features(config, views, feature_refs, entity_df, *arguments, **named)
        return _keep(job, folder)

    @staticmethod
    def pull_latest_from_table_or_query(*arguments: Any, **named: Any) -> Any:
        """The latest row of each entity within a window: what materialization writes."""
        return _pulled(DaskOfflineStore.pull_latest_from_table_or_query, *arguments, **named)

    @staticmethod
    def pull_all_from_table_or_query(*arguments: Any, **named: Any) -> Any:
        """All rows within a window."""
        return _pulled(DaskOfflineStore.pull_all_from_table_or_query, *arguments, **named)


def _pulled(pull: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What Dask's store pulls, from the rows in question; Feast names the parameters of both methods alike."""
    folder = _folder()
    given = inspect.signature(pull).bind(*arguments, **named).arguments
    names = given["feature_name_columns"]
    columns = [*given["join_key_columns"], *names, given["timestamp_field"], given.get("created_timestamp_column")]
    # no features: all columns
    given["data_source"] = _stage(
        given["data_source"], folder, columns if names else None, given.get("start_date"), given.get("end_date")
    )
    return _keep(pull(**given), folder)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="feast-iceberg-")


def _keep(job: Any, folder: tempfile.TemporaryDirectory[str]) -> Any:
    # Jobs are lazy: the files go when the job goes.
    job.staged_files = folder
    return job


def _staged_view(
    view: Any, folder: tempfile.TemporaryDirectory[str], start: datetime | None, end: datetime | None
) -> Any:
    source = view.batch_source
    if not isinstance(source, IcebergSource):
        return view
    names = {mapped: column for column, mapped in (source.field_mapping or {}).items()}
    wanted = [*(field.name for field in [*view.entity_columns, *view.features])]
    columns = [names.get(name, name) for name in wanted]
    staged = copy.copy(view)
    staged.batch_source = _stage(
        source, folder, [*columns, source.timestamp_field, source.created_timestamp_column], start, end
    )
    return staged


def _stage(
    source: Any,
    folder: tempfile.TemporaryDirectory[str],
    columns: list[str | None] | None,
    start: datetime | None,
    end: datetime | None,
) -> Any:
    """The rows in question as a local Parquet file."""
    if not isinstance(source, IcebergSource):
        return source
    import pyarrow.parquet

    table = load_table(source)
    pin = (_pins.get() or {}).get(table_id(source))
    schema = table.schema() if pin is None else table.scan(snapshot_id=pin).projection()
    known = [field.name for field in schema.fields]
    absent = [name for name in columns or [] if name and name not in known]
    if absent:
        raise BadInput(
            f"table {table_id(source)} has no column {', '.join(absent)}; it has {', '.join(known)}: correct the view, or map the name by field_mapping"
        )
    wanted = tuple(name for name in known if columns is None or name in columns)
    scan = table.scan(
        row_filter=_window(schema.find_type(source.timestamp_field), source.timestamp_field, start, end),
        selected_fields=wanted,
        snapshot_id=pin,
    )
    path = Path(folder.name) / f"{len(list(Path(folder.name).iterdir()))}.parquet"
    with scan.to_arrow_batch_reader() as reader, pyarrow.parquet.ParquetWriter(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    return FileSource(
        path=str(path),
        name=source.name,
        timestamp_field=source.timestamp_field,
        created_timestamp_column=source.created_timestamp_column,
        field_mapping=source.field_mapping,
    )


def _window(kind: Any, column: str, start: datetime | None, end: datetime | None) -> Any:
    from pyiceberg.expressions import AlwaysTrue, And, GreaterThanOrEqual, LessThanOrEqual

    zoned = str(kind).startswith("timestamptz")
    if not zoned and not str(kind).startswith("timestamp"):
        return AlwaysTrue()

    def text(moment: datetime) -> str:
        moment = moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
        return moment.isoformat() if zoned else moment.replace(tzinfo=None).isoformat()

    found: Any = AlwaysTrue()
    if start is not None:
        found = And(found, GreaterThanOrEqual(column, text(start)))
    if end is not None:
        found = And(found, LessThanOrEqual(column, text(end)))
    return found


def _span(entity_df: Any, named: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """The first and last moment that is asked for."""
    import pandas as pd

    if entity_df is None:
        return None, named.get("end_date")
    if not isinstance(entity_df, pd.DataFrame) or entity_df.empty:
        return None, None
    moments = entity_df.get("event_timestamp")
    if moments is None:
        return None, None
    moments = pd.to_datetime(moments, utc=True)
    return moments.min().to_pydatetime(), moments.max().to_pydatetime()
