"""Environment to typed settings. All faults of one environment come in one message, in the order of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.record import check_model_name

_TRUE = {"true", "1", "yes"}
_FALSE = {"false", "0", "no"}


class EnvironmentReader:
    """Reads variables and collects what is wrong with them. A variable that is set but empty counts as not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._faults: list[str] = []

    def add_fault(self, message: str) -> None:
        """One more thing that is wrong."""
        self._faults.append(message)

    def optional(self, name: str) -> str | None:
        """The text, or None."""
        return self._environment.get(name, "").strip() or None

    def text(self, name: str, default: str) -> str:
        """The text, or the default."""
        return self.optional(name) or default

    def required(self, name: str, what: str) -> str:
        """The text; a fault without it."""
        value = self.optional(name)
        if value is None:
            self.add_fault(f"{name} is not set; give {what}")
        return value or ""

    def integer(self, name: str, default: int, minimum: int, maximum: int) -> int:
        """An integer within both bounds."""
        text = self.optional(name)
        if text is None:
            return default
        if text.isascii() and text.isdigit() and minimum <= int(text) <= maximum:
            return int(text)
        self.add_fault(f"{name} is {text!r}; allowed is an integer from {minimum} to {maximum}")
        return default

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        text = (self.optional(name) or str(default)).lower()
        if text not in _TRUE | _FALSE:
            self.add_fault(f"{name} is {text!r}; allowed are true and false")
        return text in _TRUE

    def names(self, name: str) -> frozenset[str]:
        """A list separated by commas."""
        return frozenset(part.strip() for part in (self.optional(name) or "").split(",") if part.strip())

    def finish(self) -> None:
        """Raise BadInput with every fault, if there is any."""
        if self._faults:
            raise BadInput("; ".join(self._faults))


@dataclass(frozen=True)
class ServeSettings:
    """Settings of `serve`; the README of this room lists the variables."""

    model: str
    table: str
    host: str
    port: int
    poll_seconds: float
    cache_dir: Path
    allow_pickle: bool
    trusted_types: frozenset[str]
    max_body_bytes: int
    drain_seconds: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServeSettings:
        """Raises BadInput with all faults."""
        reader = EnvironmentReader(environment)
        model = reader.required("ML_MODEL_NAME", "the name of the registered model")
        if model:
            try:
                check_model_name(model)
            except BadInput as fault:
                reader.add_fault(f"ML_MODEL_NAME: {fault}")
        settings = cls(
            model=model,
            table=reader.required("ML_RELEASE_TABLE", "the name of the DynamoDB table of release records"),
            host=reader.text("ML_HOST", "0.0.0.0"),
            port=reader.integer("ML_PORT", 8080, 1, 65535),
            poll_seconds=reader.integer("ML_RELEASE_POLL_MS", 500, 50, 60_000) / 1000,
            cache_dir=Path(reader.text("ML_CACHE_DIR", "/tmp/ml-platform")),
            allow_pickle=reader.flag("ML_ALLOW_PICKLE", False),
            trusted_types=reader.names("ML_SKOPS_TRUSTED_TYPES"),
            max_body_bytes=reader.integer("ML_MAX_BODY_MIB", 16, 1, 1024) * 1024 * 1024,
            drain_seconds=reader.integer("ML_DRAIN_SECONDS", 25, 1, 3600),
        )
        check_region(reader)
        reader.finish()
        return settings


def check_region(reader: EnvironmentReader) -> None:
    """A fault unless AWS calls will know their region."""
    if not (reader.optional("AWS_REGION") or reader.optional("AWS_DEFAULT_REGION")):
        reader.add_fault("AWS_REGION is not set; give the region of the table and bucket")
