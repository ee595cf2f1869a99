"""Buckets, Iceberg tables and databases."""
import json

import psycopg2
import pyarrow as pa
import pytest
from conftest import StackFailed, eventually
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchPropertyException
from templates import att, balancer, ref, task

from ml_platform_emulator.databases import find_programs

NESTED = {"type": "list", "element-id": 6, "element": "string", "element-required": False}
FIELDS = [
    {"Id": 1, "Name": "customer_id", "Type": "long", "Required": True},
    {"Id": 2, "Name": "event_time", "Type": "timestamptz", "Required": True, "Doc": "when it happened"},
    {"Id": 3, "Name": "amount", "Type": "decimal(12, 2)", "Required": False},
    {"Id": 5, "Name": "labels", "Type": json.dumps(NESTED), "Required": False},
]


def lake(fields=FIELDS, description="", whole=True) -> dict:
    """A database, a bucket and one Iceberg table."""
    table = {"Location": {"Fn::Join": ["", ["s3://", ref("Bucket"), "/events/"]]},
             "Schema": {"Type": "struct", "Fields": fields, "IdentifierFieldIds": [1]},
             "PartitionSpec": {"Fields": [
                 {"SourceId": 2, "FieldId": 1000, "Name": "event_day", "Transform": "day"},
                 {"SourceId": 1, "Name": "customer_bucket", "Transform": "bucket[16]"}]},
             "WriteOrder": {"OrderId": 1, "Fields": [
                 {"SourceId": 2, "Transform": "identity", "Direction": "asc", "NullOrder": "nulls-last"}]},
             "Properties": {"write.format.default": "parquet", "owner": "ml"}}
    properties = {"CatalogId": ref("AWS::AccountId"), "DatabaseName": ref("Database"),
                  "TableInput": {"Name": "events", "TableType": "EXTERNAL_TABLE", "Description": description,
                                 "Parameters": {"team": "fraud"}}}
    if whole:
        properties["OpenTableFormatInput"] = {"IcebergInput": {
            "MetadataOperation": "CREATE", "Version": "2", "IcebergTableInput": table}}
    return {"Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
            "Database": {"Type": "AWS::Glue::Database", "Properties": {
                "CatalogId": ref("AWS::AccountId"), "DatabaseInput": {"Name": "lake"}}},
            "Table": {"Type": "AWS::Glue::Table", "Properties": properties}}


def load(emulator):
    """The table as pyiceberg sees it."""
    catalog = GlueCatalog("c", client=emulator.client("glue"), **{
        "s3.endpoint": emulator.endpoint, "s3.access-key-id": "test", "s3.secret-access-key": "test",
        "s3.region": "us-east-1"})
    return catalog.load_table("lake.events")


def rows(table, *extra):
    """One row for the table's schema."""
    import datetime
    import decimal
    row = {"customer_id": 7, "event_time": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
           "amount": decimal.Decimal("12.50"), "labels": ["a", "b"], **dict(extra)}
    return pa.Table.from_pylist([row], schema=table.schema().as_arrow())


def test_an_iceberg_table_of_cloudformation_is_a_real_one(emulator):
    emulator.deploy("Lake", lake())
    table = load(emulator)
    assert table.format_version == 2
    assert table.location().startswith("s3://lake-bucket-") and table.location().endswith("/events")
    assert [(f.field_id, f.name, str(f.field_type), f.required) for f in table.schema().fields] == [
        (1, "customer_id", "long", True), (2, "event_time", "timestamptz", True),
        (3, "amount", "decimal(12, 2)", False), (5, "labels", "list<string>", False)]
    assert table.schema().find_field(2).doc == "when it happened"
    assert table.schema().identifier_field_ids == [1]
    assert [(f.source_id, f.field_id, f.name, str(f.transform)) for f in table.spec().fields] == [
        (2, 1000, "event_day", "day"), (1, 1001, "customer_bucket", "bucket[16]")]
    assert str(table.sort_order().fields[0]) == "2 ASC NULLS LAST"
    assert table.properties["owner"] == "ml"
    glue = emulator.client("glue").get_table(DatabaseName="lake", Name="events")["Table"]
    assert glue["Parameters"]["team"] == "fraud"
    assert [(c["Name"], c["Type"]) for c in glue["StorageDescriptor"]["Columns"]] == [
        ("customer_id", "bigint"), ("event_time", "timestamp"), ("amount", "decimal(12,2)"), ("labels", "array<string>")]


