"""The life of features: rows are checked, kept and evolved; values are written where serving looks, and joined for training."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import pandas as pd
from ml_platform_runtime.aws import client

from ml_platform_life import activity
from ml_platform_life.data import open_named, to_arrow
from ml_platform_life.failure import LifeFailure
from ml_platform_life.machines import Machines, command
from ml_platform_life.waiting import wait_for

TAG = "churn-v1"
VIEW = "customer_activity"


@dataclass(frozen=True)
class FeatureAddresses:
    """Where the parts of stacks/features are, from the outputs of its stack."""

    table: str
    """Table of customers' activity, `database.table`."""
    contract: str
    """Its contract, a file of this repository."""
    bus: str
    """Bus that hears of bad data."""
    reports: str
    """Where reports of its quality check lie, `s3://`."""
    quality_machine: str
    apply_machine: str
    materialize_machine: str
    online_table: str
    """DynamoDB table of the view."""
    store_yaml: str
    """Text of feature_store.yaml."""
    registry_secret: str
    """Login of Feast's registry."""


class FeatureLife:
    """Keeps what one step leaves for the next."""

    def __init__(self, endpoint: str, addresses: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._at = FeatureAddresses(**addresses)
        self._machines = Machines()
        self._now = activity.now()
        self._rows = pd.DataFrame()
        self._applying = ""
        self._folder = tempfile.TemporaryDirectory(prefix="features-")

    def check_rows(self) -> dict[str, Any]:
        """Good rows come, and the deployed check says so. Definitions are applied meanwhile, as after each deployment."""
        self._rows = activity.history(self._now)
        self._append(self._rows)
        checking = self._machines.start(self._at.quality_machine)
        self._applying = self._machines.start(self._at.apply_machine)
        self._machines.done(checking)
        report = self._report()
        if report["verdict"] != "passed" or report["rowsChecked"] != len(self._rows):
            raise LifeFailure(f"the report of good rows says {report['verdict']} of {report['rowsChecked']} rows")
        (suite,) = report["suites"]
        return {
            "rows": len(self._rows), "checks": len(report["checks"]), "expectations": len(suite["expectations"]),
            "table": self._at.table, "great_expectations": installed("great-expectations"),
        }  # fmt: skip

    def travel(self) -> dict[str, Any]:
        """What a model is trained on is tagged; the table evolves by a new version of its contract; the tag still reads what it read."""
        frozen = command("tables-freeze", "--table", self._at.table, "--tag", TAG, "--retention-days", "365")
        database, _, name = self._at.table.partition(".")
        migrated = command("tables-migrate", "--database", database, "--contract", str(self._next_contract(name)))
        more = activity.newer(self._now)
        self._append(more)
        table = open_named(self._endpoint, self._at.table)
        current, old = table.scan().to_pandas(), table.scan(snapshot_id=table.snapshot_by_name(TAG).snapshot_id).to_pandas()
        if len(current) != len(self._rows) + len(more) or current["orders_7d"].count() != len(more):
            raise LifeFailure(f"the evolved table holds {len(current)} rows, {current['orders_7d'].count()} of them with the new column")
        if len(old) != len(self._rows) or "orders_7d" in old.columns or str(frozen["snapshotId"]) == str(table.current_snapshot().snapshot_id):
            raise LifeFailure(f"tag {TAG} reads {len(old)} rows with the columns {', '.join(old.columns)}")
        self._rows = pd.concat([self._rows, more], ignore_index=True)
        return {"tag": TAG, "tagged": len(old), "rows": len(current), "column": "orders_7d", "version": migrated["tables"][0]["version"]}

    def apply(self) -> dict[str, Any]:
        """The definitions in Python stand in Feast's registry."""
        self._machines.done(self._applying)
        return {"project": "shop", "views": VIEW}

    def materialize(self) -> dict[str, Any]:
        """The newest values lie where serving looks, one item for each customer."""
        self._machines.done(self._machines.start(self._at.materialize_machine))
        items = client("dynamodb").scan(TableName=self._at.online_table, Select="COUNT")["Count"]
        if items != activity.CUSTOMERS:
            raise LifeFailure(f"{self._at.online_table} holds {items} items for {activity.CUSTOMERS} customers")
        return {"items": items, "table": self._at.online_table}

    def training_set(self) -> dict[str, Any]:
        """Features as they were at the moment of each entity row; compared with pandas."""
        asked = activity.entities(self._now)
        source, output = Path(self._folder.name) / "entities.parquet", Path(self._folder.name) / "training-set.parquet"
        asked.to_parquet(source, index=False)
        record = command(
            "features-training-set", "--entities", str(source), "--service", "churn", "--tag", "churn-training-1", "--output", str(output),
            environment=self._environment,
        )  # fmt: skip
        by = ["event_timestamp", "customer_id"]
        found = pd.read_parquet(output).sort_values(by, kind="stable", ignore_index=True)
        expected = activity.as_of(self._rows, asked).sort_values(by, kind="stable", ignore_index=True)
        if len(found) != len(expected):
            raise LifeFailure(f"the training set has {len(found)} rows for {len(expected)} entity rows")
        if wrong := activity.differences(expected, found):
            raise LifeFailure(f"{wrong} of {len(expected)} rows of the training set differ from what pandas joins")
        return {"rows": len(found), "missing": int(found["orders_30d"].isna().sum()), "tag": record["sources"][0]["tag"], "feast": record["feast"]}

    def online(self) -> dict[str, Any]:
        """A model server's look-up, in this process; compared with pandas."""
        from ml_platform_runtime.features.settings import FeatureSettings
        from ml_platform_runtime.features.store import opened

        expected = activity.newest(self._rows)
        keys = [{"customer_id": int(number)} for number in expected["customer_id"]]
        with opened(FeatureSettings.from_environment(self._environment)) as store:
            answer = store.get_online_features(features=store.get_feature_service("churn"), entity_rows=keys).to_df()
        found = answer.set_index("customer_id").loc[expected["customer_id"]].reset_index()
        if wrong := activity.differences(expected, found):
            raise LifeFailure(f"{wrong} of {len(expected)} customers are answered otherwise than pandas does")
        return {"compared": len(expected)}

    def refuse_rows(self) -> dict[str, Any]:
        """Bad rows come: the check fails, says what is wrong, and the bus hears of it."""
        queue = self._listen()
        self._append(activity.broken(self._now))
        state = self._machines.ended(self._machines.start(self._at.quality_machine))
        if (state["status"], state.get("error")) != ("FAILED", "DataQualityFailed"):
            raise LifeFailure(f"the check of bad rows ended as {state['status']} {state.get('error', '')}")
        report = self._report()
        event = wait_for("nobody heard of the bad rows", lambda: _message(queue), seconds=30)
        told = event["detail"]
        if event["detail-type"] != "Data Quality Failed" or self._at.table not in json.dumps(told):
            raise LifeFailure(f"the bus says {event['detail-type']} of {json.dumps(told)}")
        failed = report["failedChecks"]
        return {"failed": len(failed), "names": ", ".join(failed), "event": event["detail-type"], "error": state["error"]}

    def _append(self, rows: pd.DataFrame) -> None:
        table = open_named(self._endpoint, self._at.table)
        table.append(to_arrow(table, rows))

    def _next_contract(self, name: str) -> Path:
        """The committed contract and one more column, as `npx cdk synth -c cdk-ml-platform:update-contracts=true` writes it."""
        contract = json.loads(Path(self._at.contract).read_text())
        fields = contract["schema"]["fields"]
        after = {**contract["schema"], "fields": [*fields, {"id": len(fields) + 1, "name": "orders_7d", "required": False, "type": "long"}]}
        file = Path(self._folder.name) / f"{name}.json"
        file.write_text(json.dumps({**contract, "version": 2, "schema": after, "history": [{"version": 1, "schema": contract["schema"]}]}))
        return file

    def _report(self) -> dict[str, Any]:
        """The report of the newest snapshot."""
        snapshot = open_named(self._endpoint, self._at.table).current_snapshot().snapshot_id
        bucket, _, prefix = self._at.reports.removeprefix("s3://").partition("/")
        report: dict[str, Any] = json.load(client("s3").get_object(Bucket=bucket, Key=f"{prefix}/{snapshot}/report.json")["Body"])
        return report

    def _listen(self) -> str:
        sqs, events = client("sqs"), client("events")
        queue = str(sqs.create_queue(QueueName="laptop-bad-data")["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="laptop-bad-data", EventBusName=self._at.bus, EventPattern=json.dumps({"detail-type": ["Data Quality Failed"]}))
        events.put_targets(Rule="laptop-bad-data", EventBusName=self._at.bus, Targets=[{"Id": "laptop", "Arn": arn}])
        return queue

    @cached_property
    def _environment(self) -> dict[str, str]:
        """What the store gives to a process that reads: `readEnvironment` and `readSecrets`."""
        login = json.loads(client("secretsmanager").get_secret_value(SecretId=self._at.registry_secret)["SecretString"])
        return {
            **os.environ,
            "FEAST_STORE_YAML": self._at.store_yaml,
            "ML_DATABASE_HOST": login["host"], "ML_DATABASE_PORT": str(login["port"]), "ML_DATABASE_NAME": login["dbname"],
            "ML_DATABASE_USER": login["username"], "ML_DATABASE_PASSWORD": login["password"],
        }  # fmt: skip


def _message(queue: str) -> dict[str, Any] | None:
    messages = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=1).get("Messages", [])
    return json.loads(messages[0]["Body"]) if messages else None
