"""Checks on Spark: the version that EMR's release has, with its Iceberg, on the emulator's Glue and S3. The verdicts have to be those
of the checks on Arrow, which pandas and Great Expectations judge in test_quality_checks.py."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import Catalog

from features_recorder import Recorder
from ml_platform_runtime.cli import main
from ml_platform_runtime.quality.checks import Rule
from quality_support import PATTERNS, TEXTS, exact, make_shop, report_of, write_checks
from spark_support import RUNTIME, SparkSession, submit_environment
from test_quality_checks import NOW, judge, random_rules, random_table

pytest_plugins = ["tables_fixtures"]


@pytest.fixture(scope="module")
def recorder(aws: str) -> Iterator[Recorder]:
    with Recorder(aws, {}).running() as running:
        yield running


@pytest.fixture(scope="module")
def spark(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    made = SparkSession(tmp_path_factory.mktemp("spark"), recorder.endpoint)
    yield made
    made.close()


def counted(spark: SparkSession, rules: list[Rule], rows: pa.Table, folder: Path) -> list[dict[str, Any]]:
    file = folder / "rows.parquet"
    pq.write_table(rows, file)
    plain = [[rule.kind, rule.columns, rule.allowed] for rule in rules]
    outcomes: list[dict[str, Any]] = spark(rules=plain, file=str(file), now=NOW.isoformat())
    return outcomes


def expected(rules: list[Rule], rows: pa.Table) -> list[dict[str, Any]]:
    return [{**one.to_plain(), "rows": []} for one in judge(rules, rows)]


@pytest.mark.parametrize("seed", range(4))
def test_what_spark_counts_is_what_the_checks_on_arrow_say(spark: SparkSession, seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    rows, rules = random_table(dice), random_rules(dice)
    assert counted(spark, rules, rows, tmp_path) == expected(rules, rows)


def test_values_of_every_type_are_written_exactly(spark: SparkSession, tmp_path: Path) -> None:
    rules, rows = exact()
    assert counted(spark, rules, rows, tmp_path) == expected(rules, rows)


def test_a_pattern_finds_what_re2_finds(spark: SparkSession) -> None:
    found = spark(patterns=PATTERNS, texts=TEXTS)
    ours = [pc.match_substring_regex(pa.array(TEXTS), pattern=one).to_pylist() for one in PATTERNS]
    assert dict(zip(PATTERNS, found, strict=True)) == dict(zip(PATTERNS, ours, strict=True))


class Shop:
    """The table, and how its check is started here and on Spark."""

    def __init__(self, glue: Catalog, name: str, bucket: str, folder: Path) -> None:
        self.name, self.bucket = name, bucket
        self.table, self.rows = make_shop(glue, name, bucket)
        self.contract, self.suite = write_checks(folder, name)
        self.report = f"s3://{bucket}/quality/{name}"

    def variables(self, **more: str) -> dict[str, str]:
        return {
            "ML_QUALITY_TABLE": self.name,
            "ML_QUALITY_CONTRACT": str(self.contract),
            "ML_QUALITY_REPORT": self.report,
            "ML_QUALITY_VERDICT": f"{self.report}/runs/e1.json",
            "ML_QUALITY_ON_SPARK": "true",
            **more,
        }

    def arguments(self, **more: str) -> list[str]:
        told = base64.b64encode(json.dumps(self.variables(**more)).encode()).decode()
        return [told, "quality", "check"]

    def verdict(self, s3: Any) -> dict[str, str]:
        head = s3.head_object(Bucket=self.bucket, Key=f"quality/{self.name}/runs/e1.json")
        metadata: dict[str, str] = head["Metadata"]
        return metadata


@pytest.fixture
def shop(glue: Catalog, name: str, bucket: str, tmp_path: Path) -> Shop:
    return Shop(glue, name, bucket, tmp_path)


def test_a_job_judges_contract_and_suite_as_a_task_does_and_leaves_its_verdict(
    spark: SparkSession, recorder: Recorder, shop: Shop, s3: Any, bucket: str
) -> None:
    here = ["quality", "check", "--table", shop.name, "--contract", str(shop.contract), "--report", shop.report]
    assert main([*here, "--suite", str(shop.suite)]) == 4
    task = report_of(s3, bucket, shop.table)
    with recorder.during() as calls:
        ended = spark(job=shop.arguments(ML_QUALITY_SUITES=str(shop.suite)), compile=True)
    assert ended["code"] == 0, ended
    # what Java asks for is what `table.grants.read` gives
    assert {action for action, _ in calls} == {"glue:GetTable", "s3:GetObject"}
    job = report_of(s3, bucket, shop.table)
    engine = job.pop("engine")
    assert (engine["kind"], engine["version"]) == ("spark", "3.5.5")
    same = ("verdict", "snapshotId", "rowsChecked", "failedChecks", "contractVersion", "sample")
    assert {key: job[key] for key in same} == {key: task[key] for key in same}
    assert [{**one, "rows": []} for one in task["checks"]] == job["checks"]
    assert {one["name"]: one for one in job["suites"][0]["expectations"]} == {
        one["name"]: one for one in task["suites"][0]["expectations"]
    }
    assert "Secret" not in json.dumps(job)
    assert shop.verdict(s3) == {
        "verdict": "failed",
        "failed": str(len(task["failedChecks"])),
        "rows": "4",
        "report": f"{shop.report}/{job['snapshotId']}/report.json",
    }


def test_the_program_stands_by_itself_and_ends_with_the_code_of_the_command(shop: Shop, tmp_path: Path) -> None:
    # EMR copies the program from S3 to some folder of its own
    program = shutil.copy(RUNTIME / "src/ml_platform_runtime/spark_job.py", tmp_path)
    command = [sys.executable, program, *shop.arguments(ML_QUALITY_REPORT="here")]
    ended = subprocess.run(command, env=submit_environment(), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (
        2,
        "error: there is no Spark here; start the check by spark-submit, or check in the task\n",
    )


def test_a_snapshot_is_read_as_it_was_and_its_newest_partition_alone(spark: SparkSession, shop: Shop, s3: Any) -> None:
    first = shop.table.current_snapshot().snapshot_id
    shop.table.append(shop.rows.slice(0, 1))
    ended = spark(job=shop.arguments(ML_QUALITY_SNAPSHOT=str(first)), compile=False)
    assert ended["code"] == 0, ended
    assert (shop.verdict(s3)["verdict"], shop.verdict(s3)["rows"]) == ("failed", "4")
    ended = spark(job=shop.arguments(ML_QUALITY_SAMPLE="newest-partition"), compile=False)
    assert ended["code"] == 0, ended
    # the bad rows are of the day before
    assert (shop.verdict(s3)["verdict"], shop.verdict(s3)["rows"]) == ("passed", "2")


def test_expectations_that_athena_cannot_compute_are_judged(
    spark: SparkSession, shop: Shop, s3: Any, tmp_path: Path
) -> None:
    suite = tmp_path / "more.json"
    quantiles = {"quantiles": [0.0, 1.0], "value_ranges": [[-1, -1], [7.5, 7.5]]}
    kinds: list[dict[str, Any]] = [
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "country", "regex": "^(DE|FR)$"}},
        {
            "type": "expect_column_quantile_values_to_be_between",
            "kwargs": {"column": "amount", "quantile_ranges": quantiles},
        },
        {"type": "expect_column_value_lengths_to_equal", "kwargs": {"column": "country", "value": 2}},
    ]
    suite.write_text(json.dumps({"name": "more", "expectations": kinds}))
    ended = spark(job=shop.arguments(ML_QUALITY_SUITES=str(suite), ML_QUALITY_CONTRACT=""), compile=False)
    assert ended["code"] == 0, ended
    verdicts = {
        one["kind"]: (one["verdict"], one["failingRows"])
        for one in report_of(s3, shop.bucket, shop.table)["suites"][0]["expectations"]
    }
    assert verdicts == {
        "expect_column_values_to_match_regex": ("failed", 1),
        "expect_column_quantile_values_to_be_between": ("passed", 0),
        "expect_column_value_lengths_to_equal": ("failed", 1),
    }


def test_an_expectation_that_spark_cannot_compute_is_no_verdict(
    spark: SparkSession, shop: Shop, tmp_path: Path
) -> None:
    suite = tmp_path / "text.json"
    mean = {"type": "expect_column_stdev_to_be_between", "kwargs": {"column": "nothing", "max_value": 1}}
    suite.write_text(json.dumps({"name": "text", "expectations": [mean]}))
    ended = spark(job=shop.arguments(ML_QUALITY_SUITES=str(suite)), compile=False)
    assert ended["code"] == 2
    (line,) = ended["err"].splitlines()
    assert line.startswith(f"error: suite {suite}: nothing.expect_column_stdev_to_be_between cannot be computed: ")
    assert ".java:" not in line


def test_a_table_without_rows_is_not_asked_for(spark: SparkSession, shop: Shop, s3: Any) -> None:
    shop.table.delete()
    ended = spark(job=shop.arguments(ML_QUALITY_SAMPLE="newest-partition"), compile=False)
    assert (ended["code"], shop.verdict(s3)["rows"]) == (0, "0")


def test_what_spark_cannot_do_is_no_verdict_and_says_why(spark: SparkSession, shop: Shop, s3: Any) -> None:
    for task in shop.table.scan().plan_files():
        shop.table.io.delete(task.file.file_path)
    ended = spark(job=shop.arguments(), compile=False)
    assert ended["code"] == 1
    assert ended["err"].startswith("error: Spark did not count: ")
    assert "\n" not in ended["err"].rstrip("\n")
    with pytest.raises(s3.exceptions.ClientError):
        shop.verdict(s3)


def test_where_there_is_no_spark_the_command_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["quality", "check", "--table", shop.name, "--contract", str(shop.contract), "--report", shop.report]
    assert main([*arguments, "--on-spark"]) == 2
    assert (
        capsys.readouterr().err
        == "error: there is no Spark here; start the check by spark-submit, or check in the task\n"
    )


@pytest.mark.parametrize("sample", ["rows:10", "newest-snapshot"])
def test_a_sample_that_a_query_cannot_take_is_bad_input(
    shop: Shop, sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["quality", "check", "--table", shop.name, "--contract", str(shop.contract), "--report", shop.report]
    assert main([*arguments, "--on-spark", "--athena-workgroup", "checks", "--sample", sample]) == 2
    message = capsys.readouterr().err
    assert "ML_QUALITY_ATHENA_WORKGROUP and ML_QUALITY_ON_SPARK are both set, but one engine counts" in message
    assert f"ML_QUALITY_SAMPLE is {sample.partition(':')[0]}, which a query cannot take" in message
