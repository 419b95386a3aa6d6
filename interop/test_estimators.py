"""Estimators of scikit-learn, exported by skl2onnx as usual, imported, and compared with scikit-learn's own predictions.

An imported model's integers must give the label that scikit-learn gives for every record whose scores are further apart
than rounding moves them, and its probabilities and quantities must be as close as the bits allow. What becomes of each
estimator is listed in estimators.txt, next to this file, with the reason and the hint where one is refused; `UPDATE=1`
writes the list anew.

An estimator that skl2onnx doesn't export as usual is exported with the options that `veilcast.compile` sets. Where a hint
names an option of the program, that is tried.

Run by hand from the repository's root, with what python/requirements.txt lists and onnxruntime installed:
python interop/test_estimators.py VEILCAST
"""

import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn import (
    calibration,
    cross_decomposition,
    datasets,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_selection,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    preprocessing,
    svm,
    tree,
)
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline

VEILCAST = sys.argv.pop(1) if len(sys.argv) > 1 else "veilcast"
LIST = Path(__file__).with_name("estimators.txt")
#: How far probabilities may be from scikit-learn's, and quantities in units of their deviation: inputs and weights have
#: twelve bits.
TOLERANCE = 0.02


def frame(x):
    return pd.DataFrame(np.asarray(x), columns=[f"x{i}" for i in range(np.shape(x)[1])])


def samples():
    """For each kind of task: records, and what is to be predicted of them."""
    generator = np.random.default_rng(5)
    wine, classes = datasets.load_wine(return_X_y=True)
    wine = wine[:, :8].astype(np.float32)
    diabetes, progression = datasets.load_diabetes(return_X_y=True)
    diabetes, progression = diabetes[:160].astype(np.float32), progression[:160]
    two = classes < 2
    counts = generator.poisson(3, (len(wine), 6)).astype(np.float32)
    counts[:, 0] += 4 * (classes == 1)
    counts[:, 1] += 4 * (classes == 2)
    gaps = wine.copy()
    gaps[generator.random(gaps.shape) < 0.1] = np.nan
    table = pd.DataFrame(
        {
            "alcohol": wine[:, 0],
            "acid": gaps[:, 1],
            "town": np.array(["Bern", "Chur", "Genf"])[(classes + (generator.random(len(wine)) < 0.3)) % 3],
            "sort": np.array(["a", "b"])[generator.integers(0, 2, len(wine))],
        }
    )
    names = np.array(["low", "middle", "high"])[classes]
    return {
        "three": (frame(wine), classes),
        "names": (frame(wine), names),
        "two": (frame(wine[two]), classes[two]),
        "counts": (frame(counts), classes),
        "booleans": (frame((counts > 3).astype(np.float32)), classes),
        "gaps": (frame(gaps), classes),
        "table": (table, names),
        "number": (frame(diabetes), progression),
        "numbers": (frame(diabetes), np.column_stack([progression, progression[::-1]])),
        "labels": (frame(wine), np.column_stack([classes == 0, classes == 1]).astype(int)),
    }


def scaled(estimator):
    return make_pipeline(preprocessing.StandardScaler(), estimator)


def before(transformer, estimator=None):
    return make_pipeline(transformer, estimator or linear_model.LogisticRegression(max_iter=2000))


def after_scaling(transformer):
    return make_pipeline(preprocessing.StandardScaler(), transformer, linear_model.LogisticRegression(max_iter=2000))


def columns(numbers, texts):
    parts = [("numbers", numbers, ["alcohol", "acid"]), ("texts", texts, ["town", "sort"])]
    return make_pipeline(ColumnTransformer(parts), linear_model.LogisticRegression(max_iter=2000))


