"""Predictions agree with the program's on plain records, and bad records have their errors.

``VEILCAST`` names the program, which trains a model of a table and serves it.
"""

from __future__ import annotations

import csv
import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import veilcast as vc
from veilcast import errors

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "data" / "german-credit" / "german-credit.csv"
COLUMNS = ["purpose", "credit_amount", "duration_in_month", "housing"]
KEY = ROOT / "crates" / "paillier" / "tests" / "fixtures" / "keys" / "good-2048.json"


@pytest.fixture(scope="module")
def big_key() -> vc.Key:
    return vc.Key.load(KEY)


@dataclass
class Served:
    url: str
    model: Path
    frame: pd.DataFrame
    """Records that the model takes."""
    plain: list[dict[str, str]]
    """What the program says about them in the clear."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    program, folder = os.environ["VEILCAST"], tmp_path_factory.mktemp("served")
    table = folder / "credits.csv"
    frame = pd.read_csv(TABLE, skipinitialspace=True)[COLUMNS + ["creditability"]]
    frame.to_csv(table, index=False)

    def run(*arguments: object) -> None:
        subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)

    run("train", "--table", table, "--target", "creditability", "--positive", "bad", "--name", "credit", "--out", folder / "model")  # fmt: skip
    few = folder / "few.csv"
    frame[:120].to_csv(few, index=False)
    run("evaluate", "--model", folder / "model", "--table", few, "--target", "creditability", "--positive", "bad", "--out", folder / "plain.csv")  # fmt: skip
    with open(folder / "plain.csv") as file:
        plain = list(csv.DictReader(file))
    serve = [program, "serve", "--model", folder / "model", "--model", ROOT / "models" / "digits-hybrid", "--listen", "127.0.0.1:0"]  # fmt: skip
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().removeprefix("listening on ").strip()
            yield Served(url, folder / "model", frame[COLUMNS][:120], plain)
        finally:
            process.kill()


def images(count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with gzip.open(ROOT / "data" / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read()[16 : 16 + 784 * count], np.uint8).reshape(count, 28, 28)


def labels(count: int) -> list[str]:
    with gzip.open(ROOT / "data" / "mnist" / "t10k-labels-idx1-ubyte.gz") as file:
        return [str(label) for label in file.read()[8 : 8 + count]]


def assert_as_plain(predictions: vc.Predictions, plain: list[dict[str, str]]) -> None:
    assert predictions.faults == {} and len(predictions) == len(plain)
    assert predictions.labels.tolist() == [row["label"] for row in plain]
    expected = [[float(row[name]) for name in row if name.startswith("score_")] for row in plain]
    assert predictions.scores.tolist() == expected


@pytest.mark.parametrize("name", ["digits", "digits-hybrid"])
def test_images_through_bytes(big_key: vc.Key, name: str) -> None:
    model = vc.Model.load(ROOT / "models" / name)
    card = vc.Card(model.card.json)
    assert card.name == name and card.shape == (28, 28) and card.columns is None
    session = vc.Session(card, big_key, model.public_part)
    request = session.encrypt(images(8))
    answer = model.compute(request)
    predictions = session.decrypt(answer, request)
    assert predictions.labels.tolist() == labels(8)
    assert predictions.scores.shape == (8, 10) and not predictions.faults
    assert predictions.probabilities is not None
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1)
    flat = session.encrypt(images(8).reshape(8, 784).astype(float))
    assert session.decrypt(model.compute(flat)).scores.tolist() == predictions.scores.tolist()
    with pytest.raises(errors.MessageError, match="answers another request"):
        session.decrypt(answer, flat)


def test_tables_over_http(served: Served, big_key: vc.Key) -> None:
    client = vc.Client(served.url, key=big_key)
    assert client.models() == ["credit", "digits-hybrid"]
    shuffled = served.frame[sorted(COLUMNS)]
    assert_as_plain(client.predict("credit", shuffled), served.plain)
    card = client.session("credit").card
    assert card.columns is not None and set(card.columns) == set(COLUMNS)
    rows = served.frame[card.columns].to_numpy(dtype=object)
    assert_as_plain(client.predict("credit", rows[:7]), served.plain[:7])
    assert_as_plain(client.predict("credit", rows[:7].tolist()), served.plain[:7])
    probabilities = client.predict_proba("credit", shuffled[:5])
    assert probabilities.shape == (5, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert client.predict("digits-hybrid", images(3)).labels.tolist() == labels(3)


def test_records_that_the_model_doesnt_take(served: Served, big_key: vc.Key) -> None:
    client, frame = vc.Client(served.url, key=big_key), served.frame[:3]
    for records, text in [
        (frame.drop(columns=["purpose"]), "needs columns that aren't there: purpose"),
        (frame.assign(age=1), "drop them first: age"),
        (frame.assign(credit_amount="many"), "'credit_amount' holds numbers"),
        (frame.assign(credit_amount=np.inf), r"record 0 \(from 0\)"),
        (frame[:0], "no records"),
        ([["new", 1, 2]], "has 4 cells"),
    ]:
        with pytest.raises(errors.RecordError, match=text):
            client.predict("credit", records)
    for images_, text in [
        (np.zeros((2, 28)), "rows of 28 × 28 numbers"),
        (np.zeros((0, 784)), "no records"),
        (np.full((1, 784), np.nan), "record 0"),
        (np.full((1, 784), 1j), "complex128"),
        ([["a"] * 784], "these are <U1"),
    ]:
        with pytest.raises(errors.RecordError, match=text):
            client.predict("digits-hybrid", images_)


def test_services_that_arent(served: Served, big_key: vc.Key) -> None:
    for url, token in (("no url", None), ("ftp://x", None), (served.url, "spaces in it"), ("http://example.org", "abc")):
        with pytest.raises(errors.ServiceError) as caught:
            vc.Client(url, key=big_key, token=token)
        assert "spaces" not in str(caught.value)
    with pytest.raises(errors.ServiceError, match="refuses connections"):
        vc.Client("http://127.0.0.1:9", key=big_key).models()
    with pytest.raises(errors.ServiceError, match="no such model: this service has credit"):
        vc.Client(served.url, key=big_key).predict("nothing", [[1]])
    assert "abc" not in repr(vc.Client(served.url, key=big_key, token="abc"))


def test_messages_cards_and_models_that_arent(big_key: vc.Key, other_key: vc.Key, tmp_path: Path) -> None:
    model = vc.Model.load(ROOT / "models" / "digits")
    session = vc.Session(model.card, big_key)
    request = session.encrypt(images(1))
    answer = model.compute(request)
    for bad in (b"", b"x" * 100, request[:-1], request + b"x", answer):
        with pytest.raises(errors.MessageError, match="not a request"):
            model.compute(bad)
    for bad in (b"", answer[:-1], answer + b"x", request):
        with pytest.raises(errors.MessageError, match="not an answer"):
            session.decrypt(bad)
    hybrid = vc.Model.load(ROOT / "models" / "digits-hybrid")
    with pytest.raises(errors.CardError, match="public"):
        vc.Session(hybrid.card, big_key)
    with pytest.raises(errors.CardError):
        vc.Session(hybrid.card, big_key, b"no network")
    with pytest.raises(errors.MessageError):
        vc.Session(hybrid.card, big_key, hybrid.public_part).decrypt(answer)
    for card in (b"", b"{}", model.card.json[:-5]):
        with pytest.raises(errors.CardError):
            vc.Card(card)
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(errors.ModelError, match="can't use the model"):
            vc.Model.load(folder)
    # A request under a key that can be broken is refused.
    with pytest.raises((errors.MessageError, errors.CardError)):
        model.compute(vc.Session(model.card, other_key).encrypt(images(1)))
    with pytest.raises(errors.RecordError, match="in parts"):
        session.encrypt(np.zeros((100_000, 784)))


def test_predictions_work_after_a_fork(served: Served, big_key: vc.Key) -> None:
    served.frame.to_csv(served.model / ".." / "records.csv", index=False)
    script = f"""
import os, pandas as pd, veilcast as vc
frame = pd.read_csv({str(served.model / ".." / "records.csv")!r})
client = vc.Client({served.url!r}, key=vc.Key.load({str(KEY)!r}))
expected = client.predict("credit", frame).scores
if os.fork() == 0:
    same = (client.predict("credit", frame).scores == expected).all()
    os._exit(0 if same else 1)
assert os.wait()[1] == 0
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_ctrl_c_ends_a_computation() -> None:
    script = f"""
import os, signal, threading, time, numpy as np, veilcast as vc
model = vc.Model.load({str(ROOT / "models" / "digits")!r})
session = vc.Session(model.card, vc.Key.load({str(KEY)!r}))
request = session.encrypt(np.zeros((200, 784)))
def interrupt():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
start = time.monotonic()
try:
    while True:
        model.compute(request)
except KeyboardInterrupt:
    assert time.monotonic() - start < 5
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "interrupted\n", done.stderr
