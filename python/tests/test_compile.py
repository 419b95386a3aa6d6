"""Models of other libraries predict as they do themselves, and what can't be compiled has its error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cancer
import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from test_predictions import ROOT, images, labels

import veilcast as vc
from veilcast import errors

ONNX = ROOT / "testdata" / "fixtures" / "onnx"
NUMBERS = ["duration_in_month", "credit_amount", "installment_rate_in_percentage_of_disposable_income"]
CATEGORIES = ["status_of_existing_checking_account", "credit_history", "purpose", "housing"]


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(), LinearSVC(random_state=0)),
        LinearDiscriminantAnalysis(),
    ],
    ids=["logistic", "margin", "discriminant"],
)
def test_scikit_learns_classifiers(estimator: Any) -> None:
    estimator.fit(cancer.train, cancer.train_labels)
    model = vc.compile(estimator, cancer.train)
    assert model.card.columns == list(cancer.train.columns)
    agreeing = model.predict(cancer.test).labels == estimator.predict(cancer.test)
    assert agreeing.mean() >= 0.99
    report = model.report(cancer.test, cancer.test_labels)
    assert report.agreement == agreeing.mean() and report.compared_with == type(estimator).__name__
    assert report.accuracy is not None and report.accuracy > 0.9 and report.records == 114
    assert report.clipped == model.predict(cancer.test).clipped


def test_a_table_with_texts_and_gaps(tmp_path: Path) -> None:
    table = pd.read_csv(ROOT / "data" / "german-credit" / "german-credit.csv")
    records, truth = table[NUMBERS + CATEGORIES].copy(), table["creditability"]
    records.loc[::7, "credit_amount"] = np.nan
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer(
        [("numbers", numbers, NUMBERS), ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES)]
    )
    pipeline = make_pipeline(columns, LogisticRegression(C=0.1, max_iter=1000)).fit(records[:800], truth[:800])
    model = vc.compile(pipeline, records[:800], name="credit", description="Whether a credit will be paid back.")
    test = records[800:]
    predicted = model.predict(test)
    assert (predicted.labels == pipeline.predict(test)).mean() >= 0.99
    assert predicted.imputed == int(test["credit_amount"].isna().sum()) > 0
    shuffled = test[sorted(test.columns)]
    for other in (shuffled, pl.from_pandas(shuffled), test.to_numpy(dtype=object)):
        assert model.predict(other).scores.tolist() == predicted.scores.tolist()
    strange = model.predict(test.assign(purpose="a rocket"))
    assert strange.unknown == len(test)
    model.save(tmp_path / "credit")
    again = vc.Model.load(tmp_path / "credit")
    assert again.card.json == model.card.json
    assert again.predict(test).scores.tolist() == predicted.scores.tolist()
    with pytest.raises(errors.FileExists, match="overwrite=True"):
        model.save(tmp_path / "credit")
    model.save(tmp_path / "credit", overwrite=True)
    # A target among the records to calibrate with is left out.
    assert vc.compile(pipeline, records[:800].assign(creditability=truth[:800])).card.columns == model.card.columns


def test_quantities() -> None:
    X = cancer.train.iloc[:, :8]
    y = cancer.train[["worst radius", "worst texture"]]
    one = Ridge().fit(X, y["worst radius"])
    model = vc.compile(one, X, labels=["radius"], units=["mm"], name="radius")
    predicted = model.predict(X)
    assert model.card.task == "quantities" and predicted.labels.size == 0
    assert np.corrcoef(predicted.scores[:, 0], one.predict(X))[0, 1] > 0.999
    report = model.report(X, y["worst radius"])
    assert report.agreement is None and report.accuracy is None
    assert report.figures["quantities"][0]["quantized"]["r_squared"] > 0.8
    assert "no value is changed by more than" in str(report)
    both = vc.compile(LinearRegression().fit(X, y), X, labels=["radius", "texture"], units=["mm", "grey"])
    assert both.report(X, y).figures["quantities"][1]["label"] == "texture"
    assert list(both.predict(X).to_frame().columns) == ["radius", "texture"]
    with pytest.raises(errors.CardError, match="use predict"):
        both.predict_proba(X)
    with pytest.raises(errors.RecordError, match="2 quantities"):
        both.report(X, y["worst radius"])


def test_a_report_as_a_page() -> None:
    model = vc.compile(cancer.pipeline(), cancer.train, name="risk")
    report = model.report(cancer.test, cancer.test_labels.to_numpy())
    assert report.auc is not None and report.auc > 0.98
    assert report.plan.records == 114 and report.plan.chosen is not None
    page = report.html()
    assert page.startswith("<!DOCTYPE html>") and "<script" not in page and "risk" in page
    assert report._repr_html_().startswith("<iframe srcdoc=")
    assert "114 records" in str(report) and repr(report) == str(report)
    with pytest.raises(errors.RecordError, match="knows no class 'nothing'"):
        model.report(cancer.test, ["nothing"] * 114)
    with pytest.raises(errors.RecordError, match="114 records and 2 classes"):
        model.report(cancer.test, ["benign"] * 2)
    with pytest.raises(errors.RecordError, match="no records"):
        model.report(cancer.test[:0], [])


def test_plans() -> None:
    model = vc.Model.load(ROOT / "models" / "digits")
    plan, estimate = vc.plan(model, 100), vc.plan(model.card, 100)
    assert (plan.products, estimate.products) == ("counted", "estimated")
    assert plan.chosen == plan.candidates[0] or plan.candidates[0].upload == "seeded"
    assert [way.way for way in plan.ways] == ["direct", "vouchers"]
    assert plan.ways[1].ahead is not None and plan.ways[1].online.bytes_down < plan.ways[0].online.bytes_down
    assert repr(plan) == str(plan) == plan.text and "100 records" in plan.text
    slow = vc.plan(model, 100, key_bits=2048, link=1)
    assert slow.key_bits == 2048 and slow.chosen is not None and plan.chosen is not None
    assert slow.chosen.link_ms > plan.chosen.link_ms
    for arguments in ({"key_bits": 1024}, {"link": 0}, {"link": float("nan")}):
        with pytest.raises(errors.ValueRangeError):
            vc.plan(model, **arguments)


@pytest.mark.parametrize("objective", ["binary:logistic", "multi:softprob", "reg:squarederror"])
def test_xgboosts_linear_booster(objective: str) -> None:
    X = ((cancer.train - cancer.train.mean()) / cancer.train.std()).astype(np.float32)
    of = (cancer.train_labels == "malignant").astype(int)
    if objective == "reg:squarederror":
        regressor = xgboost.XGBRegressor(booster="gblinear", n_estimators=20).fit(X, cancer.train["worst radius"])
        predicted = vc.compile(regressor, X, labels=["radius"]).predict(X)
        np.testing.assert_allclose(predicted.scores[:, 0], regressor.predict(X), atol=0.1)
        return
    if objective == "multi:softprob":
        of = of + (cancer.train["mean area"] > 1000)
    classifier = xgboost.XGBClassifier(booster="gblinear", n_estimators=20, objective=objective).fit(X, of)
    model = vc.compile(classifier, X)
    np.testing.assert_allclose(model.predict_proba(X), classifier.predict_proba(X), atol=0.05)
    booster = vc.compile(classifier.get_booster(), X)
    assert booster.predict(X).scores.tolist() == model.predict(X).scores.tolist()


@pytest.mark.filterwarnings("ignore:Found whitespace in feature_names")
def test_trees_of_three_libraries() -> None:
    of = (cancer.train_labels == "malignant").astype(int)
    grown: list[Any] = [
        RandomForestClassifier(10, max_depth=4, random_state=0).fit(cancer.train, of),
        xgboost.XGBClassifier(n_estimators=10, max_depth=3).fit(cancer.train, of),
        lightgbm.LGBMClassifier(n_estimators=10, num_leaves=7, verbose=-1).fit(cancer.train, of),
    ]
    for trees in grown:
        model = vc.compile(trees, cancer.train)
        assert model.card.columns is not None and set(model.card.columns) <= set(cancer.train.columns)
        records = cancer.test[model.card.columns]
        agreeing = model.predict(records).labels == trees.predict(cancer.test).astype(str)
        assert agreeing.mean() >= 0.99
        if not isinstance(trees, RandomForestClassifier):  # Its leaves' means are scores without a final function.
            np.testing.assert_allclose(model.predict_proba(records), trees.predict_proba(cancer.test), atol=0.05)


def test_networks_in_files() -> None:
    """PyTorch and Keras take gigabytes; networks that they have exported are among the test data."""
    pixels = images(300)
    network = ONNX / "pytorch-example-opset20.onnx"
    model = vc.compile(network, pixels, fit="mnist", name="digits")
    assert model.card.shape == (28, 28)
    assert (model.predict(pixels).labels == labels(300)).mean() > 0.8
    from_bytes = vc.compile(network.read_bytes(), pixels, fit="mnist", name="digits")
    assert from_bytes.predict(pixels).scores.tolist() == model.predict(pixels).scores.tolist()
    planes = vc.compile(network, pixels.reshape(300, 1, 28, 28), fit="mnist", name="digits")
    assert planes.card.json == model.card.json
    for shape in [(300, 1, 28, 28), (300, 28, 28, 1), (300, 784)]:
        assert planes.predict(pixels.reshape(shape)).scores.tolist() == model.predict(pixels).scores.tolist()
    with pytest.raises(errors.RecordError, match="rows of 28 × 28 numbers"):
        planes.predict(pixels.reshape(100, 3, 28, 28))
    assert vc.compile(network, name="without-records").card.shape == (28, 28)


def test_what_cannot_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = SVC(kernel="rbf").fit(cancer.train, cancer.train_labels)
    counts = xgboost.XGBRegressor(booster="gblinear", objective="count:poisson", n_estimators=1)
    counts.fit(cancer.train, cancer.train["mean area"])
    pipeline = cancer.pipeline()
    cases: list[tuple[Any, Any, dict[str, Any], str]] = [
        (kernel, cancer.train, {}, "SVMClassifier"),
        (counts, cancer.train, {}, "'count:poisson'"),
        (object(), cancer.train, {}, "a object can't be compiled"),
        (LogisticRegression(), cancer.train, {}, "skl2onnx can't convert"),
        (pipeline, None, {}, "give records"),
        (pipeline, cancer.train, {"labels": ["one"]}, "label"),
        (pipeline, cancer.train, {"activation": "tanh"}, "softmax, sigmoid or none"),
        (pipeline, cancer.train, {"ways": ["sealed"]}, "direct or vouchers"),
        (pipeline, cancer.train, {"weight_bits": 40}, "bits"),
        (pipeline, cancer.train, {"tolerance": 2.0}, "0 to 1"),
        (pipeline, cancer.train, {"input": "sound"}, "image, table or array"),
        (pipeline, cancer.train, {"mean": 1.0}, "both mean and std"),
        (b"no network", cancer.train, {}, "ONNX"),
        (ONNX / "pytorch-example-opset20.onnx", images(2) / 255, {}, "pixels from 0 to 255"),
        (ONNX / "refused" / "relu.onnx", None, {}, "affine"),
    ]
    for model, X, options, text in cases:
        with pytest.raises(errors.CompileError, match=text):
            vc.compile(model, X, **options)
    with pytest.raises(errors.RecordError, match="aren't there"):
        vc.compile(pipeline, cancer.train).predict(cancer.test.iloc[:, 1:])
    with pytest.raises(FileNotFoundError):
        vc.compile("no/such/file.onnx")
    for package, model, extra in [("skl2onnx", pipeline, "sklearn"), ("onnx", xgboosts_line(), "xgboost")]:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(errors.MissingPackage, match=rf"pip install 'veilcast\[{extra}\]'"):
                vc.compile(model, cancer.train)


def xgboosts_line() -> Any:
    model = xgboost.XGBRegressor(booster="gblinear", n_estimators=1)
    return model.fit(cancer.train, cancer.train["mean area"])


def test_networks_of_strangers_are_refused_without_noise(capfd: pytest.CaptureFixture[str]) -> None:
    refused = sorted((ONNX / "refused").glob("*.onnx"))
    assert len(refused) > 80
    for network in refused:
        with pytest.raises(errors.CompileError):
            vc.compile(network)
    # The library that runs networks panics on some of them.
    assert capfd.readouterr().err == ""


def test_the_probabilities_of_a_discriminant_analysis_are_its_own() -> None:
    estimator = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()).fit(cancer.train, cancer.train_labels)
    model = vc.compile(estimator, cancer.train)
    # No value of these is clipped.
    own = estimator.predict_proba(cancer.train)
    assert np.abs(model.predict_proba(cancer.train).to_numpy() - own).max() < 0.05


ARRAYS = ROOT / "testdata" / "fixtures" / "arrays"


@pytest.fixture(scope="module")
def windows() -> vc.Model:
    return vc.compile(ARRAYS / "windows.onnx", np.load(ARRAYS / "windows.npy"), input="array")


def test_arrays_of_numbers_through_a_service(windows: vc.Model) -> None:
    records = np.load(ARRAYS / "windows.npy")
    own = np.array(json.loads((ARRAYS / "windows.json").read_text())["probabilities"])
    assert windows.card.shape == (6, 4)
    key = vc.Key.load(ROOT / "crates" / "paillier" / "tests" / "fixtures" / "keys" / "good-2048.json")
    with vc.serve(windows) as service:
        client = vc.Client(service.url, key=key)
        for given in (records, records.astype(np.float64), np.asfortranarray(records), records.reshape(60, 24), records[:, None]):
            probabilities = client.predict_proba(windows.card.name, given)
            assert probabilities.shape == (60, 3)
            assert np.abs(probabilities - own).max() < 0.03
        booleans = client.predict_proba(windows.card.name, records > 0)
        assert (booleans == client.predict_proba(windows.card.name, (records > 0) * 1.0)).all()


def changed(records: Any, number: float) -> Any:
    records[3, 2, 1] = number
    return records


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda records: records.transpose(0, 2, 1), "rows of 6 × 4 numbers, and this array has the shape \\(60, 4, 6\\)"),
        (lambda records: records[0], "has the shape \\(6, 4\\)"),
        (lambda records: records.astype(complex), "are numbers, and these are complex"),
        (lambda records: records.astype(str), "are numbers, and these are <U"),
        (lambda records: changed(records, np.nan), "record 3 .*number9"),
        (lambda records: changed(records, np.inf), "record 3 .*number9"),
    ],
    ids=["transposed", "alone", "complex", "texts", "not a number", "infinite"],
)
def test_arrays_that_cant_be_records(windows: vc.Model, change: Any, text: str) -> None:
    with pytest.raises(errors.RecordError, match=text):
        windows.predict(change(np.load(ARRAYS / "windows.npy")))


def test_arrays_of_equal_sides_are_calibrated_as_they_are() -> None:
    shape = (3, 3, 3)
    onnx = pytest.importorskip("onnx")
    numbers = np.arange(1, 28, dtype=np.float32).reshape(27, 1)
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Flatten", ["x"], ["flat"], axis=1),
            onnx.helper.make_node("MatMul", ["flat", "weights"], ["y"]),
        ],
        "cubes",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", *shape])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 1])],
        [onnx.numpy_helper.from_array(numbers, "weights")],
    )
    network = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    # Each number has a range of its own, which is lost if the sides are swapped.
    scale = np.geomspace(1e-3, 1e3, 27).reshape(shape)
    records = np.random.default_rng(2).normal(size=(80, *shape)) * scale
    model = vc.compile(network.SerializeToString(), records, input="array")
    assert model.predict(records).clipped == 0
    own = records.reshape(80, -1) @ numbers[:, 0]
    found = model.predict(records).scores[:, 0]
    assert np.abs(found - own).max() < 0.1 * own.std()
