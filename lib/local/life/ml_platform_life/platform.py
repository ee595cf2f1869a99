"""Where the deployed platform is, from the outputs of its stacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """Addresses and names that a client of the platform needs."""

    endpoint: str
    """Every emulated service of AWS."""
    tracking_uri: str
    """MLflow, as a client reaches it."""
    service_uri: str
    """The model service, as a client reaches it."""
    model: str
    """Name of the model that the service follows."""
    release_table: str
    """Table of release records."""
    artifacts: str
    """s3:// address where the registry keeps artifacts."""
    database: str
    """Glue database of the lake table."""
    table: str
    """Name of the lake table."""
    features: Mapping[str, str] | None = None
    """Fields of `FeatureAddresses`; None where the app has no feature store."""
