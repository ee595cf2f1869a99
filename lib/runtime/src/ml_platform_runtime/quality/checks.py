"""Checks on Arrow batches, one after another: what is kept between batches is counts, extremes and, for `unique`, the values.

A value is missing if it is null, or if a struct that holds it is; NaN counts as missing too, as in pandas and Great
Expectations. Missing values are judged by `required` and `maxNullShare` only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.values import Unbounded, bound, category

#: Failing rows that a report names for each check.
MAX_ROWS = 10
KINDS = ("required", "maxNullShare", "min", "max", "oneOf", "pattern", "unique", "maxAgeSeconds")


@dataclass(frozen=True)
class Rule:
    """What has to hold. `columns` are paths, with dots inside structs; only `unique` takes more than one."""

    kind: str
    columns: tuple[str, ...]
    allowed: Any

    @property
    def name(self) -> str:
        return f"{'+'.join(self.columns)}.{self.kind}"


@dataclass(frozen=True)
class Slice:
    """Some rows of one data file. `picked` are their positions in the file where they are not one after another."""

    file: str
    start: int
    batch: pa.RecordBatch
    picked: Sequence[int] | None = None

    def row(self, index: int) -> dict[str, Any]:
        """Where a row stands: its data file, and its position among the file's rows that are not deleted."""
        return {"file": self.file, "row": self.start + index if self.picked is None else self.picked[index]}


@dataclass
class Outcome:
    """The verdict on one rule."""

    rule: Rule
    passed: bool
    observed: Any
    failing_rows: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """As a report shows it."""
        return {
            "name": self.rule.name,
            "kind": self.rule.kind,
            "column": "+".join(self.rule.columns),
            "verdict": "passed" if self.passed else "failed",
            "observed": plain(self.observed),
            "allowed": plain(self.rule.allowed),
            "failingRows": self.failing_rows,
            "rows": self.rows,
        }


def plain(value: Any) -> Any:
    """A value as JSON has it: decimals and moments as text, because JSON's numbers would lose digits."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def values_of(batch: pa.RecordBatch, path: str) -> tuple[pa.Array, pa.Array | None]:
    """The values of a path with NaN as null, and where the struct around them is present (None: everywhere)."""
    name, *inner = path.split(".")
    values, around = batch.column(name), None
    for step in inner:
        around = pc.is_valid(values)
        # unlike the child itself, this is null wherever the struct is
        values = pc.struct_field(values, [values.type.get_field_index(step)])
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if kinds.is_floating(values.type):
        # adding 0 makes one zero of both
        values = pc.add(pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values), pa.scalar(0, values.type))
    return values, around


def type_of(schema: pa.Schema, path: str) -> pa.DataType:
    """The Arrow type at a path. Raises BadInput for a path that leads nowhere or into a list or map."""
    name, *inner = path.split(".")
    index = schema.get_field_index(name)
    arrow = schema.field(index).type if index >= 0 else None
    for step in inner:
        known = arrow is not None and kinds.is_struct(arrow) and arrow.get_field_index(step) >= 0
        arrow = arrow.field(arrow.get_field_index(step)).type if known and arrow is not None else None
    if arrow is None:
        raise BadInput(f"column {path!r} of the checks is not in the table; name a column, or a field of a struct")
    return arrow.storage_type if isinstance(arrow, pa.BaseExtensionType) else arrow


class Check:
    """One rule on one stream of batches."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.failing = 0
        self.rows: list[dict[str, Any]] = []

    def see(self, part: Slice) -> None:
        """Take the next rows into account."""
        raise NotImplementedError

    def outcome(self) -> Outcome:
        """The verdict on all rows seen."""
        return Outcome(self.rule, self.failing == 0, self.failing, self.failing, self.rows)

    def _note(self, part: Slice, failing: pa.Array) -> None:
        """Counts the rows for which `failing` is true, and keeps the first places."""
        count = pc.sum(failing).as_py() or 0
        self.failing += count
        if count and len(self.rows) < MAX_ROWS:
            places = pc.indices_nonzero(pc.fill_null(failing, False)).slice(0, MAX_ROWS - len(self.rows))
            self.rows += [part.row(index) for index in places.to_pylist()]


class Required(Check):
    """No value is missing, where the struct that holds it is present."""

    def see(self, part: Slice) -> None:
        values, around = values_of(part.batch, self.rule.columns[0])
        missing = pc.is_null(values)
        self._note(part, missing if around is None else pc.and_(missing, around))


