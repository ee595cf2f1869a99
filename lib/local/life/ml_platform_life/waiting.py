"""Waiting for something that somebody else does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ml_platform_life.failure import LifeFailure

T = TypeVar("T")


def wait_for(what: str, attempt: Callable[[], T | None], *, seconds: float, every: float = 0.2) -> T:
    """The first answer of `attempt` that is not None; LifeFailure with the last error when the time is over."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            answer = attempt()
            if answer is not None:
                return answer
            last = None
        except OSError as error:  # connection refused, HTTP errors of urllib, time-outs
            last = error
        time.sleep(every)
    raise LifeFailure(f"{what} within {seconds:.0f} s" + (f": {last}" if last else ""))
