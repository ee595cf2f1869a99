"""Rows of an Iceberg table at one snapshot, a batch at a time: all, a sample, the newest partition, or what the snapshot added."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.checks import Slice
from ml_platform_runtime.quality.partition import NewestPartition, newest_partition

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.table import FileScanTask, Table
    from pyiceberg.table.snapshots import Snapshot

#: A sample comes from at least so many data files, if the table has them: rows of one file resemble each other.
SAMPLE_FILES = 20
NEW_ROWS = {"append", "overwrite"}


@dataclass(frozen=True)
class Sample:
    """Which rows are looked at."""

    kind: str
    rows: int | None = None
    column: str | None = None

    @classmethod
    def parse(cls, text: str) -> Sample:
        """From `all`, `newest-snapshot`, `newest-partition`, `newest-partition:dt` or `rows:100000`."""
        kind, _, rest = text.partition(":")
        if text in {"all", "newest-snapshot", "newest-partition"}:
            return cls(text)
        if kind == "newest-partition" and rest:
            return cls(kind, column=rest)
        if kind == "rows" and rest.isascii() and rest.isdigit() and int(rest) > 0:
            return cls("rows", int(rest))
        raise BadInput(
            f"sample is {text!r}; allowed are all, newest-snapshot, newest-partition, newest-partition:<column> "
            "and rows:<number above 0>"
        )


@dataclass(frozen=True)
class _Pick:
    """A data file and the positions that are taken from it (None: all)."""

    task: FileScanTask
    first: int = 0
    sampled: int | None = None
    out_of: int = 0


@dataclass
class Scan:
    """Rows of one table at one snapshot."""

    table: Table
    snapshot: Snapshot | None
    sample: Sample
    columns: tuple[str, ...]
    partition: NewestPartition | None = None

    @classmethod
    def of(cls, table: Table, snapshot_id: str | None, sample: Sample, columns: tuple[str, ...]) -> Scan:
        """Plans the scan; `columns` are paths, `*` is all. Without `snapshot_id` the table is read as it is now."""
        snapshot = _snapshot(table, snapshot_id)
        if sample.kind == "newest-snapshot":
            snapshot = _newest_with_rows(table, snapshot)
        newest = newest_partition(table, snapshot, sample.column) if sample.kind == "newest-partition" else None
        return cls(table, snapshot, sample, columns, newest)

    @property
    def snapshot_id(self) -> str | None:
        """None of a table that never got a row."""
        return None if self.snapshot is None else str(self.snapshot.snapshot_id)

    def sample_plain(self) -> dict[str, Any]:
        """The sample as a report names it."""
        rows = {} if self.sample.rows is None else {"rows": self.sample.rows}
        partition = {} if self.partition is None else {"partition": self.partition.to_plain()}
        return {"kind": self.sample.kind, **rows, **partition}

    @property
    def nothing(self) -> bool:
        """Whether it is known without reading that there are no rows."""
        return self.snapshot is None or (self.sample.kind == "newest-partition" and self.partition is None)

    @property
    def schema(self) -> pa.Schema:
        """What batches look like."""
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        return schema_to_pyarrow(self._projected(), include_field_ids=False)

    @property
    def table_schema(self) -> pa.Schema:
        """All columns of the table."""
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        return schema_to_pyarrow(self.table.schema(), include_field_ids=False)

    def slices(self) -> Iterator[Slice]:
        """The rows; the same ones in the same order each time."""
        for pick in self._plan():
            start = 0
            for batch in self._read(pick.task):
                part = _take(batch, pick, start)
                start += batch.num_rows
                if part.batch.num_rows:
                    yield part

    def _projected(self) -> Any:
        try:
            return self._scan().projection()
        except ValueError as error:
            raise BadInput(
                f"table {'.'.join(self.table.name()[-2:])} lacks a column that the checks name ({error}); "
                "migrate the table, or give the contract that fits"
            ) from error

    def _scan(self) -> Any:
        snapshot_id = None if self.snapshot is None else self.snapshot.snapshot_id
        return self.table.scan(selected_fields=self.columns, snapshot_id=snapshot_id)

    def _plan(self) -> list[_Pick]:
        if self.snapshot is None:
            return []
        if self.sample.kind == "newest-partition":
            return self._plan_partition()
        tasks = sorted(self._scan().plan_files(), key=lambda task: task.file.file_path)
        if self.sample.kind == "newest-snapshot":
            added = _added_files(self.table, self.snapshot)
            return [_Pick(task) for task in tasks if task.file.file_path in added]
        if self.sample.rows is None:
            return [_Pick(task) for task in tasks]
        return _spread(tasks, self.sample.rows, str(self.snapshot_id))

    def _plan_partition(self) -> list[_Pick]:
        partition = self.partition
        if partition is None:
            return []
        tasks = self._scan().filter(partition.expression()).plan_files()
        return [_Pick(one) for one in sorted(tasks, key=lambda task: task.file.file_path) if partition.holds(one.file)]

    def _read(self, task: FileScanTask) -> Iterator[pa.RecordBatch]:
        from pyiceberg.io.pyarrow import ArrowScan, _read_all_delete_files

        scan = self._scan()
        reader = ArrowScan(self.table.metadata, self.table.io, self._projected(), scan.row_filter, scan.case_sensitive)
        # not to_record_batches: it reads every file at once into memory before it gives the first batch
        yield from reader._record_batches_from_scan_tasks_and_deletes(
            [task], _read_all_delete_files(self.table.io, [task])
        )


def _snapshot(table: Table, snapshot_id: str | None) -> Snapshot | None:
    if snapshot_id is None:
        return table.current_snapshot()
    if not (snapshot_id.isascii() and snapshot_id.isdigit()):
        raise BadInput(f"snapshot {snapshot_id!r} is no snapshot id; give digits")
    snapshot = table.snapshot_by_id(int(snapshot_id))
    if snapshot is None:
        raise BadInput(
            f"snapshot {snapshot_id} is not in table {'.'.join(table.name()[-2:])}; it has expired, so check the newest one"
        )
    return snapshot


def _newest_with_rows(table: Table, snapshot: Snapshot | None) -> Snapshot | None:
    """The snapshot itself, or the one before it that brought rows: compaction and deletion bring none."""
    while snapshot is not None and snapshot.summary is not None and snapshot.summary.operation.value not in NEW_ROWS:
        parent = snapshot.parent_snapshot_id
        snapshot = None if parent is None else table.snapshot_by_id(parent)
    return snapshot


def _added_files(table: Table, snapshot: Snapshot) -> set[str]:
    from pyiceberg.manifest import ManifestContent, ManifestEntryStatus

    added = set()
    for manifest in snapshot.manifests(table.io):
        if manifest.content != ManifestContent.DATA or manifest.added_snapshot_id != snapshot.snapshot_id:
            continue
        for entry in manifest.fetch_manifest_entry(table.io):
            if entry.status == ManifestEntryStatus.ADDED:
                added.add(entry.data_file.file_path)
    return added


def _spread(tasks: list[FileScanTask], rows: int, seed: str) -> list[_Pick]:
    """Rows at equal steps from enough files. Which files is decided by the snapshot alone: the same snapshot, the same sample."""

    def draw(task: FileScanTask) -> bytes:
        return hashlib.sha256(f"{seed} {task.file.file_path}".encode()).digest()

    chosen: list[FileScanTask] = []
    total = 0
    for task in sorted(tasks, key=draw):
        if total >= rows and len(chosen) >= SAMPLE_FILES:
            break
        chosen.append(task)
        total += task.file.record_count
    picks, first = [], 0
    for task in sorted(chosen, key=lambda one: one.file.file_path):
        picks.append(_Pick(task, first, rows if rows < total else None, total))
        first += task.file.record_count
    return picks


def _take(batch: pa.RecordBatch, pick: _Pick, start: int) -> Slice:
    import pyarrow as pa

    if pick.sampled is None:
        return Slice(pick.task.file.file_path, start, batch)
    picked = [one - start for one in _steps(pick.first + start, batch.num_rows, pick.sampled, pick.out_of, pick.first)]
    return Slice(
        pick.task.file.file_path, start, batch.take(pa.array(picked, pa.int64())), [start + one for one in picked]
    )


def _steps(begin: int, count: int, rows: int, total: int, first: int) -> Iterator[int]:
    """Of `count` positions from `begin` on, those at equal steps: `rows` of `total` in all; counted from `first`."""
    step = begin * rows // total
    while True:
        step += 1
        # the last position that belongs to this step
        position = -(-step * total // rows) - 1
        if position >= begin + count:
            return
        yield position - first
