"""The CPU time of each stage, which other programs on the machine change less than the time that passes.

python cpu.py CHECKOUT SIZE RUNS FILE.json, after the harness's driver has run that size there: runs the stages again on the
same images, and writes the medians in seconds, all processes and cores together.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

STAGES = [
    "client_key_generation",
    "client_preprocess_input",
    "client_encode_encrypt_input",
    "server_encrypted_compute",
    "client_decrypt_decode",
    "client_postprocess",
]


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(stage, checkout, size):
    before = used()
    subprocess.run([checkout / "submission" / "build" / stage, size], cwd=checkout, check=True, stderr=subprocess.DEVNULL)
    return used() - before


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: cpu.py CHECKOUT SIZE RUNS FILE.json")
    checkout, size, runs, file = Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    times = [[seconds(stage, checkout, size) for stage in STAGES] for _ in range(runs)]
    medians = {stage: round(statistics.median(column), 3) for stage, column in zip(STAGES, zip(*times))}
    report = {"kernel": os.environ.get("VEILCAST_KERNEL", "best"), "runs": runs, "cpu_seconds": medians}
    file.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
