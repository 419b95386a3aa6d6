"""The rows for BENCHMARKS.md of what the harness measured: medians of the runs in `results`.

python bench/harness/table.py
"""

import json
import statistics
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
SIZES = {"single": "1", "small": "100", "medium": "1,000", "large": "10,000"}
MODELS = ["digits", "digits-hybrid"]
#: The kernels, as `measure.sh` names them.
KERNELS = {"best": "with IFMA", "avx2": "without"}
#: The stages of each column, as the harness names them.
STAGES = [
    ["Client: Key Generation"],
    ["Client: Input preprocessing", "Client: Input encryption"],
    ["Server: Encrypted ML Inference computation"],
    ["Client: Result decryption", "Client: Result postprocessing"],
]


def seconds(runs, stages):
    median = statistics.median(sum(float(run["per_stage"][stage].rstrip("s")) for stage in stages) for run in runs)
    return f"{median:.2f} s" if median < 9.995 else f"{median:.1f} s"


def row(model, kernel, size):
    paths = sorted((RESULTS / model / kernel / size).glob("results-*.json"))
    runs = [json.loads(path.read_text()) for path in paths]
    # Sizes and labels are the same in each run.
    sizes = runs[0]["bandwidth"]
    moved = [sizes[f"Client: {name}"] for name in ["Public and evaluation keys", "Encrypted input", "Encrypted results"]]
    quality = runs[0].get("mnist_model_quality", {}).get("Encrypted model quality")
    accuracy = "right" if quality is None else f"{quality['accuracy']:.4g}"
    return [f"`{model}`, {KERNELS[kernel]}", SIZES[size], *moved, *(seconds(runs, stages) for stages in STAGES), accuracy]


def rows():
    """A row of Markdown for each size, model and kernel."""
    for size in SIZES:
        for model in MODELS:
            for kernel in KERNELS:
                yield f"| {' | '.join(row(model, kernel, size))} |"


if __name__ == "__main__":
    print("\n".join(rows()))
