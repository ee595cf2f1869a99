"""pyiceberg makes a client of S3 for every table that it loads, 20 ms of CPU each; in the tests those of the same settings share one."""

from __future__ import annotations

import os
from typing import Any

from pyiceberg.io.pyarrow import PyArrowFileIO

_clients: dict[object, Any] = {}
_new_client = PyArrowFileIO._initialize_s3_fs


def _client(self: PyArrowFileIO, bucket: str | None) -> Any:
    credentials = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    settings = (bucket, tuple(sorted({**credentials, **self.properties}.items())))
    if settings not in _clients:
        _clients[settings] = _new_client(self, bucket)
    return _clients[settings]


PyArrowFileIO._initialize_s3_fs = _client  # type: ignore[method-assign]
