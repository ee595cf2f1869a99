"""What the stack of the emulator's test declares, said by Python."""

import os
from datetime import timedelta

from feast import Entity, FeatureView, Field, ValueType
from feast.infra.data_sources.contrib.iceberg_catalog.iceberg_source import IcebergSource
from feast.types import Int64

_endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
_properties = {"glue.endpoint": _endpoint, "s3.endpoint": _endpoint, "s3.force-virtual-addressing": "false"} if _endpoint else {}

customer = Entity(name="customer_id", value_type=ValueType.INT64)
profile = FeatureView(
    name="profile",
    entities=[customer],
    ttl=timedelta(days=90),
    schema=[Field(name="age", dtype=Int64)],
    source=IcebergSource(
        name="customers",
        catalog_type="glue",
        warehouse="",
        catalog_name="lake",
        catalog_properties=_properties,
        namespace="lake",
        table="customers",
        timestamp_field="event_time",
    ),
)