def estimators():
    """The name of each estimator, the kind of sample that it is fitted to, and the estimator."""
    logistic = linear_model.LogisticRegression(max_iter=2000)
    imputed = make_pipeline(SimpleImputer(), preprocessing.StandardScaler())
    hot = preprocessing.OneHotEncoder
    for kind in ("two", "three"):
        for estimator in (
            linear_model.LogisticRegression(max_iter=2000),
            linear_model.LogisticRegressionCV(Cs=3, cv=3, max_iter=2000),
            linear_model.RidgeClassifier(),
            linear_model.RidgeClassifierCV(),
            linear_model.Perceptron(random_state=0),
            linear_model.PassiveAggressiveClassifier(random_state=0),
            linear_model.SGDClassifier(random_state=0),
            linear_model.SGDClassifier(loss="log_loss", random_state=0),
            linear_model.SGDClassifier(loss="modified_huber", random_state=0),
            svm.LinearSVC(random_state=0),
            svm.SVC(kernel="linear"),
            svm.SVC(kernel="linear", probability=True, random_state=0),
            svm.NuSVC(kernel="linear", nu=0.2),
            discriminant_analysis.LinearDiscriminantAnalysis(),
            discriminant_analysis.LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
            discriminant_analysis.QuadraticDiscriminantAnalysis(),
            naive_bayes.GaussianNB(),
            neighbors.NearestCentroid(),
            neighbors.KNeighborsClassifier(),
            neural_network.MLPClassifier((6,), activation="identity", max_iter=800, random_state=0),
            neural_network.MLPClassifier((6,), max_iter=800, random_state=0),
            calibration.CalibratedClassifierCV(svm.LinearSVC(random_state=0), ensemble=False),
            calibration.CalibratedClassifierCV(svm.LinearSVC(random_state=0)),
            multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
            multiclass.OneVsRestClassifier(svm.LinearSVC(random_state=0)),
            multiclass.OneVsOneClassifier(linear_model.LogisticRegression()),
            multiclass.OutputCodeClassifier(linear_model.LogisticRegression(), random_state=0),
            ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", linear_model.SGDClassifier())]),
            ensemble.BaggingClassifier(linear_model.LogisticRegression(), 3, random_state=0),
            ensemble.StackingClassifier([("a", linear_model.LogisticRegression())], cv=3),
            dummy.DummyClassifier(strategy="prior"),
        ):
            yield text(estimator), kind, scaled(estimator)
        for estimator in (
            tree.DecisionTreeClassifier(max_depth=3, random_state=0),
            tree.ExtraTreeClassifier(max_depth=3, random_state=0),
            ensemble.RandomForestClassifier(8, max_depth=3, random_state=0),
            ensemble.ExtraTreesClassifier(8, max_depth=3, random_state=0),
            ensemble.GradientBoostingClassifier(n_estimators=6, max_depth=2, random_state=0),
            ensemble.HistGradientBoostingClassifier(max_iter=6, max_depth=2, random_state=0),
            ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=1), n_estimators=5, random_state=0),
        ):
            yield text(estimator), kind, estimator
    fixed = model_selection.FixedThresholdClassifier(linear_model.LogisticRegression(), threshold=0.3)
    yield text(fixed), "two", scaled(fixed)
    for estimator in (
        naive_bayes.MultinomialNB(),
        naive_bayes.ComplementNB(),
        naive_bayes.CategoricalNB(),
        naive_bayes.BernoulliNB(binarize=3),
    ):
        yield text(estimator), "counts", estimator
    yield "BernoulliNB(binarize=None)", "booleans", naive_bayes.BernoulliNB(binarize=None)
    for estimator in (
        linear_model.LogisticRegression(max_iter=2000),
        svm.LinearSVC(random_state=0),
        ensemble.RandomForestClassifier(4, max_depth=3, random_state=0),
    ):
        yield text(estimator), "names", scaled(estimator)
    for estimator in (
        linear_model.LinearRegression(),
        linear_model.Ridge(),
        linear_model.RidgeCV(),
        linear_model.Lasso(),
        linear_model.LassoCV(n_alphas=10),
        linear_model.LassoLars(),
        linear_model.LassoLarsCV(),
        linear_model.LassoLarsIC(),
        linear_model.Lars(),
        linear_model.LarsCV(),
        linear_model.ElasticNet(),
        linear_model.ElasticNetCV(n_alphas=10),
        linear_model.OrthogonalMatchingPursuit(),
        linear_model.OrthogonalMatchingPursuitCV(),
        linear_model.BayesianRidge(),
        linear_model.ARDRegression(),
        linear_model.HuberRegressor(max_iter=1000),
        linear_model.QuantileRegressor(),
        linear_model.RANSACRegressor(random_state=0),
        linear_model.TheilSenRegressor(random_state=0, max_subpopulation=200),
        linear_model.SGDRegressor(random_state=0),
        linear_model.PassiveAggressiveRegressor(random_state=0),
        linear_model.PoissonRegressor(),
        linear_model.GammaRegressor(),
        linear_model.TweedieRegressor(power=1.5),
        linear_model.TweedieRegressor(power=0),
        svm.LinearSVR(random_state=0, max_iter=10000),
        svm.SVR(kernel="linear"),
        svm.NuSVR(kernel="linear"),
        svm.SVR(),
        kernel_ridge.KernelRidge(),
        cross_decomposition.PLSRegression(),
        neural_network.MLPRegressor(hidden_layer_sizes=(6,), activation="identity", max_iter=2000, random_state=0),
        dummy.DummyRegressor(),
        ensemble.VotingRegressor([("a", linear_model.Ridge()), ("b", linear_model.LinearRegression())]),
        ensemble.BaggingRegressor(linear_model.Ridge(), 3, random_state=0),
        ensemble.StackingRegressor([("a", linear_model.Ridge())], cv=3),
        TransformedTargetRegressor(linear_model.Ridge(), func=np.log, inverse_func=np.exp),
    ):
        yield text(estimator), "number", scaled(estimator)
    for estimator in (
        tree.DecisionTreeRegressor(max_depth=3, random_state=0),
        tree.ExtraTreeRegressor(max_depth=3, random_state=0),
        ensemble.RandomForestRegressor(8, max_depth=3, random_state=0),
        ensemble.ExtraTreesRegressor(8, max_depth=3, random_state=0),
        ensemble.GradientBoostingRegressor(n_estimators=6, max_depth=2, random_state=0),
        ensemble.HistGradientBoostingRegressor(max_iter=6, max_depth=2, random_state=0),
        ensemble.AdaBoostRegressor(n_estimators=4, random_state=0),
    ):
        yield text(estimator), "number", estimator
    for estimator in (
        linear_model.LinearRegression(),
        linear_model.MultiTaskLasso(),
        linear_model.MultiTaskLassoCV(n_alphas=10),
        linear_model.MultiTaskElasticNet(),
        linear_model.MultiTaskElasticNetCV(n_alphas=10),
        cross_decomposition.PLSRegression(),
        cross_decomposition.PLSCanonical(),
        cross_decomposition.CCA(),
        multioutput.MultiOutputRegressor(linear_model.Ridge()),
        multioutput.RegressorChain(linear_model.Ridge()),
    ):
        yield text(estimator), "numbers", scaled(estimator)
    for estimator in (
        multioutput.MultiOutputClassifier(linear_model.LogisticRegression()),
        multioutput.ClassifierChain(linear_model.LogisticRegression()),
        multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
    ):
        yield text(estimator), "labels", scaled(estimator)
    for transformer in (
        preprocessing.StandardScaler(with_mean=False),
        preprocessing.MinMaxScaler(),
        preprocessing.MinMaxScaler(clip=True),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(),
        preprocessing.Normalizer(),
        preprocessing.PowerTransformer(),
        preprocessing.QuantileTransformer(n_quantiles=20),
        preprocessing.KBinsDiscretizer(4),
        preprocessing.KBinsDiscretizer(4, encode="ordinal"),
        preprocessing.Binarizer(threshold=2),
        preprocessing.FunctionTransformer(),
        preprocessing.FunctionTransformer(np.log1p),
        preprocessing.SplineTransformer(),
        feature_selection.SelectKBest(k=4),
        feature_selection.SelectPercentile(),
        feature_selection.SelectFromModel(linear_model.LogisticRegression(max_iter=3000)),
        feature_selection.RFE(linear_model.LogisticRegression(max_iter=3000), n_features_to_select=3),
        feature_selection.VarianceThreshold(1.0),
    ):
        yield f"{text(transformer)}, LogisticRegression", "three", before(transformer)
    for transformer in (
        preprocessing.PolynomialFeatures(2),
        preprocessing.PolynomialFeatures(1),
        decomposition.PCA(3),
        decomposition.PCA(3, whiten=True),
        decomposition.IncrementalPCA(3),
        decomposition.TruncatedSVD(3),
        decomposition.KernelPCA(3, kernel="linear"),
        discriminant_analysis.LinearDiscriminantAnalysis(n_components=2),
        kernel_approximation.Nystroem(n_components=4, random_state=0),
        neighbors.NeighborhoodComponentsAnalysis(2, random_state=0, max_iter=20),
        FeatureUnion([("all", preprocessing.MinMaxScaler()), ("pca", decomposition.PCA(2))]),
    ):
        yield f"StandardScaler, {text(transformer)}, LogisticRegression", "three", after_scaling(transformer)
    yield "SimpleImputer, StandardScaler, LogisticRegression", "gaps", make_pipeline(imputed, logistic)
    yield (
        "SimpleImputer(add_indicator=True), LogisticRegression",
        "gaps",
        make_pipeline(SimpleImputer(add_indicator=True), linear_model.LogisticRegression(max_iter=5000)),
    )
    yield "ColumnTransformer(OneHotEncoder, …), LogisticRegression", "table", columns(imputed, hot())
    ignoring = hot(handle_unknown="ignore")
    yield "ColumnTransformer(OneHotEncoder(handle_unknown='ignore'), …), LogisticRegression", "table", columns(imputed, ignoring)
    yield "ColumnTransformer(OneHotEncoder(drop='first'), …), LogisticRegression", "table", columns(imputed, hot(drop="first"))
    ordinal = preprocessing.OrdinalEncoder()
    yield "ColumnTransformer(OrdinalEncoder, …), LogisticRegression", "table", columns(imputed, ordinal)
    target = preprocessing.TargetEncoder()
    yield "ColumnTransformer(TargetEncoder, …), LogisticRegression", "table", columns(imputed, target)


