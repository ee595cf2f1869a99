"""Metrics by CloudWatch's embedded format: a log line that becomes a metric, without a right or an endpoint of its own.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
The names are a contract with the constructs: test/features/feature-metrics.json.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping

NAMESPACE = "MlPlatform/Features"
#: Metric -> unit.
UNITS = {
    "Freshness": "Seconds",
    "RowsWritten": "Count",
    "WriteUnits": "Count",
    "SkewShare": "None",
    "MissingShare": "None",
}


def emit(values: Mapping[str, float], dimensions: Mapping[str, str]) -> None:
    """One line on stderr, whose log stream is the same as stdout's, so that stdout stays the result alone."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
    }
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, **dimensions, **values}
    print(json.dumps(line), file=sys.stderr, flush=True)
