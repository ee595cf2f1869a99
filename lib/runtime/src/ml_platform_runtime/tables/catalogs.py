"""The Iceberg catalogue of the platform, by environment: Glue, S3 Tables, or any that pyiceberg's SQL catalogue reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml_platform_runtime.config import EnvironmentReader, check_region
from ml_platform_runtime.errors import BadInput

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

_KINDS = ("glue", "s3tables", "sql")


def catalog_properties(environment: Mapping[str, str]) -> dict[str, str]:
    """What pyiceberg has to know. Raises BadInput with all faults."""
    reader = EnvironmentReader(environment)
    kind = reader.text("ML_CATALOG", "glue")
    endpoint = reader.optional("AWS_ENDPOINT_URL")
    region = reader.optional("AWS_REGION") or reader.optional("AWS_DEFAULT_REGION") or ""
    properties = {"type": kind}
    if kind == "glue":
        check_region(reader)
        properties |= {"glue.region": region}
        if endpoint:
            properties["glue.endpoint"] = endpoint
    elif kind == "s3tables":
        check_region(reader)
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-open-source.html
        properties |= {
            "type": "rest",
            "uri": f"{endpoint}/iceberg" if endpoint else f"https://s3tables.{region}.amazonaws.com/iceberg",
            "warehouse": reader.required("ML_WAREHOUSE", "the ARN of the table bucket"),
            "rest.sigv4-enabled": "true",
            "rest.signing-name": "s3tables",
            "rest.signing-region": region,
        }
    elif kind == "sql":
        properties |= {
            "uri": reader.required("ML_CATALOG_URI", "the address of the catalogue's database"),
            "warehouse": reader.required("ML_WAREHOUSE", "where tables lie, s3://bucket/prefix or a folder"),
        }
    else:
        reader.add_fault(f"ML_CATALOG is {kind!r}; allowed are {', '.join(_KINDS)}")
    reader.finish()
    if region:
        properties["s3.region"] = region
    if endpoint:
        properties |= {"s3.endpoint": endpoint, "s3.force-virtual-addressing": "false"}
    return properties


def open_catalog(environment: Mapping[str, str]) -> Catalog:
    """The catalogue; nothing is asked of it yet, except by SQL."""
    from pyiceberg.catalog import load_catalog

    return load_catalog("ml_platform", **catalog_properties(environment))


def open_table(catalog: Catalog, name: str) -> Table:
    """The table `database.table`. Raises BadInput if the catalogue has no such Iceberg table."""
    from pyiceberg.exceptions import NoSuchIcebergTableError, NoSuchPropertyException, NoSuchTableError

    database, _, table = name.partition(".")
    if not database or not table or "." in table:
        raise BadInput(f"table {name!r} is not allowed; give database.table")
    try:
        return catalog.load_table((database, table))
    except NoSuchTableError as error:
        raise BadInput(f"table {name} does not exist in the catalogue; deploy the lake that has it first") from error
    except (NoSuchIcebergTableError, NoSuchPropertyException) as error:
        raise BadInput(f"{name} is in the catalogue, but is no Iceberg table: {error}") from error
