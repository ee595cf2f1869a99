"""Feast with its checks of arguments where people meet them: in the constructors of its definitions.

Feast asks typeguard to check every method of its definitions, and typeguard parses and compiles a whole module anew for each of them: five
of the eight seconds of CPU of an import (Feast 0.67). A mistake in a user's Python is an argument of a constructor.
"""

from __future__ import annotations

from typing import Any


def import_feast() -> None:
    """Imports Feast; does nothing where it is imported already."""
    import typeguard

    every_method = typeguard.typechecked

    def constructor(definition: Any) -> Any:
        if "__init__" in vars(definition):
            definition.__init__ = every_method(definition.__init__)
        return definition

    typeguard.typechecked = constructor
    try:
        import feast  # noqa: F401
    finally:
        typeguard.typechecked = every_method
