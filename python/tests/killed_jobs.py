"""Jobs of veilcast-batch whose processes are killed at random: every record comes out once, and with the right scores.

    pip install veilcast 'pyspark-client>=4,<4.2' pysail 'pandas<3' pyarrow
    python killed_jobs.py [--jobs 20] [--records 8000] [--seed 1] [--engine spark|sail] [--poison]

Half of the jobs run on Spark's `local-cluster`, whose workers and executors are killed while they encrypt, score and
decrypt: Spark runs their tasks again. The other half run on Sail, which is one process: it is killed itself, and the job
goes on with --resume. The records of each job are a table of German credits in row groups of a twelfth.

With --poison, one request in the middle is damaged after it was encrypted: its row and its records have an error each, in
place of scores, and the others are right all the same.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import veilcast as vc

CREDITS = Path(__file__).parents[2] / "data" / "german-credit" / "german-credit.csv"
CLUSTER = "local-cluster[2,1,1024]"
# What runs tasks: Spark's executors, and Python's processes, of which the first forks the others.
WORKERS = ("CoarseGrainedExecutorBackend", "pyspark.daemon", "pyspark/daemon.py")


class Place(NamedTuple):
    """Where a job finds what it needs."""

    folder: Path
    model: Path
    key: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--records", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=["spark", "sail"])
    parser.add_argument("--poison", action="store_true", help="damage one request in the middle")
    options = parser.parse_args()
    engines = ["spark", "sail"] if options.engine is None else [options.engine]
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = prepared(Path(folder), options.records)
        for number in range(options.jobs):
            engine = engines[number % len(engines)]
            start = time.monotonic()
            kills, damaged = job(place, engine, number, chance, has_poison=options.poison)
            once = "each record once" + (f", {damaged} of them with the error of their damaged group" if damaged else "")
            print(f"job {number + 1}, {engine}: {kills} kills, {time.monotonic() - start:.0f} s, {once}", flush=True)


def prepared(folder: Path, records: int) -> Place:
    """A model, a key, and records."""
    model, key = folder / "model", folder / "key.json"
    command = ["train", "--table", str(CREDITS), "--target", "creditability", "--out", str(model), "--name", "credit"]
    subprocess.run([sys.executable, "-m", "veilcast", *command], check=True, capture_output=True)
    vc.Key.generate(2048).save(key)
    rows = pd.read_csv(CREDITS, keep_default_na=False)[vc.Card.load(model / "card.json").columns]
    rows = pd.concat([rows] * (records // len(rows) + 1), ignore_index=True)[:records]
    rows["record"] = np.arange(records)
    (folder / "records").mkdir()
    table = pa.Table.from_pandas(rows, preserve_index=False)
    pq.write_table(table, folder / "records" / "credits.parquet", row_group_size=max(records // 12, 1))
    return Place(folder, model, key)


def job(place: Place, engine: str, number: int, chance: random.Random, *, has_poison: bool) -> tuple[int, int]:
    """Encrypts, scores and decrypts, with kills, and checks what comes of it. Returns the numbers of kills and of records in
    a damaged group."""
    at = place.folder / f"job-{number}"
    owner = ["--card", str(place.model / "card.json"), "--key", str(place.key)]
    records = str(place.folder / "records")
    run = on_spark if engine == "spark" else on_sail
    kills = run(["encrypt", records, str(at / "requests"), *owner, "--id", "record"], chance)
    poisoned = poison(at, chance) if has_poison else None
    # What is damaged is told: by the run that comes upon it, which may be one that is killed.
    allowed = (0, 1) if has_poison else (0,)
    kills += run(["score", str(at / "requests"), str(at / "answers"), "--model", str(place.model)], chance, allowed)
    identifiers = ["--identifiers", str(at / "requests-private")]
    kills += run(["decrypt", str(at / "answers"), str(at / "scores"), *owner, *identifiers], chance, allowed)
    return kills, check(place, at, poisoned)


def poison(at: Path, chance: random.Random) -> tuple[str, int]:
    """Damages the request of a group in the middle of a table in the middle. Returns the group's batch and number."""
    files = sorted((at / "requests").rglob("*.parquet"))
    file = files[len(files) // 2]
    table = pq.ParquetFile(file).read()
    row = table.num_rows // 2
    requests = table["request"].to_pylist()
    request = requests[row]
    # Cut off; no message at all; with a last ciphertext of zero, which no key makes.
    requests[row] = chance.choice([request[:-1], b"\0" * 64, request[:-512] + b"\0" * 512])
    place = table.schema.get_field_index("request")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(requests, pa.binary())), file)
    return table["batch"][row].as_py(), table["group"][row].as_py()


