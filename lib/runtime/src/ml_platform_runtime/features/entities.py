"""Entity rows: who, and as of when. From Parquet, or from an Iceberg table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.features.storage import split_s3

#: Feast's own name of the column.
TIMESTAMP = "event_timestamp"


def read_parquet(uri: str) -> Any:
    """Rows of one file, or of all .parquet files below an address that ends in a slash."""
    import pandas as pd

    if not uri.startswith("s3://"):
        if not Path(uri).exists():
            raise BadInput(
                f"entity rows {uri} do not exist; give a Parquet file, or a folder of them, by path or s3://"
            )
        return _parquet(uri, uri)
    with tempfile.TemporaryDirectory(prefix="entities-") as folder:
        files = _download(uri, Path(folder))
        return pd.concat([_parquet(file, uri) for file in files], ignore_index=True)


def _parquet(file: str | Path, uri: str) -> Any:
    import pandas as pd
    from pyarrow import ArrowException

    try:
        return pd.read_parquet(file)
    except (ArrowException, OSError) as error:
        raise BadInput(
            f"entity rows {uri} are no Parquet: {' '.join(str(error).split())}; write them as Parquet"
        ) from error


def read_table(reference: str) -> tuple[Any, str]:
    """Rows of `database.table`, as it is or as `@tag`, `@snapshot` or `@moment` says, and the id of the snapshot."""
    from ml_platform_runtime.tables.references import read_state

    state = read_state(reference)
    return state.scan().to_pandas(), str(state.snapshot_id)


def prepared(rows: Any, timestamp_column: str, join_keys: list[str]) -> Any:
    """The rows with Feast's name for the time, in UTC. Raises BadInput for columns that are missing."""
    import pandas as pd

    missing = [name for name in [timestamp_column, *join_keys] if name not in rows.columns]
    if missing:
        raise BadInput(
            f"entity rows lack the columns {', '.join(missing)}; they have {', '.join(map(str, rows.columns))}; name the time's by --timestamp-column"
        )
    if rows.empty:
        raise BadInput("there are no entity rows; give at least one")
    rows = rows.rename(columns={timestamp_column: TIMESTAMP}).reset_index(drop=True)
    rows[TIMESTAMP] = pd.to_datetime(rows[TIMESTAMP], utc=True)
    empty = int(rows[[TIMESTAMP, *join_keys]].isna().any(axis=1).sum())
    if empty:
        raise BadInput(f"{empty} of {len(rows)} entity rows have no time or no key; remove them")
    return rows


def _download(uri: str, folder: Path) -> list[Path]:
    s3 = aws.client("s3", read_timeout=120)
    bucket, key = split_s3(uri)
    keys = [key]
    if key.endswith("/"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        keys = [
            found["Key"] for page in pages for found in page.get("Contents", []) if found["Key"].endswith(".parquet")
        ]
    if not keys:
        raise BadInput(f"there is no .parquet below {uri}; correct the address")
    files = []
    for number, name in enumerate(sorted(keys)):
        file = folder / f"{number}.parquet"
        try:
            s3.download_file(bucket, name, str(file))
        except aws.AWS_ERRORS as error:
            if aws.error_code(error) in ("404", "NoSuchKey", "NoSuchBucket"):
                raise BadInput(
                    f"entity rows s3://{bucket}/{name} do not exist; give a Parquet file, or a folder that ends in /"
                ) from error
            raise
        files.append(file)
    return files
