"""The last record that this server really served, on disk: what it starts with when the release table is out of reach."""

from __future__ import annotations

import json
import logging
import os
import uuid
from pathlib import Path

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.record import ReleaseRecord

_log = logging.getLogger(__name__)


class LastGood:
    """One file, replaced by rename, so that it is either the old or the new record."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> ReleaseRecord | None:
        """The record, or None when there is none that can be read."""
        try:
            return ReleaseRecord.from_plain(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, AttributeError, BadInput) as error:
            _log.warning(
                "the last good record on disk cannot be read", extra={"path": str(self._path), "cause": str(error)}
            )
            return None

    def write(self, record: ReleaseRecord) -> None:
        """Keep the record. A full or read-only disk is logged and costs nothing but the memory of it."""
        temporary = self._path.with_name(f"{self._path.name}.{uuid.uuid4().hex}")
        try:
            with temporary.open("w") as file:
                json.dump(record.to_plain(), file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            _log.warning(
                "the last good record cannot be kept on disk", extra={"path": str(self._path), "cause": str(error)}
            )
            temporary.unlink(missing_ok=True)
