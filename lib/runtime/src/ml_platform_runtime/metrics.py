"""What /metrics says: requests, latency, the model that answers, and how well the release record is followed."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ml_platform_runtime.record import Release

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class ServerMetrics:
    """One registry for each server, so that tests and embedding programs can have several."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._model = model
        self._requests = Counter(
            "ml_requests",
            "Prediction requests answered.",
            ["model", "version", "protocol", "code"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "ml_request_duration_seconds",
            "Time from the whole request read to the answer written.",
            ["model", "protocol"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._info = Gauge(
            "ml_model_info",
            "1 for the release that answers.",
            ["model", "version", "run_id", "data_tag", "code_revision"],
            registry=self.registry,
        )
        self._ready = self._gauge("ml_model_ready", "1 when a model answers.")
        self._serving = self._gauge(
            "ml_release_sequence", "Sequence of the release record that is served; 0 while none is."
        )
        self._seen = self._gauge(
            "ml_release_sequence_seen",
            "Sequence of the release record that was read last; above ml_release_sequence while a release loads or fails.",
        )
        self._read = self._gauge(
            "ml_release_last_read_timestamp_seconds",
            "When the release record was last read (Unix time); 0 while it never was.",
        )
        self._read_failures = self._counter("ml_release_read_failures", "Failed reads of the release record.")
        self._load_failures = self._counter(
            "ml_release_load_failures", "Releases that could not be downloaded or loaded, each attempt."
        )
        self._load_seconds = self._gauge(
            "ml_release_load_duration_seconds", "How long the last download and load took."
        )

    def request(self, protocol: str, version: str, code: int, seconds: float) -> None:
        """One answered prediction request."""
        self._requests.labels(self._model, version, protocol, str(code)).inc()
        self._latency.labels(self._model, protocol).observe(seconds)

    def serving(self, release: Release, sequence: int) -> None:
        """A release that answers from now on."""
        self._info.clear()
        self._info.labels(
            self._model, release.version, release.run_id or "", release.data_tag or "", release.code_revision or ""
        ).set(1)
        self._serving.set(sequence)
        self._ready.set(1)

    def record_read(self, sequence: int) -> None:
        """A successful read of the release record; sequence 0 when there is none."""
        self._seen.set(sequence)
        self._read.set_to_current_time()

    def record_unreadable(self) -> None:
        """A failed read of the release record."""
        self._read_failures.inc()

    def loaded(self, seconds: float) -> None:
        """A release that was downloaded and loaded."""
        self._load_seconds.set(seconds)

    def load_failed(self) -> None:
        """A release that could not be loaded."""
        self._load_failures.inc()

    def text(self) -> bytes:
        """The exposition of all metrics."""
        return bytes(generate_latest(self.registry))

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(name, help_text, ["model"], registry=self.registry).labels(self._model)

    def _counter(self, name: str, help_text: str) -> Counter:
        return Counter(name, help_text, ["model"], registry=self.registry).labels(self._model)
