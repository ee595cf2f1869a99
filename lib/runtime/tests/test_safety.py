"""Models that would run code on loading are refused by name, whatever they call themselves."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import mlflow.sklearn
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from ml_platform_runtime.errors import ArtifactError, UnsafeModel
from ml_platform_runtime.models import ModelLoader
from ml_platform_runtime.record import Release
from ml_platform_runtime.safety import refuse_code

RELEASE = Release("1", "s3://bucket/model")


@pytest.fixture(scope="module")
def estimator() -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def save(estimator: Any, folder: Path, serialization_format: str = "skops") -> Path:
    mlflow.sklearn.save_model(estimator, str(folder), serialization_format=serialization_format, pip_requirements=[])
    return folder


def edit(folder: Path, **flavors: dict[str, Any]) -> None:
    mlmodel = yaml.safe_load((folder / "MLmodel").read_text())
    for name, change in flavors.items():
        mlmodel["flavors"].setdefault(name, {}).update(change)
    (folder / "MLmodel").write_text(yaml.safe_dump(mlmodel))


def test_a_scikit_learn_model_as_mlflow_writes_it_by_default_is_loaded(
    estimator: LogisticRegression, tmp_path: Path
) -> None:
    model = ModelLoader().load(RELEASE, save(estimator, tmp_path / "m"))
    assert model.predict([[0.2], [2.9]]).tolist() == estimator.predict([[0.2], [2.9]]).tolist() == [0, 1]


@pytest.mark.parametrize("written", ["pickle", "cloudpickle"])
def test_a_pickled_model_is_refused_with_flavor_and_file_unless_allowed(
    estimator: LogisticRegression, tmp_path: Path, written: str
) -> None:
    folder = save(estimator, tmp_path / "m", written)
    with pytest.raises(
        UnsafeModel,
        match=f"flavor sklearn is serialized as {written} \\(model.pkl\\), file model.pkl is a pickle.*ML_ALLOW_PICKLE=true",
    ):
        ModelLoader().load(RELEASE, folder)
    assert ModelLoader(allow_pickle=True).load(RELEASE, folder).predict([[2.9]]).tolist() == [1]


class Bomb:
    """Proof that nothing was loaded: unpickling it would make a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


def test_a_pickle_that_lies_about_its_format_is_not_run(estimator: LogisticRegression, tmp_path: Path) -> None:
    folder = save(estimator, tmp_path / "m")
    (folder / "model.skops").write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    with pytest.raises(UnsafeModel, match="file model.skops is a pickle"):
        ModelLoader().load(RELEASE, folder)
    assert not (tmp_path / "boom").exists()
    pickle.loads(pickle.dumps(Bomb(tmp_path / "boom")))
    assert (tmp_path / "boom").exists(), "the bomb itself is a dud"


@pytest.mark.parametrize(
    ("flavors", "reason"),
    [
        (
            {"python_function": {"loader_module": "mlflow.pyfunc.model"}},
            "flavor python_function is loaded by mlflow.pyfunc.model",
        ),
        ({"python_function": {"loader_module": "os"}}, "flavor python_function is loaded by os"),
        ({"python_function": {"loader_module": "mlflow.onnx"}}, "flavor onnx is missing"),
        ({"python_function": {"code": "code"}}, "flavor python_function brings its own code \\(code\\)"),
        ({"python_function": {"model_path": "../other/model.pkl"}}, "outside of the artifact"),
        ({"python_function": {"data": "/etc"}}, "outside of the artifact"),
        ({"sklearn": {"serialization_format": None}}, "flavor sklearn is serialized as pickle"),
        ({"sklearn": {"skops_trusted_types": ["os.system"]}}, "flavor sklearn asks to trust the types os.system"),
        ({"lightgbm": {"model_class": "lightgbm.sklearn.LGBMModel"}}, "flavor lightgbm is serialized as pickle"),
        ({"xgboost": {"model_class": "subprocess.Popen"}}, "flavor xgboost loads the foreign class subprocess.Popen"),
    ],
)
def test_an_mlmodel_file_that_leads_to_code_is_refused(
    estimator: LogisticRegression, tmp_path: Path, flavors: dict[str, Any], reason: str
) -> None:
    folder = save(estimator, tmp_path / "m")
    refuse_code(folder, allow_pickle=False)
    edit(folder, **flavors)
    with pytest.raises(UnsafeModel, match=reason):
        refuse_code(folder, allow_pickle=False)
    refuse_code(folder, allow_pickle=True)


def test_a_second_mlmodel_below_the_first_is_refused(estimator: LogisticRegression, tmp_path: Path) -> None:
    folder = save(estimator, tmp_path / "m")
    save(estimator, folder / "inner")
    with pytest.raises(UnsafeModel, match="file inner/MLmodel is a second MLmodel"):
        refuse_code(folder, allow_pickle=False)


def test_a_pickle_inside_a_zip_archive_is_found(estimator: LogisticRegression, tmp_path: Path) -> None:
    folder = save(estimator, tmp_path / "m")
    with zipfile.ZipFile(folder / "weights.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    with pytest.raises(UnsafeModel, match="file weights.pt is a pickle"):
        refuse_code(folder, allow_pickle=False)


def test_types_that_the_operator_trusts_are_accepted(estimator: LogisticRegression, tmp_path: Path) -> None:
    folder = save(estimator, tmp_path / "m")
    edit(folder, sklearn={"skops_trusted_types": ["team.Scaler", "sklearn.tree._tree.Tree"]})
    with pytest.raises(UnsafeModel, match="trust the types team.Scaler "):
        refuse_code(folder, allow_pickle=False)
    refuse_code(folder, allow_pickle=False, trusted_types=frozenset({"team.Scaler"}))


@pytest.mark.parametrize("text", ["", "flavors: [", "flavors: 3", "- a"])
def test_an_mlmodel_file_that_is_none_is_an_artifact_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(ArtifactError, match="the MLmodel file"):
        refuse_code(tmp_path, allow_pickle=False)


def test_a_model_that_cannot_predict_its_own_example_is_refused(estimator: LogisticRegression, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    mlflow.sklearn.save_model(
        estimator, str(folder), pip_requirements=[], serialization_format="skops", input_example=[[1.0]]
    )
    ModelLoader().load(RELEASE, folder)
    (folder / "input_example.json").write_text('{"data": [[1.0, 2.0]]}')
    with pytest.raises(ArtifactError, match="cannot predict its own input example"):
        ModelLoader().load(RELEASE, folder)
