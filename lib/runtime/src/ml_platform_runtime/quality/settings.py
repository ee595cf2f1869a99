"""Environment and options to settings of a quality check."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ml_platform_runtime.config import EnvironmentReader, check_region
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.scan import Sample

_TABLE = re.compile(r"[^.\s]+\.[^.\s]+")


@dataclass(frozen=True)
class QualitySettings:
    """What is checked, how, and where the report goes."""

    table: str
    contract: str | None
    suites: tuple[str, ...]
    report: str
    sample: Sample
    snapshot_id: str | None
    show_values: bool
    memory_mib: int
    name: str
    metrics_namespace: str | None
    bus: str | None
    environment: str
    correlation_id: str | None
    causation_id: str | None
    athena_workgroup: str | None
    on_spark: bool
    verdict: str | None

    @classmethod
    def of(cls, options: argparse.Namespace, environment: Mapping[str, str]) -> QualitySettings:
        """Options win over the environment. Raises BadInput with all faults."""
        given = {
            "ML_QUALITY_TABLE": options.table,
            "ML_QUALITY_CONTRACT": options.contract,
            "ML_QUALITY_SUITES": " ".join(options.suite or []),
            "ML_QUALITY_REPORT": options.report,
            "ML_QUALITY_SAMPLE": options.sample,
            "ML_QUALITY_SNAPSHOT": options.snapshot,
            "ML_QUALITY_ATHENA_WORKGROUP": options.athena_workgroup,
            "ML_QUALITY_ON_SPARK": "true" if options.on_spark else "",
            "ML_QUALITY_VERDICT": options.verdict,
        }
        reader = EnvironmentReader({**environment, **{name: value for name, value in given.items() if value}})
        settings = cls(
            table=reader.required("ML_QUALITY_TABLE", "database.table"),
            contract=reader.optional("ML_QUALITY_CONTRACT"),
            suites=tuple((reader.optional("ML_QUALITY_SUITES") or "").split()),
            report=reader.required("ML_QUALITY_REPORT", "s3://bucket/prefix for reports"),
            sample=_sample(reader),
            snapshot_id=reader.optional("ML_QUALITY_SNAPSHOT"),
            show_values=reader.flag("ML_QUALITY_SHOW_VALUES", False),
            memory_mib=reader.integer("ML_QUALITY_MEMORY_MIB", 256, 16, 1_048_576),
            name=reader.text("ML_QUALITY_NAME", "default"),
            metrics_namespace=reader.optional("ML_QUALITY_METRICS_NAMESPACE"),
            bus=reader.optional("ML_EVENT_BUS"),
            environment=reader.text("ML_ENVIRONMENT", "default"),
            correlation_id=reader.optional("ML_QUALITY_CORRELATION_ID"),
            causation_id=reader.optional("ML_QUALITY_CAUSATION_ID"),
            athena_workgroup=reader.optional("ML_QUALITY_ATHENA_WORKGROUP"),
            on_spark=reader.flag("ML_QUALITY_ON_SPARK", False),
            verdict=reader.optional("ML_QUALITY_VERDICT"),
        )
        if settings.table and not _TABLE.fullmatch(settings.table):
            reader.add_fault(f"ML_QUALITY_TABLE is {settings.table!r}; give database.table")
        if not settings.contract and not settings.suites:
            reader.add_fault("nothing would be checked; set ML_QUALITY_CONTRACT, ML_QUALITY_SUITES or both")
        settings._check_engine(reader)
        check_region(reader)
        reader.finish()
        return settings

    def _check_engine(self, reader: EnvironmentReader) -> None:
        engines = {"ML_QUALITY_ATHENA_WORKGROUP": self.athena_workgroup, "ML_QUALITY_ON_SPARK": self.on_spark}
        given = [name for name, value in engines.items() if value]
        if len(given) > 1:
            reader.add_fault(f"{' and '.join(given)} are both set, but one engine counts; keep one of them")
        if given and self.sample.kind in {"rows", "newest-snapshot"}:
            reader.add_fault(
                f"ML_QUALITY_SAMPLE is {self.sample.kind}, which a query cannot take; with {given[0]} "
                "allowed are all and newest-partition"
            )


def _sample(reader: EnvironmentReader) -> Sample:
    try:
        return Sample.parse(reader.text("ML_QUALITY_SAMPLE", "all"))
    except BadInput as fault:
        reader.add_fault(f"ML_QUALITY_SAMPLE: {fault}")
        return Sample("all")
