"""Athena for the tests: its API over answers that a real Trino gave, by the text of the query with the rows of the table in it.

A query that was never answered fails, so that no changed statement goes unproven. `trino/record.sh` asks a real Trino anew.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import shlex
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa

ANSWERS = Path(__file__).parent / "athena_answers.json"
_SOURCE = re.compile(r'"(\w+)"\."(\w+)" FOR VERSION AS OF (\d+)')


class Trino:
    """Answers of a real Trino: those that are recorded, or of the one that `ML_TEST_TRINO` starts, which are then recorded."""

    def __init__(self) -> None:
        command = os.environ.get("ML_TEST_TRINO")
        self._process = (
            subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if command
            else None
        )
        self._answers: dict[str, Any] = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
        self._lock = threading.Lock()

    def __call__(self, sql: str) -> dict[str, Any]:
        """`{columns, types, rows}`, or `{error}`."""
        key = hashlib.sha256(sql.encode()).hexdigest()[:16]
        with self._lock:
            if self._process is not None and key not in self._answers:
                self._answers[key] = self._ask(sql)
                lines = (f"{json.dumps(one)}: {json.dumps(self._answers[one])}" for one in sorted(self._answers))
                ANSWERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        if key not in self._answers:
            raise AssertionError(f"no Trino has answered this query; run trino/record.sh: {sql}")
        answer: dict[str, Any] = self._answers[key]
        return answer

    def close(self) -> None:
        """Ends a Trino that was started."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def _ask(self, sql: str) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(base64.b64encode(sql.encode()).decode() + "\n")
        self._process.stdin.flush()
        line = next(line for line in self._process.stdout if line.startswith(">"))
        state, *parts = base64.b64decode(line[1:]).decode().split("\x1e")
        if state != "OK":
            return {"error": parts[0]}
        columns, types, *rows = ([None if one == "\0" else one for one in part.split("\x1f")] for part in parts)
        return {"columns": columns, "types": types, "rows": rows}


def values_of(rows: pa.Table) -> str:
    """A table as a query of its own rows."""
    names = [f"c{index}" for index in range(rows.num_columns)]
    lines = [f"({', '.join(_literal(one) for one in line.values())})" for line in rows.to_pylist()]
    nothing = f"({', '.join(['NULL'] * len(names))})"
    casts = ", ".join(
        f"CAST({name} AS {_type(field.type)}) AS {_quoted(field.name)}"
        for name, field in zip(names, rows.schema, strict=True)
    )
    source = f"(VALUES {', '.join(lines or [nothing])}) AS v({', '.join(names)})"
    return f"(SELECT {casts} FROM {source}{'' if lines else ' WHERE FALSE'})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _type(arrow: pa.DataType) -> str:
    if pa.types.is_struct(arrow):
        return f"ROW({', '.join(f'{arrow.field(one).name} {_type(arrow.field(one).type)}' for one in range(arrow.num_fields))})"
    if pa.types.is_timestamp(arrow):
        return "timestamp(6) with time zone" if arrow.tz else "timestamp(6)"
    if pa.types.is_decimal(arrow):
        return f"decimal({arrow.precision}, {arrow.scale})"
    names = {"int32": "integer", "int64": "bigint", "float": "real", "string": "varchar", "bool": "boolean"}
    return {**names, "date32[day]": "date"}.get(str(arrow), str(arrow))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, dict):
        return f"ROW({', '.join(_literal(one) for one in value.values())})"
    if isinstance(value, float):
        special = "nan()" if math.isnan(value) else "infinity()" if value > 0 else "-infinity()"
        return f"DOUBLE '{value!r}'" if math.isfinite(value) else special
    if isinstance(value, datetime):
        utc = value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)
        return f"TIMESTAMP '{utc.isoformat(sep=' ', timespec='microseconds')}{'' if value.tzinfo is None else ' UTC'}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    prefix = {bool: "BOOLEAN", int: "BIGINT", Decimal: "DECIMAL", date: "DATE"}[type(value)]
    return f"{prefix} '{value}'".replace("'True'", "'true'").replace("'False'", "'false'")


