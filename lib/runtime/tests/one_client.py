"""In the tests what has the same settings shares a client: pyiceberg makes one of Glue for each catalogue, 60 ms of CPU, and one of S3 for each table, 20 ms."""

from __future__ import annotations

import os
from typing import Any

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO

_of_s3: dict[object, Any] = {}
_of_glue: dict[object, Any] = {}
_new_of_s3 = PyArrowFileIO._initialize_s3_fs
_new_catalog = GlueCatalog.__init__


def _settings(properties: dict[str, Any]) -> object:
    """What a client depends on."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return tuple(sorted({**environment, **properties}.items()))


def _s3(self: PyArrowFileIO, bucket: str | None) -> Any:
    settings = (bucket, _settings(self.properties))
    if settings not in _of_s3:
        _of_s3[settings] = _new_of_s3(self, bucket)
    return _of_s3[settings]


def _catalog(self: GlueCatalog, name: str, client: Any = None, **properties: Any) -> None:
    settings = _settings(properties)
    _new_catalog(self, name, client or _of_glue.get(settings), **properties)
    if client is None:
        _of_glue[settings] = self.glue


PyArrowFileIO._initialize_s3_fs = _s3  # type: ignore[method-assign]
GlueCatalog.__init__ = _catalog  # type: ignore[method-assign]
