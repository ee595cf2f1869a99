"""Checks through Athena. What Athena answers is what a real Trino answered to the same text over the same rows (athena_support.py);
the verdicts have to be those of the checks on Arrow, which pandas and Great Expectations judge in test_quality_checks.py."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyiceberg.catalog import Catalog

from athena_support import Athena, Trino, athena_api, values_of
from ml_platform_runtime.cli import main
from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.quality import sql
from ml_platform_runtime.quality.athena import TRINO
from ml_platform_runtime.quality.athena import Athena as Workgroup
from ml_platform_runtime.quality.checks import Memory, Outcome, Rule, make_checks
from ml_platform_runtime.quality.regex import to_java
from quality_support import PATTERNS, TEXTS, exact, make_shop, report_of, write_checks
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
    answer = trino(sql.statement(checks, rows.schema, values_of(rows), None, TRINO))
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
    rules, rows = exact()
    assert [verdict(one) for one in counted(trino, rules, rows)] == [verdict(one) for one in judge(rules, rows)]


def test_a_pattern_finds_what_re2_finds(trino: Trino) -> None:
    texts = pa.table({"c": pa.array(TEXTS)})
    for pattern in PATTERNS:
        said = trino(
            f"SELECT c, regexp_like(c, {TRINO.literal(to_java(pattern, 'c.pattern', 'Athena'), pa.string())}) FROM {values_of(texts)}"
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
        to_java(pattern, "c.pattern", "Athena")
    assert str(fault.value) == (
        f"c.pattern {pattern!r} has {what}, which Athena reads in another way than RE2; "
        "write it with [...], ( ), (?: ), |, quantifiers, ^, $ and \\d \\w \\s, or check it in the task"
    )


def test_a_query_that_athena_would_refuse_for_its_length_is_bad_input() -> None:
    rows = pa.table({"c": ["a"]})
    checks = make_checks([Rule("oneOf", ("c",), ("x" * 300_000,))], rows.schema, now=NOW, memory=Memory(1))
    with pytest.raises(BadInput, match=r"^the checks make a query of 300\d{3} bytes, and Athena takes 262144; "):
        sql.statement(checks, rows.schema, '"shop"."t"', None, TRINO)


def test_a_time_that_a_partition_would_need_is_written_too() -> None:
    assert TRINO.literal(time(1, 2, 3), pa.time64("us")) == "TIME '01:02:03.000000'"
    with pytest.raises(BadInput, match=r"^a value of type binary cannot be written in a query; check in the task$"):
        TRINO.literal(b"x", pa.binary())


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


@pytest.fixture
def shop(glue: Catalog, name: str, bucket: str, trino: Trino, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The table with its contract and suite, and the Athena that knows its rows."""
    for variable in [one for one in os.environ if one.startswith("ML_") and one != "ML_TEST_TRINO"]:
        monkeypatch.delenv(variable)
    table, rows = make_shop(glue, name, bucket)
    contract, suite = write_checks(tmp_path, name)
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
