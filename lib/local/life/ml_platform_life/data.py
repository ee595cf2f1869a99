"""A real data set, and its way through the lake: written to the Iceberg table and read back before anything is trained."""

from __future__ import annotations

import functools
import os
import re
from typing import Any

import pandas as pd
import pyarrow as pa

from ml_platform_life.failure import LifeFailure
from ml_platform_life.platform import Platform


def breast_cancer() -> pd.DataFrame:
    """Breast Cancer Wisconsin (Diagnostic), as scikit-learn ships it: 569 rows, 30 measurements, 0 malignant, 1 benign."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    return frame.rename(columns=lambda name: re.sub(r"\W+", "_", name.strip().lower()))


def open_table(platform: Platform) -> Any:
    """The Iceberg table that CloudFormation made, through its Glue catalog."""
    return open_named(platform.endpoint, f"{platform.database}.{platform.table}")


def open_named(endpoint: str, name: str) -> Any:
    """An Iceberg table by `database.table`, as it is now."""
    return _catalog(endpoint).load_table(name)


@functools.cache
def _catalog(endpoint: str) -> Any:
    from pyiceberg.catalog import load_catalog

    region = os.environ["AWS_REGION"]
    return load_catalog("lake", type="glue", **{
        "glue.endpoint": endpoint,
        "glue.region": region,
        "s3.endpoint": endpoint,
        "s3.region": region,  # else pyarrow asks the real S3 where the bucket is, and waits
        "s3.force-virtual-addressing": "false",
    })  # fmt: skip


def write_and_read_back(platform: Platform, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Appends the data set and returns what the table says it holds now."""
    table = open_table(platform)
    before = table.scan().count()
    table.append(to_arrow(table, frame))
    tag = f"training-{before + len(frame)}"
    # the expiry of snapshots leaves tagged ones alone: what a model was trained on stays readable
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, tag).commit()
    table = open_table(platform)  # another client's view
    stored = table.scan(snapshot_id=table.snapshot_by_name(tag).snapshot_id).to_pandas()
    if len(stored) != before + len(frame):
        raise LifeFailure(f"the table holds {len(stored)} rows after {len(frame)} were appended to {before}")
    read = stored.tail(len(frame)) if before else stored
    return read, {
        "rows": len(frame),
        "columns": len(table.schema().fields),
        "table": f"{platform.database}.{platform.table}",
        "tag": tag,
        "files": len(list(table.scan().plan_files())),
    }


def to_arrow(table: Any, frame: pd.DataFrame) -> pa.Table:
    """The data in the table's own schema. A column that the table lacks is an error, not left out."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    names = [field.name for field in table.schema().fields]
    if missing := [name for name in frame.columns if name not in names]:
        raise LifeFailure(f"the table {table.name()} has no columns {', '.join(missing)}; it has {', '.join(names)}")
    return pa.Table.from_pandas(frame, preserve_index=False).cast(schema_to_pyarrow(table.schema()))
