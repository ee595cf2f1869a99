"""Checks on batches. The oracles are pandas, and Great Expectations with the equivalent expectations on the same random tables."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.checks import Memory, Outcome, Rule, Slice, make_checks
from ml_platform_runtime.quality.suite import Suite, to_frame

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
ADDRESS = pa.struct([("city", pa.string()), ("zip", pa.int32())])
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("amount", pa.float64()),
        ("ratio", pa.float32()),
        ("price", pa.decimal128(12, 2)),
        ("country", pa.string()),
        ("paid", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("address", ADDRESS),
    ]
)
TABLES, GX_TABLES = 120, 100


def slices(rows: pa.Table, batch: int = 7) -> Iterator[Slice]:
    start = 0
    for one in rows.to_batches(max_chunksize=batch):
        yield Slice("file", start, one)
        start += one.num_rows


def judge(rules: list[Rule], rows: pa.Table, batch: int = 7, memory_mib: int = 64) -> list[Outcome]:
    checks = make_checks(rules, rows.schema, now=NOW, memory=Memory(memory_mib))
    for part in slices(rows, batch):
        for check in checks:
            check.see(part)
    return [check.outcome() for check in checks]


def one(kind: str, allowed: Any, values: list[Any], arrow: pa.DataType) -> Outcome:
    return judge([Rule(kind, ("c",), allowed)], pa.table({"c": pa.array(values, arrow)}))[0]


def random_table(dice: random.Random) -> pa.Table:
    def some(make: Any, nulls: float) -> list[Any]:
        return [None if dice.random() < nulls else make() for _ in range(count)]

    count = dice.choice([0, 1, 2, 3, 20, 60])
    nulls = dice.choice([0.0, 0.0, 0.1, 0.5, 1.0])
    numbers = [-5.0, -0.0, 0.0, 0.25, 1.5, 3.0, 99.75, 100.0, 100.25, math.inf, -math.inf, math.nan, math.nan]
    usual = numbers[:9] if dice.random() < 0.6 else numbers
    spread = dice.choice([3, 50, 10_000])
    columns = [
        some(lambda: dice.randint(0, spread) + dice.choice([0, 2**53]), nulls if dice.random() < 0.5 else 0),
        some(lambda: dice.choice(usual), nulls),
        some(lambda: dice.choice([0.1, 0.25, 7.5, math.nan]), nulls),
        some(lambda: Decimal(dice.randint(-40, 40)) / 4, nulls),
        some(lambda: dice.choice(["DE", "FR", "UK", "", "DE\n"][: dice.choice([2, 5])]), nulls),
        some(lambda: dice.random() < 0.5, nulls),
        some(lambda: date(2026, 11, dice.randint(1, 21)), nulls),
        some(lambda: NOW - timedelta(hours=dice.randint(0, 40)), nulls),
        some(lambda: {"city": dice.choice(["Ulm", "Bonn", None]), "zip": dice.choice([None, 1, 2, 3])}, nulls),
    ]
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def random_rules(dice: random.Random) -> list[Rule]:
    numbers = [-6, -0.25, 0, 0.25, 3, 99.75, 100, 101]
    cities = dice.sample(["Ulm", "Bonn", "Kiel"], 2)
    day = date(2026, 11, dice.randint(1, 21)).isoformat()
    moment = (NOW - timedelta(hours=dice.randint(0, 41))).isoformat()
    return [
        *(Rule("required", (name,), 0) for name in ("id", "amount", "country", "address", "address.city")),
        *(Rule("maxNullShare", (name,), dice.choice([0, 0.25, 0.5, 1])) for name in ("ratio", "at", "address.zip")),
        *(Rule(kind, ("amount",), dice.choice(numbers)) for kind in ("min", "max")),
        *(Rule(kind, ("price",), dice.choice([-11, -2.5, 0, 2.25, 11])) for kind in ("min", "max")),
        *(Rule(kind, ("ratio",), dice.choice([0.125, 0.25, 7.5])) for kind in ("min", "max")),
        *(Rule(kind, ("address.zip",), dice.choice([0, 1, 2, 3])) for kind in ("min", "max")),
        Rule("min", ("at",), moment),
        Rule("max", ("day",), day),
        Rule("oneOf", ("country",), tuple(dice.sample(["DE", "FR", "UK", ""], 2))),
        Rule("oneOf", ("address.city",), tuple(cities)),
        Rule("pattern", ("country",), dice.choice(["^[A-Z]{2}$", "E", "^D", "^$", "."])),
        Rule("unique", ("id",), True),
        Rule("unique", ("amount",), True),
        Rule("unique", ("price",), True),
        Rule("unique", ("address.city",), True),
        Rule("unique", ("id", "country"), True),
        Rule("maxAgeSeconds", ("at",), dice.choice([3600, 36_000, 400_000])),
    ]


def column(rows: pa.Table, path: str) -> pd.Series:
    """The values of a path as Python objects; what is missing is None."""
    values = rows[path.split(".")[0]].to_pylist()
    for step in path.split(".")[1:]:
        values = [None if value is None else value[step] for value in values]
    return pd.Series([None if value is None or value != value else value for value in values], dtype=object)


def by_pandas(rule: Rule, rows: pa.Table) -> tuple[bool, int]:
    """The verdict and the number of failing rows, computed a second time."""
    values = column(rows, rule.columns[0])
    given = values[values.notna()]
    if rule.kind == "required":
        outer = rule.columns[0].rpartition(".")[0]
        failing = values.isna() & (column(rows, outer).notna() if outer else True)
    elif rule.kind == "maxNullShare":
        share = values.isna().mean() if len(values) else 0
        return bool(share <= rule.allowed), int(values.isna().sum()) if share > rule.allowed else 0
    elif rule.kind in {"min", "max"}:
        limit = rule.allowed
        if isinstance(limit, str):
            limit = datetime.fromisoformat(limit) if rule.columns == ("at",) else date.fromisoformat(limit)
        if rule.columns == ("ratio",):
            limit = pa.scalar(limit, pa.float32()).as_py()
        failing = given.map(lambda value: value < limit if rule.kind == "min" else value > limit)
    elif rule.kind == "oneOf":
        failing = ~given.isin(rule.allowed)
    elif rule.kind == "pattern":
        import re

        # $ of RE2 is the very end of the text
        failing = given.map(lambda value: re.search(rule.allowed.replace("$", r"\Z"), value) is None)
    elif rule.kind == "unique":
        keys = pd.DataFrame({path: column(rows, path) for path in rule.columns}, dtype=object).dropna()
        failing = keys.duplicated(keep=False)
    else:
        return bool(len(given)) and NOW - given.max() <= timedelta(seconds=rule.allowed), 0
    return not failing.any(), int(failing.sum())


def expectation(rule: Rule) -> dict[str, Any] | None:
    """The same rule in Great Expectations' words; None where it has none."""
    on = {"column": rule.columns[0]}
    if rule.kind == "required":
        return None if "." in on["column"] else {"type": "expect_column_values_to_not_be_null", "kwargs": on}
    if rule.kind == "maxNullShare":
        return {"type": "expect_column_values_to_not_be_null", "kwargs": {**on, "mostly": 1 - rule.allowed}}
    if rule.kind in {"min", "max"}:
        return {"type": "expect_column_values_to_be_between", "kwargs": {**on, f"{rule.kind}_value": rule.allowed}}
    if rule.kind == "oneOf":
        return {"type": "expect_column_values_to_be_in_set", "kwargs": {**on, "value_set": list(rule.allowed)}}
    if rule.kind == "pattern":
        regex = rule.allowed.replace("$", r"\Z")
        return {"type": "expect_column_values_to_match_regex", "kwargs": {**on, "regex": regex}}
    if rule.kind == "unique" and len(rule.columns) == 1:
        return {"type": "expect_column_values_to_be_unique", "kwargs": on}
    if rule.kind == "unique":
        return {
            "type": "expect_compound_columns_to_be_unique",
            "kwargs": {"column_list": list(rule.columns), "ignore_row_if": "any_value_is_missing"},
        }
    oldest = (NOW - timedelta(seconds=rule.allowed)).isoformat()
    return {"type": "expect_column_max_to_be_between", "kwargs": {**on, "min_value": oldest}}


