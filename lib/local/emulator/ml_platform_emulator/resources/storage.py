"""S3 buckets and Glue tables."""
from typing import Any, Mapping

from .. import iceberg
from .. import ministack_api as ministack
from .base import Place, Resource, Services, extend
from .control import tag_map


def extend_bucket() -> None:
    """A bucket keeps its tags (the CDK's autoDeleteObjects reads them) and is not deleted while it has objects."""
    def tagged(props: Mapping, name: str) -> None:
        ministack.set_bucket_tags(name, tag_map(props))

    def before_delete(name: str, props: Mapping) -> None:
        if ministack.bucket_has_objects(name):
            raise ValueError(f"The bucket you tried to delete is not empty: {name}")

    extend("AWS::S3::Bucket", before_delete=before_delete,
           created=lambda place, props, name, attributes: tagged(props, name),
           updated=lambda place, old, new, name, attributes: tagged(new, name))


def install_table(services: Services) -> None:
    """Glue tables in the Iceberg format have real metadata; the others are ministack's."""
    original = dict(ministack.handler("AWS::Glue::Table"))
    table = IcebergTable(services)

    def create(logical_id, props, stack):
        if not iceberg.iceberg_input(props):
            return original["create"](logical_id, props, stack)
        return table.create(Place(stack, logical_id), props)

    def update(physical_id, old, new, stack, logical_id):
        if not (iceberg.iceberg_input(old) or iceberg.iceberg_input(new)):
            return original["update"](physical_id, old, new, stack, logical_id)
        if table.name(Place(stack, logical_id), new) != physical_id or old["DatabaseName"] != new["DatabaseName"]:
            return create(logical_id, new, stack)
        table.update(Place(stack, logical_id), physical_id, old, new)
        return physical_id, {}

    ministack.set_handler("AWS::Glue::Table", create, update, original["delete"])


class IcebergTable(Resource):
    """A Glue table with OpenTableFormatInput."""

    type = "AWS::Glue::Table"

    def name(self, place: Place, props: Mapping) -> str:
        """The table's name, which Glue folds to lower case."""
        given = props.get("Name") or (props.get("TableInput") or {}).get("Name")
        return (given or place.name(255)).lower()

    def create(self, place: Place, props: Mapping) -> tuple[str, dict]:
        name, table_input = self.name(place, props), dict(props.get("TableInput") or {})
        location, schema = iceberg.create_metadata(table_input, iceberg.iceberg_input(props),
                                                   self.services.storage_properties())
        storage = dict(table_input.get("StorageDescriptor") or {})
        storage.setdefault("Columns", [{"Name": field.name, "Type": glue_type(field.field_type)}
                                       for field in schema.fields])
        storage.setdefault("Location", location.split("/metadata/")[0])
        parameters = {**(table_input.get("Parameters") or {}), "table_type": "ICEBERG", "metadata_location": location}
        self.services.client("glue").create_table(DatabaseName=props["DatabaseName"], TableInput={
            **table_input, "Name": name, "TableType": table_input.get("TableType", "EXTERNAL_TABLE"),
            "StorageDescriptor": storage, "Parameters": parameters})
        return name, {}

    def update(self, place: Place, physical_id: str, old: Mapping, new: Mapping) -> None:
        """What readers and writers put into the table stays. As on AWS, an update that does not name the whole schema
        loses `table_type`, and with it the table for every Iceberg client."""
        glue = self.services.client("glue")
        current = glue.get_table(DatabaseName=new["DatabaseName"], Name=physical_id)["Table"]
        kept = {key: value for key, value in current.get("Parameters", {}).items() if key in iceberg.PARAMETERS}
        whole = iceberg.has_whole_schema(new)
        if not whole:
            kept.pop("table_type", None)
        table_input = dict(new.get("TableInput") or {})
        storage = {**current.get("StorageDescriptor", {}), **(table_input.get("StorageDescriptor") or {})}
        glue.update_table(DatabaseName=new["DatabaseName"], TableInput={
            **table_input, "Name": physical_id, "TableType": table_input.get("TableType", "EXTERNAL_TABLE"),
            "StorageDescriptor": storage, "Parameters": {**(table_input.get("Parameters") or {}), **kept}})
        if whole and iceberg.iceberg_input(old) != iceberg.iceberg_input(new):
            self._evolve(new, physical_id)

    def _evolve(self, props: Mapping, name: str) -> None:
        """New columns are added to the live table; data and snapshots stay."""
        from pyiceberg.catalog.glue import GlueCatalog
        storage = self.services.storage_properties()
        catalog = GlueCatalog("emulator", client=self.services.client("glue"), **storage)
        table = catalog.load_table((props["DatabaseName"], name))
        with table.update_schema() as change:
            change.union_by_name(iceberg.schema_of(iceberg.iceberg_input(props)))


def glue_type(iceberg_type: Any) -> str:
    """The name of an Iceberg type in the Glue catalog (Hive's)."""
    from pyiceberg import types
    if isinstance(iceberg_type, types.StructType):
        return f"struct<{','.join(f'{f.name}:{glue_type(f.field_type)}' for f in iceberg_type.fields)}>"
    if isinstance(iceberg_type, types.ListType):
        return f"array<{glue_type(iceberg_type.element_type)}>"
    if isinstance(iceberg_type, types.MapType):
        return f"map<{glue_type(iceberg_type.key_type)},{glue_type(iceberg_type.value_type)}>"
    names = {"long": "bigint", "timestamptz": "timestamp", "uuid": "string", "time": "string"}
    text = str(iceberg_type).replace(" ", "")
    return "binary" if text.startswith("fixed") else names.get(text, text)
