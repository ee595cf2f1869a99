"""The commands of `features`. Nothing heavy is imported before a command runs."""

from __future__ import annotations

from ml_platform_runtime.command_line import AddCommand


def add_commands(add: AddCommand) -> None:
    """Adds the commands of this package."""