def key(kind: str, column: str | None, kwargs: dict[str, Any]) -> str:
    """What tells one expectation from another; the package writes whole numbers as floats."""
    rest = {name: value for name, value in kwargs.items() if name not in {"column", "mostly", "value_set"}}
    numbers = {name: float(value) if isinstance(value, int) else value for name, value in rest.items()}
    return json.dumps([kind, column, numbers], sort_keys=True)


def flat(rows: pa.Table) -> pa.Table:
    """Fields of the struct as columns of their own: Great Expectations has no nested columns."""
    for index, field in enumerate(ADDRESS):
        import pyarrow.compute as pc

        rows = rows.append_column(f"address.{field.name}", pc.struct_field(rows["address"], [index]))
    return rows


@pytest.mark.parametrize("seed", range(TABLES))
def test_verdicts_and_counts_are_those_of_pandas(seed: int) -> None:
    dice = random.Random(seed)
    rows, rules = random_table(dice), random_rules(dice)
    outcomes = judge(rules, rows, batch=dice.choice([1, 7, 1000]))
    found = {outcome.rule: (outcome.passed, outcome.failing_rows) for outcome in outcomes}
    assert found == {rule: by_pandas(rule, rows) for rule in rules}
    for outcome in outcomes:
        assert len(outcome.rows) == min(outcome.failing_rows, 10)