def text(estimator):
    """An estimator with the parameters that aren't the usual ones, but for seeds and limits."""
    found = " ".join(repr(estimator).split())
    found = re.sub(r"(, )?(random_state|max_iter|max_subpopulation|n_alphas|cv|Cs)=[^,()]*", "", found)
    return re.sub(r"\(\)$", "", found.replace("(, ", "("))


def exported(estimator, records, options=None):
    """The ONNX file that skl2onnx writes."""
    declared = [("X", FloatTensorType([None, records.shape[1]]))]
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in records.dtypes):
        declared = [
            (name, FloatTensorType([None, 1]) if pd.api.types.is_numeric_dtype(kind) else StringTensorType([None, 1]))
            for name, kind in records.dtypes.items()
        ]
    return to_onnx(estimator, initial_types=declared, options=options)


def ways(estimator, records):
    """Files of an estimator, each with what is said about it and options of the import: as usual, and as compile asks."""
    raw = {"raw_scores": True}
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    try:
        yield "", exported(estimator, records), []
    except Exception as error:  # noqa: BLE001: the exporter's own errors are of many kinds
        if not isinstance(last, svm.LinearSVC):
            yield f"not exported: {type(error).__name__}", None, []
            return
        yield "with raw_scores ", exported(estimator, records, {svm.LinearSVC: raw}), []
    if isinstance(last, discriminant_analysis.LinearDiscriminantAnalysis) and len(last.classes_) == 2:
        kind = discriminant_analysis.LinearDiscriminantAnalysis
        yield "with raw_scores and --activation sigmoid ", exported(estimator, records, {kind: raw}), ["--activation", "sigmoid"]


