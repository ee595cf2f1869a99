"""Structured logs: one JSON object a line on stdout. Passwords inside addresses are masked, whoever logs them."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import datetime, timezone
from typing import TextIO

_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]+@")
_BUILT_IN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def mask(text: str) -> str:
    """The text without passwords of addresses such as postgresql://user:password@host."""
    return _PASSWORD.sub(r"\1***@", text)


class JsonFormatter(logging.Formatter):
    """Time, level, logger, message and whatever came as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update({key: value for key, value in vars(record).items() if key not in _BUILT_IN})
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            entry["error"] = f"{type(error).__name__}: {error}"
            entry["stack"] = "".join(traceback.format_exception(error))
        return mask(json.dumps(entry, default=str))


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every logger of the process through the JSON formatter."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for chatty in ("botocore", "boto3", "s3transfer", "urllib3", "httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