def test_verdicts_and_counts_are_those_of_great_expectations() -> None:
    compared = 0
    for seed in range(GX_TABLES):
        dice = random.Random(seed)
        rows, rules = random_table(dice), random_rules(dice)
        said = [(rule, expectation(rule)) for rule in rules]
        # without a moment in it a column of moments has no type in pandas that could be compared with text
        typed = [name for name in SCHEMA.names if column(rows, name).notna().any() or name not in {"at", "day"}]
        pairs = [(rule, made) for rule, made in said if made and rule.columns[0].split(".")[0] in typed]
        # a few of each table: the package takes 20 ms for each expectation
        pairs = dice.sample(pairs, 3)
        suite = Suite(json.dumps({"name": "same", "expectations": [made for _, made in pairs]}), "same")
        # results come grouped by column
        results = {key(one["kind"], one["column"], one["allowed"]): one for one in suite.run(flat(rows), False).results}
        assert len(results) == len(pairs)
        outcomes = {outcome.rule: outcome for outcome in judge(rules, rows)}
        for rule, made in pairs:
            result, ours = results[key(made["type"], made["kwargs"].get("column"), made["kwargs"])], outcomes[rule]
            same = ours.passed == (result["verdict"] == "passed")
            if rule.kind not in {"maxNullShare", "maxAgeSeconds"}:
                same = same and ours.failing_rows == result["failingRows"]
            assert same, (seed, rule, ours, result)
            compared += 1
    assert compared == 3 * GX_TABLES


