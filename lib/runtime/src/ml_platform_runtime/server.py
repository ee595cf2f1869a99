"""The model server: HTTP around the model that the follower keeps. MLflow's servers are not on this path."""

from __future__ import annotations

import importlib
import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ml_platform_runtime import __version__, aws, open_inference
from ml_platform_runtime.artifacts import ArtifactStore
from ml_platform_runtime.config import ServeSettings
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.follower import Follower, Serving
from ml_platform_runtime.invocations import Answer, invoke
from ml_platform_runtime.last_good import LastGood
from ml_platform_runtime.metrics import ServerMetrics
from ml_platform_runtime.models import LoadedModel, ModelLoader
from ml_platform_runtime.releases import ReleaseClient

_log = logging.getLogger(__name__)

# Longer than the 60 seconds after which a load balancer gives up an idle connection: it must be the one to close.
_KEEP_ALIVE_SECONDS = 75
_NOT_READY = "no model is loaded yet"


class ModelServer:
    """The routes of one model."""

    def __init__(
        self, model: str, serving: Callable[[], Serving | None], metrics: ServerMetrics, max_body_bytes: int
    ) -> None:
        self._model = model
        self._serving = serving
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self.app = FastAPI(title="cdk-ml-platform model server", version=__version__, openapi_url=None)
        self._add_routes()

    def _add_routes(self) -> None:
        def get(path: str, answer: Callable[..., Any]) -> None:
            self.app.add_api_route(path, answer, methods=["GET"])

        for path in ("/health", "/ping", "/v2/health/live"):
            get(path, self._live)
        get("/metrics", self._metrics_text)
        get("/v2", self._server_metadata)
        get("/v2/health/ready", self._ready)
        for path in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            get(path, self._model_metadata)
            get(f"{path}/ready", self._ready)
            self.app.add_api_route(f"{path}/infer", self._infer, methods=["POST"])
        self.app.add_api_route("/invocations", self._invocations, methods=["POST"])

    async def _live(self) -> Response:
        return JSONResponse({"status": "ok", "model": self._model, "ready": self._serving() is not None})

    async def _metrics_text(self) -> Response:
        return Response(self._metrics.text(), media_type=self._metrics.content_type)

    async def _server_metadata(self) -> Response:
        return JSONResponse({"name": "cdk-ml-platform", "version": __version__, "extensions": []})

    async def _ready(self, model: str | None = None, version: str | None = None) -> Response:
        serving = self._serving()
        if serving is None:
            return self._not_here(model, version, None) or _fault(503, _NOT_READY)
        return self._not_here(model, version, serving) or JSONResponse({"ready": True}, headers=_headers(serving))

    async def _model_metadata(self, model: str, version: str | None = None) -> Response:
        serving = self._serving()
        refused = self._not_here(model, version, serving)
        if refused or serving is None:
            return refused or _fault(503, _NOT_READY)
        return JSONResponse(open_inference.metadata(self._model, serving.model), headers=_headers(serving))

    async def _infer(self, request: Request, model: str, version: str | None = None) -> Response:
        refused = self._not_here(model, version, self._serving())
        if refused:
            return refused
        return await self._predict(
            request, "open-inference", lambda loaded, body: open_inference.infer(self._model, loaded, body)
        )

    async def _invocations(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "application/json")
        return await self._predict(request, "mlflow", lambda loaded, body: invoke(loaded, body, content_type))

    async def _predict(
        self, request: Request, protocol: str, answer: Callable[[LoadedModel, bytes], Answer]
    ) -> Response:
        body = await self._body(request)
        if body is None:
            return _fault(
                413, f"the body is larger than {self._max_body_bytes} bytes; send fewer rows or raise ML_MAX_BODY_MIB"
            )
        started = time.monotonic()
        # Read once: this request keeps its model to the end, also when the release changes meanwhile.
        serving = self._serving()
        if serving is None:
            self._metrics.request(protocol, "", 503, time.monotonic() - started)
            return _fault(503, _NOT_READY)
        result = await run_in_threadpool(_guarded, answer, serving.model, body)
        self._metrics.request(protocol, serving.model.release.version, result.status, time.monotonic() - started)
        return Response(result.body, result.status, _headers(serving), result.media_type)

    async def _body(self, request: Request) -> bytes | None:
        chunks = bytearray()
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > self._max_body_bytes:
                return None
        return bytes(chunks)

    def _not_here(self, model: str | None, version: str | None, serving: Serving | None) -> Response | None:
        if model is not None and model != self._model:
            return _fault(404, f"model {model} is not served here; this server has {self._model}")
        if version is not None and serving is not None and version != serving.model.release.version:
            return _fault(
                404, f"version {version} is not served; the champion is version {serving.model.release.version}"
            )
        return None


def _guarded(answer: Callable[[LoadedModel, bytes], Answer], model: LoadedModel, body: bytes) -> Answer:
    """Whatever a model raises becomes an answer; the details go to the log, not to the caller."""
    try:
        return answer(model, body)
    except Exception:
        _log.exception("a prediction failed", extra={"version": model.release.version})
        return Answer(500, '{"error": "the model failed; the log has the cause"}')


def _headers(serving: Serving) -> dict[str, str]:
    return {"x-model-version": serving.model.release.version, "x-release-sequence": str(serving.sequence)}


def _fault(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


def build_follower(settings: ServeSettings, metrics: ServerMetrics) -> Follower:
    """The follower with real AWS clients. Raises BadInput when the cache folder cannot be used."""
    # The name of the table is part of the folder: another platform's models never answer here.
    folder = settings.cache_dir / quote(settings.table, safe="") / quote(settings.model, safe="")
    try:
        store = ArtifactStore(folder / "artifacts", aws.client("s3", read_timeout=30))
    except OSError as error:
        raise BadInput(
            f"ML_CACHE_DIR is {str(settings.cache_dir)!r}, which cannot be written ({error.strerror}); give a folder that this user may write"
        ) from error
    # One short attempt: the next poll is the retry.
    releases = ReleaseClient(settings.table, aws.client("dynamodb", connect_timeout=1, read_timeout=2, attempts=1))
    return Follower(
        read=lambda consistent: releases.read(settings.model, consistent=consistent),
        store=store,
        load=ModelLoader(settings.allow_pickle, settings.trusted_types).load,
        last_good=LastGood(folder / "last-good.json"),
        metrics=metrics,
        poll_seconds=settings.poll_seconds,
    )


def serve(settings: ServeSettings) -> int:
    """Answer until SIGTERM, then finish what was begun."""
    metrics = ServerMetrics(settings.model)
    follower = build_follower(settings, metrics)
    server = ModelServer(settings.model, lambda: follower.serving, metrics, settings.max_body_bytes)
    config = uvicorn.Config(
        server.app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    # Uvicorn drains on these signals and raises them again when it is done: then a clean end is meant.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    threading.Thread(target=_import_loaders, name="imports", daemon=True).start()
    follower.start()
    _log.info("starting", extra={"model": settings.model, "table": settings.table, "port": settings.port})
    try:
        uvicorn.Server(config).run()
    finally:
        follower.stop()
        _log.info("stopped")
    return 0


def _import_loaders() -> None:
    """The first model needs these (two seconds); a server that waits for its first promotion has them ready."""
    for module in ("mlflow.sklearn", "skops.io"):
        importlib.import_module(module)


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)
