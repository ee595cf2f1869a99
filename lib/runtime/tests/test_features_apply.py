"""`features-apply` by a real Feast on a real PostgreSQL: what reaches the registry, what is refused, and two at once."""

from __future__ import annotations

import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from features_support import (
    BUCKET,
    PASSWORD,
    PROFILE,
    SERVICE,
    SPENDING,
    TABLES,
    VIEW,
    FeatureStoreUnderTest,
    Outcome,
    store_yaml,
    write_repo,
)
from ml_platform_runtime.features.locks import Busy, registry_lock
from support import wait_until

pytest_plugins = ["features_fixtures"]


def test_apply_registers_views_and_creates_no_table(applied: FeatureStoreUnderTest) -> None:
    before = applied.dynamodb.list_tables()["TableNames"]
    again = applied.run("features-apply")
    assert again.code == 0, again.err[-3000:]
    assert again.report == {
        "outcome": "applied",
        "project": "shop",
        "added": [],
        "changed": [],
        "unchanged": ["profile", "spending"],
        "kept": [],
        "deleted": [],
    }
    assert applied.dynamodb.list_tables()["TableNames"] == before
    with applied.feast() as feast:
        assert sorted(view.name for view in feast.list_batch_feature_views()) == ["profile", "spending"]
        assert [service.name for service in feast.list_feature_services()] == ["scoring"]
    assert PASSWORD not in again.err + again.out


def test_two_applies_at_once_lose_nothing(applied: FeatureStoreUnderTest, tmp_path: Path) -> None:
    views = [f"branch_{number}" for number in range(2)]
    for view in views:
        applied.make_online_table(view)
    processes = []
    for view in views:
        text = VIEW.format(name=view, table="profiles", ttl=86400, fields='Field(name="age", dtype=Int64)')
        write_repo(tmp_path / view, text, endpoint=applied.endpoint)
    with registry_lock(applied.registry_url(), "apply of shop", seconds=1):
        for view in views:
            repo = str(tmp_path / view)
            processes.append(applied.child("features-apply", FEAST_REPO_URI=repo, FEAST_TABLES_URI=""))
        # Both wait at the lock before either may go.
        count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()"
        wait_until(lambda: applied.database.execute(count)[0][0] >= 3, seconds=60, what="both applies wait")
    ended = [Outcome.of(process) for process in processes]
    assert [outcome.code for outcome in ended] == [0, 0], ended
    # A branch that lacks the others' views leaves them alone, and says so.
    for view, outcome in zip(views, ended, strict=True):
        assert outcome.report["added"] == [view]
        assert {"FeatureView profile", "FeatureView spending", "FeatureService scoring"} <= set(outcome.report["kept"])
    with applied.feast() as feast:
        found = {view.name for view in feast.list_batch_feature_views()}
    assert found >= {"profile", "spending", *views}


def test_views_go_only_when_that_is_asked_for_and_their_tables_stay(
    applied: FeatureStoreUnderTest, tmp_path: Path
) -> None:
    applied.make_online_table("passing")
    passing = VIEW.format(name="passing", table="profiles", ttl=86400, fields='Field(name="age", dtype=Int64)')
    both = write_repo(tmp_path / "both", PROFILE, SPENDING, SERVICE, passing, endpoint=applied.endpoint)
    assert applied.run("features-apply", FEAST_REPO_URI=both, FEAST_TABLES_URI="").report["added"] == ["passing"]
    kept = applied.run("features-apply").report
    assert "FeatureView passing" in kept["kept"]
    assert kept["deleted"] == []
    gone = applied.run("features-apply", "--allow-delete").report
    assert "FeatureView passing" in gone["deleted"]
    assert applied.table_name("passing") in applied.dynamodb.list_tables()["TableNames"]
    with applied.feast() as feast:
        assert sorted(view.name for view in feast.list_batch_feature_views()) == ["profile", "spending"]


