"""Suites of Great Expectations on one batch of rows, with data docs. Only the image `quality` has the package."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_platform_runtime import aws
from ml_platform_runtime.errors import BadInput
from ml_platform_runtime.quality.checks import plain

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class SuiteOutcome:
    """What a suite says about the rows."""

    name: str
    passed: bool
    results: list[dict[str, Any]]
    _validation: Any

    def page(self) -> str:
        """Data docs of this run: one HTML page."""
        from great_expectations.render.renderer import ValidationResultsPageRenderer
        from great_expectations.render.view import DefaultJinjaPageView

        return str(DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(self._validation)))

    @property
    def failed(self) -> list[str]:
        """Names of the expectations that were not met."""
        return [f"{self.name}: {result['name']}" for result in self.results if result["verdict"] == "failed"]


class Suite:
    """A suite from its JSON, as Great Expectations itself writes it (`suite.to_json_dict()`)."""

    def __init__(self, text: str | bytes, source: str) -> None:
        gx = _package()
        # in memory only: neither a folder nor a server
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False}
        try:
            document = json.loads(text)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"suite {source} is no JSON: {error}; export it with suite.to_json_dict()") from error
        expectations = document.get("expectations") if isinstance(document, dict) else None
        if not isinstance(expectations, list) or not expectations or not isinstance(document.get("name"), str):
            raise BadInput(f"suite {source} lacks a name or expectations; export it with suite.to_json_dict()")
        self.name: str = document["name"]
        self._source = source
        self._suite = gx.ExpectationSuite(name=self.name, meta=document.get("meta"))
        for index, one in enumerate(expectations):
            self._suite.add_expectation(self._expectation(index, one))

    def _expectation(self, index: int, given: Any) -> Any:
        """One expectation. ExpectationSuite(expectations=[...]) would drop what it does not know, with a log line alone."""
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        kind = given.get("type") if isinstance(given, dict) else None
        where = f"suite {self._source}: expectations[{index}] {kind or ''}".rstrip()
        if not isinstance(kind, str) or not isinstance(given.get("kwargs"), dict):
            raise BadInput(f"{where} is not {{ type, kwargs }}")
        try:
            known = {key: value for key, value in given.items() if value is not None and key != "id"}
            return ExpectationConfiguration(**known).to_domain_obj()
        except Exception as error:
            raise BadInput(f"{where} cannot be made: {_line(error)}") from error

    def run(self, rows: pa.Table, show_values: bool) -> SuiteOutcome:
        """The verdict on these rows. Raises BadInput where an expectation cannot be computed, for example without its column."""
        source = self._context.data_sources.add_or_update_pandas("rows")
        asset = source.add_dataframe_asset("rows")
        batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": to_frame(rows)})
        return self._judge(batch, show_values)

    def run_on_athena(self, workgroup: str, query: str, show_values: bool) -> SuiteOutcome:
        """The verdict on the rows of a query, which stay where they are: Athena counts them, expectation by expectation."""
        url = f"awsathena+rest://@athena.{aws.region()}.amazonaws.com:443/default"
        source = self._context.data_sources.add_or_update_sql(
            "rows", connection_string=f"{url}?work_group={workgroup}&region_name={aws.region()}"
        )
        _ask_for_columns_only(source.get_execution_engine().engine, query)
        batch = source.add_query_asset("rows", query=query).add_batch_definition("rows").get_batch()
        return self._judge(batch, show_values)

    def run_on_spark(self, rows: Any, show_values: bool) -> SuiteOutcome:
        """The verdict on a DataFrame of Spark, whose workers count, expectation by expectation."""
        source = self._context.data_sources.add_or_update_spark("rows")
        asset = source.add_dataframe_asset("rows")
        batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": rows})
        return self._judge(batch, show_values)

    def _judge(self, batch: Any, show_values: bool) -> SuiteOutcome:
        result_format = {"result_format": "BASIC"} if show_values else _WITHOUT_VALUES
        result = batch.validate(self._suite, result_format=result_format)
        if len(result.results) != len(self._suite.expectations):
            raise BadInput(
                f"suite {self._source}: {len(result.results)} of {len(self._suite.expectations)} expectations were computed"
            )
        results = [self._result(one) for one in result.results]
        return SuiteOutcome(self.name, bool(result.success), results, result)

    def _result(self, result: Any) -> dict[str, Any]:
        configuration = result.expectation_config
        kwargs = {key: value for key, value in configuration.kwargs.items() if key not in {"batch_id", "column"}}
        column = configuration.kwargs.get("column")
        name = f"{column}.{configuration.type}" if column else str(configuration.type)
        fault = _exception(result.exception_info or {})
        if fault is not None:
            raise BadInput(f"suite {self._source}: {name} cannot be computed: {fault}")
        found: Mapping[str, Any] = result.result or {}
        return {
            "name": name,
            "kind": configuration.type,
            "column": column,
            "verdict": "passed" if result.success else "failed",
            "observed": plain(found.get("observed_value", found.get("unexpected_percent"))),
            "allowed": plain(kwargs),
            "failingRows": found.get("unexpected_count", 0),
            "values": plain(found.get("partial_unexpected_list", [])),
        }


#: Values of rows are personal data until somebody says otherwise.
_WITHOUT_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}


def _ask_for_columns_only(engine: Any, query: str) -> None:
    """Great Expectations learns the columns of a query by running it. Athena would write all of its rows as a result first."""
    from sqlalchemy import event

    def shorten(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        return (f"SELECT * FROM ({query}) LIMIT 0" if statement.strip() == query else statement), parameters

    event.listen(engine, "before_cursor_execute", shorten, retval=True)


def to_frame(rows: pa.Table) -> Any:
    """pandas, with whole numbers that stay whole where some are missing: as floats, large ones would change."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}
    frame = rows.to_pandas()
    for name in rows.column_names:
        column = rows[name]
        if column.null_count and column.type in nullable:
            frame[name] = column.to_pandas(types_mapper=nullable.get)
    return frame


def _package() -> Any:
    # Great Expectations tells its makers about each use unless this is set before it is imported.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    try:
        import great_expectations as gx
    except ImportError as error:
        raise BadInput(
            "suites need Great Expectations, which this image lacks; use the image target quality"
        ) from error
    # what it cannot compute comes back in its results; some of its modules set a level of their own
    for name in ["great_expectations", *logging.root.manager.loggerDict]:
        if name.startswith("great_expectations"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return gx


def _exception(info: Mapping[str, Any]) -> str | None:
    """The first message of an exception that a result holds: it is one itself, or one for each metric."""
    for one in (info, *(value for value in info.values() if isinstance(value, dict))):
        if one.get("raised_exception"):
            # what comes after is a stack trace of Java
            return " ".join(str(one.get("exception_message")).partition("\n\tat ")[0].split())
    return None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
