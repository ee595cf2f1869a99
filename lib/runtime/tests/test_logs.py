"""Logs: JSON lines, and no password in any of them."""

from __future__ import annotations

import io
import json
import logging
import warnings

import pytest

from ml_platform_runtime import logs


@pytest.fixture
def lines() -> object:
    """A function that gives what was logged since."""
    root, handlers, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    stream = io.StringIO()
    logs.configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def test_an_entry_is_one_line_with_its_extras(lines) -> None:  # type: ignore[no-untyped-def]
    logging.getLogger("a.b").info("two\nlines", extra={"version": "3", "path": object})
    entry = lines()[0]
    assert (entry["level"], entry["logger"], entry["message"], entry["version"]) == ("info", "a.b", "two\nlines", "3")


def test_an_error_brings_its_stack_in_the_same_line(lines) -> None:  # type: ignore[no-untyped-def]
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("a").exception("failed")
    assert lines()[0]["error"] == "ValueError: bad"
    assert "test_logs.py" in lines()[0]["stack"]


@pytest.mark.parametrize(
    "text", ["postgresql://ml:hush@db/x", "cannot use https://ml:hush@host:1/, sorry", "redis://:hush@host"]
)
def test_passwords_of_addresses_are_masked_everywhere(lines, text: str) -> None:  # type: ignore[no-untyped-def]
    try:
        raise RuntimeError(text)
    except RuntimeError:
        logging.getLogger("a").exception(text, extra={"address": text})
    assert "hush" not in json.dumps(lines())
    assert "***@" in lines()[0]["message"]


def test_python_warnings_become_entries(lines) -> None:  # type: ignore[no-untyped-def]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert lines()[0]["logger"] == "py.warnings"
