"""Checks through Athena. What Athena answers is what a real Trino answered to the same text over the same rows (athena_support.py);
the verdicts have to be those of the checks on Arrow, which pandas and Great Expectations judge in test_quality_checks.py."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform

from athena_support import Athena, Trino, athena_api, values_of
from ml_platform_runtime.cli import main
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.quality import sql
from ml_platform_runtime.quality.athena import Athena as Workgroup
from ml_platform_runtime.quality.checks import Memory, Outcome, Rule, make_checks
from ml_platform_runtime.quality.regex import to_athena
from test_quality_checks import NOW, judge, random_rules, random_table

pytest_plugins = ["tables_fixtures"]
TABLES = 12


@pytest.fixture(scope="module")
def trino() -> Iterator[Trino]:
    made = Trino()
    yield made
    made.close()


def counted(trino: Trino, rules: list[Rule], rows: pa.Table) -> list[Outcome]:
    checks = make_checks(rules, rows.schema, now=NOW, memory=Memory(1))
    answer = trino(sql.statement(checks, rows.schema, values_of(rows), None))
    assert "error" not in answer, answer
    (row,) = answer["rows"]
    assert set(answer["types"]) == {"varchar"} or all(one.startswith("varchar") for one in answer["types"])
    assert sql.fill(checks, rows.schema, dict(zip(answer["columns"], row, strict=True))) == rows.num_rows
    return [check.outcome() for check in checks]


def verdict(outcome: Outcome) -> dict[str, Any]:
    return {**outcome.to_plain(), "rows": []}


@pytest.mark.parametrize("seed", range(TABLES))
def test_what_athena_counts_is_what_the_checks_on_arrow_say(trino: Trino, seed: int) -> None:
    dice = random.Random(seed)
    rows, rules = random_table(dice), random_rules(dice)
    assert [verdict(one) for one in counted(trino, rules, rows)] == [verdict(one) for one in judge(rules, rows)]


def test_values_of_every_type_are_written_exactly(trino: Trino) -> None:
    odd = 'it\'s "odd"\n'
    rows = pa.table(
        {
            "small": pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
            "big": pa.array([-(2**63), 2**63 - 1, 2**53 + 1], pa.int64()),
            "real": pa.array([0.1, -0.0, 0.0], pa.float32()),
            "double": pa.array([1e-300, float("-inf"), float("nan")], pa.float64()),
            "cents": pa.array([Decimal("-0.01"), Decimal("9999999999.99"), None], pa.decimal128(12, 2)),
            "large": pa.array([Decimal(10**38 - 1), Decimal(-(10**38) + 1), None], pa.decimal128(38, 0)),
            "text": pa.array([odd, "", "ü"]),
            "day": pa.array([date(1, 1, 1), date(9999, 12, 31), None], pa.date32()),
            "at": pa.array([NOW, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=NOW.tzinfo), None], pa.timestamp("us", "UTC")),
            "local": pa.array([datetime(2026, 3, 29, 2, 30), None, None], pa.timestamp("us")),
            'we"ird': pa.array([True, False, None]),
        }
    )  # fmt: skip
    rules = [
        *(Rule(kind, (name,), 0.1) for kind in ("min", "max") for name in ("small", "big", "real", "double", "cents")),
        *(Rule(kind, ("large",), 10**38 - 1) for kind in ("min", "max")),
        *(Rule(kind, ("big",), limit) for kind in ("min", "max") for limit in (2**53 + 1, 10**30, -(10**30))),
        *(Rule(kind, ("double",), float("inf")) for kind in ("min", "max")),
        *(Rule(kind, ("day",), "2026-11-21") for kind in ("min", "max")),
        *(Rule(kind, ("at",), "1970-01-01T00:59:59.999999+01:00") for kind in ("min", "max")),
        *(Rule(kind, ("local",), "2026-03-29T02:30:00.000001") for kind in ("min", "max")),
        Rule("oneOf", ("text",), (odd,)),
        Rule("oneOf", ("big",), (2**53 + 1,)),
        Rule("oneOf", ("cents",), ("-0.01",)),
        Rule("oneOf", ('we"ird',), (True,)),
        Rule("oneOf", ("day",), ("9999-12-31",)),
        Rule("unique", ("real",), True),
        Rule("unique", ("double", "day"), True),
        Rule("maxAgeSeconds", ("local",), 60),
    ]
    assert [verdict(one) for one in counted(trino, rules, rows)] == [verdict(one) for one in judge(rules, rows)]


PATTERNS = [
    "^DE$", "E", ".", "^$", "^[A-Z]{2}$", "a{,2}", "a{2,}", "{", "(?i)^de$", r"^\d+$", r"\w", r"[\w-]", r"^\S+$", r"[^\d]", r"\D", r"\W",
    r"[]a]", r"[^]a]", "[a^]", "[a[]", "[a&&b]", r"\.", r"\$", "^(?:a|b)+$", "^(?P<x>a)(b)?$", "a*?b", r"\Aa", r"b\z", r"[\t\n]", r"\s", "}", "]",
    "^[^@ ]+@[^@ ]+[.][a-z]{2,}$",
]  # fmt: skip
TEXTS = [
    "DE", "de", "DE\n", "a\nb", "a\r", "\n", "", "a", "b", "ab", "aab", "a{,2}", "{", "}", "]", "^", "&", "[", "12", "٣", "é", "_", "-", " ",
    "\t", "\u00a0", "\u2028", ".", "$", "x@y.de", "x@y.de\n",
]  # fmt: skip


def test_a_pattern_finds_what_re2_finds(trino: Trino) -> None:
    texts = pa.table({"c": pa.array(TEXTS)})
    for pattern in PATTERNS:
        said = trino(
            f"SELECT c, regexp_like(c, {sql.literal(to_athena(pattern, 'c.pattern'), pa.string())}) FROM {values_of(texts)}"
        )
        assert "error" not in said, (pattern, said)
        ours = pc.match_substring_regex(texts["c"], pattern=pattern).to_pylist()
        assert {text: found == "true" for text, found in said["rows"]} == dict(zip(TEXTS, ours, strict=True)), pattern


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        (r"\bx", r"\b"),
        ("[[:alpha:]]", "[:"),
        (r"\pL", r"\p"),
        ("(?s)a.b", "(?s)"),
        ("a(?i)b", "(?i)"),
        (r"[\D]", r"\D"),
    ],
)
def test_a_pattern_that_engines_read_in_different_ways_is_bad_input(pattern: str, what: str) -> None:
    with pytest.raises(BadInput) as fault:
        to_athena(pattern, "c.pattern")
    assert str(fault.value) == (
        f"c.pattern {pattern!r} has {what}, which Athena reads in another way than RE2; "
        "write it with [...], ( ), (?: ), |, quantifiers, ^, $ and \\d \\w \\s, or check it in the task"
    )


def test_a_query_that_athena_would_refuse_for_its_length_is_bad_input() -> None:
    rows = pa.table({"c": ["a"]})
    checks = make_checks([Rule("oneOf", ("c",), ("x" * 300_000,))], rows.schema, now=NOW, memory=Memory(1))
    with pytest.raises(BadInput, match=r"^the checks make a query of 300\d{3} bytes, and Athena takes 262144; "):
        sql.statement(checks, rows.schema, '"shop"."t"', None)


def test_a_time_that_a_partition_would_need_is_written_too() -> None:
    assert sql.literal(time(1, 2, 3), pa.time64("us")) == "TIME '01:02:03.000000'"
    with pytest.raises(BadInput, match=r"^a value of type binary cannot be written in a query; check in the task$"):
        sql.literal(b"x", pa.binary())


class Refusing:
    """A client of Athena whose query is still running when first asked, and then goes wrong."""

    asked = 0

    def start_query_execution(self, **given: str) -> dict[str, str]:
        assert given == {"QueryString": "SELECT 1", "WorkGroup": "wg"}
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, **_: str) -> Any:
        self.asked += 1
        reason = "Bytes scanned limit was exceeded"
        status = {"State": "QUEUED"} if self.asked < 3 else {"State": "CANCELLED", "StateChangeReason": reason}
        return {"QueryExecution": {"Status": status}}


def test_a_query_beyond_the_scan_limit_is_no_verdict() -> None:
    slept: list[float] = []
    with pytest.raises(RuntimeFault) as fault:
        Workgroup("wg", Refusing(), slept.append).one_row("SELECT 1")
    assert (fault.value.exit_code, str(fault.value)) == (
        1,
        "Athena ended query q1 of workgroup wg as cancelled: Bytes scanned limit was exceeded",
    )
    assert slept == pytest.approx([0.2, 0.3])


SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "fields": [
        {"id": 1, "name": "id", "type": "long", "required": False},
        {"id": 2, "name": "amount", "type": "double", "required": False},
        {"id": 3, "name": "country", "type": "string", "required": False},
        {"id": 4, "name": "at", "type": "timestamptz", "required": False},
    ],
}
CHECKS = {"amount": {"min": 0}, "country": {"oneOf": ["DE", "FR"]}, "id": {"unique": True}}
SUITE = {
    "name": "Shop rules",
    "expectations": [
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}},
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount", "min_value": 0}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
        {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "amount", "min_value": -9, "max_value": 9}},
    ],
}


@pytest.fixture
def shop(glue: Catalog, name: str, bucket: str, trino: Trino, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A table by days with a bad row in the older one, its contract and suite, and the Athena that knows its rows."""
    for variable in [one for one in os.environ if one.startswith("ML_") and one != "ML_TEST_TRINO"]:
        monkeypatch.delenv(variable)
    spec = PartitionSpec(PartitionField(source_id=4, field_id=1000, transform=DayTransform(), name="at_day"))
    schema = Schema.model_validate(SCHEMA)
    table = glue.create_table(name, schema, partition_spec=spec, location=f"s3://{bucket}/{name}")
    rows = pa.table(
        {
            "id": pa.array([1, 2, 2, 3], pa.int64()),
            "amount": pa.array([-1.0, 5.0, 7.5, None], pa.float64()),
            "country": ["Secret", "DE", "FR", None],
            "at": pa.array([datetime(2026, 11, day, 12, tzinfo=NOW.tzinfo) for day in (20, 20, 21, 21)]).cast(
                pa.timestamp("us", "UTC")
            ),
        }
    )
    table.append(rows)
    contract, suite = tmp_path / "contract.json", tmp_path / "suite.json"
    document = {"table": name.split(".")[1], "version": 1, "schema": SCHEMA, "checks": CHECKS}
    contract.write_text(json.dumps(document))
    suite.write_text(json.dumps(SUITE))
    athena = Athena(trino)
    athena.tables[name] = rows
    report = f"s3://{bucket}/quality/{name}"
    with athena_api(athena) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", address)
        yield (
            athena,
            table,
            ["quality", "check", "--table", name, "--contract", str(contract), "--report", report],
            suite,
        )