def test_pyiceberg_appends_and_a_harmless_update_keeps_the_data(emulator):
    emulator.deploy("Lake", lake()) if "Lake" not in stacks(emulator) else None
    load(emulator).append(rows(load(emulator)))
    before = load(emulator).metadata_location
    emulator.deploy("Lake", lake(description="all events"))
    table = load(emulator)
    assert table.metadata_location == before
    assert table.scan().to_arrow().to_pylist()[0]["labels"] == ["a", "b"]
    described = emulator.client("glue").get_table(DatabaseName="lake", Name="events")["Table"]
    assert described["Description"] == "all events"


def test_a_new_column_reaches_the_live_table_and_old_rows_stay(emulator):
    more = [*FIELDS, {"Id": 7, "Name": "country", "Type": "string", "Required": False}]
    emulator.deploy("Lake", lake(more))
    table = load(emulator)
    assert table.schema().column_names[-1] == "country"
    assert [row["country"] for row in table.scan().to_arrow().to_pylist()] == [None]


def test_an_update_without_the_whole_schema_loses_the_table_as_on_aws(emulator):
    emulator.deploy("Lake", lake(whole=False, description="oops"))
    parameters = emulator.client("glue").get_table(DatabaseName="lake", Name="events")["Table"]["Parameters"]
    assert "table_type" not in parameters
    assert "metadata_location" in parameters
    with pytest.raises(NoSuchPropertyException, match="table_type"):
        load(emulator)


def test_an_impossible_column_type_fails_the_stack(emulator):
    with pytest.raises(StackFailed) as failed:
        emulator.deploy("Wrong", {**lake([{"Id": 1, "Name": "x", "Type": "text", "Required": True}]),
                                  "Database": {"Type": "AWS::Glue::Database", "Properties": {
                                      "CatalogId": "0", "DatabaseInput": {"Name": "wrong"}}}})
    assert "field x: type 'text' is no Iceberg type" in failed.value.reasons[0]


def stacks(emulator):
    """Names of the stacks."""
    return {s["StackName"] for s in emulator.client("cloudformation").describe_stacks()["Stacks"]}


def test_bucket_tags_are_kept_and_follow_an_update(emulator):
    def bucket(value):
        return {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": "tagged", "Tags": [{"Key": "aws-cdk:auto-delete-objects", "Value": value}]}}}
    s3 = emulator.client("s3")
    emulator.deploy("Tagged", bucket("true"))
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == [{"Key": "aws-cdk:auto-delete-objects", "Value": "true"}]
    emulator.deploy("Tagged", bucket("false"))
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"][0]["Value"] == "false"
    s3.put_object(Bucket="tagged", Key="k", Body=b"v")
    assert emulator.delete("Tagged") == "DELETE_FAILED"
    assert "The bucket you tried to delete is not empty: tagged" in emulator.failures("Tagged")
    s3.delete_object(Bucket="tagged", Key="k")
    assert emulator.delete("Tagged") == "DELETE_COMPLETE"


def database() -> dict:
    """An instance as the CDK writes it: generated secret, dynamic references, attachment."""
    def resolve(field):
        return {"Fn::Join": ["", ["{{resolve:secretsmanager:", ref("Secret"), f":SecretString:{field}::}}}}"]]}
    return {
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {
            "SecretStringTemplate": "{\"username\":\"mlflow\"}", "GenerateStringKey": "password",
            "PasswordLength": 30, "ExcludeCharacters": " %+~`#$&*()|[]{}:;<>?!'/@\"\\"}}},
        "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {
            "Engine": "postgres", "EngineVersion": "17.5", "DBInstanceClass": "db.t4g.micro", "DBName": "mlflow",
            "AllocatedStorage": "20", "MasterUsername": resolve("username"), "MasterUserPassword": resolve("password")}},
        "Attachment": {"Type": "AWS::SecretsManager::SecretTargetAttachment", "Properties": {
            "SecretId": ref("Secret"), "TargetId": ref("Database"), "TargetType": "AWS::RDS::DBInstance"}},
    }