class Wrong(Exception):
    """An imported model isn't the estimator's function."""


def run(*command):
    done = subprocess.run([VEILCAST, *command], capture_output=True, text=True)
    if "panicked" in done.stderr:
        raise Wrong(f"a panic: {done.stderr}")
    return done


def verdict(kind, estimator, records, truth):
    """What becomes of an estimator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator.fit(records if kind == "table" else records.to_numpy(), truth)
        except Exception as error:
            raise Wrong(f"it can't be fitted: {error}") from error
        files = list(ways(estimator, records))
    told = [said + (outcome(kind, estimator, records, model, more) if model else "") for said, model, more in files]
    return "; ".join(told)


def outcome(kind, estimator, records, model, more):
    """What becomes of a file."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "estimator.onnx").write_bytes(model.SerializeToString())
        records.to_csv(folder / "records.csv", index=False, float_format="%.9g")
        command = ["import", folder / "estimator.onnx", "--input", "table", "--calibration", folder / "records.csv"]
        command += ["--out", folder / "model", "--input-bits", "12", "--weight-bits", "12", *more]
        imported = run(*command)
        if imported.returncode != 0:
            told = reason(imported, folder)
            if "--split auto" in told and run(*command, "--split", "auto").returncode != 0:
                raise Wrong(f"a hint that leads nowhere: {told}")
            return told
        given = records if kind == "table" else records.to_numpy()
        predicted = np.asarray(estimator.predict(given))
        if predicted.dtype.kind == "f":
            return quantities(folder, records, predicted)
        if predicted.ndim > 1:
            return several_labels(folder, records, estimator, given)
        return classes(folder, records, estimator, given, predicted, model)


def predictions(folder, records, **truth):
    """The integer map's predictions: a row for each record."""
    table = records.assign(**truth)
    table.to_csv(folder / "test.csv", index=False, float_format="%.9g")
    targets = ",".join(truth)
    command = ["--model", folder / "model", "--table", folder / "test.csv", "--target", targets, "--out", folder / "out.csv"]
    done = run("evaluate", *command)
    if done.returncode != 0:
        raise Wrong(f"evaluate: {done.stderr}")
    return pd.read_csv(folder / "out.csv", dtype={"label": str}, keep_default_na=False), done.stdout


