"""The contracts of a stack in one file: `{"tables": [{"database": 0, "contract": {...}}]}`.

Names of databases may be known only once the stack is deployed, so the file has their place in ML_DATABASES, a list with commas.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.tables.contract import Contract, read_json


def load_bundle(location: str, environment: Mapping[str, str]) -> list[tuple[str, Contract]]:
    """Pairs of database and contract. Raises BadInput that names the file."""
    document = read_json(location)
    databases = [name for name in environment.get("ML_DATABASES", "").split(",") if name]
    tables = document.get("tables") if isinstance(document, dict) else None
    if not isinstance(tables, list):
        raise BadInput(f"contracts {location} has no list of tables; deploy the stack again")
    found = []
    for index, entry in enumerate(tables):
        number = entry.get("database") if isinstance(entry, dict) else None
        if not isinstance(number, int) or not 0 <= number < len(databases):
            raise BadInput(
                f"contracts {location}: tables[{index}].database is {number}, and ML_DATABASES has {len(databases)} names; deploy the stack again"
            )
        found.append((databases[number], Contract.parse(entry.get("contract"), f"{location} (tables[{index}])")))
    return found