def report_of(s3: Any, bucket: str, table: Any) -> dict[str, Any]:
    name, snapshot = ".".join(table.name()[-2:]), table.current_snapshot().snapshot_id
    body = s3.get_object(Bucket=bucket, Key=f"quality/{name}/{snapshot}/report.json")["Body"].read()
    document: dict[str, Any] = json.loads(body)
    return document


def test_contract_and_suite_are_judged_in_the_workgroup_as_they_are_here(
    shop: Any, s3: Any, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    athena, table, arguments, suite = shop
    assert main([*arguments, "--suite", str(suite)]) == 4
    here = report_of(s3, bucket, table)
    data_files = [task.file.file_path for task in table.scan().plan_files()]
    for file in data_files:
        # nobody may read a row here
        table.io.delete(file)
    assert main([*arguments, "--suite", str(suite), "--athena-workgroup", "checks"]) == 4
    there = report_of(s3, bucket, table)
    assert there.pop("engine") == {"kind": "athena", "queryId": there_id(athena), "scannedBytes": 4711}
    same = ("verdict", "snapshotId", "rowsChecked", "failedChecks", "contractVersion", "sample")
    assert {key: there[key] for key in same} == {key: here[key] for key in same}
    assert [{**one, "rows": []} for one in here["checks"]] == there["checks"]
    by_name = {one["name"]: one for one in here["suites"][0]["expectations"]}
    assert {one["name"]: one for one in there["suites"][0]["expectations"]} == by_name
    assert "Secret" not in json.dumps(there)
    assert {one["WorkGroup"] for one in athena.seen} == {"checks"}
    assert athena.versions == {there["snapshotId"]}
    # Great Expectations asks for all rows to learn their columns; Athena is asked for none of them
    texts = [one["QueryString"] for one in athena.seen]
    assert all(text.endswith("LIMIT 0") for text in texts if text.startswith("SELECT * FROM (SELECT * FROM"))
    assert not [text for text in texts if text.startswith('SELECT * FROM "shop"')]


def there_id(athena: Athena) -> str:
    """The query that counted for the contract: the first one."""
    return next(iter(athena.queries))


def test_the_newest_partition_is_asked_for_by_its_time(shop: Any, s3: Any, bucket: str) -> None:
    athena, table, arguments, _ = shop
    assert main([*arguments, "--sample", "newest-partition"]) == 0
    here = report_of(s3, bucket, table)
    assert main([*arguments, "--sample", "newest-partition", "--athena-workgroup", "checks"]) == 0
    there = report_of(s3, bucket, table)
    assert (there["rowsChecked"], there["sample"]) == (2, here["sample"])
    assert [{**one, "rows": []} for one in here["checks"]] == there["checks"]
    (asked,) = athena.seen
    assert asked["QueryString"].count(
        """WHERE t."at" >= TIMESTAMP '2026-11-21 00:00:00.000000 UTC' AND t."at" < TIMESTAMP '2026-11-22 00:00:00.000000 UTC'"""
    ) == (2)


def test_a_table_without_rows_costs_no_query(shop: Any, s3: Any, bucket: str) -> None:
    athena, table, arguments, _ = shop
    table.delete()
    assert main([*arguments, "--sample", "newest-partition", "--athena-workgroup", "checks"]) == 0
    assert (report_of(s3, bucket, table)["rowsChecked"], athena.seen) == (0, [])


def test_an_expectation_that_athena_cannot_compute_is_no_verdict(
    shop: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, arguments, _ = shop
    suite = tmp_path / "regex.json"
    regex = {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "country", "regex": "^D"}}
    suite.write_text(json.dumps({"name": "regex", "expectations": [regex]}))
    assert main([*arguments, "--suite", str(suite), "--athena-workgroup", "checks"]) == 2
    assert "country.expect_column_values_to_match_regex cannot be computed: " in capsys.readouterr().err


@pytest.mark.parametrize("sample", ["rows:10", "newest-snapshot"])
def test_a_sample_that_a_query_cannot_take_is_bad_input(
    shop: Any, sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, arguments, _ = shop
    assert main([*arguments, "--sample", sample, "--athena-workgroup", "checks"]) == 2
    assert capsys.readouterr().err == (
        f"error: ML_QUALITY_SAMPLE is {sample.partition(':')[0]}, which a query cannot take; with ML_QUALITY_ATHENA_WORKGROUP "
        "allowed are all and newest-partition\n"
    )
