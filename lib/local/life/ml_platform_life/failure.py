"""What can go wrong in words for the person who started the run."""

from __future__ import annotations


class LifeFailure(Exception):
    """A step did not do what it promises."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
