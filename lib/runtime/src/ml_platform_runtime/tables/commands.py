"""The commands of `tables`. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from ml_platform_runtime import logs
from ml_platform_runtime.command_line import AddCommand
from ml_platform_runtime.errors import BadInput


def add_commands(add: AddCommand) -> None:
    """Adds the commands of this package."""
    migrate = add("tables-migrate", _migrate, "Bring tables to their contracts; what would break readers is refused.")
    migrate.add_argument("--contract", metavar="URI", help="path or s3:// address of one table's contract")
    migrate.add_argument("--database", help="database of that table")
    migrate.add_argument(
        "--contracts", metavar="URI", help="path or s3:// address of many contracts, as the stack has them"
    )
    freeze = add("tables-freeze", _freeze, "Keep the data of a model version by a tag with a retention of its own.")
    freeze.add_argument("--table", required=True, metavar="DATABASE.TABLE", help="the table")
    freeze.add_argument("--tag", required=True, help="name of the tag, for example fraud-v3")
    freeze.add_argument("--retention-days", required=True, type=int, help="how long the tag keeps its snapshot")
    freeze.add_argument("--snapshot", type=int, help="id of the snapshot (default: the current one)")
    freeze.add_argument("--record", metavar="URI", help="also write the answer to this s3:// address")


def _migrate(options: argparse.Namespace) -> int:
    from ml_platform_runtime.tables.catalogs import open_catalog
    from ml_platform_runtime.tables.migrate import migrate

    logs.configure(sys.stderr)
    # every contract is read before the first table is touched
    work = _contracts(options)
    catalog = open_catalog(os.environ)
    done: list[dict[str, Any]] = []
    try:
        for database, contract in work:
            done.append(migrate(catalog, f"{database}.{contract.table}", contract).to_plain())
    finally:
        print(json.dumps({"tables": done, "pending": len(work) - len(done)}), flush=True)
    return 0


def _contracts(options: argparse.Namespace) -> list[tuple[str, Any]]:
    from ml_platform_runtime.tables.contract import Contract
    from ml_platform_runtime.tables.contract_bundle import load_bundle

    if options.contracts and not (options.contract or options.database):
        return load_bundle(options.contracts, os.environ)
    if options.contract and options.database:
        return [(options.database, Contract.load(options.contract))]
    raise BadInput("what to migrate is not known; give --contract and --database, or --contracts")


def _freeze(options: argparse.Namespace) -> int:
    from ml_platform_runtime.tables.catalogs import open_catalog
    from ml_platform_runtime.tables.freeze import freeze, record

    logs.configure(sys.stderr)
    frozen = freeze(
        open_catalog(os.environ),
        options.table,
        options.tag,
        retention_days=options.retention_days,
        snapshot_id=options.snapshot,
    )
    if options.record:
        record(frozen, options.record)
    print(json.dumps(frozen.to_plain()), flush=True)
    return 0
