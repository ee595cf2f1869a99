"""Whoever reads the registry imports Feast without typeguard's second compilation of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support import surroundings

# what typeguard writes into a function that it checks
LOOK = "from feast import Entity; print('check_argument_types' in ' '.join(Entity.__init__.__code__.co_names))"


@pytest.mark.parametrize(
    ("before", "checks"),
    [
        # were this one False, Feast would ask for it no more, and the module could go
        ("", True),
        ("from ml_platform_runtime.features.unchecked import import_feast_unchecked as first; first(); ", False),
    ],
)
def test_feast_is_as_it_is_written(before: str, checks: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", before + LOOK], env=surroundings({}), capture_output=True, text=True, timeout=120
    )
    assert done.stdout == f"{checks}\n", done.stderr[-2000:]