def quantities(folder, records, predicted):
    predicted = predicted.reshape(len(records), -1)
    truth = {f"y{i}": column for i, column in enumerate(predicted.T)}
    found, _ = predictions(folder, records, **truth)
    found = found.iloc[:, 1 : 1 + predicted.shape[1]].to_numpy(float)
    apart = np.abs(found - predicted).max(axis=0)
    if not (apart <= TOLERANCE * np.maximum(predicted.std(axis=0), 1e-6)).all():
        raise Wrong(f"quantities are {apart} apart: {found[0]} instead of {predicted[0]}")
    return "imported: quantities"


def several_labels(folder, records, estimator, given):
    own = estimator.predict_proba(given)
    found, _ = predictions(folder, records, label_=own.argmax(axis=1))
    found = found[[f"probability_{label}" for label in range(own.shape[1])]].to_numpy(float)
    if np.abs(found - own).max() > TOLERANCE:
        raise Wrong(f"probabilities are {np.abs(found - own).max()} apart")
    return "imported: probabilities of several labels"


def classes(folder, records, estimator, given, predicted, model):
    found, _ = predictions(folder, records, label_=predicted)
    known = [str(label) for label in estimator.classes_]
    places = {label: place for place, label in enumerate(known)}
    labels = found["label"].to_numpy()
    if not set(labels) <= set(known):
        raise Wrong(f"labels {sorted(set(labels))} instead of {known}")
    told = None
    probabilities = [column for column in found if column.startswith("probability_")]
    other = labels != predicted.astype(str)
    if probabilities and hasattr(estimator, "predict_proba"):
        own = estimator.predict_proba(given)
        shown = [places[column.removeprefix("probability_")] for column in probabilities]
        apart = np.abs(found[probabilities].to_numpy(float) - own[:, shown]).max()
        if apart > TOLERANCE:
            # The exporter's fault, if another runtime computes the same.
            maps = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": given})[1]
            theirs = np.array([list(probabilities.values()) for probabilities in maps])
            if np.abs(found[probabilities].to_numpy(float) - theirs[:, shown]).max() > TOLERANCE:
                raise Wrong(f"probabilities are {apart} apart")
            told = "imported: labels, and the file's probabilities, which aren't scikit-learn's"
        # What rounding may have changed: two classes nearly as probable as each other.
        best = np.sort(own, axis=1)
        other &= best[:, -1] - best[:, -2] > 2 * TOLERANCE
    elif hasattr(estimator, "decision_function"):
        own = estimator.decision_function(given)
        best = np.sort(own, axis=1) if own.ndim > 1 else np.column_stack([0 * own, np.abs(own)])
        other &= best[:, -1] - best[:, -2] > TOLERANCE * np.abs(own).max()
    if other.any():
        raise Wrong(f"{other.sum()} labels are others: {labels[other][:5]} instead of {predicted[other][:5]}")
    return told or ("imported: labels and probabilities" if probabilities else "imported: labels and scores")


def reason(done, folder):
    """Causes and hint of a refusal, without what differs from run to run."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("cause: ", "hint: "))]
    return "refused: " + "; ".join(told or lines).replace(str(folder) + "/", "")


class Estimators(unittest.TestCase):
    def test_imported_estimators_predict_what_scikit_learn_predicts(self):
        known = samples()
        found, wrong = {}, {}

        def one(item):
            name, kind, estimator = item
            try:
                return f"{name} [{kind}]", verdict(kind, estimator, *known[kind]), None
            except Exception as error:  # noqa: BLE001: each is reported
                return f"{name} [{kind}]", "wrong", f"{type(error).__name__}: {error}"

        only = os.environ.get("ONLY", "")
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, told, problem in pool.map(one, [item for item in estimators() if only in item[0]]):
                self.assertNotIn(name, found)
                found[name] = told
                if problem:
                    wrong[name] = problem[:600]
        for name, problem in wrong.items():
            print(f"{name}: {problem}", file=sys.stderr)
        counts = collections.Counter(told.partition(":")[0] for told in found.values())
        print(", ".join(f"{count} {told}" for told, count in counts.items()))
        lines = [f"{name}: {told}" for name, told in found.items()]
        if os.environ.get("UPDATE"):
            LIST.write_text("\n".join(lines) + "\n")
        self.assertEqual(wrong, {})
        if not only:
            self.assertEqual(lines, LIST.read_text().splitlines(), "run it with UPDATE=1, and look at the changes")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
