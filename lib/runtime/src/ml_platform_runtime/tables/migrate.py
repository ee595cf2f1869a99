"""Brings a table to its contract, version by version. Each version is one commit of Iceberg: it happens wholly or not at all,
so a run that was killed goes on where it stopped, and of two runs at once one commits and the other sees that it is done."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ml_platform_runtime.errors import BadInput, RuntimeFault
from ml_platform_runtime.tables.catalogs import open_table
from ml_platform_runtime.tables.compatibility import breaking_changes, same_schema
from ml_platform_runtime.tables.contract import Contract, ContractVersion

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

#: Property of the table that says which version of its contract it has.
VERSION = "ml-platform.contract-version"
_ATTEMPTS = 20
_log = logging.getLogger(__name__)


class MigrationConflict(RuntimeFault):
    """Others committed to the table all the time: run again."""

    exit_code = 3


@dataclass
class Migration:
    """What a run did to one table."""

    table: str
    version: int
    #: `migrated`, `unchanged`, or `ahead` when the table has a newer version than the contract, as after a rollback.
    outcome: str = "unchanged"
    #: Versions that this run committed.
    committed: list[int] = field(default_factory=list)
    schema_id: int = 0

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "table": self.table,
            "outcome": self.outcome,
            "version": self.version,
            "committed": self.committed,
            "schemaId": self.schema_id,
        }


def migrate(catalog: Catalog, name: str, contract: Contract) -> Migration:
    """Bring the table `database.table` to the contract. Raises BadInput where that would break its readers."""
    from pyiceberg.exceptions import CommitFailedException

    result = Migration(name, contract.version)
    for attempt in range(_ATTEMPTS + len(contract.versions)):
        table = open_table(catalog, name)
        _check_partitions(table, contract)
        result.schema_id = table.metadata.current_schema_id
        recorded = _recorded(table)
        if recorded is not None and recorded > contract.version:
            result.outcome, result.version = "ahead", recorded
            return result
        version = _next_version(table, contract, recorded)
        if version is None:
            return result
        try:
            _commit(catalog, table, version)
        except CommitFailedException as error:
            _log.info("somebody else committed first", extra={"table": name, "attempt": attempt, "reason": str(error)})
            time.sleep(random.uniform(0.05, 0.5))
            continue
        _log.info("migrated", extra={"table": name, "version": version.version})
        result.outcome = "migrated"
        result.committed.append(version.version)
    raise MigrationConflict(f"table {name} was changed by others {_ATTEMPTS} times in a row; run the migration again")


def _recorded(table: Table) -> int | None:
    text = table.properties.get(VERSION, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _next_version(table: Table, contract: Contract, recorded: int | None) -> ContractVersion | None:
    """The version to commit next; None when the table is where the contract wants it."""
    versions, schema = contract.versions, table.schema()
    if recorded is not None:
        target = versions[min(recorded, contract.version - 1)]
        if same_schema(schema, versions[max(recorded, 1) - 1].schema):
            return None if recorded == contract.version else target
    else:
        known = next((one for one in versions if same_schema(schema, one.schema)), None)
        if known is not None:
            # the first time: the template made it with the first version, which is noted here
            return known
        target = versions[-1]
    # somebody else changed the columns: harmless where the contract only adds to them
    faults = breaking_changes(schema, target.schema)
    if faults:
        was = "" if recorded is None else f", which says that it has version {recorded},"
        raise BadInput(
            f"table {table_name(table)}{was} cannot become version {target.version} of {contract.source}: {'; '.join(faults)}; "
            "its readers or files would break: undo what was changed there, write it into the contract, or make a new table"
        )
    return target


def _check_partitions(table: Table, contract: Contract) -> None:
    def plain(spec: Any) -> list[tuple[int, str, str]]:
        return [(one.source_id, str(one.transform), one.name) for one in spec.fields]

    if plain(table.spec()) != plain(contract.partition_spec):
        raise BadInput(
            f"table {table_name(table)} is partitioned by {table.spec()}, and {contract.source} says {contract.partition_spec}; "
            "partitions never change in place: make a new table and copy the data"
        )


def _commit(catalog: Catalog, table: Table, version: ContractVersion) -> None:
    """One commit: schema, sort order and properties of one version."""
    from pyiceberg.table.update import AssertCurrentSchemaId, AssertLastAssignedFieldId, AssertTableUUID

    metadata = table.metadata
    requirements = (
        AssertTableUUID(uuid=metadata.table_uuid),
        AssertCurrentSchemaId(current_schema_id=metadata.current_schema_id),
        AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id),
    )
    updates = (*_schema_updates(table, version), *_order_updates(table, version), *_property_updates(table, version))
    catalog.commit_table(table, requirements, updates)


def _schema_updates(table: Table, version: ContractVersion) -> list[Any]:
    from pyiceberg.schema import Schema
    from pyiceberg.table.update import AddSchemaUpdate, SetCurrentSchemaUpdate

    wanted = version.schema
    if same_schema(table.schema(), wanted):
        return []
    if faults := breaking_changes(table.schema(), wanted):
        raise BadInput(f"version {version.version} would break readers of {table_name(table)}: {'; '.join(faults)}")
    _check_new_ids(table, version)
    for schema in table.metadata.schemas:
        if same_schema(schema, wanted):
            return [SetCurrentSchemaUpdate(schema_id=schema.schema_id)]
    schema_id = 1 + max(schema.schema_id for schema in table.metadata.schemas)
    fresh = Schema(*wanted.fields, schema_id=schema_id, identifier_field_ids=wanted.identifier_field_ids)
    return [AddSchemaUpdate(schema=fresh), SetCurrentSchemaUpdate(schema_id=-1)]


def _check_new_ids(table: Table, version: ContractVersion) -> None:
    """An id that some column had once would show that column's old data under the new name."""
    current = set(table.schema()._lazy_id_to_name)
    names = version.schema._lazy_id_to_name
    for schema in table.metadata.schemas:
        for one in (set(names) - current) & set(schema._lazy_id_to_name):
            if schema._lazy_id_to_name[one] != names[one]:
                raise BadInput(
                    f"version {version.version} gives {names[one]} the id {one}, which {schema._lazy_id_to_name[one]} had once in "
                    f"{table_name(table)}: its old files would be read as the new column; give it an id above {table.metadata.last_column_id}"
                )


def _order_updates(table: Table, version: ContractVersion) -> list[Any]:
    from pyiceberg.table.sorting import SortOrder
    from pyiceberg.table.update import AddSortOrderUpdate, SetDefaultSortOrderUpdate

    fields = version.sort_order.fields
    if list(table.sort_order().fields) == list(fields):
        return []
    for order in table.metadata.sort_orders:
        if list(order.fields) == list(fields):
            return [SetDefaultSortOrderUpdate(sort_order_id=order.order_id)]
    fresh = 1 + max((order.order_id for order in table.metadata.sort_orders), default=0)
    order_id = fresh if fields else 0
    return [
        AddSortOrderUpdate(sort_order=SortOrder(*fields, order_id=order_id)),
        SetDefaultSortOrderUpdate(sort_order_id=-1),
    ]


def _property_updates(table: Table, version: ContractVersion) -> list[Any]:
    from pyiceberg.table.update import SetPropertiesUpdate

    # a property that the contract lost is left alone: services and people set properties, too
    return [SetPropertiesUpdate(updates={**version.properties, VERSION: str(version.version)})]


def table_name(table: Table) -> str:
    """`database.table`."""
    return ".".join(table.name())
