"""Imported models beside onnxruntime, which runs the same files: over the onnx package's own backend tests.

What is imported must give what onnxruntime gives. What is refused is listed with its reason in imports.txt, next to this
file, so that a change of either shows; `UPDATE=1` writes the list anew.

Run by `cargo xtask interop` as: python test_imports.py VEILCAST, from the repository's root.
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

VEILCAST = sys.argv.pop(1) if len(sys.argv) > 1 else "veilcast"
LIST = Path(__file__).with_name("imports.txt")
#: Records that an imported model and onnxruntime are compared on.
RECORDS = 24
#: How far apart they may be, relative to the largest number: both compute with 32 bits.
TOLERANCE = 2e-3
#: The newest version of ONNX's operators that Veilcast reads.
NEWEST = 26
#: Most numbers of a record: larger ones take long, and try nothing else.
MOST = 20_000


def tests():
    """The name of each of the package's tests, and its model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        for case in collect_testcases(None):
            if case.model is not None:
                yield f"node/{case.name}", case.model
    data = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for path in sorted(data.glob("*/*/model.onnx")):
        yield f"{path.parts[-3]}/{path.parts[-2]}", onnx.load(path)


def older(model):
    """The model as one of the newest operators that Veilcast knows, if those that it has are the same."""
    for opset in model.opset_import:
        if opset.domain == "" and opset.version > NEWEST:
            named = sorted({node.op_type for node in model.graph.node if node.domain == ""})
            try:
                since = [[onnx.defs.get_schema(name, version).since_version for name in named] for version in (NEWEST, opset.version)]
            except onnx.defs.SchemaError:
                continue
            if since[0] == since[1]:
                opset.version = NEWEST
    return model


def array_input(model):
    """The sides that the only input declares, 1 for open ones; none if it isn't of floats."""
    inputs = inputs_of(model)
    kind = inputs[0].type.tensor_type
    if kind.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
        return None
    return [side.dim_value or 1 for side in kind.shape.dim]


def inputs_of(model):
    """What a model takes, without the constants that old files list among its inputs."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def floats(file):
    """The map that a model directory's private file holds: weights and biases."""
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])

    def tensor(name):
        start, end = header[name]["data_offsets"]
        kind = {"F32": np.float32, "F64": np.float64}[header[name]["dtype"]]
        return np.frombuffer(content[8 + length :][start:end], kind).reshape(header[name]["shape"])

    return tensor("float.weights").astype(float), tensor("float.biases").astype(float)


def final(output, scores):
    """What a client makes of scores: every form in which a file may give it."""
    sigmoid = 1 / (1 + np.exp(-scores))
    if output["activation"] == "sigmoid":
        if len(scores) == 1 and len(output["labels"]) == 2:
            both = np.concatenate([1 - sigmoid, sigmoid])
            return [sigmoid, both, np.log(both)]
        return [sigmoid]
    if output["activation"] == "normalized_sigmoid":
        return [sigmoid / sigmoid.sum()]
    if output["activation"] == "softmax":
        powers = np.exp(scores - scores.max())
        return [powers / powers.sum(), np.log(powers / powers.sum())]
    return [np.exp(scores)] if output["activation"] == "exp" else [scores]


class Compared(Exception):
    """An imported model isn't the file's function."""


def compare(model, directory, records):
    card = json.loads((directory / "card.json").read_text())
    weights, biases = floats(directory / "weights.safetensors")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    taken = session.get_inputs()[0]
    sides = [side if isinstance(side, int) and side > 0 else 1 for side in taken.shape]
    kind = np.float64 if "double" in taken.type else np.float32
    for record in records:
        batch = int(np.prod(sides)) // record.size
        given = np.tile(record.ravel(), batch).reshape(sides).astype(kind)
        outputs = [np.asarray(output, float).ravel() for output in session.run(None, {taken.name: given})]
        outputs = [output[: len(output) // batch] for output in outputs]
        expected = final(card["output"], weights @ record.ravel().astype(float) + biases)
        pairs = [(found, form) for found in outputs for form in expected if len(found) == len(form)]
        if not any(np.abs(a - b).max() <= TOLERANCE * max(1e-6, np.abs(b).max()) for a, b in pairs):
            raise Compared(f"{outputs} instead of {expected}")


def verdict(name, model):
    """Whether a test's model is imported, or why not."""
    if len(inputs_of(model)) > 1:
        # Most of the tests; trying each would take a minute, and tell the same.
        return "several inputs"
    sides = array_input(older(model))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        onnx.save(model, folder / "model.onnx")
        command = [VEILCAST, "import", folder / "model.onnx", "--out", folder / "model"]
        if sides is None or np.prod(sides) > MOST:
            return reason(subprocess.run(command, capture_output=True, text=True))
        command += ["--input", "array", "--input-bits", "8", "--weight-bits", "8", "--calibration", folder / "records.npy"]
        # The first side is the batch's, or a record's own.
        for own in (sides[1:], sides):
            records = np.random.default_rng(0).normal(size=[RECORDS, *own]).astype(np.float32)
            np.save(folder / "records.npy", records)
            run = subprocess.run(command, capture_output=True, text=True)
            if "takes records of shape" not in run.stderr:
                break
        if run.returncode != 0:
            return reason(run)
        compare(model, folder / "model", records)
        return "imported"


def reason(run):
    """The first cause of an error, without what differs from run to run."""
    if run.returncode == 0:
        return "imported"
    lines = [line.strip() for line in run.stderr.splitlines()]
    causes = [line.removeprefix("cause: ") for line in lines if line.startswith("cause: ")]
    text = causes[0] if causes else "; ".join(lines)
    if "panicked" in run.stderr:
        raise Compared(f"a panic: {run.stderr}")
    return re.sub(r"/\S*/", "", text)


class Imports(unittest.TestCase):
    def test_imported_models_compute_what_onnxruntime_computes(self):
        models = dict(tests())
        self.assertGreater(len(models), 500)
        found, wrong = {}, {}

        def one(item):
            try:
                return item[0], verdict(*item), None
            except Exception as error:  # noqa: BLE001: each test is reported
                return item[0], "wrong", f"{type(error).__name__}: {error}"

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, text, problem in pool.map(one, models.items()):
                found[name] = text
                if problem:
                    wrong[name] = problem[:400]
        for name, problem in wrong.items():
            print(f"{name}: {problem}", file=sys.stderr)
        counts = collections.Counter("imported" if text == "imported" else "refused" for text in found.values())
        print(f"{counts['imported']} imported and equal, {counts['refused']} refused, {len(wrong)} wrong")
        lines = "".join(f"{name}: {text}\n" for name, text in sorted(found.items()))
        self.assertEqual(wrong, {})
        if os.environ.get("UPDATE"):
            LIST.write_text(lines)
        self.assertEqual(lines.splitlines(), LIST.read_text().splitlines(), "run it with UPDATE=1, and look at the changes")


if __name__ == "__main__":
    onnxruntime.set_default_logger_severity(4)
    unittest.main(argv=sys.argv[:1])
