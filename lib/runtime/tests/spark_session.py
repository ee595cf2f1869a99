"""Run by spark-submit with two pipes: answers the tests' requests, a line of JSON each, with one Spark session for all of them.

{"rules": [[kind, columns, allowed], ...], "file": path of Parquet, "now": ISO} -> the outcomes
{"patterns": [regex, ...], "texts": [text, ...]} -> for each pattern, whether it is found in each text
{"job": [arguments of spark_job.py], "compile": whether Spark compiles} -> {"code", "out", "err"}
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from ml_platform_runtime import spark_job
from ml_platform_runtime.quality.checks import Memory, Rule, make_checks
from ml_platform_runtime.quality.regex import to_java
from ml_platform_runtime.quality.spark import SPARK_SQL, Spark

session = SparkSession.builder.getOrCreate()
spark = Spark(session)
# files of Arrow hold the dates that they say; Spark's own reader of Parquet asks, and Iceberg's does not
session.conf.set("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")


def compile_code(wanted: bool) -> None:
    """A few rows are sooner counted than code for them is compiled; jobs compile, as they do by themselves."""
    session.conf.set("spark.sql.codegen.wholeStage", str(wanted).lower())
    session.conf.set("spark.sql.codegen.factoryMode", "FALLBACK" if wanted else "NO_CODEGEN")


def count(request: dict[str, Any]) -> list[dict[str, Any]]:
    schema = pq.read_schema(request["file"])
    session.read.parquet(request["file"]).createOrReplaceTempView("counted")
    rules = [Rule(kind, tuple(columns), allowed) for kind, columns, allowed in request["rules"]]
    checks = make_checks(rules, schema, now=datetime.fromisoformat(request["now"]), memory=Memory(1))
    assert spark.count(checks, schema, "counted", None) == pq.read_metadata(request["file"]).num_rows
    return [check.outcome().to_plain() for check in checks]


def find(request: dict[str, Any]) -> list[list[bool]]:
    session.createDataFrame([(one,) for one in request["texts"]], "c string").createOrReplaceTempView("texts")
    found = [
        f"regexp_like(c, {SPARK_SQL.literal(to_java(one, 'c.pattern', 'Spark'), pa.string())}) AS p{index}"
        for index, one in enumerate(request["patterns"])
    ]
    said = {row["c"]: row for row in session.sql(f"SELECT c, {', '.join(found)} FROM texts").collect()}
    return [[said[text][f"p{index}"] for text in request["texts"]] for index in range(len(found))]


def job(request: dict[str, Any]) -> dict[str, Any]:
    out, err, before = io.StringIO(), io.StringIO(), dict(os.environ)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = spark_job.main(request["job"])
    finally:
        os.environ.clear()
        os.environ.update(before)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


with open(sys.argv[1]) as requests, open(sys.argv[2], "w") as answers:
    while (request := json.loads(requests.readline())) is not None:
        kind = next(one for one in ("rules", "patterns", "job") if one in request)
        compile_code(kind == "job" and request["compile"])
        print(json.dumps({"rules": count, "patterns": find, "job": job}[kind](request)), file=answers, flush=True)