def test_a_changed_view_is_reported_and_its_watermark_is_kept(applied: FeatureStoreUnderTest, tmp_path: Path) -> None:
    applied.make_online_table("growing")

    def repo(name: str, fields: str) -> str:
        text = VIEW.format(name="growing", table="profiles", ttl=86400, fields=fields)
        return write_repo(tmp_path / name, PROFILE, SPENDING, SERVICE, text, endpoint=applied.endpoint)

    age, country = 'Field(name="age", dtype=Int64)', 'Field(name="country", dtype=String)'
    applied.run("features-apply", FEAST_REPO_URI=repo("one", age), FEAST_TABLES_URI="")
    changed = applied.run("features-apply", FEAST_REPO_URI=repo("two", f"{age}, {country}"), FEAST_TABLES_URI="").report
    assert (changed["changed"], changed["unchanged"]) == (["growing"], ["profile", "spending"])
    with applied.feast() as feast:
        assert sorted(field.name for field in feast.get_feature_view("growing").features) == ["age", "country"]
    applied.run("features-apply", "--allow-delete")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"features": [{"name": "age", "dtype": "FLOAT"}, {"name": "country", "dtype": "STRING"}]},
            "feature age of view profile: the stack has FLOAT, Python has INT64",
        ),
        (
            {"features": [{"name": "age", "dtype": "INT64"}]},
            "feature country of view profile: the stack has none, Python has STRING",
        ),
        ({"ttlSeconds": 60}, "ttl in seconds of view profile: the stack has 60, Python has 2592000"),
        ({"entities": ["account"]}, "entities of view profile: the stack has ['account'], Python has ['customer']"),
        ({"online": False}, "online of view profile: the stack has False, Python has True"),
        (
            {"source": {"table": "people", "timestampField": "at"}},
            "source table of view profile: the stack has people, Python has profiles; "
            "timestamp field of view profile: the stack has at, Python has event_time",
        ),
        (
            {"name": "person"},
            "view person is declared by the stack and not defined in Python; view profile is defined in Python and not declared by the stack",
        ),
    ],
)
def test_a_difference_between_stack_and_python_is_told_with_both_sides(
    applied: FeatureStoreUnderTest, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    tables = tmp_path / "feature-tables.json"
    first, second = TABLES["views"]
    tables.write_text(json.dumps({**TABLES, "views": [{**first, **change}, second]}))  # type: ignore[dict-item]
    outcome = applied.run("features-apply", FEAST_TABLES_URI=str(tables))
    assert outcome.code == 2
    assert outcome.error == (
        f"error: the definitions differ from the tables of the stack: {message}; change one side, deploy the stack first, then apply"
    )


def test_check_compares_and_writes_nothing(applied: FeatureStoreUnderTest) -> None:
    outcome = applied.run("features-apply", "--check", ML_DATABASE_PORT="9")
    assert outcome.report == {"outcome": "checked", "project": "shop", "views": ["profile", "spending"]}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "import sys\nsys.exit(0)\n",
            "zz_job.py:2 ends the program while its definitions are read (exit code 0), so nothing was applied; "
            "move scripts out of the repo, or name them in .feastignore",
        ),
        (
            "import pandaz\n",
            "zz_job.py:1 cannot be imported: ModuleNotFoundError: No module named 'pandaz'; every .py of the repo is imported",
        ),
    ],
)
def test_a_stray_script_is_named(applied: FeatureStoreUnderTest, tmp_path: Path, script: str, message: str) -> None:
    repo = write_repo(tmp_path / "repo", PROFILE, SPENDING, SERVICE, endpoint=applied.endpoint)
    (tmp_path / "repo" / "zz_job.py").write_text(script)
    outcome = applied.run("features-apply", FEAST_REPO_URI=repo)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error == f"error: {message}"
    (tmp_path / "repo" / ".feastignore").write_text("zz_job.py\n")
    assert applied.run("features-apply", FEAST_REPO_URI=repo).code == 0


def test_a_repo_without_definitions_is_an_error(applied: FeatureStoreUnderTest, tmp_path: Path, s3: Any) -> None:
    archive = tmp_path / "repo.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("notes.py", "x = 1\n")
    s3.upload_file(str(archive), BUCKET, "repos/empty.zip")
    outcome = applied.run("features-apply", FEAST_REPO_URI=f"s3://{BUCKET}/repos/empty.zip")
    assert outcome.code == 2
    assert "no feature view is defined in 1 Python files of the repo" in outcome.error