def check(place: Place, at: Path, poisoned: Optional[tuple[str, int]]) -> int:
    """Every group is there once, and every record once, with the scores that the model gives in the clear, or the error of
    its damaged group. Returns how many have that."""
    for step in ("requests", "answers"):
        groups = pq.read_table(at / step, columns=["batch", "group"]).to_pandas()
        assert not groups.duplicated().any(), step
        left = [file for file in os.listdir(at / step) if not file.endswith(".parquet")]
        assert not left, left
    answers = pq.read_table(at / "answers").to_pandas()
    faulty = answers[answers["error"].notna()]
    assert list(zip(faulty["batch"], faulty["group"])) == ([] if poisoned is None else [poisoned]), faulty
    assert (answers["response"].isna() == answers["error"].notna()).all()
    records = pq.read_table(place.folder / "records").to_pandas()
    scores = pq.read_table(at / "scores").to_pandas().sort_values("id")
    assert scores["id"].tolist() == records["record"].tolist()
    names = [name for name in scores.columns if name.startswith("score_")]
    has_error = scores["error"].notna().to_numpy()
    of_faulty = scores[["batch", "group"]].apply(tuple, axis=1).isin([poisoned])
    assert (has_error == of_faulty.to_numpy()).all() and has_error.sum() == faulty["records"].sum()
    assert scores.loc[has_error, names].isna().to_numpy().all()
    expected = vc.Model.load(place.model).predict(records.drop(columns="record")).scores
    assert (scores[names].to_numpy() == expected)[~has_error].all()
    return int(has_error.sum())


def on_spark(arguments: list[str], chance: random.Random, allowed: tuple[int, ...] = (0,)) -> int:
    """A step on a cluster of Spark's, some of whose processes are killed. It succeeds all the same."""
    process = started([*arguments, "--engine", CLUSTER])
    kills, next_kill = 0, time.monotonic() + chance.uniform(4, 9)
    while process.poll() is None:
        time.sleep(0.05)
        # After three failures of one task Spark gives up.
        if kills < 3 and time.monotonic() > next_kill:
            if (victim := a_worker(process.pid, chance)) is not None:
                os.kill(victim, signal.SIGKILL)
                kills += 1
                next_kill = time.monotonic() + chance.uniform(0.5, 4)
    told = process.communicate()[1]
    assert process.returncode in allowed, told
    return kills


def on_sail(arguments: list[str], chance: random.Random, allowed: tuple[int, ...] = (0,)) -> int:
    """A step on Sail, which is killed, and goes on where it was."""
    kills = 0
    while True:
        process = started([*arguments, "--resume"])
        try:
            # Later each time, so that it ends.
            told = process.communicate(timeout=chance.uniform(0.7, 1.5) * (1 + kills / 4))[1]
            assert process.returncode in allowed, told
            return kills
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1


def started(arguments: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "veilcast.batch", *arguments, "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def a_worker(parent: int, chance: random.Random) -> Optional[int]:
    """One of a process's descendants that run tasks."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                status = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(status[1]), []).append(int(entry))
    found, waiting = [], [parent]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if any(worker in command for worker in WORKERS):
                found.append(child)
    return chance.choice(sorted(found)) if found else None


if __name__ == "__main__":
    main()
