"""What a package of the runtime needs to bring commands of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol


class AddCommand(Protocol):
    """Adds one command; the answer is its parser, for arguments. `run` gets the parsed options and answers the exit code."""

    def __call__(self, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser: ...
