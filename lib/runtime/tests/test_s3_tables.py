"""A catalog of S3 Tables as the library deploys it, written and read by a real pyiceberg over Iceberg's REST protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import GreaterThan

from ml_platform_runtime.tables.freeze import freeze
from ml_platform_runtime.tables.references import read_state
from support import wait_until

ROOT = Path(__file__).parents[3]

PROGRAM = """
  import { App, BootstraplessSynthesizer, Stack } from 'aws-cdk-lib';
  import { Template } from 'aws-cdk-lib/assertions';
  import { Column, IcebergType, S3TableCatalog } from './lib/data';
  const stack = new Stack(new App(), 'Tables', { synthesizer: new BootstraplessSynthesizer() });
  const catalog = new S3TableCatalog(stack, 'Tables', { tableBucketName: 'shop-tables', namespaceName: 'shop' });
  catalog.addTable('CardPayments', { columns: [Column.required('id', IcebergType.LONG), Column.optional('amount', IcebergType.DOUBLE)] });
  const properties = stack.resolve({ ...catalog.catalogProperties, uri: '', warehouse: '', 'rest.signing-region': '' });
  console.log(JSON.stringify({ template: Template.fromStack(stack).toJSON(), properties }));
"""


@pytest.fixture(scope="module")
def synthesized() -> dict[str, Any]:
    tsx = ROOT / "node_modules/.bin/tsx"
    if not (tsx.exists() and shutil.which("node")):
        pytest.skip("node and node_modules are not here: the template is written by TypeScript")
    # the conformance tests validate; here it would cost seconds
    environment = {**os.environ, "CDK_VALIDATION": "false"}
    done = subprocess.run(
        [tsx, "-e", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_deployed_table_takes_rows_and_gives_them_back(
    aws: str, synthesized: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.session.Session(region_name="eu-west-1")
    cloudformation = session.client("cloudformation", endpoint_url=aws)
    cloudformation.create_stack(StackName="tables", TemplateBody=json.dumps(synthesized["template"]))

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName="tables")["Stacks"][0]["StackStatus"])

    wait_until(lambda: not status().endswith("IN_PROGRESS"), seconds=30, what="the stack is deployed")
    assert status() == "CREATE_COMPLETE"
    # other tests have buckets of their own in this emulator
    buckets = session.client("s3tables", endpoint_url=aws).list_table_buckets()["tableBuckets"]
    (bucket,) = [one for one in buckets if one["name"] == "shop-tables"]

    deployment = {
        "uri": f"{aws}/iceberg",
        "warehouse": bucket["arn"],
        "rest.signing-region": "eu-west-1",
        "s3.endpoint": aws,
        "s3.force-virtual-addressing": "false",
    }
    catalog = load_catalog("tables", **{**synthesized["properties"], **deployment})
    assert catalog.list_tables("shop") == [("shop", "card_payments")]
    table = catalog.load_table("shop.card_payments")
    assert [(field.name, str(field.field_type), field.required) for field in table.schema().fields] == [
        ("id", "long", True),
        ("amount", "double", False),
    ]

    schema = table.schema().as_arrow()
    table.append(pa.table({"id": [1, 2], "amount": [1.5, None]}, schema=schema))
    table.append(pa.table({"id": [3], "amount": [7.0]}, schema=schema))
    rows = catalog.load_table("shop.card_payments").scan(row_filter=GreaterThan("id", 1)).to_arrow()
    assert sorted(rows.to_pylist(), key=lambda row: row["id"]) == [{"id": 2, "amount": None}, {"id": 3, "amount": 7.0}]

    # a state that a tag keeps is read by its reference, as from any other catalog
    table = catalog.load_table("shop.card_payments")
    monkeypatch.setenv("ML_CATALOG", "s3tables")
    monkeypatch.setenv("ML_WAREHOUSE", bucket["arn"])
    frozen = freeze(table.catalog, "shop.card_payments", "fraud-v1", retention_days=30)
    table.overwrite(pa.table({"id": [9], "amount": [0.0]}, schema=schema))
    state = read_state("shop.card_payments@fraud-v1")
    assert (state.snapshot_id, sorted(state.scan().to_arrow()["id"].to_pylist())) == (frozen.snapshot_id, [1, 2, 3])
    assert read_state("shop.card_payments").scan().to_arrow()["id"].to_pylist() == [9]
