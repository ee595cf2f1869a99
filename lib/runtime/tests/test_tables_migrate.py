"""Contracts and migrations on real tables: pyiceberg on the emulator's Glue, and on SQLite where only commits matter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema

from ml_platform_runtime.cli import main
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.tables.catalogs import open_catalog
from ml_platform_runtime.tables.contract import Contract
from ml_platform_runtime.tables.freeze import freeze
from ml_platform_runtime.tables.migrate import VERSION, MigrationConflict, migrate
from support import runtime, wait_until
from tables_support import contract_json, field, make_table, put_contract

pytest_plugins = ["tables_fixtures"]

ID = field(1, "id", "long", required=True)
AMOUNT = field(2, "amount", "float")
V1 = [ID, AMOUNT]
V2 = [ID, field(2, "amount", "double"), field(3, "country", "string", doc="ISO 3166")]
PLACE = {"type": "struct", "fields": [field(5, "city", "string"), field(6, "zip", "string", required=True)]}
V3 = [field(4, "place", PLACE), ID, field(2, "amount", "double"), field(3, "country", "string", doc="ISO 3166-1")]


def rows(*values: dict[str, Any], **columns: pa.DataType) -> pa.Table:
    types = {"id": pa.int64(), "amount": pa.float32(), **columns}
    required = {"id"}
    return pa.Table.from_pylist(
        list(values),
        schema=pa.schema([pa.field(key, kind, nullable=key not in required) for key, kind in types.items()]),
    )


def output(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return answer


def test_a_table_on_glue_evolves_by_its_contract_and_old_rows_stay_readable(
    glue: Catalog, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_table(glue, name, V1)
    table.append(rows({"id": 1, "amount": 1.5}))
    database, short = name.split(".")
    file = put_contract(tmp_path, contract_json(short, V1, V2, V3))

    assert main(["tables-migrate", "--contract", str(file), "--database", database]) == 0

    assert output(capsys) == {
        "tables": [{"table": name, "outcome": "migrated", "version": 3, "committed": [1, 2, 3], "schemaId": 2}],
        "pending": 0,
    }
    table = glue.load_table(name)
    wanted = Contract.load(file)
    # names, types, order, comments and ids are the contract's own
    assert table.schema().as_struct() == wanted.schema.as_struct()
    assert table.properties[VERSION] == "3"
    table.append(
        pa.Table.from_pylist(
            [{"place": {"city": "Ulm", "zip": "89073"}, "id": 2, "amount": 2.5, "country": "DE"}],
            schema=table.schema().as_arrow(),
        )
    )
    by_id = {row["id"]: row for row in table.scan().to_arrow().to_pylist()}
    assert by_id[1] == {"id": 1, "amount": 1.5, "country": None, "place": None}
    assert by_id[2] == {"id": 2, "amount": 2.5, "country": "DE", "place": {"city": "Ulm", "zip": "89073"}}


def test_a_second_run_commits_nothing(glue: Catalog, name: str, tmp_path: Path) -> None:
    make_table(glue, name, V1)
    contract = Contract.load(put_contract(tmp_path, contract_json(name.split(".")[1], V1, V2)))
    assert migrate(glue, name, contract).committed == [1, 2]
    before = glue.load_table(name).metadata_location

    again = migrate(glue, name, contract)

    assert again.to_plain() == {"table": name, "outcome": "unchanged", "version": 2, "committed": [], "schemaId": 1}
    assert glue.load_table(name).metadata_location == before


def test_glue_still_knows_the_table_as_iceberg_after_a_migration(
    glue: Catalog, name: str, tmp_path: Path, aws: str
) -> None:
    import boto3

    make_table(glue, name, V1)
    database, short = name.split(".")
    migrate(glue, name, Contract.load(put_contract(tmp_path, contract_json(short, V1, V2))))

    entry = boto3.client("glue").get_table(DatabaseName=database, Name=short)["Table"]

    assert entry["Parameters"]["table_type"] == "ICEBERG"
    assert entry["Parameters"]["metadata_location"] == glue.load_table(name).metadata_location
    assert [column["Name"] for column in entry["StorageDescriptor"]["Columns"]] == ["id", "amount", "country"]


def test_a_contract_is_read_from_s3_in_a_bundle(
    glue: Catalog, name: str, s3: Any, bucket: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(glue, name, V1)
    database, short = name.split(".")
    bundle = {"tables": [{"database": 1, "contract": contract_json(short, V1, V2)}]}
    s3.put_object(Bucket=bucket, Key="contracts.json", Body=json.dumps(bundle).encode())
    monkeypatch.setenv("ML_DATABASES", f"other,{database}")

    assert main(["tables-migrate", "--contracts", f"s3://{bucket}/contracts.json"]) == 0

    assert output(capsys)["tables"][0]["committed"] == [1, 2]


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ([ID], "amount is dropped or renamed"),
        ([ID, field(2, "value", "float")], "amount is dropped or renamed"),
        ([ID, field(2, "amount", "int")], "amount is float and would be int"),
        ([ID, field(2, "amount", "float", required=True)], "amount may be null and would be required"),
        ([ID, AMOUNT, field(3, "x", "int", required=True)], "x is new and required"),
        ([ID, field(9, "amount", "float")], "amount has id 2 and would get 9"),
    ],
)
def test_a_version_that_breaks_readers_is_refused_and_nothing_is_committed(
    sql: Catalog, name: str, after: list[dict[str, Any]], reason: str
) -> None:
    make_table(sql, name, V1)
    contract = Contract.parse(contract_json(name.split(".")[1], V1, after), "by-hand.json")

    with pytest.raises(BadInput) as refused:
        migrate(sql, name, contract)

    assert f"version 2 would break readers of {name}: {reason}" in str(refused.value)
    assert [one.name for one in sql.load_table(name).schema().fields] == ["id", "amount"]
    assert sql.load_table(name).metadata.current_schema_id == 0


def test_the_command_says_what_it_refused_and_ends_with_2(
    sql: Catalog, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_table(sql, name, [*V1, field(3, "extra", "string")])
    database, short = name.split(".")
    file = put_contract(tmp_path, contract_json(short, V1, V2))

    assert main(["tables-migrate", "--contract", str(file), "--database", database]) == 2

    said = capsys.readouterr()
    assert (
        f"error: table {name} cannot become version 2 of {file}: extra is dropped or renamed; its readers" in said.err
    )
    assert json.loads(said.out.splitlines()[-1]) == {"tables": [], "pending": 1}


def test_a_table_that_somebody_changed_is_not_overwritten(sql: Catalog, name: str) -> None:
    table = make_table(sql, name, V1)
    short = name.split(".")[1]
    migrate(sql, name, Contract.parse(contract_json(short, V1), "one.json"))
    from pyiceberg.types import StringType

    sql.load_table(name).update_schema().add_column("mine", StringType()).commit()

    with pytest.raises(
        BadInput,
        match=f"table {name}, which says that it has version 1, cannot become version 2 of two.json: mine is dropped",
    ):
        migrate(sql, name, Contract.parse(contract_json(short, V1, V2), "two.json"))
    assert "mine" in {one.name for one in table.refresh().schema().fields}


def test_an_id_that_another_column_had_is_never_given_again(sql: Catalog, name: str) -> None:
    make_table(sql, name, [*V1, field(3, "secret", "string")])
    sql.load_table(name).update_schema().delete_column("secret").commit()

    with pytest.raises(BadInput, match="gives country the id 3, which secret had once.*above 3"):
        migrate(sql, name, Contract.parse(contract_json(name.split(".")[1], V1, V2), "c.json"))


def test_an_older_contract_leaves_a_newer_table_alone(sql: Catalog, name: str) -> None:
    """So that a deployment that fails after its migration can be rolled back."""
    make_table(sql, name, V1)
    short = name.split(".")[1]
    migrate(sql, name, Contract.parse(contract_json(short, V1, V2), "new.json"))

    result = migrate(sql, name, Contract.parse(contract_json(short, V1), "old.json"))

    assert (result.outcome, result.version, result.committed) == ("ahead", 2, [])
    assert len(sql.load_table(name).schema().fields) == 3


def test_sort_order_and_properties_come_with_their_version(sql: Catalog, name: str) -> None:
    make_table(sql, name, V1)
    document = contract_json(name.split(".")[1], V1, V1)
    order = [{"transform": "identity", "source-id": 1, "direction": "desc", "null-order": "nulls-last"}]
    document |= {"sort-order": order, "properties": {"comment": "payments"}}

    assert migrate(sql, name, Contract.parse(document, "c.json")).committed == [1, 2]

    table = sql.load_table(name)
    assert [str(one) for one in table.sort_order().fields] == ["1 DESC NULLS LAST"]
    assert table.properties["comment"] == "payments"
    assert table.metadata.current_schema_id == 0


def test_partitions_that_differ_are_refused(sql: Catalog, name: str) -> None:
    make_table(sql, name, V1)
    document = contract_json(name.split(".")[1], V1)
    document["partition-spec"] = [{"source-id": 1, "field-id": 1000, "transform": "bucket[4]", "name": "id_bucket"}]
    with pytest.raises(BadInput, match="partitions never change in place: make a new table"):
        migrate(sql, name, Contract.parse(document, "c.json"))


def test_a_table_that_does_not_exist_is_named(sql: Catalog) -> None:
    with pytest.raises(BadInput, match=r"table shop\.nothing does not exist in the catalogue"):
        migrate(sql, "shop.nothing", Contract.parse(contract_json("nothing", V1), "c.json"))


def many_versions(count: int) -> list[list[dict[str, Any]]]:
    return [
        [ID, *(field(number, f"c{number}", "string") for number in range(2, 2 + version))] for version in range(count)
    ]


def test_a_migration_that_is_killed_half_way_goes_on_where_it_stopped(glue: Catalog, name: str, tmp_path: Path) -> None:
    versions = many_versions(14)
    table = make_table(glue, name, versions[0])
    table.append(
        pa.table({"id": pa.array([1], pa.int64())}, schema=pa.schema([pa.field("id", pa.int64(), nullable=False)]))
    )
    database, short = name.split(".")
    file = put_contract(tmp_path, contract_json(short, *versions))
    command = [*runtime("tables-migrate"), "--contract", str(file), "--database", database]
    process = subprocess.Popen(command, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_until(
            lambda: int(glue.load_table(name).properties.get(VERSION, 0)) >= 2,
            seconds=60,
            what="two versions",
            interval=0.01,
        )
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    reached = int(glue.load_table(name).properties[VERSION])
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed; give it more versions"
    assert 2 <= reached < 14
    assert len(glue.load_table(name).schema().fields) == reached  # never half of a version

    result = migrate(glue, name, Contract.load(file))

    assert result.committed == list(range(reached + 1, 15))
    table = glue.load_table(name)
    assert table.schema().as_struct() == Contract.load(file).schema.as_struct()
    assert [row["id"] for row in table.scan().to_arrow().to_pylist()] == [1]


def test_of_two_migrations_at_once_each_version_is_committed_by_one(glue: Catalog, name: str) -> None:
    versions = many_versions(6)
    make_table(glue, name, versions[0])
    contract = Contract.parse(contract_json(name.split(".")[1], *versions), "c.json")
    results: list[Any] = []
    gate = threading.Barrier(2)

    def run() -> None:
        gate.wait()
        try:
            results.append(migrate(glue, name, contract))
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not [one for one in results if isinstance(one, Exception)], results
    committed = [version for one in results for version in one.committed]
    assert sorted(committed) == list(range(1, 7))
    table = glue.load_table(name)
    assert table.schema().as_struct() == contract.schema.as_struct()
    assert len(table.metadata.schemas) == 6


def test_a_lost_race_is_read_again(sql: Catalog, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one commits the same version between our look and our commit."""
    make_table(sql, name, V1)
    contract = Contract.parse(contract_json(name.split(".")[1], V1, V2), "c.json")
    commit = type(sql).commit_table
    raced = []

    def after_the_other(self: Catalog, *arguments: Any) -> Any:
        if not raced:
            raced.append(True)
            migrate(sql, name, contract)
        return commit(self, *arguments)

    monkeypatch.setattr(type(sql), "commit_table", after_the_other)

    result = migrate(sql, name, contract)

    assert (result.outcome, result.committed) == ("unchanged", [])
    assert len(sql.load_table(name).metadata.schemas) == 2


