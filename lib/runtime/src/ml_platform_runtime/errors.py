"""Errors that a person is meant to read: one line each, no stack trace, and an exit code that scripts can rely on."""

from __future__ import annotations


class RuntimeFault(Exception):
    """Base of every error that is reported by its message alone."""

    exit_code = 1


class BadInput(RuntimeFault):
    """What was asked for cannot be done, whoever asks and however often."""

    exit_code = 2


class ReleaseConflict(RuntimeFault):
    """Somebody else changed the release record first: read it again, then decide again."""

    exit_code = 3


class ArtifactError(RuntimeFault):
    """The artifact of a release is missing, incomplete or damaged."""


class UnsafeModel(ArtifactError):
    """Loading this model would run code that travels inside the artifact (pickle and its relatives)."""
