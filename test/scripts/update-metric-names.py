"""Writes the names of the metrics that vLLM and NVIDIA's DCGM exporter export, for tests.

    pip download vllm==0.33.0 --no-deps && unzip vllm-*.whl 'vllm/*' -d /somewhere
    python test/scripts/update-metric-names.py --vllm /somewhere --vllm-version 0.33.0 --dcgm dcp-metrics-included.csv --dcgm-version 4.5.3-4.8.2

Output: test/fixtures/metrics/{vllm,dcgm}.json, name of each series to its type.
"""

import argparse
import ast
import json
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures" / "metrics"
# what a client library makes of each type: https://prometheus.github.io/client_python/instrumenting/
SERIES = {
    "gauge": lambda name: [name],
    "counter": lambda name: [name.removesuffix("_total") + "_total"],
    "histogram": lambda name: [f"{name}_bucket", f"{name}_sum", f"{name}_count"],
}


def vllm_metrics(source: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(source.rglob("vllm/v1/metrics/*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            kind = call.func.attr.removeprefix("_").removesuffix("_cls")
            names = [it.value.value for it in call.keywords if it.arg == "name" and isinstance(it.value, ast.Constant)]
            if kind in SERIES and names:
                found.update({series: kind for series in SERIES[kind](names[0])})
    return found


def dcgm_metrics(table: Path) -> dict[str, str]:
    rows = [line.split(",") for line in table.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): kind.strip() for name, kind, *_ in rows if kind.strip() != "label"}


def write(name: str, content: dict[str, object]) -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(json.dumps(content, indent=1, sort_keys=False) + "\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--vllm", type=Path, required=True)
    arguments.add_argument("--vllm-version", required=True)
    arguments.add_argument("--dcgm", type=Path, required=True)
    arguments.add_argument("--dcgm-version", required=True)
    given = arguments.parse_args()
    # vLLM's server also exports what https://github.com/trallnag/prometheus-fastapi-instrumentator 8 does by default
    http = {"http_requests_total": "counter", **{s: "histogram" for s in SERIES["histogram"]("http_request_duration_seconds")}}
    write("vllm", {
        "source": f"PyPI vllm {given.vllm_version}, vllm/v1/metrics", "licence": "Apache-2.0",
        "metrics": {**dict(sorted(vllm_metrics(given.vllm).items())), **http},
    })
    write("dcgm", {
        "source": f"NVIDIA/dcgm-exporter {given.dcgm_version}, etc/dcp-metrics-included.csv", "licence": "Apache-2.0",
        "metrics": dict(sorted(dcgm_metrics(given.dcgm).items())),
    })


if __name__ == "__main__":
    main()
