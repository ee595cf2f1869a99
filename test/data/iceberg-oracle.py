"""Asks pyiceberg what is right, and writes the answers to iceberg-oracle.json beside this file.

Run by hand when the expectations grow: pip install pyiceberg==0.12.0 && python test/data/iceberg-oracle.py
"""
import json
import pathlib

import pyiceberg
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.transforms import (
    BucketTransform, DayTransform, HourTransform, IdentityTransform, MonthTransform, TruncateTransform, YearTransform,
)
from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType, LongType,
    MapType, NestedField, StringType, StructType, TimestampType, TimestamptzType, TimeType, UUIDType,
)

TYPES = [
    BooleanType(), IntegerType(), LongType(), FloatType(), DoubleType(), DecimalType(12, 2), DateType(), TimeType(),
    TimestampType(), TimestamptzType(), StringType(), UUIDType(), FixedType(16), BinaryType(),
]
TRANSFORMS = [
    IdentityTransform(), YearTransform(), MonthTransform(), DayTransform(), HourTransform(), BucketTransform(16), TruncateTransform(4),
]

# ids are all wrong on purpose: pyiceberg gives fresh ones, in Iceberg's order
NESTED = Schema(
    NestedField(90, "id", LongType(), required=True),
    NestedField(91, "address", StructType(
        NestedField(92, "city", StringType(), required=True),
        NestedField(93, "lines", ListType(94, StringType(), element_required=True), required=False),
        NestedField(95, "point", StructType(
            NestedField(96, "lat", DoubleType(), required=True), NestedField(97, "lon", DoubleType(), required=True),
        ), required=False),
    ), required=False),
    NestedField(98, "scores", MapType(99, StringType(), 100, ListType(101, StructType(
        NestedField(102, "at", TimestamptzType(), required=True), NestedField(103, "value", DecimalType(12, 2), required=False),
    ), element_required=False), value_required=True), required=True),
    NestedField(104, "hash", FixedType(32), required=False),
)


def plain(name):
    return str(name).split("(")[0].split("[")[0]


answers = {
    "source": f"pyiceberg {pyiceberg.__version__} (Apache-2.0), by iceberg-oracle.py",
    "types": [str(t) for t in TYPES],
    "transforms": {str(t): [str(k) for k in TYPES if t.can_transform(k)] for t in TRANSFORMS},
    "nested": json.loads(assign_fresh_schema_ids(NESTED).model_dump_json()),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(answers, indent=1) + "\n")