@pytest.mark.parametrize(
    ("kind", "allowed", "values", "arrow", "failing"),
    [
        # bounds are decimals, and not the binary fractions nearest to them
        ("min", 0.1, [Decimal("0.10"), Decimal("0.09")], pa.decimal128(12, 2), 1),
        ("max", 0.105, [Decimal("0.10"), Decimal("0.11")], pa.decimal128(12, 2), 1),
        ("min", 0.105, [Decimal("0.10"), Decimal("0.11")], pa.decimal128(12, 2), 1),
        ("max", "0.10", [Decimal("0.10"), Decimal("0.11")], pa.decimal128(12, 2), 1),
        ("max", 0.1, [0.1, 0.2], pa.float32(), 1),
        ("max", 2**53, [2**53, 2**53 + 1], pa.int64(), 1),
        ("min", 1.5, [1, 2], pa.int32(), 1),
        ("max", -1.5, [-1, -2], pa.int32(), 1),
        # a bound beyond the type: nothing can break it, or everything does
        ("max", 10**30, [1, 2], pa.int64(), 0),
        ("min", 10**30, [1, None], pa.int64(), 1),
        ("min", -(2**31), [-(2**31)], pa.int32(), 0),
        ("max", -1e300, [1, 2], pa.int64(), 2),
        ("max", 10**40, [Decimal(1)], pa.decimal128(38, 0), 0),
        ("max", 9.999, [Decimal("9.99")], pa.decimal128(3, 2), 0),
        ("min", "2026-01-01", [date(2025, 12, 31), date(2026, 1, 1)], pa.date32(), 1),
        ("min", "2026-01-01T01:00:00+01:00", [datetime(2026, 1, 1, tzinfo=timezone.utc)], pa.timestamp("us", "UTC"), 0),
        ("max", "2026-01-01T00:00:00Z", [NOW], pa.timestamp("us", "UTC"), 1),
        ("min", "2026-01-01T00:00:00", [datetime(2025, 12, 31, 23)], pa.timestamp("us"), 1),
        ("max", "12:00:00", [time(11), time(13)], pa.time64("us"), 1),
        ("oneOf", (1, 2), [1, 3, None], pa.int64(), 1),
        ("oneOf", (1.0, 2.5), [Decimal("2.50"), Decimal("2.51")], pa.decimal128(5, 2), 1),
        ("oneOf", (True,), [True, False], pa.bool_(), 1),
        ("oneOf", ("2026-01-01",), [date(2026, 1, 1), date(2026, 1, 2)], pa.date32(), 1),
        ("oneOf", ("a",), ["a", "", None], pa.large_string(), 1),
        ("unique", True, [0.0, -0.0, math.nan, math.nan], pa.float64(), 2),
        ("unique", True, [b"12", b"12", b"13"], pa.binary(2), 2),
        ("required", 0, [1.0, math.nan, None], pa.float64(), 2),
        ("required", 0, [[], None], pa.list_(pa.int64()), 1),
    ],
)
def test_values_are_judged_exactly(
    kind: str, allowed: Any, values: list[Any], arrow: pa.DataType, failing: int
) -> None:
    outcome = one(kind, allowed, values, arrow)
    assert (outcome.passed, outcome.failing_rows) == (failing == 0, failing)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            Rule("min", ("amuont",), 0),
            "column 'amuont' of the checks is not in the table; name a column, or a field of a struct",
        ),
        (
            Rule("min", ("address.street",), 0),
            "column 'address.street' of the checks is not in the table; name a column, or a field of a struct",
        ),
        (
            Rule("min", ("country",), 0),
            "country.min is on a column of type string, which has no order that a bound can name; remove it",
        ),
        (Rule("min", ("amount",), "much"), "amount.min is 'much'; allowed is a number"),
        (Rule("max", ("id",), True), "id.max is True; allowed is a number"),
        (
            Rule("max", ("at",), "2026-01-01T00:00:00"),
            "at.max is '2026-01-01T00:00:00'; allowed is text with a time zone, such as 2026-01-31T00:00:00Z",
        ),
        (Rule("max", ("day",), "soon"), "day.max is 'soon'; allowed is text such as 2026-01-31"),
        (Rule("max", ("day",), 7), "day.max is 7; allowed is text such as 2026-01-31"),
        (
            Rule("oneOf", ("amount",), (1.5,)),
            "amount.oneOf is on a column of type double, whose values cannot be listed exactly; use min and max",
        ),
        (Rule("oneOf", ("id",), (1.5,)), "id.oneOf holds 1.5, which no value of type int64 is; remove it"),
        (Rule("oneOf", ("id",), (10**30,)), f"id.oneOf holds {10**30}, which no value of type int64 is; remove it"),
        (Rule("oneOf", ("country",), (1,)), "country.oneOf holds 1, which no value of type string is; remove it"),
        (Rule("pattern", ("id",), "1"), "id.pattern is on a column of type int64; a pattern needs a string"),
        (
            Rule("pattern", ("country",), "(?=D)"),
            "country.pattern '(?=D)' is no regular expression of RE2: Invalid regular expression: invalid perl operator: (?=",
        ),
        (
            Rule("unique", ("address",), True),
            "address.unique is on a column of type struct<city: string, zip: int32>; name columns that are no struct, list or map",
        ),
        (
            Rule("maxAgeSeconds", ("id",), 1),
            "id.maxAgeSeconds is on a column of type int64; allowed are date, timestamp and timestamptz",
        ),
    ],
)
def test_a_rule_that_a_column_cannot_have_is_bad_input(rule: Rule, message: str) -> None:
    with pytest.raises(BadInput) as fault:
        judge([rule], SCHEMA.empty_table())
    assert str(fault.value) == message


def test_all_wrong_rules_come_in_one_message() -> None:
    with pytest.raises(BadInput, match=r"country\.min is .*; amount\.oneOf is "):
        judge([Rule("min", ("country",), 0), Rule("oneOf", ("amount",), (1,))], SCHEMA.empty_table())


def test_an_empty_table_breaks_no_rule_but_freshness() -> None:
    rules = random_rules(random.Random(1))
    failed = [outcome.rule.kind for outcome in judge(rules, SCHEMA.empty_table()) if not outcome.passed]
    assert failed == ["maxAgeSeconds"]


