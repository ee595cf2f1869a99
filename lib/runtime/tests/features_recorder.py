"""A proxy before the emulator that writes down each call as the action of IAM that it needs: boto3's, aiobotocore's and pyarrow's."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_SERVICES = {"DynamoDB_20120810": "dynamodb", "AWSGlue": "glue"}
_REQUEST_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "expect")
_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")


class Recorder:
    """What is called during a block, as (action, resource). A call that `passes` denies is never answered, nor forwarded."""

    def __init__(self, endpoint: str, names: dict[str, str], passes: Callable[[str], bool] | None = None) -> None:
        self._passes = passes
        self._upstream = urlsplit(endpoint)
        self._names = names
        self._calls: set[tuple[str, str]] = set()
        self.endpoint = ""

    @contextlib.contextmanager
    def during(self) -> Iterator[set[tuple[str, str]]]:
        """The calls of the block; complete at its end."""
        self._calls = set()
        yield self._calls

    @contextlib.contextmanager
    def running(self) -> Iterator[Recorder]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _forward(self) -> None:
                recorder.forward(self)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def forward(self, request: BaseHTTPRequestHandler) -> None:
        """Note the call, then let the emulator answer."""
        body = _body(request)
        call = self._call(request, body)
        self._calls.add(call)
        if self._passes and not self._passes(call[0]):
            request.close_connection = True
            return
        upstream = http.client.HTTPConnection(str(self._upstream.hostname), self._upstream.port or 80, timeout=60)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _REQUEST_HOP}
        upstream.request(request.command, request.path, body, {**headers, "Content-Length": str(len(body))})
        answer = upstream.getresponse()
        content = answer.read()
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                request.send_header(name, value)
        length = answer.getheader("Content-Length") if request.command == "HEAD" else None
        request.send_header("Content-Length", length or str(len(content)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)
        upstream.close()

    def _call(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[str, str]:
        target = request.headers.get("X-Amz-Target")
        if target:
            service, _, operation = target.partition(".")
            action = f"{_SERVICES.get(service, service)}:{operation}"
            if service == "AWSGlue":
                return action, "source database" if operation.endswith("Database") else "source table"
            return action, self._named(body.decode())
        parts = urlsplit(request.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        return f"s3:{_s3(request.command, key, parse_qs(parts.query, keep_blank_values=True))}", self._named(
            f"{bucket}/{key}"
        )

    def _named(self, text: str) -> str:
        return next((name for part, name in self._names.items() if part in text), text[:80])


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    parts = []
    while size := int(request.rfile.readline().split(b";")[0], 16):
        parts.append(request.rfile.read(size))
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass
    return b"".join(parts)


def _s3(method: str, key: str, query: dict[str, list[str]]) -> str:
    if "tagging" in query:
        return f"{'Get' if method == 'GET' else 'Put'}ObjectTagging"
    if not key:
        return "DeleteObject" if "delete" in query else "ListBucket"
    return {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}.get(method, "PutObject")
