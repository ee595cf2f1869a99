"""Our commands import Feast without typeguard's second compilation of it; what it tells people about their definitions stays."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from support import surroundings

OURS = "from ml_platform_runtime.features.feast_import import import_feast as first; first()"
LOOK = """
import json
from datetime import timedelta
from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource
from feast.types import Int64

def told(call):
    try:
        return f"taken: {call()}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def checked(method):
    # what typeguard writes into a function that it checks
    return "check_argument_types" in " ".join(method.__code__.co_names)

print(json.dumps({
    "other methods": [checked(each.from_proto) for each in (Entity, FeatureView)],
    "constructors": [checked(each.__init__) for each in (Entity, FeatureView, Field, FeatureService, PushSource)],
    "told": [told(call) for call in [
        lambda: Entity(name=7), lambda: Field(name="age", dtype="INT"), lambda: FeatureView(name="v", source="table"),
        lambda: FeatureService(name="s", features="v"), lambda: PushSource(name="p", batch_source="table"),
        lambda: FileSource(path=7), lambda: FeatureView(name="v", source=FileSource(path="p"), ttl=3600),
    ]],
}))
"""


def found(before: str) -> Any:
    command = [sys.executable, "-c", f"{before}\n{LOOK}"]
    done = subprocess.run(command, env=surroundings({}), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_only_constructors_are_compiled_twice_and_people_are_told_of_wrong_definitions_as_feast_tells_them() -> None:
    feast, ours = found(""), found(OURS)
    # were these False, Feast would ask for it no more, and the module could go
    assert feast["other methods"] == [True, True]
    assert ours["other methods"] == [False, False]
    assert ours["constructors"] == feast["constructors"]
    assert sum(one.startswith("TypeCheckError") for one in feast["told"]) > 3
    assert ours["told"] == feast["told"]
