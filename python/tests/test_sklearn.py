"""A service's model is an estimator of scikit-learn's, in pipelines and in cross-validation."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import veilcast as vc
from veilcast import errors
from veilcast.sklearn import PrivateClassifier, PrivateRegressor

KEY = Path(__file__).parents[2] / "crates" / "paillier" / "tests" / "fixtures" / "keys" / "good-2048.json"
COLUMNS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    x = np.random.default_rng(0).normal(size=(300, 3)).round(3)
    frame = pd.DataFrame(x, columns=COLUMNS)
    score = x @ [1, -2, 0.5]
    frame["kind"] = np.digitize(score, [-1, 1])
    frame["risk"] = np.where(score > 0, "bad", "good")
    frame["amount"] = score
    return frame


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Iterator[vc.Client]:
    program, folder = os.environ["VEILCAST"], tmp_path_factory.mktemp("models")

    def train(name: str, *options: str) -> Path:
        frame[[*COLUMNS, name]].to_csv(folder / f"{name}.csv", index=False)
        command = [program, "train", "--table", folder / f"{name}.csv", "--target", name, "--name", name]
        subprocess.run([*command, "--out", folder / name, *options], check=True, capture_output=True)
        return folder / name

    models = [train("kind"), train("risk", "--positive", "bad"), train("amount", "--regression")]
    serve = [program, "serve", "--listen", "127.0.0.1:0"]
    serve += [str(part) for model in models for part in ("--model", model)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().removeprefix("listening on ").strip()
            yield vc.Client(url, key=vc.Key.load(KEY))
        finally:
            process.kill()


COLUMNS_DIFFER = "the check's records have other columns than the model's, which isn't trained on them"
LABELS_DIFFER = "the check's labels are not the model's, which isn't trained on them"
SECRET = "the client holds a secret key, which is never pickled or copied"
READY = "the estimator is ready before fit, which trains nothing, and ignores what it could learn from few records"

NOT_APPLICABLE = {
    "check_estimators_overwrite_params": SECRET,
    "check_estimators_pickle": SECRET,
    "check_set_params": SECRET,
    "check_classifier_data_not_an_array": COLUMNS_DIFFER,
    "check_classifiers_classes": COLUMNS_DIFFER,
    "check_classifiers_train": COLUMNS_DIFFER,
    "check_dtype_object": COLUMNS_DIFFER,
    "check_estimators_dtypes": COLUMNS_DIFFER,
    "check_estimators_fit_returns_self": COLUMNS_DIFFER,
    "check_fit2d_1feature": COLUMNS_DIFFER,
    "check_fit2d_1sample": COLUMNS_DIFFER,
    "check_fit_check_is_fitted": COLUMNS_DIFFER,
    "check_fit_idempotent": COLUMNS_DIFFER,
    "check_n_features_in_after_fitting": COLUMNS_DIFFER,
    "check_positive_only_tag_during_fit": COLUMNS_DIFFER,
    "check_readonly_memmap_input": COLUMNS_DIFFER,
    "check_n_features_in": READY,
    "check_classifiers_one_label": READY,
}


def test_scikit_learns_own_checks(client: vc.Client) -> None:
    results = check_estimator(
        PrivateClassifier(client, "kind"), expected_failed_checks=NOT_APPLICABLE, on_fail=None, on_skip=None
    )
    by_status: dict[str, set[str]] = {}
    for result in results:
        by_status.setdefault(result["status"], set()).add(result["check_name"])
    wrong = [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"]
    assert wrong == []
    assert by_status["xfail"] == set(NOT_APPLICABLE), "a check that passes needs no reason"
    assert len(by_status["passed"]) > 25


def test_predictions_are_the_clients(client: vc.Client, frame: pd.DataFrame) -> None:
    X = frame[COLUMNS]
    direct = client.predict("risk", X)
    risk = PrivateClassifier(client, "risk")
    assert risk.classes_.tolist() == ["bad", "good"] and risk.n_features_in_ == 3
    assert risk.feature_names_in_.tolist() == COLUMNS
    for records in (X, X.to_numpy(), X[["c", "a", "b"]], X.to_numpy().tolist()):
        assert risk.predict(records).tolist() == direct.labels.tolist()
    proba = risk.predict_proba(X)
    assert proba.shape == (300, 2) and np.allclose(proba.sum(axis=1), 1)
    assert direct.probabilities is not None
    bad = client.session("risk").card.labels.index("bad")
    assert (proba[:, 0] == direct.probabilities[:, bad]).all()

    kind = PrivateClassifier(client, "kind").fit(X, frame["kind"])
    assert kind.classes_.dtype.kind == "i" and kind.classes_.tolist() == [0, 1, 2]
    assert kind.score(X, frame["kind"]) > 0.6


def test_pipelines_and_cross_validation(client: vc.Client, frame: pd.DataFrame) -> None:
    X, y = frame[COLUMNS], frame["risk"]
    risk = PrivateClassifier(client, "risk")
    assert clone(risk).client is client
    scores = cross_val_score(risk, X, y, cv=3)
    assert scores.min() > 0.8
    holes = X.mask(np.random.default_rng(1).random(X.shape) < 0.1)
    pipeline = make_pipeline(SimpleImputer(), FunctionTransformer(np.copy), PrivateClassifier(client, "risk"))
    proba = cross_val_predict(pipeline, holes, y, cv=3, method="predict_proba")
    assert roc_auc_score(y == "bad", proba[:, 0]) > 0.85
    search = GridSearchCV(risk, {"model": ["kind", "risk"]}, cv=2, error_score=0.0)
    with pytest.warns(RuntimeWarning, match="fits failed"):
        search.fit(X, y)
    assert search.best_params_ == {"model": "risk"}


def test_quantities(client: vc.Client, frame: pd.DataFrame) -> None:
    X, y = frame[COLUMNS], frame["amount"]
    amount = PrivateRegressor(client, "amount").fit(X, y)
    assert amount.score(X, y) > 0.95
    assert amount.predict(X).tolist() == client.predict("amount", X).scores[:, 0].tolist()
    assert cross_val_score(amount, X, y, cv=2).min() > 0.95


def test_what_doesnt_fit(client: vc.Client, frame: pd.DataFrame) -> None:
    X, y = frame[COLUMNS][:10], frame["risk"][:10]
    risk = PrivateClassifier(client, "risk")
    with pytest.raises(ValueError, match="'maybe' is none of the model's labels, which are"):
        risk.fit(X, ["maybe"] * 10)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        risk.fit(X, y[:9])
    with pytest.raises(ValueError, match="requires y"):
        risk.fit(X)
    with pytest.raises(ValueError, match="needs a client and a model's name"):
        PrivateClassifier().fit(X, y)
    with pytest.raises(errors.RecordError, match="X has 2 features, but PrivateClassifier is expecting 3"):
        risk.predict(X.to_numpy()[:, :2])
    with pytest.raises(errors.RecordError):
        risk.predict(X[["a", "b"]])
    with pytest.raises(errors.RecordError, match="0 sample"):
        risk.predict(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="Reshape your data"):
        risk.predict([1, 2, 3])
    with pytest.raises(errors.CardError, match="use PrivateRegressor"):
        PrivateClassifier(client, "amount").fit(X, y)
    with pytest.raises(errors.CardError, match="use PrivateClassifier"):
        PrivateRegressor(client, "risk").predict(X)
    with pytest.raises(ValueError, match="NaN"):
        PrivateRegressor(client, "amount").fit(X, [np.nan] * 10)
    with pytest.raises(errors.ServiceError):
        PrivateClassifier(client, "nothing").predict(X)
