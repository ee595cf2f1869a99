"""Feast's definitions. Names, features and types have to be those of features.ts: apply refuses others."""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, ValueType
from feast.infra.data_sources.contrib.iceberg_catalog.iceberg_source import IcebergSource
from feast.types import Float64, Int64, String

customer = Entity(name="customer_id", value_type=ValueType.INT64)

customer_activity = FeatureView(
    name="customer_activity",
    entities=[customer],
    ttl=timedelta(days=90),
    schema=[
        Field(name="orders_30d", dtype=Int64),
        Field(name="spent_30d", dtype=Float64),
        Field(name="country", dtype=String),
    ],
    source=IcebergSource(
        name="customer_activity",
        catalog_type="glue",
        warehouse="",
        catalog_name="lake",
        namespace="mlplatformdata_lake_8664c98b",  # the output LakeDatabase
        table="customer_activity",
        timestamp_field="event_time",
    ),
)

churn = FeatureService(name="churn", features=[customer_activity])
