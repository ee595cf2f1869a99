"""Follows the release record and keeps a model answering, whatever fails.

Two kinds of threads: one polls the record, at most one loads a model. Requests read `serving` once and keep that model to
their end; a swap is one assignment. The good model leaves memory only after its successor answers, and stays as the standby
while the record calls it `previous`, so that a rollback needs neither S3 nor MLflow.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_platform_runtime.artifacts import ArtifactStore
from ml_platform_runtime.aws import AWS_ERRORS, error_code
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.last_good import LastGood
from ml_platform_runtime.metrics import ServerMetrics
from ml_platform_runtime.models import LoadedModel
from ml_platform_runtime.record import Release, ReleaseRecord

_log = logging.getLogger(__name__)

#: Reads one record; the argument asks for a strongly consistent read.
ReadRecord = Callable[[bool], "ReleaseRecord | None"]
LoadModel = Callable[[Release, Path], LoadedModel]
_Key = tuple[str, str]


@dataclass(frozen=True)
class Serving:
    """What answers now. The sequence is 0 while a release other than the record's answers in its stead."""

    model: LoadedModel
    sequence: int


@dataclass(frozen=True)
class RetryPolicy:
    """Waiting times in seconds, doubled from first to last."""

    first: float
    last: float

    def delay(self, failures: int) -> float:
        """The time to wait after so many failures in a row."""
        return min(self.last, self.first * float(2 ** min(failures - 1, 16)))


