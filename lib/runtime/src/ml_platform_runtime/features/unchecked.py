"""Feast without the checks of arguments that its definitions ask for.

Feast's classes let typeguard parse and compile them anew at each import, which is six of the nine seconds of CPU that the import takes
(Feast 0.67). They find mistakes in a user's Python; what comes from the registry has passed them when it was applied.
"""

from __future__ import annotations

from typing import Any


def import_feast_unchecked() -> None:
    """Imports Feast; does nothing where it is imported already. For whoever reads the registry, and never for `features-apply`."""
    import typeguard

    typeguard.typechecked = _as_it_is
    import feast  # noqa: F401


def _as_it_is(target: Any = None, **_: Any) -> Any:
    return _as_it_is if target is None else target
