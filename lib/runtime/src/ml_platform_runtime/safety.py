"""Does loading this artifact run code that travels inside it?

MLflow decides how to load from the MLmodel file, which the author of the model wrote; so everything that is not known to be
plain data counts as code: pickles by flavor and by content, loaders other than those that read plain data, code paths, and
types that the model itself asks skops to trust.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ml_platform_runtime.errors import ArtifactError, UnsafeModel

# MLflow loaders that read plain data formats when no pickle lies beside them.
_PLAIN_LOADERS = {"mlflow.sklearn", "mlflow.xgboost", "mlflow.lightgbm", "mlflow.catboost", "mlflow.onnx"}
# Classes of common scikit-learn estimators that skops asks about and that run no code of the artifact's. skops names trees
# because a crafted one can crash the process; whoever registers models can as well register one that answers wrongly.
DATA_TYPES = frozenset(
    {
        "numpy.dtype",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
    }
)
_PICKLE_NAME = re.compile(r".*\.(pkl|pickle|cloudpickle|joblib|dill)", re.IGNORECASE)
_ADVICE = "log it with a data format (scikit-learn: serialization_format='skops'), or set ML_ALLOW_PICKLE=true if you trust everybody who can register models"
_PICKLE_MAGIC = re.compile(rb"\x80[\x02-\x05]")


def refuse_code(folder: Path, *, allow_pickle: bool, trusted_types: frozenset[str] = frozenset()) -> None:
    """Raise UnsafeModel, with every reason, unless the artifact is plain data or pickles are allowed."""
    if allow_pickle:
        return
    reasons = list(reasons_in_mlmodel(read_mlmodel((folder / "MLmodel").read_text()), trusted_types))
    reasons += _reasons_in_files(folder)
    if reasons:
        raise UnsafeModel(f"loading this model would run code from its artifact: {', '.join(reasons)}; {_ADVICE}")


def read_mlmodel(text: str) -> dict[str, Any]:
    """The MLmodel file as data. Raises ArtifactError when it is none."""
    try:
        mlmodel = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ArtifactError("the MLmodel file is no YAML") from error
    if not isinstance(mlmodel, dict) or not isinstance(mlmodel.get("flavors"), dict):
        raise ArtifactError("the MLmodel file names no flavors")
    return mlmodel


def reasons_in_mlmodel(mlmodel: dict[str, Any], trusted_types: frozenset[str] = frozenset()) -> Iterator[str]:
    """What the MLmodel file says about code."""
    flavors = {str(name): flavor for name, flavor in mlmodel["flavors"].items() if isinstance(flavor, dict)}
    loader = str(flavors.get("python_function", {}).get("loader_module", ""))
    library = loader.removeprefix("mlflow.")
    if loader not in _PLAIN_LOADERS:
        yield f"flavor python_function is loaded by {loader or 'nothing known'}"
    elif library not in flavors:
        yield f"flavor {library} is missing, so MLflow assumes a pickle"
    for name, flavor in flavors.items():
        yield from _reasons_in_flavor(name, flavor, trusted_types)


def _reasons_in_flavor(name: str, flavor: dict[str, Any], trusted_types: frozenset[str]) -> Iterator[str]:
    if flavor.get("code"):
        yield f"flavor {name} brings its own code ({flavor['code']})"
    model_class = flavor.get("model_class")
    if model_class and not str(model_class).startswith(f"{name}."):
        yield f"flavor {name} loads the foreign class {model_class}"
    pickled = name == "sklearn" or (name == "lightgbm" and model_class not in (None, "lightgbm.basic.Booster"))
    written = str(flavor.get("serialization_format") or ("pickle" if pickled else "skops"))
    if written != "skops":
        yield f"flavor {name} is serialized as {written} ({flavor.get('pickled_model') or flavor.get('data') or 'model.pkl'})"
    untrusted = sorted(set(map(str, flavor.get("skops_trusted_types") or ())) - DATA_TYPES - trusted_types)
    if untrusted:
        yield f"flavor {name} asks to trust the types {' '.join(untrusted)} (ML_SKOPS_TRUSTED_TYPES may list them)"
    for key in ("data", "model_path", "pickled_model"):
        path = PurePosixPath(str(flavor.get(key) or "."))
        if path.is_absolute() or ".." in path.parts:
            yield f"flavor {name} reads {path}, outside of the artifact"


def _reasons_in_files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and _is_pickle(path):
            yield f"file {name} is a pickle"
        if path.name == "MLmodel" and path.parent != folder:
            yield f"file {name} is a second MLmodel"


def _is_pickle(path: Path) -> bool:
    if _PICKLE_NAME.fullmatch(path.name):
        return True
    with path.open("rb") as file:
        if _PICKLE_MAGIC.match(file.read(2)):
            return True
    # PyTorch and others put a pickle in a zip archive.
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(_PICKLE_NAME.fullmatch(name) for name in archive.namelist())
    return False
