"""From a model of another library to one that predicts on encrypted records."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from typing import Any, Optional, Union

import numpy as np

from veilcast import _native, _tables
from veilcast._converters import Converted, convert
from veilcast._records import records, with_colours_last
from veilcast.errors import CompileError
from veilcast.models import Model

__all__ = ["compile"]


def compile(
    model: Any,
    X: Any = None,
    *,
    name: Optional[str] = None,
    version: str = "1",
    description: Optional[str] = None,
    ways: Optional[Sequence[str]] = None,
    columns: Optional[Sequence[str]] = None,
    labels: Optional[Sequence[str]] = None,
    activation: Optional[str] = None,
    units: Optional[Sequence[str]] = None,
    threshold: Optional[float] = None,
    input: Optional[str] = None,
    output: Optional[str] = None,
    split: Optional[str] = None,
    fit: Optional[str] = None,
    pixel_factor: Optional[float] = None,
    mean: Union[float, Sequence[float], None] = None,
    std: Union[float, Sequence[float], None] = None,
    input_bits: Optional[int] = None,
    weight_bits: Optional[int] = None,
    tolerance: float = 0.005,
    max_change: float = 0.02,
) -> Model:
    """Makes a model that predicts on encrypted records, of one whose scores are an affine function of the record, or a sum
    of decision trees. The structure of trees becomes public, and only the values of their leaves stay private.

    The model is collapsed to one map, which is checked against it on ``X``, and rounded to as few bits as keep its
    predictions on ``X``. What scikit-learn does to a table's cells goes into the public card, and clients do it.

    Args:
        model: A fitted scikit-learn estimator or pipeline, a PyTorch module, a Keras model, an XGBoost or LightGBM model,
            or an ONNX file, as its path or its bytes.
        X: Records such as those that the model will be given: most of the training set. Their ranges are in the public
            card. A table (pandas, Polars, Arrow) gives the columns their names. Images are pixels from 0 to 255.
        name: The model's name at a service.
        version: Its version.
        description: What it predicts, in a sentence for people.
        ways: The ways in which it is offered, ``direct`` and ``vouchers``; both if they aren't given.
        columns: The names of the columns, where ``X`` doesn't have them.
        labels: The names of the classes, of two the positive one last, or of the quantities.
        activation: The function that the client applies to the scores, if the model doesn't say: ``softmax``,
            ``sigmoid`` or ``none``.
        units: The unit of each quantity that is predicted.
        threshold: The probability above which a record is positive, for two classes.
        input: What a record is: ``image``, ``table`` or ``array`` (of numbers that aren't pixels), if its shape doesn't say.
        output: The network's output, where there are several.
        split: The node up to which a network that isn't affine is made public, or ``auto``: clients run that part.
        fit: ``mnist`` fits drawings of other sizes like MNIST's digits.
        pixel_factor: What pixels are multiplied by before the network gets them; 1/255 if it isn't given.
        mean: Means that are then subtracted from pixels.
        std: Standard deviations by which they are divided.
        input_bits: Bits of an integer feature; searched for if they aren't given.
        weight_bits: Bits of an integer weight; searched for if they aren't given.
        tolerance: The share of records that rounding may change the class of.
        max_change: By how much rounding may change a probability, or a quantity in units of its deviation.

    Raises:
        CompileError: if the model isn't affine, or of no kind that is known; the message says where.
        MissingPackage: if the converter isn't installed.
        RecordError: if ``X`` isn't what the model takes.
    """
    _check_images(X, pixel_factor, input)
    converted = convert(model, X)
    names = list(columns) if columns is not None else converted.renamed
    # Text columns are known to the network by its own names, others by those of the table.
    wishes = {
        "name": _named(model, name),
        "version": version,
        "description": description,
        "ways": _listed(ways),
        "kind": input,
        "columns": names,
        "header": converted.columns,
        "fit": fit,
        "pixel_factor": pixel_factor,
        "normalization": _normalization(mean, std),
        "output": output,
        "activation": activation if activation is not None else converted.activation,
        "labels": _listed(labels) if labels is not None else converted.labels,
        "units": _listed(units),
        "threshold": threshold,
        "split": split,
        "input_bits": input_bits,
        "weight_bits": weight_bits,
        "tolerance": tolerance,
        "max_change": max_change,
    }
    network = _native.Import(converted.onnx, wishes)
    numbers, texts = _calibration(network, str(wishes["name"]), X, converted)
    return Model._wrap(network.build(numbers, texts), model)


def _calibration(network: _native.Import, name: str, X: Any, converted: Converted) -> Any:
    """The records as the network takes them."""
    if X is None:
        return np.zeros((0, math.prod(network.shape))), []
    table = _tables.table(X)
    if table is not None and network.columns is not None:
        # Others aren't the model's business: a target may be among them.
        X = _tables.chosen(X, [column for column in network.columns if column in table.columns])
    elif table is None and network.kind == "image":
        X = np.asarray(X)
        width = math.prod(network.shape)
        if X.ndim > 2 and X.size == len(X) * width:
            X = with_colours_last(X, network.shape).reshape(len(X), -1)
    numbers, texts, _ = records(network, name, X)
    return numbers, texts


def _check_images(X: Any, pixel_factor: Optional[float], kind: Optional[str]) -> None:
    if X is None or _tables.table(X) is not None or kind in ("table", "array") or pixel_factor is not None:
        return
    array = np.asarray(X)
    if array.ndim > 2 and array.dtype.kind == "f" and array.size and float(array.max()) <= 1:
        raise CompileError(
            "the images' numbers are at most 1, but clients have pixels from 0 to 255: give X so, and in pixel_factor"
            " what the network multiplies them by, such as 1/255; or say input='array' if they aren't pixels"
        )


def _named(model: Any, name: Optional[str]) -> str:
    if name is not None:
        return name
    if isinstance(model, (str, os.PathLike)):
        text = os.path.splitext(os.path.basename(os.fspath(model)))[0]
    else:
        text = "model" if isinstance(model, bytes) else type(model).__name__
    return re.sub("[^a-z0-9]+", "-", str(text).lower()).strip("-")[:64] or "model"


def _normalization(mean: Any, std: Any) -> Optional[tuple[list[float], list[float]]]:
    if (mean is None) != (std is None):
        raise CompileError("give both mean and std, or neither")
    if mean is None:
        return None
    return np.atleast_1d(mean).astype(float).tolist(), np.atleast_1d(std).astype(float).tolist()


def _listed(values: Optional[Sequence[str]]) -> Optional[list[str]]:
    return None if values is None else [str(value) for value in values]