class Follower:
    """Keeps `serving` in step with the record of one model."""

    def __init__(
        self,
        *,
        read: ReadRecord,
        store: ArtifactStore,
        load: LoadModel,
        last_good: LastGood,
        metrics: ServerMetrics,
        poll_seconds: float,
        reload_after: RetryPolicy = RetryPolicy(5, 300),
    ) -> None:
        self._read = read
        self._store = store
        self._load = load
        self._last_good = last_good
        self._metrics = metrics
        self._poll = RetryPolicy(poll_seconds, max(poll_seconds, 5))
        self._reload_after = reload_after
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="release-follower", daemon=True)
        self._loading = False
        self._read_failures = 0
        self._record: ReleaseRecord | None = None
        self._standby: LoadedModel | None = None
        self._failures: dict[_Key, tuple[int, float]] = {}
        self._said = ""
        self.serving: Serving | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following; the model in memory keeps answering."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                delay = self._step()
            except Exception:
                # A fault of ours must not end the following: the next read may well succeed.
                _log.exception("following the release record failed")
                delay = self._poll.last
            self._stopped.wait(delay)

    def _step(self) -> float:
        """Read the record once and act on it; the answer is the time until the next read."""
        try:
            record = self._read_forward()
        except (*AWS_ERRORS, BadInput) as error:
            self._read_failures += 1
            self._metrics.record_unreadable()
            cause = str(error) if isinstance(error, BadInput) else error_code(error)
            self._say(f"the release record cannot be read: {cause}", level=logging.ERROR)
            self._begin(self._record)
            return self._poll.delay(self._read_failures)
        self._read_failures = 0
        self._metrics.record_read(record.sequence if record else 0)
        if record is None:
            self._say(
                "no release record yet: waiting for the first promotion"
                if self.serving is None
                else "the release record is gone: the model in memory goes on answering"
            )
        else:
            self._follow(record)
        return self._poll.first

    def _read_forward(self) -> ReleaseRecord | None:
        """Cheap reads may be stale; a record that is older than the one known is asked for again, and then believed."""
        known = self._record
        record = self._read(False)
        if known and (record is None or record.sequence < known.sequence):
            record = self._read(True)
        return record

    def _follow(self, record: ReleaseRecord) -> None:
        with self._lock:
            self._record = record
            serving, standby = self.serving, self._standby
            if serving and serving.model.release.key == record.champion.key:
                if serving.sequence != record.sequence:
                    self._activate(serving.model, record)
            elif standby and standby.release.key == record.champion.key:
                self._activate(standby, record)
        self._begin(record)

    def _begin(self, record: ReleaseRecord | None) -> None:
        """Start the loader thread when something is missing and nothing loads already."""
        with self._lock:
            if self._loading or not self._missing(record):
                return
            self._loading = True
        threading.Thread(target=self._fill, args=(record,), name="model-loader", daemon=True).start()

    def _missing(self, record: ReleaseRecord | None) -> list[Release]:
        """Releases that should be in memory and are not, most important first."""
        have = self._in_memory()
        wanted: list[Release | None] = [record.champion, record.previous] if record else []
        if self.serving is None:
            kept = self._last_good.read()
            wanted.insert(1, kept.champion if kept else None)
        now = time.monotonic()
        return [
            release
            for release in wanted
            if release and release.key not in have and self._failures.get(release.key, (0, 0.0))[1] <= now
        ]

    def _in_memory(self) -> set[_Key]:
        return {model.release.key for model in (self._standby, self.serving and self.serving.model) if model}

    def _fill(self, record: ReleaseRecord | None) -> None:
        try:
            with self._lock:
                missing = self._missing(record)
                self._drop_unneeded_standby(record)
            for release in missing:
                if self._stopped.is_set() or not self._still_wanted(release, record):
                    continue
                model = self._obtain(release)
                if model:
                    self._place(model)
            self._store.prune(self._needed())
        except OSError as error:
            _log.warning("the artifact folder cannot be tidied", extra={"cause": str(error)})
        finally:
            with self._lock:
                self._loading = False

    def _still_wanted(self, release: Release, record: ReleaseRecord | None) -> bool:
        """A fallback is wanted only while nothing answers; a standby only while the record names it."""
        with self._lock:
            current = self._record or record
            if release.key in self._in_memory():
                return False
            return self.serving is None or (current is not None and release.key in _keys(current))

    def _obtain(self, release: Release) -> LoadedModel | None:
        """Download and load; None, a log line and a metric when that fails. Third-party code may raise anything."""
        started = time.monotonic()
        try:
            fetched = self._store.fetch(release)
            try:
                model = self._load(release, fetched.path)
            except Exception:
                self._store.discard(release)
                if fetched.fresh:
                    raise
                # The copy on disk may have rotted; the original gets one chance.
                model = self._load(release, self._store.fetch(release).path)
        except Exception as error:
            failures = self._failures.get(release.key, (0, 0.0))[0] + 1
            delay = self._reload_after.delay(failures)
            self._failures[release.key] = (failures, time.monotonic() + delay)
            self._metrics.load_failed()
            _log.error(
                "a release cannot be loaded",
                extra={
                    "version": release.version,
                    "artifact": release.artifact_uri,
                    "cause": f"{type(error).__name__}: {error}",
                    "next_attempt_seconds": delay,
                },
            )
            return None
        self._failures.pop(release.key, None)
        self._metrics.loaded(time.monotonic() - started)
        return model

    def _place(self, model: LoadedModel) -> None:
        """Champion: answer with it. Anything else: answer with it only if nothing does, else keep it as the standby."""
        with self._lock:
            record = self._record
            if record and model.release.key == record.champion.key:
                self._activate(model, record)
            elif self.serving is None:
                self._activate(model, None)
            elif record and record.previous and model.release.key == record.previous.key:
                self._standby = model

    def _activate(self, model: LoadedModel, record: ReleaseRecord | None) -> None:
        """The swap; the lock is held."""
        before = self.serving
        kept = None if record else self._last_good.read()
        sequence = (
            record.sequence if record else kept.sequence if kept and kept.champion.key == model.release.key else 0
        )
        self.serving = Serving(model, sequence)
        if before and before.model is not model:
            self._standby = before.model
        self._metrics.serving(model.release, sequence)
        _log.info(
            "a release answers",
            extra={"version": model.release.version, "sequence": sequence, "follows_record": record is not None},
        )
        if record:
            self._said = ""
            self._last_good.write(record)

    def _drop_unneeded_standby(self, record: ReleaseRecord | None) -> None:
        """Room in memory before the next model is loaded; the lock is held."""
        if record and self._standby and self._standby.release.key not in _keys(record):
            self._standby = None

    def _needed(self) -> list[Release]:
        with self._lock:
            record, kept = self._record, self._last_good.read()
            serving = self.serving.model.release if self.serving else None
        wanted = (serving, record and record.champion, record and record.previous, kept and kept.champion)
        return [release for release in wanted if release]

    def _say(self, message: str, level: int = logging.INFO) -> None:
        """Log a state once, not at every poll."""
        if message != self._said:
            self._said = message
            _log.log(level, message)


def _keys(record: ReleaseRecord) -> set[_Key]:
    return {release.key for release in (record.champion, record.previous) if release}
