"""Contracts and tables for the tests of `tables`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table


def field(number: int, name: str, kind: Any, *, required: bool = False, doc: str | None = None) -> dict[str, Any]:
    """A field in Iceberg's JSON."""
    return {"id": number, "name": name, "required": required, "type": kind, **({"doc": doc} if doc else {})}


def schema_json(fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "struct", "schema-id": 0, "fields": fields}


def contract_json(table: str, *versions: list[dict[str, Any]]) -> dict[str, Any]:
    """A contract whose last version is the current one."""
    *past, current = [schema_json(fields) for fields in versions]
    return {
        "table": table,
        "version": len(versions),
        "schema": current,
        "history": [{"version": number, "schema": schema} for number, schema in enumerate(past, start=1)],
    }


def put_contract(folder: Path, document: dict[str, Any]) -> Path:
    file = folder / f"{document['table']}.json"
    file.write_text(json.dumps(document))
    return file


def make_table(
    catalog: Catalog, name: str, fields: list[dict[str, Any]], spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC
) -> Table:
    """A table with this schema, as the template makes it."""
    return catalog.create_table(name, Schema.model_validate(schema_json(fields)), partition_spec=spec)
