"""XGBoost's models: trees in its own form, which the import reads, and a linear booster's coefficients as ONNX."""

from __future__ import annotations

import importlib
import json
from typing import Any, Optional

import numpy as np

from veilcast._converters import Converted, needed
from veilcast.errors import CompileError

_ACTIVATIONS = {
    "binary:logistic": "sigmoid",
    "reg:logistic": "sigmoid",
    "binary:logitraw": "sigmoid",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
    "reg:squarederror": "none",
    "reg:absoluteerror": "none",
    "reg:pseudohubererror": "none",
}
"""What follows the weighted sums, by the objective."""


def from_xgboost(model: Any, columns: Optional[list[str]]) -> Converted:
    """A model of trees, or with a linear booster.

    Raises:
        CompileError: if a linear one has an objective that isn't known.
        MissingPackage: if the package onnx isn't installed.
    """
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    whole = json.loads(booster.save_raw("json"))["learner"]
    if whole["gradient_booster"]["name"] != "gblinear":
        names = columns or booster.feature_names
        return Converted(bytes(booster.save_raw("json")), names, labels=_named_classes(model))
    objective = whole["objective"]["name"]
    if objective not in _ACTIVATIONS:
        raise CompileError(f"the objective {objective!r} isn't one of a linear model's: {', '.join(_ACTIVATIONS)}")
    features = int(whole["learner_model_param"]["num_feature"])
    numbers = np.array(whole["gradient_booster"]["model"]["weights"], dtype=np.float64)
    outputs = len(numbers) // (features + 1)
    # A row of weights for each feature, and the biases last, to which versions add the base score in different ways.
    numbers = numbers.reshape(features + 1, outputs)
    zeros = importlib.import_module("xgboost").DMatrix(np.zeros((1, features)))
    bias = booster.predict(zeros, output_margin=True, validate_features=False).reshape(outputs)
    names = columns or booster.feature_names
    labels = None if objective.startswith("reg:") else _labels(model, outputs)
    onnx = _gemm(numbers[:-1], bias)
    return Converted(onnx, names, labels=labels, activation=_ACTIVATIONS[objective])


def _labels(model: Any, outputs: int) -> list[str]:
    return _named_classes(model) or [str(label) for label in range(max(outputs, 2))]


def _named_classes(model: Any) -> Optional[list[str]]:
    """The names of a classifier's classes; none if it doesn't say."""
    classes = getattr(model, "classes_", None)
    return None if classes is None else [str(label) for label in classes]


def _gemm(weights: Any, bias: Any) -> bytes:
    """Weighted sums as a network."""
    onnx = needed("onnx", "xgboost")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    features, outputs = weights.shape
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["record", "weights", "bias"], ["scores"])],
        "linear",
        [helper.make_tensor_value_info("record", onnx.TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [None, outputs])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(bias.astype(np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="XGBoost")
    model.ir_version = 8
    whole: bytes = model.SerializeToString()
    return whole
