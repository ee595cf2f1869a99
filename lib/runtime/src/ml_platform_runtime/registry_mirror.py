"""Whether MLflow's alias says what the release record says, for every model.

The record is the truth; the alias is what people see. They part when somebody moves the alias by hand, or when MLflow was down while
a version was promoted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ml_platform_runtime.errors import RuntimeFault
from ml_platform_runtime.mlflow_registry import mlflow_client
from ml_platform_runtime.releases import ReleaseClient

_log = logging.getLogger(__name__)
NAMESPACE = "MlPlatform/Registry"
#: Models whose alias differs; of the registry as a whole, and of each such model.
METRIC = "AliasDiffers"
_METRICS_A_CALL = 1000


@dataclass(frozen=True)
class Difference:
    """A model whose alias is not what the record says; None where there is none."""

    model: str
    recorded: str | None
    alias: str | None


def differences(
    releases: ReleaseClient, client: Any, *, alias: str = "champion", settle_seconds: float = 10
) -> list[Difference]:
    """Every model whose alias differs, by name. What differs is looked at twice: between a promotion and its mirror it does for a moment."""
    found = _look(releases, client, alias)
    if not found:
        return []
    time.sleep(settle_seconds)
    again = set(_look(releases, client, alias))
    return [difference for difference in found if difference in again]


def _look(releases: ReleaseClient, client: Any, alias: str) -> list[Difference]:
    recorded = {record.model: record.champion.version for record in releases.current()}
    shown = dict(_aliases(client, alias))
    # a model that MLflow does not know shows nobody a wrong version: it was promoted by address
    return [
        Difference(model, recorded.get(model), shown[model])
        for model in sorted(shown)
        if recorded.get(model) != shown[model]
    ]


def _aliases(client: Any, alias: str) -> Iterator[tuple[str, str | None]]:
    from mlflow.exceptions import MlflowException

    token = None
    while True:
        try:
            page = client.search_registered_models(max_results=500, page_token=token)
        except MlflowException as error:
            raise RuntimeFault(
                f"the models cannot be read from MLflow: {' '.join(error.message.split())[:300]}"
            ) from error
        for model in page:
            version = model.aliases.get(alias)
            yield model.name, None if version is None else str(version)
        token = page.token
        if not token:
            return


def repair(client: Any, found: list[Difference], *, alias: str = "champion") -> None:
    """Let MLflow say what the record says."""
    for difference in found:
        if difference.recorded is None:
            client.delete_registered_model_alias(difference.model, alias)
        else:
            client.set_registered_model_alias(difference.model, alias, difference.recorded)
        _log.info("the alias was set to the release record", extra=asdict(difference))


def emit(cloudwatch: Any, registry: str, found: list[Difference]) -> None:
    """The number of models that differ, zero included, and one metric for each of them, which costs nothing while none does."""
    own = {"Name": "Registry", "Value": registry}
    metrics = [{"MetricName": METRIC, "Dimensions": [own], "Value": len(found), "Unit": "Count"}]
    metrics += [
        {
            "MetricName": METRIC,
            "Dimensions": [own, {"Name": "Model", "Value": difference.model}],
            "Value": 1,
            "Unit": "Count",
        }
        for difference in found
    ]
    for start in range(0, len(metrics), _METRICS_A_CALL):
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=metrics[start : start + _METRICS_A_CALL])


def check(
    releases: ReleaseClient, tracking_uri: str, *, settle_seconds: float = 10, repairs: bool = False
) -> list[Difference]:
    """What differs; with `repairs` it is put right, and told all the same."""
    client = mlflow_client(tracking_uri, timeout_seconds=30, retries=3)
    found = differences(releases, client, settle_seconds=settle_seconds)
    for difference in found:
        _log.warning("the alias differs from the release record", extra=asdict(difference))
    if repairs:
        repair(client, found)
    return found