@pytest.mark.skipif(not find_programs(), reason="no PostgreSQL is installed")
def test_a_postgres_instance_is_a_real_database_with_the_secret_of_the_stack(emulator):
    outputs = emulator.deploy("Database", database(), {
        "Secret": ref("Attachment"), "Address": att("Database", "Endpoint.Address"),
        "Port": att("Database", "Endpoint.Port")})
    secret = json.loads(emulator.client("secretsmanager").get_secret_value(SecretId=outputs["Secret"])["SecretString"])
    assert (secret["host"], str(secret["port"]), secret["dbname"]) == ("127.0.0.1", outputs["Port"], "mlflow")
    arguments = {"host": secret["host"], "port": secret["port"], "user": secret["username"], "dbname": secret["dbname"]}
    with psycopg2.connect(password=secret["password"], **arguments) as connection:
        cursor = connection.cursor()
        cursor.execute("select current_user, current_database()")
        assert cursor.fetchone() == ("mlflow", "mlflow")
    connection.close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(password="wrong", **arguments)
    lines = [line for line in emulator.report("Database") if line["kind"] == "database"]
    assert [line["detail"] for line in lines] == [f"PostgreSQL on 127.0.0.1:{outputs['Port']}"]
    assert emulator.delete("Database") == "DELETE_COMPLETE"
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(password=secret["password"], **arguments)


def test_a_protected_instance_stops_the_deletion_of_its_stack_until_the_protection_is_off(emulator):
    resources = database()
    resources["Database"]["Properties"]["DeletionProtection"] = True
    emulator.deploy("Protected", resources)
    assert emulator.delete("Protected") == "DELETE_FAILED"
    cloudformation = emulator.client("cloudformation")
    events = cloudformation.describe_stack_events(StackName="Protected")["StackEvents"]
    assert any("Cannot delete protected DB Instance" in event.get("ResourceStatusReason", "") for event in events)


def test_without_postgres_the_task_gets_sqlite_and_the_report_says_why(tmp_path):
    from conftest import RunningEmulator
    running = RunningEmulator(tmp_path, ML_EMULATOR_NO_POSTGRES="1")
    try:
        show = "import os; print(os.environ['ML_DATABASE_URL'], flush=True)"
        outputs = running.deploy("Lite", {
            **database(), "Logs": balancer("lite")["Logs"], "Cluster": balancer("lite")["Cluster"],
            "Task": task(["python", "-c", show], "lite", Environment=[
                {"Name": "ML_DATABASE_HOST", "Value": att("Database", "Endpoint.Address")}])},
            {"Task": ref("Task"), "Host": att("Database", "Endpoint.Address")})
        assert outputs["Host"].endswith(".sqlite.invalid")
        running.client("ecs").run_task(cluster="lite", taskDefinition=outputs["Task"], launchType="FARGATE")
        events = eventually(lambda: running.client("logs").filter_log_events(logGroupName="/lite")["events"])
        assert events[0]["message"].startswith(f"sqlite:///{tmp_path}")
        line = next(line for line in running.report() if line["kind"] == "database")
        assert line["detail"] == "SQLite instead of PostgreSQL: ML_EMULATOR_NO_POSTGRES is set"
    finally:
        running.stop()
