"""The rows for BENCHMARKS.md: medians of what the harness measured, and in parentheses the CPU time, from `results`.

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
#: The stages of each column, as the harness names them, and their programs.
STAGES = [
    {"Client: Key Generation": "client_key_generation"},
    {"Client: Input preprocessing": "client_preprocess_input", "Client: Input encryption": "client_encode_encrypt_input"},
    {"Server: Encrypted ML Inference computation": "server_encrypted_compute"},
    {"Client: Result decryption": "client_decrypt_decode", "Client: Result postprocessing": "client_postprocess"},
]


def seconds(number):
    return f"{number:.2f}" if number < 9.995 else f"{number:.1f}"


def row(model, kernel, size):
    folder = RESULTS / model / kernel / size
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("results-*.json"))]
    cpu = json.loads((folder / "cpu.json").read_text())["cpu_seconds"]
    cells = []
    for stages in STAGES:
        passed = statistics.median(sum(float(run["per_stage"][stage].rstrip("s")) for stage in stages) for run in runs)
        cells.append(f"{seconds(passed)} s ({seconds(sum(cpu[program] for program in stages.values()))})")
    # Sizes and labels are the same in each run.
    sizes = runs[0]["bandwidth"]
    moved = [sizes[f"Client: {name}"] for name in ["Public and evaluation keys", "Encrypted input", "Encrypted results"]]
    quality = runs[0].get("mnist_model_quality", {}).get("Encrypted model quality")
    accuracy = "right" if quality is None else f"{quality['accuracy']:.4g}"
    return [f"`{model}`, {KERNELS[kernel]}", SIZES[size], *moved, *cells, accuracy]


def rows():
    """A row of Markdown for each size, model and kernel."""
    for size in SIZES:
        for model in MODELS:
            for kernel in KERNELS:
                yield f"| {' | '.join(row(model, kernel, size))} |"


if __name__ == "__main__":
    print("\n".join(rows()))
