"""Loading a model: refuse code, load by MLflow's python_function flavor, try it on its own example."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.pyfunc import PyFuncModel, load_model

from ml_platform_runtime.errors import ArtifactError
from ml_platform_runtime.record import Release
from ml_platform_runtime.safety import refuse_code


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, ready to answer."""

    release: Release
    pyfunc: PyFuncModel

    @property
    def inputs(self) -> Any:
        """MLflow's schema of the inputs, or None."""
        return self.pyfunc.metadata.get_input_schema()

    @property
    def outputs(self) -> Any:
        """MLflow's schema of the outputs, or None."""
        return self.pyfunc.metadata.get_output_schema()

    def predict(self, data: Any) -> Any:
        """The model's own answer; MLflow checks the data against the signature first."""
        return self.pyfunc.predict(data)


@dataclass(frozen=True)
class ModelLoader:
    """How models are loaded on this server."""

    allow_pickle: bool = False
    trusted_types: frozenset[str] = frozenset()

    def load(self, release: Release, folder: Path) -> LoadedModel:
        """Raises UnsafeModel, or whatever the model's library raises on a damaged file."""
        refuse_code(folder, allow_pickle=self.allow_pickle, trusted_types=self.trusted_types)
        model = load_model(str(folder), suppress_warnings=True)
        example = getattr(model, "input_example", None)
        if example is not None:
            try:
                # The first prediction is also the slowest: better here than in somebody's request.
                model.predict(example)
            except Exception as error:
                raise ArtifactError(
                    f"the model cannot predict its own input example: {type(error).__name__}: {error}"
                ) from error
        return LoadedModel(release, model)
