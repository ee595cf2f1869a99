"""The pinned emulator and its private API."""
import importlib
import re
from pathlib import Path

import pytest

from ml_platform_emulator import ministack_pin

PACKAGE = Path(ministack_pin.__file__).parent


def test_the_installed_ministack_is_the_pinned_one_with_every_symbol():
    ministack_pin.check()


def test_the_pin_of_the_code_is_that_of_the_requirements():
    requirements = (PACKAGE.parent / "requirements.in").read_text()
    assert re.search(r"^ministack==(\S+)$", requirements, re.M)[1] == ministack_pin.PINNED_VERSION


def test_another_version_is_named(monkeypatch):
    monkeypatch.setattr(ministack_pin, "version", lambda name: "1.6.0")
    with pytest.raises(ministack_pin.MinistackMoved) as moved:
        ministack_pin.check()
    assert str(moved.value) == "ministack 1.6.0 is installed, ministack_api.py is written against 1.5.33"


def test_a_lost_symbol_is_named_with_the_pin(monkeypatch):
    monkeypatch.delattr("ministack.services.alb._execute_action")
    with pytest.raises(ministack_pin.MinistackMoved, match=r"ministack\.services\.alb\._execute_action is gone "
                                                           r"\(pinned ministack 1\.5\.33\)"):
        ministack_pin.check()


def test_a_changed_signature_is_named(monkeypatch):
    monkeypatch.setattr("ministack.services.stepfunctions._poll_ecs_tasks", lambda cluster: None)
    with pytest.raises(ministack_pin.MinistackMoved, match=r"_poll_ecs_tasks takes \('cluster',\), expected"):
        ministack_pin.check()


def test_only_the_two_files_name_ministack_s_modules():
    users = {path.name for path in PACKAGE.rglob("*.py")
             if re.search(r"^\s*(from|import) ministack\b|[\"']ministack\.", path.read_text(), re.M)}
    assert users == {"ministack_api.py", "ministack_pin.py"}


def test_every_private_name_that_is_used_is_checked():
    source = (PACKAGE / "ministack_api.py").read_text()
    owner = r"(?:_module\([^)]*\)|\balb|\becs|functions|custom|_provisioners\(\)|provisioners|stacks)"
    used = set(re.findall(owner + r"\.(_[A-Za-z0-9_]+)", source))
    checked = {name for names in ministack_pin.SYMBOLS.values() for name in names}
    assert len(used) > 20
    assert used <= checked


def test_the_checked_names_can_be_imported():
    for module, names in ministack_pin.SYMBOLS.items():
        for name in names:
            assert hasattr(importlib.import_module(module), name)