def test_a_zip_on_s3_is_applied_and_the_report_lands_there_too(
    applied: FeatureStoreUnderTest, tmp_path: Path, s3: Any
) -> None:
    archive = tmp_path / "repo.zip"
    source = Path(write_repo(tmp_path / "repo", PROFILE, SPENDING, SERVICE, endpoint=applied.endpoint))
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(source / "definitions.py", "team/definitions.py")
    s3.upload_file(str(archive), BUCKET, "repos/shop.zip")
    uri = f"s3://{BUCKET}/reports/apply.json"
    outcome = applied.run("features-apply", "--report", uri, FEAST_REPO_URI=f"s3://{BUCKET}/repos/shop.zip")
    assert outcome.code == 0, outcome.err[-2000:]
    assert json.loads(s3.get_object(Bucket=BUCKET, Key="reports/apply.json")["Body"].read()) == outcome.report


def test_a_view_whose_online_table_is_missing_is_refused_before_anything_is_registered(
    applied: FeatureStoreUnderTest, tmp_path: Path
) -> None:
    orphan = VIEW.format(name="orphan", table="profiles", ttl=60, fields='Field(name="age", dtype=Int64)')
    repo = write_repo(tmp_path / "repo", PROFILE, SPENDING, SERVICE, orphan, endpoint=applied.endpoint)
    outcome = applied.run("features-apply", FEAST_REPO_URI=repo, FEAST_TABLES_URI="")
    assert outcome.code == 2
    assert outcome.error == (
        "error: table mlp_shop_orphan of view orphan does not exist; declare the view in the stack and deploy it before apply"
    )
    with applied.feast() as feast:
        assert "orphan" not in {view.name for view in feast.list_batch_feature_views()}


def test_an_apply_that_waits_in_vain_says_for_whom(applied: FeatureStoreUnderTest) -> None:
    with registry_lock(applied.registry_url(), "apply of shop", seconds=1):
        outcome = applied.run("features-apply", "--wait-seconds", "0.3")
    assert outcome.code == 3
    assert (
        outcome.error
        == "error: apply of shop is held by another run for longer than 0.3 s; start again when that has ended"
    )


def test_the_lock_of_sqlite_lets_one_in_at_a_time(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/registry.db"
    inside = threading.Event()

    def hold() -> None:
        with registry_lock(address, "apply of shop", seconds=1):
            inside.set()
            threading.Event().wait(0.5)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(5)
    with pytest.raises(Busy), registry_lock(address, "apply of shop", seconds=0.1):
        pytest.fail("two holders")
    with registry_lock(address, "apply of other", seconds=0.1):
        pass
    with registry_lock(address, "apply of shop", seconds=5):
        holder.join()


def test_faults_of_the_environment_come_in_one_message(applied: FeatureStoreUnderTest) -> None:
    outcome = applied.run(
        "features-apply",
        FEAST_STORE_YAML=store_yaml(
            applied.endpoint, {"type": "redis", "connection_string": "${FEAST_ONLINE_CONNECTION}"}
        ),
        ML_DATABASE_HOST="db.internal",
        ML_DATABASE_SSLMODE="prefer",
        ML_DATABASE_USER="",
    )
    assert outcome.code == 2
    assert outcome.error == (
        "error: ML_DATABASE_USER is not set; give the user, or all in FEAST_REGISTRY_URL; "
        "ML_DATABASE_SSLMODE is 'prefer', so the password could travel in clear text to db.internal; allowed are require, verify-ca, verify-full; "
        "feature_store.yaml asks for ${FEAST_ONLINE_CONNECTION}, which is not set; set it in the environment"
    )
    assert PASSWORD not in outcome.err


def test_a_yaml_that_feast_refuses_is_told_without_its_values(applied: FeatureStoreUnderTest) -> None:
    text = store_yaml(applied.endpoint).replace("consistent_reads: true", "consistent_reads: hush-hush")
    outcome = applied.run("features-apply", FEAST_STORE_YAML=text)
    assert outcome.code == 2
    assert "Feast refuses feature_store.yaml" in outcome.error
    assert "consistent_reads" in outcome.error
    assert "hush-hush" not in outcome.err


def test_a_registry_file_is_refused_because_it_loses_writers(applied: FeatureStoreUnderTest) -> None:
    text = store_yaml(applied.endpoint).replace("registry_type: sql", "registry_type: file")
    outcome = applied.run("features-apply", FEAST_STORE_YAML=text)
    assert outcome.code == 2
    assert (
        "the registry is of type file, where one of two concurrent writers is lost; use registry_type: sql"
        in outcome.error
    )