def test_a_table_that_never_comes_to_rest_ends_in_a_conflict(
    sql: Catalog, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(sql, name, V1)

    def refused(*_: Any) -> None:
        raise CommitFailedException("somebody else")

    monkeypatch.setattr(type(sql), "commit_table", refused)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(MigrationConflict, match="run the migration again") as conflict:
        migrate(sql, name, Contract.parse(contract_json(name.split(".")[1], V1, V2), "c.json"))
    assert conflict.value.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --contract and --database, or --contracts"),
        (["--contract", "x.json"], "give --contract and --database, or --contracts"),
        (["--contract", "nothing.json", "--database", "shop"], "contract nothing.json cannot be read: No such file"),
    ],
)
def test_what_is_missing_is_said(
    arguments: list[str], message: str, sql: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tables-migrate", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_pyiceberg_gives_new_columns_the_ids_that_the_contract_has(sql: Catalog, name: str) -> None:
    """The ids of a contract follow pyiceberg's own order: what a person adds by pyiceberg meets the contract's ids."""
    make_table(sql, name, V2)
    update = sql.load_table(name).update_schema()
    update.union_by_name(Schema.model_validate({"type": "struct", "fields": V3}))
    update.commit()
    evolved = sql.load_table(name).schema()
    assert {evolved.find_field(path).field_id for path in ("place", "place.city", "place.zip")} == {4, 5, 6}
    result = migrate(sql, name, Contract.parse(contract_json(name.split(".")[1], V2, V3), "c.json"))
    assert result.outcome == "migrated"


def test_a_partitioned_table_evolves(glue: Catalog, name: str, tmp_path: Path) -> None:
    spec = [{"source-id": 1, "field-id": 1000, "transform": "bucket[4]", "name": "id_bucket"}]
    table = make_table(glue, name, V1, PartitionSpec.model_validate({"spec-id": 0, "fields": spec}))
    table.append(rows({"id": 1, "amount": 1.5}, {"id": 2, "amount": None}))
    document = contract_json(name.split(".")[1], V1, V2)
    document["partition-spec"] = spec

    assert migrate(glue, name, Contract.parse(document, "c.json")).committed == [1, 2]

    assert sorted(row["id"] for row in glue.load_table(name).scan().to_arrow().to_pylist()) == [1, 2]


def test_what_the_construct_library_writes_is_what_the_table_becomes(glue: Catalog) -> None:
    """The file is kept in step with the library by test/data/contract.test.ts."""
    contract = Contract.load(Path(__file__).parents[3] / "test" / "data" / "contracts" / "transactions.json")
    first = contract.versions[0]
    name = f"shop.{contract.table}"
    # as the template makes it: with the first schema
    glue.create_table(name, first.schema, partition_spec=contract.partition_spec, sort_order=first.sort_order)
    assert glue.load_table(name).schema().as_struct() == first.schema.as_struct()

    assert migrate(glue, name, contract).committed == [1, 2, 3]

    table = glue.load_table(name)
    assert table.schema().as_struct() == contract.schema.as_struct()
    assert table.schema().identifier_field_names() == {"id"}
    assert list(table.sort_order().fields) == list(contract.sort_order.fields)
    assert table.properties["comment"] == "card transactions"
    assert [one.name for one in table.schema().fields] == ["place", "id", "at", "amount", "country"]
    row = {
        "place": {"city": "Ulm", "tags": ["a"]},
        "id": 1,
        "at": datetime(2026, 11, 1, tzinfo=timezone.utc),
        "amount": Decimal("1.50"),
        "country": "DE",
    }
    table.append(pa.Table.from_pylist([row], schema=table.schema().as_arrow()))
    assert table.scan().to_arrow().to_pylist() == [row]


def test_tables_of_s3_tables_evolve_and_are_frozen(aws: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    client = boto3.client("s3tables")
    short = name.split(".")[1]
    arn = client.create_table_bucket(name=f"tables-{short.replace('_', '-')}")["arn"]
    client.create_namespace(tableBucketARN=arn, namespace=["shop"])
    monkeypatch.setenv("ML_CATALOG", "s3tables")
    monkeypatch.setenv("ML_WAREHOUSE", arn)
    catalog = open_catalog(os.environ)
    table = make_table(catalog, name, V1)
    table.append(rows({"id": 1, "amount": 1.5}))

    assert migrate(catalog, name, Contract.parse(contract_json(short, V1, V2, V3), "c.json")).committed == [1, 2, 3]

    assert freeze(catalog, name, "v1", retention_days=30).outcome == "frozen"
    table = catalog.load_table(name)
    assert table.scan(snapshot_id=table.metadata.refs["v1"].snapshot_id).to_arrow()["id"].to_pylist() == [1]
