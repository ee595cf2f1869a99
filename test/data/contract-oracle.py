"""Asks pyiceberg which schemas follow from which: reads pairs of schemas as JSON from stdin, writes its answers to stdout.

A pair is compatible if pyiceberg's own union by name, without incompatible changes, makes exactly the second schema of the first.
"""
import json
import sys
from types import SimpleNamespace

from ml_platform_runtime.tables.compatibility import breaking_changes
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update.schema import UpdateSchema


def comparable(node):
    """A schema's JSON without the order of its fields and without comments, which a union keeps where a newer schema lacks them."""
    if isinstance(node, dict):
        kept = {key: comparable(value) for key, value in node.items() if key not in ("schema-id", "doc")}
        if kept.get("type") == "struct":
            kept["fields"] = sorted(kept["fields"], key=lambda field: field["name"])
            kept["identifier-field-ids"] = sorted(kept.get("identifier-field-ids") or [])
        return kept
    return [comparable(item) for item in node] if isinstance(node, list) else node


def plain(schema):
    return json.loads(schema.model_dump_json())


def ask(before, after):
    metadata = new_table_metadata(before, UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, "s3://lake/t", {"format-version": "2"})
    assert comparable(plain(metadata.schema())) == comparable(plain(before)), "ids are not Iceberg's own"
    update = UpdateSchema(SimpleNamespace(table_metadata=metadata))
    try:
        result = plain(update.union_by_name(after)._apply())
    except Exception as error:
        return {"compatible": False, "why": f"{type(error).__name__}: {error}"}
    return {"compatible": comparable(result) == comparable(plain(after)), "why": json.dumps(result)}


def main():
    answers = []
    for before, after in json.load(sys.stdin):
        one, other = Schema.model_validate(before), Schema.model_validate(after)
        answers.append({**ask(one, other), "runtime": breaking_changes(one, other)})
    json.dump(answers, sys.stdout)


main()
