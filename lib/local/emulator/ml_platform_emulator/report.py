"""What was emulated, what was only stubbed and what really ran: one JSON object a line, for the driver's last table."""
import json
import threading
from pathlib import Path

KINDS = ("emulated", "stubbed", "process", "database", "recorded", "applied", "not-run")


class Report:
    """Appends to `report.jsonl`; safe for threads."""

    def __init__(self, directory: Path):
        self.path = directory / "report.jsonl"
        self._lock = threading.Lock()

    def record(self, kind: str, type: str, *, stack: str = "", logical_id: str = "", detail: str = "") -> None:
        """Adds a line. `kind` is one of KINDS; anything else is a programming error."""
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}, must be one of {', '.join(KINDS)}")
        line = {"kind": kind, "type": type, "stack": stack, "logicalId": logical_id, "detail": detail}
        with self._lock, open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
