"""The reader of contract files: each fault is named with its place and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.tables.catalogs import catalog_properties
from ml_platform_runtime.tables.contract import ColumnCheck, Contract
from ml_platform_runtime.tables.contract_bundle import load_bundle
from tables_support import contract_json, field

ID = field(1, "id", "long", required=True)


def document() -> dict[str, Any]:
    contract = contract_json(
        "payments", [ID], [ID, field(2, "amount", "decimal(12, 2)"), field(3, "at", "timestamptz")]
    )
    contract["schema"]["identifier-field-ids"] = [1]
    contract["partition-spec"] = [{"source-id": 3, "field-id": 1000, "transform": "day", "name": "at_day"}]
    contract["checks"] = {
        "amount": {"min": 0, "max": 10.5, "maxNullShare": 0.1},
        "id": {"unique": True, "oneOf": [1, 2]},
    }
    return contract


def test_a_contract_is_what_pyiceberg_makes_of_it(tmp_path: Path) -> None:
    file = tmp_path / "payments.json"
    file.write_text(json.dumps(document()))

    contract = Contract.load(file)

    assert (contract.table, contract.version) == ("payments", 2)
    assert str(contract.schema.find_type("amount")) == "decimal(12, 2)"
    assert contract.schema.identifier_field_ids == [1]
    assert str(contract.partition_spec.fields[0].transform) == "day"
    assert contract.checks == {
        "amount": ColumnCheck(min=0, max=10.5, max_null_share=0.1),
        "id": ColumnCheck(unique=True, one_of=(1, 2)),
    }
    assert [one.version for one in contract.versions] == [1, 2]


def test_a_contract_is_read_from_s3(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="contracts/payments.json", Body=json.dumps(document()).encode())
    assert Contract.load(f"s3://{bucket}/contracts/payments.json").table == "payments"
    with pytest.raises(
        BadInput, match=f"contract s3://{bucket}/nothing.json does not exist; give a path or s3://bucket/key"
    ):
        Contract.load(f"s3://{bucket}/nothing.json")


CASES: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda it: it.pop("table"), "table is null; allowed is the table's name"),
    (lambda it: it.update(version=True), "version is true; allowed is an integer of 1 or more"),
    (lambda it: it.update(version=3), "history has versions [1]; allowed are 1 to 2 in order, each once"),
    (lambda it: it.update(colour="red"), "colour is not known; allowed are checks, history, partition-spec"),
    (lambda it: it["history"][0].update(checks={}), "history[0].checks is not known"),
    (lambda it: it.pop("schema"), "schema is not Iceberg's JSON"),
    (
        lambda it: it["schema"]["fields"][1].update(type="lung"),
        "fields.1.type: Value error, Unsupported field type: 'lung'",
    ),
    (lambda it: it["schema"]["fields"][1].update(id=3), "schema has id 3 more than once"),
    (lambda it: it["partition-spec"][0].update({"source-id": 9}), "partition-spec has source-id 9, which is no field"),
    (lambda it: it.update({"sort-order": [{"direction": "up"}]}), "sort-order is not Iceberg's JSON"),
    (lambda it: it.update(properties={"a": 1}), 'properties is {"a": 1}; allowed is an object of texts'),
    (lambda it: it["checks"].update(amonut={}), "checks names column 'amonut', which is not in schema"),
    (
        lambda it: it["checks"]["id"].update(uniq=True),
        "checks.id.uniq is not known; allowed are max, maxAgeSeconds, maxNullShare, min",
    ),
    (lambda it: it["checks"]["id"].update(unique=1), "checks.id.unique is 1; allowed are true and false"),
    (lambda it: it["checks"]["id"].update(oneOf=[]), "checks.id.oneOf is []; allowed is a list of at least one"),
    (lambda it: it["checks"]["amount"].update(min=None), "checks.amount.min is null; allowed is a number"),
    (
        lambda it: it["checks"]["amount"].update(maxNullShare=2),
        "checks.amount.maxNullShare is 2; allowed is a number from 0",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), CASES, ids=[message[:40] for _, message in CASES])
def test_a_fault_is_named_with_its_place(spoil: Callable[[dict[str, Any]], Any], message: str) -> None:
    given = document()
    spoil(given)
    with pytest.raises(BadInput) as fault:
        Contract.parse(given, "payments.json")
    assert str(fault.value).startswith("contract payments.json: ")
    assert message in str(fault.value)


def test_all_faults_come_at_once() -> None:
    given = document()
    given["checks"] = {"x": {}, "amount": {"min": []}}
    with pytest.raises(BadInput, match="checks names column 'x'.*; checks.amount.min is"):
        Contract.parse(given, "payments.json")


def test_what_is_no_json_is_said(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text("{")
    with pytest.raises(BadInput, match=f"contract {file} is no JSON"):
        Contract.load(file)
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        Contract.load(tmp_path / "nothing.json")
    with pytest.raises(BadInput, match="contract x: is 3; allowed is an object"):
        Contract.parse(3, "x")


@pytest.mark.parametrize(
    ("bundle", "message"),
    [
        ([], "has no list of tables"),
        ({"tables": [{"database": 1, "contract": {}}]}, r"tables\[0\].database is 1, and ML_DATABASES has 1 names"),
        ({"tables": [{"database": 0, "contract": {}}]}, r"contract .* \(tables\[0\]\): table is null"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused(bundle: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(bundle))
    with pytest.raises(BadInput, match=message):
        load_bundle(str(file), {"ML_DATABASES": "shop"})


def test_the_catalogue_follows_from_the_environment() -> None:
    region = {"AWS_REGION": "eu-west-1"}
    assert catalog_properties(region) == {"type": "glue", "glue.region": "eu-west-1", "s3.region": "eu-west-1"}
    tables = {"ML_CATALOG": "s3tables", "ML_WAREHOUSE": "arn:aws:s3tables:eu-west-1:111122223333:bucket/lake"}
    assert catalog_properties({**region, **tables}) == {
        "type": "rest",
        "uri": "https://s3tables.eu-west-1.amazonaws.com/iceberg",
        "warehouse": "arn:aws:s3tables:eu-west-1:111122223333:bucket/lake",
        "rest.sigv4-enabled": "true",
        "rest.signing-name": "s3tables",
        "rest.signing-region": "eu-west-1",
        "s3.region": "eu-west-1",
    }
    with pytest.raises(BadInput, match="ML_CATALOG is 'hive'; allowed are glue, s3tables, sql"):
        catalog_properties({"ML_CATALOG": "hive"})
    with pytest.raises(BadInput, match="ML_WAREHOUSE is not set.*AWS_REGION|AWS_REGION is not set.*ML_WAREHOUSE"):
        catalog_properties({"ML_CATALOG": "s3tables"})