class NullShare(Check):
    """At most this share of the values is missing; no rows miss nothing."""

    total = 0

    def see(self, part: Slice) -> None:
        values, _ = values_of(part.batch, self.rule.columns[0])
        self.total += len(values)
        self._note(part, pc.is_null(values))

    def outcome(self) -> Outcome:
        share = self.failing / self.total if self.total else 0.0
        passed = share <= self.rule.allowed
        return Outcome(self.rule, passed, share, 0 if passed else self.failing, [] if passed else self.rows)


class Bound(Check):
    """No value is below `min` or above `max`; the bound itself is allowed."""

    def __init__(self, rule: Rule, arrow: pa.DataType) -> None:
        super().__init__(rule)
        self.lower = rule.kind == "min"
        self.extreme: Any = None
        self.bound: pa.Scalar | None = None
        self.all_fail = False
        try:
            self.bound = bound(rule.allowed, arrow, self.lower, rule.name)
        except Unbounded as side:
            self.all_fail = side.all_fail

    def see(self, part: Slice) -> None:
        values, _ = values_of(part.batch, self.rule.columns[0])
        extreme = (pc.min if self.lower else pc.max)(values).as_py()
        if extreme is not None and (self.extreme is None or (extreme < self.extreme) == self.lower):
            self.extreme = extreme
        if self.bound is not None:
            self._note(part, (pc.less if self.lower else pc.greater)(values, self.bound))
        elif self.all_fail:
            self._note(part, pc.is_valid(values))

    def outcome(self) -> Outcome:
        return Outcome(self.rule, self.failing == 0, self.extreme, self.failing, self.rows)


class OneOf(Check):
    """Every value is one of a list."""

    def __init__(self, rule: Rule, arrow: pa.DataType) -> None:
        super().__init__(rule)
        self.allowed = pa.array([category(one, arrow, rule.name) for one in rule.allowed], arrow)

    def see(self, part: Slice) -> None:
        values, _ = values_of(part.batch, self.rule.columns[0])
        known = pc.is_in(values, value_set=self.allowed.cast(values.type))
        self._note(part, pc.and_not(pc.is_valid(values), known))


class Pattern(Check):
    """The regular expression (RE2) is found in every value; `^` and `$` make it the whole value."""

    def __init__(self, rule: Rule, arrow: pa.DataType) -> None:
        super().__init__(rule)
        if not (kinds.is_string(arrow) or kinds.is_large_string(arrow)):
            raise BadInput(f"{rule.name} is on a column of type {arrow}; a pattern needs a string")
        try:
            pc.match_substring_regex(pa.array([""]), pattern=rule.allowed)
        except pa.ArrowInvalid as error:
            raise BadInput(f"{rule.name} {rule.allowed!r} is no regular expression of RE2: {error}") from error

    def see(self, part: Slice) -> None:
        values, _ = values_of(part.batch, self.rule.columns[0])
        self._note(part, pc.invert(pc.match_substring_regex(values, pattern=self.rule.allowed)))


class MaxAge(Check):
    """The newest value is not older than so many seconds. Without any value nothing is new, so that fails."""

    def __init__(self, rule: Rule, arrow: pa.DataType, now: datetime) -> None:
        super().__init__(rule)
        if not (kinds.is_timestamp(arrow) or kinds.is_date(arrow)):
            raise BadInput(f"{rule.name} is on a column of type {arrow}; allowed are date, timestamp and timestamptz")
        self.now = now
        self.newest: Any = None

    def see(self, part: Slice) -> None:
        values, _ = values_of(part.batch, self.rule.columns[0])
        newest = pc.max(values).as_py()
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest = newest

    def outcome(self) -> Outcome:
        passed = self.newest is not None and self.now - _end_of(self.newest) <= timedelta(seconds=self.rule.allowed)
        return Outcome(self.rule, passed, self.newest, 0, [])