def _aggregates(query: str) -> tuple[list[str], str]:
    """The items of a SELECT of nothing but functions, and the rest from FROM on; no items of any other."""
    depth, quote, items, start = 0, "", [], len("SELECT ")
    for at, one in enumerate(query):
        if quote or one in "'\"":
            quote = "" if one == quote else quote or one
        elif one in "()":
            depth += 1 if one == "(" else -1
        elif depth == 0 and at > start and (one == "," or re.match(r"\sFROM\s", query[at : at + 6])):
            items.append(query[start:at].strip())
            start = at + 1
            if one != ",":
                functions = all(re.match(r"\w+\(", item) for item in items)
                return (items, query[at:]) if functions else ([], "")
    return [], ""


class Athena:
    """Athena's API. `tables` are the rows that a name stands for; `seen` is what was asked for."""

    def __init__(self, trino: Trino) -> None:
        self.tables: dict[str, pa.Table] = {}
        self.seen: list[dict[str, Any]] = []
        self.versions: set[str] = set()
        self._trino = trino
        self._done: dict[str, tuple[str, dict[str, Any]]] = {}

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        """What AWS would say."""
        if operation == "StartQueryExecution":
            self.seen.append(given)
            query_id = str(uuid.uuid4())
            self._done[query_id] = (given["QueryString"], self._ask(_SOURCE.sub(self._rows, given["QueryString"])))
            return {"QueryExecutionId": query_id}
        query, found = self._done[given["QueryExecutionId"]]
        if operation == "GetQueryExecution":
            status = {
                "State": "FAILED" if "error" in found else "SUCCEEDED",
                "StateChangeReason": found.get("error", ""),
            }
            statistics = {"DataScannedInBytes": 4711}
            execution = {"QueryExecutionId": given["QueryExecutionId"], "Query": query, "StatementType": "DML"}
            place = {"OutputLocation": "s3://results/one.csv"}
            return {
                "QueryExecution": {
                    **execution, "Status": status, "Statistics": statistics, "ResultConfiguration": place,
                }
            }  # fmt: skip
        lines = [found["columns"], *found["rows"]]
        data = [{"Data": [{} if one is None else {"VarCharValue": one} for one in line]} for line in lines]
        info = [
            {"Name": name, "Type": re.sub(r"\(.*?\)", "", kind), "Precision": 0, "Scale": 0, "Nullable": "UNKNOWN"}
            for name, kind in zip(found["columns"], found["types"], strict=True)
        ]
        return {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}}

    def _ask(self, query: str) -> dict[str, Any]:
        """Great Expectations puts aggregates together by chance, so that each is asked for alone."""
        items, rest = _aggregates(query)
        # the name depends on what stands beside it
        parts = [re.fullmatch(r'(.+) AS "?([^"\s]+)"?', item, re.DOTALL) for item in items]
        if not parts or None in parts:
            return self._trino(query)
        answers = [self._trino(f"SELECT {part[1]} AS one{rest}") for part in parts if part]
        wrong = [answer for answer in answers if "error" in answer]
        if wrong:
            return wrong[0]
        return {
            "columns": [part[2] for part in parts if part],
            "types": [answer["types"][0] for answer in answers],
            "rows": [[answer["rows"][0][0] for answer in answers]],
        }

    @property
    def queries(self) -> list[str]:
        """Ids of all queries, in order."""
        return list(self._done)

    def _rows(self, found: re.Match[str]) -> str:
        self.versions.add(found[3])
        return values_of(self.tables[f"{found[1]}.{found[2]}"])


@contextmanager
def athena_api(athena: Athena) -> Iterator[str]:
    """Its address, for the length of a with block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, said = 200, athena.answer(self.headers["X-Amz-Target"].split(".")[1], given)
            except AssertionError as error:
                status, said = 400, {"__type": "InvalidRequestException", "message": str(error)}
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
