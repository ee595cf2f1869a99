"""Real Iceberg metadata for AWS::Glue::Table with OpenTableFormatInput.IcebergInput, as Glue itself writes it.

Property names: aws-properties-glue-table-icebergtableinput (CloudFormation's reference). Field ids are kept as given.
"""
import json
import time
import uuid
from typing import Any, Mapping, Optional

PARAMETERS = ("table_type", "metadata_location", "previous_metadata_location")
_PARTITION_IDS_FROM = 1000


class InvalidIcebergInput(ValueError):
    """Glue would refuse this input; the text says why."""


def iceberg_input(props: Mapping) -> Optional[Mapping]:
    """The IcebergInput of a table's properties, if it has one."""
    return (props.get("OpenTableFormatInput") or {}).get("IcebergInput")


def has_whole_schema(props: Mapping) -> bool:
    """Whether an update names the whole table; otherwise Glue drops `table_type=ICEBERG`."""
    table = (iceberg_input(props) or {}).get("IcebergTableInput") or {}
    return bool((table.get("Schema") or {}).get("Fields"))


def create_metadata(table_input: Mapping, given: Mapping, io_properties: Mapping) -> tuple[str, Any]:
    """Writes the first metadata file; returns (its location, the Iceberg schema)."""
    from pyiceberg.io import load_file_io
    from pyiceberg.serializers import ToOutputFile
    metadata = _metadata(table_input, given)
    location = f"{metadata.location}/metadata/00000-{uuid.uuid4()}.metadata.json"
    ToOutputFile.table_metadata(metadata, load_file_io(dict(io_properties), location).new_output(location))
    return location, metadata.schema()


def schema_of(given: Mapping) -> Any:
    """The Iceberg schema that an IcebergInput names."""
    from pyiceberg.schema import Schema
    return Schema.model_validate(_schema(given["IcebergTableInput"]["Schema"]))


def _metadata(table_input: Mapping, given: Mapping):
    from pyiceberg.table.metadata import TableMetadataUtil
    if given.get("MetadataOperation", "CREATE") != "CREATE":
        raise InvalidIcebergInput(f"MetadataOperation is {given['MetadataOperation']!r}, can only be CREATE")
    table = given.get("IcebergTableInput") or _from_table_input(table_input)
    schema = _schema(table.get("Schema") or {})
    spec = _partition_spec(table.get("PartitionSpec") or {})
    order = _sort_order(table.get("WriteOrder"))
    version = int(given.get("Version") or 2)
    fields = [field["field-id"] for field in spec["fields"]]
    return TableMetadataUtil.parse_obj({
        "format-version": version, "table-uuid": str(uuid.uuid4()), "location": _location(table, table_input),
        "last-sequence-number": 0, "last-updated-ms": int(time.time() * 1000),
        "last-column-id": _last_id(schema), "schemas": [schema], "current-schema-id": schema["schema-id"],
        "partition-specs": [spec], "default-spec-id": spec["spec-id"],
        "last-partition-id": max(fields, default=_PARTITION_IDS_FROM - 1),
        "sort-orders": [order], "default-sort-order-id": order["order-id"],
        "properties": dict(table.get("Properties") or {}), "snapshots": [], "snapshot-log": [], "metadata-log": [],
        "refs": {},
    })


def _location(table: Mapping, table_input: Mapping) -> str:
    location = table.get("Location") or (table_input.get("StorageDescriptor") or {}).get("Location")
    if not str(location or "").startswith("s3://"):
        raise InvalidIcebergInput(f"Location is {location!r}, must start with s3://")
    return location.rstrip("/")


def _from_table_input(table_input: Mapping) -> Mapping:
    """The short form: the columns of the storage descriptor, all optional, numbered in order."""
    columns = (table_input.get("StorageDescriptor") or {}).get("Columns") or []
    hive = {"bigint": "long", "int": "int", "integer": "int", "smallint": "int", "tinyint": "int",
            "timestamp": "timestamp"}
    return {"Schema": {"Type": "struct", "Fields": [
        {"Id": number, "Name": column["Name"], "Type": hive.get(column["Type"], column["Type"]), "Required": False}
        for number, column in enumerate(columns, 1)]}}


def _schema(given: Mapping) -> dict:
    fields = [_field(field) for field in given.get("Fields") or []]
    if not fields:
        raise InvalidIcebergInput("IcebergTableInput.Schema.Fields is empty")
    if given.get("Type", "struct") != "struct":
        raise InvalidIcebergInput(f"Schema.Type is {given['Type']!r}, must be struct")
    return {"type": "struct", "schema-id": int(given.get("SchemaId") or 0), "fields": fields,
            "identifier-field-ids": [int(i) for i in given.get("IdentifierFieldIds") or []]}


def _field(given: Mapping) -> dict:
    from pyiceberg.types import NestedField
    field = {"id": int(given["Id"]), "name": given["Name"], "required": _flag(given.get("Required")),
             "type": _type(given["Type"])}
    if given.get("Doc"):
        field["doc"] = given["Doc"]
    try:
        NestedField.model_validate(field)
    except ValueError as error:
        raise InvalidIcebergInput(f"field {given['Name']}: type {given['Type']!r} is no Iceberg type") from error
    return field


def _type(given: Any) -> Any:
    """A primitive's name, or a nested type as Iceberg's JSON (itself, or as text, which CloudFormation asks for)."""
    if isinstance(given, str) and given.lstrip().startswith("{"):
        return json.loads(given)
    return given


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


def _last_id(value: Any) -> int:
    if isinstance(value, dict):
        own = [v for k, v in value.items() if k in ("id", "element-id", "key-id", "value-id")]
        return max([*own, *(_last_id(v) for v in value.values())], default=0)
    return max((_last_id(v) for v in value), default=0) if isinstance(value, list) else 0


def _partition_spec(given: Mapping) -> dict:
    return {"spec-id": int(given.get("SpecId") or 0), "fields": [
        {"source-id": int(field["SourceId"]), "field-id": int(field.get("FieldId") or _PARTITION_IDS_FROM + number),
         "name": field["Name"], "transform": field["Transform"]}
        for number, field in enumerate(given.get("Fields") or [])]}


def _sort_order(given: Optional[Mapping]) -> dict:
    if not given or not given.get("Fields"):
        return {"order-id": 0, "fields": []}
    return {"order-id": int(given["OrderId"]), "fields": [
        {"source-id": int(field["SourceId"]), "transform": field["Transform"], "direction": field["Direction"],
         "null-order": field["NullOrder"]} for field in given["Fields"]]}
