"""What the commands call on AWS, written down where the constructs' tests compare it with what they grant."""

from __future__ import annotations

import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from features_recorder import Recorder
from features_support import (
    BUCKET,
    PROJECT,
    START,
    TABLES,
    VIEW,
    FeatureStoreUnderTest,
    definitions,
    profiles,
    store_yaml,
)
from ml_platform_runtime.features import measurements

pytest_plugins = ["features_fixtures"]

#: Read by the jest tests of lib/features; written anew with UPDATE_EXAMPLES=1.
FOLDER = Path(__file__).parents[3] / "test" / "features"
FILES = "feature-files"
TRACED = VIEW.format(
    name="traced",
    table="traces",
    ttl=86400,
    fields='Field(name="age", dtype=Int64), Field(name="country", dtype=String)',
)


def kept(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """What lies in the file; the file is written first where that is asked for."""
    file = FOLDER / name
    if os.environ.get("UPDATE_EXAMPLES") or not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=2) + "\n")
    kept: dict[str, Any] = json.loads(file.read_text())
    return kept


def test_calls_are_the_ones_that_are_written_down(applied: FeatureStoreUnderTest, s3: Any, tmp_path: Path) -> None:
    applied.catalog().create_table("features.traces", applied.catalog().load_table("features.profiles").schema())
    applied.append("traces", profiles(30))
    applied.make_online_table("traced")
    s3.create_bucket(Bucket=FILES, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    names = {
        applied.table_name("traced"): "online table",
        f"{BUCKET}/": "source data",
        f"{FILES}/repo.zip": "definitions",
        f"{FILES}/tables": "feature-tables.json",
        f"{FILES}/store": "feature_store.yaml",
        f"{FILES}/reports": "reports",
        f"{FILES}/entities": "entity rows",
        f"{FILES}/sets": "training sets",
        f"{FILES}/": "entity rows",
    }
    with Recorder(applied.endpoint, names).running() as recorder:
        store = _through(recorder, applied, s3, tmp_path)
        calls: dict[str, set[tuple[str, str]]] = {}
        with recorder.during() as calls["features-apply"]:
            outcome = store.run("features-apply", "--report", f"s3://{FILES}/reports/apply.json")
            assert outcome.code == 0, outcome.err[-3000:]
        with recorder.during() as calls["features-materialize"]:
            end = (START + pd.Timedelta(hours=1)).isoformat()
            outcome = store.run(
                "features-materialize", "--view", "traced", "--end", end, "--report", f"s3://{FILES}/reports/m.json"
            )
            assert outcome.report["rows"] == 30, outcome.err[-3000:]
        with recorder.during() as calls["read online"], store.feast() as feast:
            rows = [{"customer_id": number} for number in range(120)]
            assert feast.get_online_features(["traced:age"], rows).to_dict()["age"][3] == 23
        with recorder.during() as calls["features-training-set"]:
            wanted = [
                "--entities",
                f"s3://{FILES}/entities/",
                "--feature",
                "traced:age",
                "--output",
                f"s3://{FILES}/sets/one.parquet",
            ]
            outcome = store.run("features-training-set", *wanted)
            assert outcome.code == 0, outcome.err[-3000:]
        with recorder.during() as calls["features-training-set --tag"]:
            assert store.run("features-training-set", *wanted, "--tag", "kept").code == 0
        with recorder.during() as calls["features-skew"]:
            assert store.run("features-skew", "--view", "traced", "--at", "watermark").report["outcome"] == "equal"
    found = {
        "feast": importlib.metadata.version("feast"),
        "offlineStore": "iceberg",
        "onlineStore": "dynamodb",
        "calls": {
            command: [{"action": action, "resource": resource} for action, resource in sorted(made)]
            for command, made in calls.items()
        },
    }
    assert found == kept("feast-aws-calls.json", found)


def _through(recorder: Recorder, applied: FeatureStoreUnderTest, s3: Any, tmp_path: Path) -> FeatureStoreUnderTest:
    """The store with every address of AWS replaced by the recorder's, and its files on S3."""
    import zipfile

    archive = tmp_path / "repo.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("definitions.py", definitions(recorder.endpoint, TRACED))
    s3.upload_file(str(archive), FILES, "repo.zip")
    view = {**TABLES["views"][0], "name": "traced", "source": {"table": "traces"}, "ttlSeconds": 86400}  # type: ignore[dict-item]
    s3.put_object(Bucket=FILES, Key="tables.json", Body=json.dumps({"project": PROJECT, "views": [view]}).encode())
    yaml = store_yaml(recorder.endpoint)
    s3.put_object(Bucket=FILES, Key="store.yaml", Body=yaml.encode())
    entities = tmp_path / "entities.parquet"
    pd.DataFrame({"customer_id": [1, 2], "event_timestamp": [START + pd.Timedelta(minutes=1)] * 2}).to_parquet(entities)
    s3.upload_file(str(entities), FILES, "entities/one.parquet")
    environment = {
        **applied.environment,
        "FEAST_STORE_YAML": yaml,
        "FEAST_REPO_URI": f"s3://{FILES}/repo.zip",
        "FEAST_TABLES_URI": f"s3://{FILES}/tables.json",
    }
    return FeatureStoreUnderTest(environment, recorder.endpoint, applied.database, applied.folder)


def test_metrics_have_the_names_that_alarms_look_for() -> None:
    found = {
        "namespace": measurements.NAMESPACE,
        "dimensions": ["Environment", "Project", "View"],
        "metrics": measurements.UNITS,
    }
    assert found == kept("feature-metrics.json", found)
