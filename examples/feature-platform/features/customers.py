"""Feast's definitions. Names, features and types have to be those of `addFeatureView` in platform.ts: apply refuses others."""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, ValueType
from feast.infra.offline_stores.contrib.athena_offline_store.athena_source import AthenaSource
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
    source=AthenaSource(name="customer_activity", database="shop", table="customer_activity", timestamp_field="event_time"),
)

churn = FeatureService(name="churn", features=[customer_activity])
