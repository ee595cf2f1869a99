"""What the tests of checks on other engines have in common: rows, rules, patterns, and a table with its contract and suite."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform

from ml_platform_runtime.quality.checks import Rule
from test_quality_checks import NOW


def exact() -> tuple[list[Rule], pa.Table]:
    """Values that are easily written a little wrong, and bounds that tell."""
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
    return rules, rows


PATTERNS = [
    "^DE$", "E", ".", "^$", "^[A-Z]{2}$", "a{,2}", "a{2,}", "{", "(?i)^de$", r"^\d+$", r"\w", r"[\w-]", r"^\S+$", r"[^\d]", r"\D", r"\W",
    r"[]a]", r"[^]a]", "[a^]", "[a[]", "[a&&b]", r"\.", r"\$", "^(?:a|b)+$", "^(?P<x>a)(b)?$", "a*?b", r"\Aa", r"b\z", r"[\t\n]", r"\s", "}", "]",
    "^[^@ ]+@[^@ ]+[.][a-z]{2,}$",
]  # fmt: skip
TEXTS = [
    "DE", "de", "DE\n", "a\nb", "a\r", "\n", "", "a", "b", "ab", "aab", "a{,2}", "{", "}", "]", "^", "&", "[", "12", "٣", "é", "_", "-", " ",
    "\t", "\u00a0", "\u2028", ".", "$", "x@y.de", "x@y.de\n",
]  # fmt: skip


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


def make_shop(glue: Catalog, name: str, bucket: str) -> tuple[Any, pa.Table]:
    """A table by days with a bad row in the older one, and its rows."""
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
    return table, rows


def write_checks(folder: Path, name: str) -> tuple[Path, Path]:
    """Contract and suite of that table."""
    contract, suite = folder / "contract.json", folder / "suite.json"
    document = {"table": name.split(".")[1], "version": 1, "schema": SCHEMA, "checks": CHECKS}
    contract.write_text(json.dumps(document))
    suite.write_text(json.dumps(SUITE))
    return contract, suite


def report_of(s3: Any, bucket: str, table: Any) -> dict[str, Any]:
    name, snapshot = ".".join(table.name()[-2:]), table.current_snapshot().snapshot_id
    body = s3.get_object(Bucket=bucket, Key=f"quality/{name}/{snapshot}/report.json")["Body"].read()
    document: dict[str, Any] = json.loads(body)
    return document
