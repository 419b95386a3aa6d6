"""Trains on thirteen real tables beside scikit-learn, with the defaults of both, and prints how good the models are.

    python3 -m venv target/tables-venv
    target/tables-venv/bin/pip install -r crates/bench/tables/requirements.txt
    target/tables-venv/bin/pip install --no-deps ISLP==0.6.0        # for the tables that it holds
    target/tables-venv/bin/python crates/bench/tables/compare.py PROGRAM [--trees | --costs] [--turns N] [--work FOLDER] [TABLE…]

PROGRAM is `veilcast`. Every fifth row is held out, by both, and figures are those of the held-out rows: the area under
the ROC curve for two classes, the accuracy for more, R² for numbers. They are means of five turns, in each of which
other rows are held out. Where scikit-learn has no default for cells (missing ones, texts), its usual ways are taken: the
median and one-hot encoding. --trees compares boosted trees instead. --costs prints what predictions by trees take beside
those by a linear model, as `veilcast inspect` predicts it: bytes are exact, times those of a current server.
"""

import argparse
import importlib.util
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge, RidgeCV
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

DATA = Path(__file__).parents[3] / "data"
SUPPORT2 = (
    "age sex dzgroup num.co scoma hday diabetes dementia ca meanbp wblc hrt resp temp pafi alb bili crea sod ph glucose "
    "bun urine adlsc"
).split()


def islp(name):
    folder = importlib.util.find_spec("ISLP").submodule_search_locations[0]
    return pandas.read_csv(Path(folder) / "data" / f"{name}.csv")


def of_sklearn(name):
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    return bunch.frame


def of_statsmodels(name):
    module = importlib.import_module(f"statsmodels.datasets.{name}")
    return module.load_pandas().data


def support2():
    # An empty cell is a missing value; everything else is as it is in the file.
    table = pandas.read_csv(DATA / "support2/support2.csv", skipinitialspace=True)
    return table[SUPPORT2 + ["hospdead"]]


def german():
    return pandas.read_csv(DATA / "german-credit/german-credit.csv", keep_default_na=False)


def fair():
    table = of_statsmodels("fair")
    return table.assign(affairs=(table["affairs"] > 0).map({True: "yes", False: "no"}))


# The table, its target, and whether that is a number to predict.
TABLES = {
    "SUPPORT2": (support2, "hospdead", False),
    "German credit": (german, "creditability", False),
    "breast cancer": (lambda: of_sklearn("breast_cancer"), "target", False),
    "wine": (lambda: of_sklearn("wine"), "target", False),
    "digits": (lambda: of_sklearn("digits"), "target", False),
    "Default": (lambda: islp("Default"), "default", False),
    "OJ": (lambda: islp("OJ"), "Purchase", False),
    "Caravan": (lambda: islp("Caravan"), "Purchase", False),
    "fair": (fair, "affairs", False),
    "anes96": (lambda: of_statsmodels("anes96").drop(columns="popul"), "vote", False),
    "diabetes": (lambda: of_sklearn("diabetes"), "target", True),
    "Hitters": (lambda: islp("Hitters"), "Salary", True),
    "Wage": (lambda: islp("Wage").drop(columns=["logwage"]), "wage", True),
}
# Those that trees are compared on, if none are named.
OF_TREES = ["SUPPORT2", "German credit", "breast cancer", "Default", "OJ"]


def peers(is_number, trees):
    """scikit-learn's models by their names."""
    if trees:
        boosting = HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier
        return {"boosting": boosting(categorical_features="from_dtype", random_state=0)}
    if is_number:
        return {"default": Ridge(), "CV": RidgeCV(np.logspace(-2, 3, 11))}
    return {
        "default": LogisticRegression(max_iter=10_000),
        "CV": LogisticRegressionCV(max_iter=10_000, l1_ratios=(0,), use_legacy_attributes=False),
    }


def pipeline(model, trees):
    if trees:
        return model
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (texts, make_column_selector(dtype_exclude="number")),
        ),
        model,
    )


def quality(model, table, target, is_number):
    """How good a fitted model's predictions are."""
    truth, inputs = table[target], table.drop(columns=target)
    if is_number:
        return r2_score(truth, model.predict(inputs))
    if len(model.classes_) == 2:
        return roc_auc_score(truth == model.classes_[1], model.predict_proba(inputs)[:, 1])
    return accuracy_score(truth, model.predict(inputs))