@pytest.mark.parametrize(
    ("value", "arrow", "passed"),
    [
        (NOW - timedelta(hours=1), pa.timestamp("us", "UTC"), True),
        (NOW - timedelta(hours=1, microseconds=1), pa.timestamp("us", "UTC"), False),
        (NOW + timedelta(hours=5), pa.timestamp("us", "Europe/Berlin"), True),
        # without a zone it is UTC
        (datetime(2026, 11, 21, 11), pa.timestamp("us"), True),
        (datetime(2026, 11, 21, 10), pa.timestamp("us"), False),
        # a day goes on until it ends
        (date(2026, 11, 21), pa.date32(), True),
        (date(2026, 11, 20), pa.date32(), False),
        (None, pa.date32(), False),
    ],
)
def test_freshness_looks_at_the_newest_value(value: Any, arrow: pa.DataType, passed: bool) -> None:
    assert one("maxAgeSeconds", 3600, [None, value], arrow).passed is passed


def test_a_required_field_counts_only_where_its_struct_is_there() -> None:
    rows = pa.table({"address": pa.array([None, {"city": None, "zip": 1}, {"city": "Ulm", "zip": None}], ADDRESS)})
    inner, outer = judge([Rule("required", ("address.city",), 0), Rule("required", ("address",), 0)], rows)
    assert (inner.failing_rows, inner.rows) == (1, [{"file": "file", "row": 1}])
    assert (outer.failing_rows, outer.rows) == (1, [{"file": "file", "row": 0}])


def test_the_first_ten_failing_rows_are_named_by_their_places_and_never_by_values() -> None:
    rows = pa.table({"c": pa.array([7, 1, 7, *range(100, 150), 1, *range(100, 150)], pa.int64())})
    outcome = judge([Rule("unique", ("c",), True)], rows)[0]
    assert outcome.failing_rows == 104
    assert outcome.rows == [{"file": "file", "row": row} for row in range(10)]
    assert judge([Rule("max", ("c",), 120)], rows)[0].rows[0] == {"file": "file", "row": 24}


def test_a_pair_is_unique_where_its_parts_are_not() -> None:
    rows = pa.table({"a": [1, 1, 2, 2, 1], "b": ["x", "y", "x", "y", "y"]})
    outcome = judge([Rule("unique", ("a", "b"), True)], rows, batch=2)[0]
    assert (outcome.failing_rows, outcome.rows) == (2, [{"file": "file", "row": 1}, {"file": "file", "row": 4}])


def test_uniqueness_refuses_to_keep_more_than_it_may() -> None:
    rows = pa.table({"c": pa.array(range(200_000), pa.int64())})
    with pytest.raises(
        BadInput, match=r"^c\.unique would keep more than 2 MiB of values in memory; check a sample, or "
    ):
        judge([Rule("unique", ("c",), True)], rows, batch=10_000, memory_mib=2)


def test_whole_numbers_stay_whole_in_pandas_where_some_are_missing() -> None:
    frame = to_frame(pa.table({"c": pa.array([2**53 + 1, None], pa.int64()), "d": pa.array([1, 2], pa.int64())}))
    assert frame["c"][0] == 2**53 + 1
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "int64"]


def test_contract_checks_need_neither_numpy_nor_pandas() -> None:
    """The image `data` has none of them."""
    code = (
        "import sys\n"
        "for name in ('numpy', 'pandas', 'great_expectations'): sys.modules[name] = None\n"
        "import pyarrow as pa\n"
        "from datetime import datetime, timezone\n"
        "from ml_platform_runtime.quality import commands, run\n"
        "from ml_platform_runtime.quality.checks import Memory, Rule, Slice, make_checks\n"
        "t = pa.table({'c': [1.0, 2.0, 2.0], 's': ['a', 'b', None]})\n"
        "kinds = [('required', 0), ('min', 2), ('unique', True), ('maxNullShare', 0)]\n"
        "rules = [Rule(k, ('c',), a) for k, a in kinds] + [Rule('oneOf', ('s',), ('a',)), Rule('pattern', ('s',), 'a'), Rule('unique', ('c', 's'), True)]\n"
        "checks = make_checks(rules, t.schema, now=datetime.now(timezone.utc), memory=Memory(9))\n"
        "for b in t.to_batches():\n"
        "    for c in checks: c.see(Slice('f', 0, b))\n"
        "print([c.outcome().failing_rows for c in checks])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[0, 1, 2, 0, 1, 1, 0]\n", done.stderr