def _end_of(value: date | datetime) -> datetime:
    """The moment in UTC; of a date its last, because its rows may come until then."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc) + timedelta(days=1)
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


class Unique(Check):
    """No two rows have the same values; rows in which one is missing do not count. Exact, so the values stay in memory."""

    def __init__(self, rule: Rule, arrows: Sequence[pa.DataType], spend: Callable[[int, str], None]) -> None:
        super().__init__(rule)
        for arrow in arrows:
            if kinds.is_nested(arrow):
                raise BadInput(
                    f"{rule.name} is on a column of type {arrow}; name columns that are no struct, list or map"
                )
        self.spend = spend
        self.keys: list[pa.Table] = []
        self.parts: list[tuple[int, str, pa.Array]] = []
        self.seen = 0

    def see(self, part: Slice) -> None:
        columns = [values_of(part.batch, path)[0] for path in self.rule.columns]
        keys = pa.table(columns, names=[str(index) for index in range(len(columns))])
        present = pc.is_valid(columns[0])
        for column in columns[1:]:
            present = pc.and_(present, pc.is_valid(column))
        keys = keys.filter(present)
        rows = pc.indices_nonzero(present)
        if part.picked is not None:
            rows = pa.array(part.picked, pa.int64()).take(rows)
        else:
            rows = pc.add(rows.cast(pa.int64()), part.start)
        self.spend(keys.nbytes + rows.nbytes, self.rule.name)
        self.keys.append(keys)
        self.parts.append((self.seen, part.file, rows))
        self.seen += keys.num_rows

    def outcome(self) -> Outcome:
        if not self.seen:
            return super().outcome()
        keys = pa.concat_tables(self.keys, promote_options="permissive")
        # one thread: groups come in the order of their first rows
        groups = keys.group_by(keys.column_names, use_threads=False).aggregate([([], "count_all")])
        twice = groups.filter(pc.greater(groups["count_all"], 1))
        self.failing = pc.sum(twice["count_all"]).as_py() or 0
        if self.failing:
            self.rows = self._places(keys, twice.slice(0, MAX_ROWS))
        return super().outcome()

    def _places(self, keys: pa.Table, twice: pa.Table) -> list[dict[str, Any]]:
        """The first rows of all that are doubled: they belong to the groups that come first."""
        found = {tuple(row[name] for name in keys.column_names) for row in twice.to_pylist()}
        likely = None
        for name in keys.column_names:
            one = pc.is_in(keys[name], value_set=twice[name].combine_chunks())
            likely = one if likely is None else pc.and_(likely, one)
        places: list[int] = []
        for index in pc.indices_nonzero(likely):
            row = keys.slice(index.as_py(), 1).to_pylist()[0]
            if tuple(row.values()) in found:
                places.append(index.as_py())
            if len(places) == MAX_ROWS:
                break
        return [self._place(index) for index in places]

    def _place(self, index: int) -> dict[str, Any]:
        start, file, rows = next(part for part in reversed(self.parts) if part[0] <= index)
        return {"file": file, "row": rows[index - start].as_py()}


class Memory:
    """What `unique` may keep, over all of its checks together."""

    def __init__(self, limit_mib: int) -> None:
        self.limit_mib = limit_mib
        self.used = 0

    def spend(self, size: int, name: str) -> None:
        """Raises BadInput once more is kept than allowed."""
        self.used += size
        if self.used > self.limit_mib * 1024 * 1024:
            raise BadInput(
                f"{name} would keep more than {self.limit_mib} MiB of values in memory; "
                "check a sample, or give the task more memory and raise ML_QUALITY_MEMORY_MIB (an eighth of the task's memory)"
            )


def make_checks(rules: Sequence[Rule], schema: pa.Schema, *, now: datetime, memory: Memory) -> list[Check]:
    """A check for each rule. Raises BadInput with every rule that the table's columns cannot have."""
    checks, faults = [], []
    for rule in rules:
        try:
            checks.append(_make(rule, schema, now, memory))
        except BadInput as fault:
            faults.append(str(fault))
    if faults:
        raise BadInput("; ".join(faults))
    return checks


def _make(rule: Rule, schema: pa.Schema, now: datetime, memory: Memory) -> Check:
    arrows = [type_of(schema, path) for path in rule.columns]
    makers: dict[str, Callable[[], Check]] = {
        "required": lambda: Required(rule),
        "maxNullShare": lambda: NullShare(rule),
        "min": lambda: Bound(rule, arrows[0]),
        "max": lambda: Bound(rule, arrows[0]),
        "oneOf": lambda: OneOf(rule, arrows[0]),
        "pattern": lambda: Pattern(rule, arrows[0]),
        "unique": lambda: Unique(rule, arrows, memory.spend),
        "maxAgeSeconds": lambda: MaxAge(rule, arrows[0], now),
    }
    return makers[rule.kind]()