def of_sklearn_models(table, target, is_number, trees):
    """How good scikit-learn's models are."""
    if trees:
        texts = table.drop(columns=target).select_dtypes(exclude="number").columns
        table = table.astype({name: "category" for name in texts})
    held_out = table.index % 5 == 4
    figures = {}
    for name, model in peers(is_number, trees).items():
        model = pipeline(model, trees)
        model.fit(table[~held_out].drop(columns=target), table[~held_out][target])
        figures[name] = quality(model, table[held_out], target, is_number)
    return figures


def run(program, *arguments):
    run = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def of_veilcast(program, folder, name, table, target, is_number, *more):
    """How good the model is in floats and in integers, and how long it took."""
    path, model = folder / f"{name}.csv", folder / f"{name}{''.join(more)}".replace(" ", "-")
    table.to_csv(path, index=False)
    arguments = ["train", "--table", path, "--target", target, "--out", model, "--name", "table", "--force", *more]
    # As scikit-learn's encoder is asked to.
    arguments += ["--unknown-category", "zeros"]
    start = time.monotonic()
    told = run(program, *arguments, *(["--regression"] if is_number else []))
    seconds = time.monotonic() - start
    figure = told.get("auc") or told.get("regression") or told["accuracy"]
    if is_number:
        figure = {kind: figure[kind]["r_squared"] for kind in ("collapsed", "quantized")}
    return {"floats": figure["collapsed"], "rounded": figure["quantized"], "seconds": seconds, "model": model}


def costs(program, model, records):
    """What a prediction takes per record, and the model's inputs."""
    told = run(program, "inspect", "--key-bits", "3072", "--records", str(records), model)
    chosen = told["plan"]["chosen"]
    times = sum(chosen[f"{part}_ms"] for part in ("encrypt", "service", "decrypt"))
    return told["features"], chosen["bytes_up"] / records, chosen["bytes_down"] / records, times / records


def compare_costs(program, folder, names):
    print("| table | model | AUC | inputs | one record: bytes up | down | ms | all held out: bytes up | down | ms per record |")
    print("|---" * 10 + "|")
    for name in names:
        load, target, is_number = TABLES[name]
        table = load().dropna(subset=target)
        for kind, more in {"linear": [], "trees": ["--trees"]}.items():
            made = of_veilcast(program, folder, name, table, target, is_number, *more)
            inputs, up, down, milliseconds = costs(program, made["model"], 1)
            cells = [f"{inputs:,}", f"{up:,.0f}", f"{down:,.0f}", f"{milliseconds:.1f}"]
            _, up, down, milliseconds = costs(program, made["model"], len(table) // 5)
            cells += [f"{up:,.0f}", f"{down:,.0f}", f"{milliseconds:.2f}"]
            print(f"| {name} | {kind} | {made['rounded']:.4f} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--trees", action="store_true")
    parser.add_argument("--costs", action="store_true")
    parser.add_argument("--turns", type=int, default=5, choices=range(1, 6))
    parser.add_argument("--work", type=Path)
    args = parser.parse_intermixed_args()
    folder = args.work or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True, parents=True)
    names = args.tables or (OF_TREES if args.trees or args.costs else list(TABLES))
    if args.costs:
        return compare_costs(args.program, folder, names)
    columns = list(peers(False, args.trees))
    print(f"| table | rows | measure | veilcast, in floats | rounded | {' | '.join(columns)} | seconds |")
    print("|---" * (6 + len(columns)) + "|")
    for name in names:
        load, target, is_number = TABLES[name]
        table = load().dropna(subset=target)
        more = ["--trees"] if args.trees else []
        turns = []
        for turn in range(args.turns):
            turned = pandas.concat([table[turn:], table[:turn]], ignore_index=True)
            ours = of_veilcast(args.program, folder, name, turned, target, is_number, *more)
            turns.append(ours | of_sklearn_models(turned, target, is_number, args.trees))
        means = pandas.DataFrame(turns).drop(columns="model").mean()
        measure = "R²" if is_number else "AUC" if table[target].nunique() == 2 else "accuracy"
        cells = [f"{means[figure]:.4f}" for figure in ("floats", "rounded", *columns)]
        print(f"| {name} | {len(table):,} | {measure} | {' | '.join(cells)} | {means['seconds']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
