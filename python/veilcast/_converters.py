"""From other libraries' models to ONNX, by their own converters: none of them is needed until it is used."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from veilcast import _tables
from veilcast.errors import CompileError, MissingPackage


@dataclass
class Converted:
    """A network in ONNX, or trees in the form of their library."""

    onnx: bytes
    columns: Optional[list[str]] = None
    """The names of its input's columns, if it has none of its own."""
    renamed: Optional[list[str]] = None
    """What its columns are called, whatever its own names for them are."""
    labels: Optional[list[str]] = None
    activation: Optional[str] = None


def convert(model: Any, records: Any) -> Converted:
    """A model as ONNX.

    Raises:
        CompileError: if it is of no kind that is known, or can't be converted.
        MissingPackage: if its converter isn't installed.
    """
    if isinstance(model, bytes):
        return Converted(model, _columns(records))
    if isinstance(model, (str, os.PathLike)):
        with open(model, "rb") as file:
            return Converted(file.read(), _columns(records))
    libraries = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if "onnx" in libraries or hasattr(model, "SerializeToString"):
        return Converted(model.SerializeToString(), _columns(records))
    if "xgboost" in libraries:
        from veilcast._xgboost import from_xgboost

        return from_xgboost(model, _columns(records))
    if "lightgbm" in libraries:
        return _from_lightgbm(model, _columns(records))
    if "torch" in libraries:
        return _from_torch(model, records)
    if libraries & {"keras", "tensorflow", "tf_keras"}:
        return _from_keras(model, records)
    if "sklearn" in libraries or hasattr(model, "get_params"):
        return _from_sklearn(model, records)
    raise CompileError(
        f"a {type(model).__name__} can't be compiled: give a fitted scikit-learn estimator or pipeline, a PyTorch"
        " module, a Keras model, an XGBoost or LightGBM model, or an ONNX file"
    )


def needed(package: str, extra: str) -> Any:
    """A package that is only needed here."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        raise MissingPackage(
            f"the package {package.partition('.')[0]} is needed for this: pip install 'veilcast[{extra}]'", name=package
        ) from None


def _columns(records: Any) -> Optional[list[str]]:
    table = _tables.table(records)
    return None if table is None else list(table.columns)


def _from_sklearn(estimator: Any, records: Any) -> Converted:
    skl2onnx = needed("skl2onnx", "sklearn")
    if records is None:
        raise CompileError("give records that the estimator was fitted on: compile(estimator, X_train)")
    types = importlib.import_module("skl2onnx.common.data_types")
    table = _tables.table(records)
    is_by_name = table is not None and (
        any(type(part).__name__ == "ColumnTransformer" for part in _parts(estimator))
        or any(_has_texts(column) for column in table.columns.values())
    )
    if table is not None and is_by_name:
        inputs = [
            (name, types.StringTensorType([None, 1]) if _has_texts(column) else types.FloatTensorType([None, 1]))
            for name, column in table.columns.items()
        ]
    else:
        width = len(table.columns) if table is not None else np.shape(records)[-1]
        inputs = [("X", types.FloatTensorType([None, width]))]
    # Without an option of its own, a LinearSVC is asked for a dictionary of probabilities that it hasn't.
    raw = {type(part): {"raw_scores": True} for part in _parts(estimator) if type(part).__name__ == "LinearSVC"}
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    activation = None
    if type(last).__name__ == "LinearDiscriminantAnalysis" and len(getattr(last, "classes_", ())) == 2:
        # The converter writes softmax of (-s, s), whose probabilities aren't those of scikit-learn: it has sigmoid of s.
        raw[type(last)] = {"raw_scores": True}
        activation = "sigmoid"
    try:
        model = skl2onnx.to_onnx(estimator, initial_types=inputs, options=raw or None)
    except Exception as error:
        raise CompileError(f"skl2onnx can't convert this estimator: {_first_line(error)}") from error
    columns = None if table is None or is_by_name else list(table.columns)
    return Converted(model.SerializeToString(), columns, activation=activation)


def _parts(estimator: Any) -> Iterator[Any]:
    """An estimator, and all that is in it."""
    yield estimator
    for name in ("steps", "transformers_", "transformers"):
        for step in getattr(estimator, name, None) or []:
            for part in step[1:2]:
                yield from _parts(part)


def _has_texts(column: Any) -> bool:
    return _tables.numbers(column) is None and any(isinstance(cell, str) for cell in _tables.cells(column))


def _from_lightgbm(model: Any, columns: Optional[list[str]]) -> Converted:
    """Trees in LightGBM's own form, which the import reads."""
    booster = getattr(model, "booster_", model)
    classes = getattr(model, "classes_", None)
    labels = None if classes is None else [str(label) for label in classes]
    # LightGBM writes underscores for spaces.
    return Converted(json.dumps(booster.dump_model()).encode(), renamed=columns, labels=labels)


def _from_torch(module: Any, records: Any) -> Converted:
    torch = importlib.import_module("torch")
    shape = _record_shape(records, "module")
    file = io.BytesIO()
    was_training = module.training
    module.eval()
    arguments: dict[str, Any] = {
        "input_names": ["record"],
        "output_names": ["scores"],
        "dynamic_axes": {"record": {0: "records"}},
    }
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        # The older exporter needs nothing but PyTorch.
        arguments["dynamo"] = False
    try:
        torch.onnx.export(module, (torch.zeros(1, *shape),), file, **arguments)
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"the package {error.name} is needed for this: pip install 'veilcast[torch]'", name=error.name
        ) from None
    except Exception as error:
        raise CompileError(f"PyTorch can't export this module: {_first_line(error)}") from error
    finally:
        module.train(was_training)
    return Converted(file.getvalue(), _columns(records))


def _from_keras(model: Any, records: Any) -> Converted:
    if needed("keras", "keras").config.backend() == "torch":
        needed("onnx", "torch")
    else:
        needed("tf2onnx", "keras")
    if records is not None:
        shape = _record_shape(records, "model")
        model(np.zeros((1, *shape), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        try:
            model.export(path, format="onnx", verbose=False)
        except Exception as error:
            raise CompileError(f"Keras can't export this model: {_first_line(error)}") from error
        with open(path, "rb") as file:
            return Converted(file.read(), _columns(records))


def _record_shape(records: Any, what: str) -> tuple[int, ...]:
    """The shape of one record."""
    if records is None:
        raise CompileError(f"give records such as the {what} takes: compile({what}, X_train)")
    table = _tables.table(records)
    if table is not None:
        return (len(table.columns),)
    return tuple(np.shape(records)[1:])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
