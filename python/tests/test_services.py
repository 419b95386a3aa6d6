"""A service in this process, and clients of it in every way, with every kind of table."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cancer
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from test_predictions import KEY, ROOT, images

import veilcast as vc
from veilcast import errors
from veilcast.sklearn import PrivateClassifier


@pytest.fixture(scope="module")
def big_key() -> vc.Key:
    return vc.Key.load(KEY)


@pytest.fixture(scope="module")
def sealing_key() -> vc.Key:
    return vc.Key.generate(2048)


@pytest.fixture(scope="module")
def risk() -> vc.Model:
    return vc.compile(cancer.pipeline(), cancer.train, name="risk")


@pytest.fixture(scope="module")
def service(risk: vc.Model, sealing_key: vc.Key) -> Iterator[vc.Service]:
    shut = vc.compile(cancer.pipeline(), cancer.train, name="shut").seal(sealing_key, only=True)
    with vc.serve([risk, shut, ROOT / "models" / "digits"], port=0) as service:
        yield service


def test_probabilities_come_in_the_kind_of_table_that_the_records_had(
    service: vc.Service, risk: vc.Model, big_key: vc.Key
) -> None:
    client, frame = vc.Client(service.url, key=big_key), cancer.test[:20]
    expected = risk.predict_proba(frame.to_numpy())
    assert type(expected) is np.ndarray and expected.shape == (20, 2)
    from_pandas = client.predict_proba("risk", frame)
    pd.testing.assert_index_equal(from_pandas.index, frame.index)
    assert from_pandas.columns.tolist() == ["benign", "malignant"]
    assert (from_pandas.to_numpy() == expected).all()
    from_polars = client.predict_proba("risk", pl.from_pandas(frame))
    assert isinstance(from_polars, pl.DataFrame) and (from_polars.to_numpy() == expected).all()
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    for table in (arrow, arrow.to_batches()[0]):
        from_arrow = client.predict_proba("risk", table)
        assert isinstance(from_arrow, pa.Table) and from_arrow.column_names == ["benign", "malignant"]
        assert (np.column_stack([column.to_numpy() for column in from_arrow.columns]) == expected).all()
    assert (client.predict_proba("risk", frame.to_numpy().tolist()) == expected).all()
    whole = client.predict("risk", frame).to_frame()
    assert isinstance(whole, pd.DataFrame) and whole.columns.tolist() == ["label", "score_malignant"]
    assert client.predict("risk", pl.from_pandas(frame)).to_frame()["label"].to_list() == whole["label"].tolist()
    assert client.predict("risk", frame.to_numpy()).to_frame()["label"].tolist() == whole["label"].tolist()


def test_every_way_gives_the_scores_in_the_clear(
    service: vc.Service, risk: vc.Model, big_key: vc.Key, tmp_path: Path
) -> None:
    expected = risk.predict(cancer.test).scores
    client = vc.Client(service.url, key=big_key, vouchers=tmp_path / "vouchers")
    assert client.vouchers("risk") == 0
    told: list[int] = []
    direct = client.predict("risk", cancer.test, progress=told.append)
    assert direct.exchange is not None and direct.exchange.by_vouchers == 0 and told[-1] == len(cancer.test)
    steps: list[tuple[int, int]] = []
    with vc.progress(lambda done, total: steps.append((done, total))):
        client.predict("risk", cancer.test)
    assert steps[-1] == (len(cancer.test), len(cancer.test))
    with pytest.raises(errors.VoucherError, match="there are 0 vouchers for 114 records"):
        client.predict("risk", cancer.test, way="vouchers")
    told.clear()
    with vc.progress(lambda done, total: steps.append((done, total))):
        assert client.fill_vouchers("risk", 20) == 20
    assert steps[-1] == (20, 20)
    assert client.fill_vouchers("risk", 100, progress=told.append) == 100 == told[-1]
    assert client.vouchers("risk") == 120
    masked = client.predict("risk", cancer.test, way="vouchers")
    assert masked.exchange is not None and masked.exchange.by_vouchers == 114
    assert client.vouchers("risk") == 6
    # There aren't enough for all: the records are encrypted.
    again = client.predict("risk", cancer.test)
    assert again.exchange is not None and again.exchange.by_vouchers == 0
    # One request for all that are left, if it is so told.
    few = client.predict("risk", cancer.test[:6])
    assert few.exchange is not None and few.exchange.by_vouchers == 6
    keyless = vc.Client(service.url)
    sealed = keyless.predict("shut", cancer.test, in_flight=2)
    assert PrivateClassifier(keyless, "shut").predict(cancer.test).tolist() == sealed.labels.tolist()
    for predicted in (direct, masked, again, sealed):
        assert predicted.scores.tolist() == expected.tolist()
        assert predicted.clipped == direct.clipped > 0
    assert few.scores.tolist() == expected[:6].tolist()


def test_ways_that_there_are_not(service: vc.Service, big_key: vc.Key, tmp_path: Path) -> None:
    client, frame = vc.Client(service.url, key=big_key), cancer.test[:2]
    for name, way, text in [
        ("risk", "sealed", "isn't offered in the way 'sealed', but: direct, vouchers"),
        ("shut", "direct", "isn't offered in the way 'direct', but: sealed"),
        ("risk", "clear", "there is no way 'clear'"),
        ("risk", "vouchers", "no folder of vouchers"),
    ]:
        with pytest.raises(errors.WayError, match=text):
            client.predict(name, frame, way=way)
    with pytest.raises(errors.WayError, match="a key is needed"):
        vc.Client(service.url).predict("risk", frame)
    with pytest.raises(errors.WayError, match="give it, too"):
        vc.Client(service.url, vouchers=tmp_path)
    with pytest.raises(errors.WayError, match="isn't offered sealed"):
        client.sealed_model("risk")
    with pytest.raises(ValueError, match="in_flight"):
        client.predict("risk", frame, in_flight=0)
    with pytest.raises(errors.VoucherError, match="one voucher at least"):
        vc.Client(service.url, key=big_key, vouchers=tmp_path).fill_vouchers("risk", 0)
    with pytest.raises(errors.WayError, match="isn't offered for vouchers"):
        vc.Client(service.url, key=vc.Key.load(KEY), vouchers=tmp_path).fill_vouchers("shut", 1)


def test_a_sealed_model_through_bytes(risk: vc.Model, sealing_key: vc.Key, other_key: vc.Key, tmp_path: Path) -> None:
    sealed = risk.seal(sealing_key)
    assert sealed.card.ways == ["direct", "vouchers", "sealed"] and risk.sealed_weights is None
    assert sealed.sealed_weights is not None
    sealed.save(tmp_path / "model")
    client = vc.SealedModel(vc.Card(sealed.card.json), sealed.sealed_weights)
    request, opening = client.encrypt(cancer.test)
    assert len(opening) == 114
    served = vc.Model.load(tmp_path / "model", sealing_key=sealing_key)
    predicted = client.decrypt(served.compute(request), opening)
    assert predicted.scores.tolist() == risk.predict(cancer.test).scores.tolist()
    with pytest.raises(errors.MessageError, match="sealing_key"):
        vc.Model.load(tmp_path / "model").compute(request)
    with pytest.raises(errors.SealedError, match="under another key"):
        vc.Model.load(tmp_path / "model", sealing_key=other_key)
    with pytest.raises(errors.MessageError):
        client.decrypt(served.compute(client.encrypt(cancer.test)[0]), opening)
    spoilt = bytearray(sealed.sealed_weights)
    spoilt[-1] ^= 1
    with pytest.raises(errors.SealedError):
        vc.SealedModel(sealed.card, bytes(spoilt))
    with pytest.raises(TypeError):
        pickle.dumps(opening)


def test_networks_with_hidden_layers(big_key: vc.Key, tmp_path: Path) -> None:
    model = vc.Model.load(ROOT / "models" / "digits-square")
    assert model.card.ways == ["direct", "vouchers"]
    with vc.serve(model, port=0) as service:
        client = vc.Client(service.url, key=big_key, vouchers=tmp_path / "vouchers")
        with pytest.raises(errors.VoucherError, match="there are 0 vouchers for 6 records"):
            client.predict("digits-square", images(6), way="vouchers")
        exact = model.predict(images(6)).scores.tolist()
        encrypted = client.predict("digits-square", images(6))
        assert encrypted.scores.tolist() == exact
        assert encrypted.exchange is not None and encrypted.exchange.by_vouchers == 0
        assert client.fill_vouchers("digits-square", 7) == 7
        masked = client.predict("digits-square", images(6))
        assert masked.scores.tolist() == exact
        assert masked.exchange is not None and masked.exchange.by_vouchers == 6
        assert client.vouchers("digits-square") == 1
    with pytest.raises(errors.CardError, match="several exchanges"):
        vc.Session(model.card, big_key).encrypt(images(1))
    # Rounds are answered by services alone, which remember what was used.
    session = vc.Session(model.card, big_key, vouchers=tmp_path / "vouchers")
    with pytest.raises(errors.VoucherError, match="hidden layers"):
        session.mask(images(1))


def test_vouchers_through_bytes(risk: vc.Model, big_key: vc.Key, other_key: vc.Key, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("5a" * 31)
    secret.chmod(0o600)
    risk.save(tmp_path / "model")
    with pytest.raises(errors.VoucherError, match="64 lower-case hexadecimal digits"):
        vc.Model.load(tmp_path / "model", voucher_secret=secret)
    secret.write_text("5a" * 32)
    model = vc.Model.load(tmp_path / "model", voucher_secret=secret)
    session = vc.Session(model.card, big_key, vouchers=tmp_path / "vouchers")
    request, drawn = session.draw_vouchers(130)
    assert session.keep_vouchers(model.compute(request), drawn) == 130 == session.vouchers
    with pytest.raises(errors.VoucherError, match="used up"):
        session.keep_vouchers(model.compute(request), drawn)

    # A client takes them from the same folder, and another replica of the service knows them by the secret.
    replica = vc.Model.load(tmp_path / "model", voucher_secret=secret)
    masked, opening = session.mask(cancer.test)
    assert len(opening) == 114 and session.vouchers == 16
    predicted = session.unmask(replica.compute(masked), opening)
    assert predicted.scores.tolist() == risk.predict(cancer.test).scores.tolist()

    with pytest.raises(errors.VoucherError, match="there are 16 vouchers for 17 records"):
        session.mask(cancer.test[:17])
    assert session.vouchers == 16
    second, second_opening = session.mask(cancer.test[:2])
    with pytest.raises(errors.MessageError):
        session.unmask(model.compute(second), opening)
    with pytest.raises(errors.MessageError):
        session.decrypt(model.compute(second))
    # Without the secret, a model takes the vouchers that it answered for itself, and no others.
    with pytest.raises(errors.MessageError, match="secret"):
        vc.Model.load(tmp_path / "model").compute(second)
    with pytest.raises(errors.MessageError):
        session.keep_vouchers(model.compute(second), session.draw_vouchers(2)[1])
    with pytest.raises(errors.VoucherError):
        session.draw_vouchers(0)
    with pytest.raises(errors.WayError, match="no folder of vouchers"):
        vc.Session(model.card, big_key).mask(cancer.test)
    with pytest.raises(errors.VoucherError, match="key"):
        vc.Session(model.card, other_key, vouchers=tmp_path / "vouchers").mask(cancer.test[:2])
    with pytest.raises(TypeError, match=r"Session\.unmask"):
        sealed = risk.seal(vc.Key.generate(2048))
        assert sealed.sealed_weights is not None
        vc.SealedModel(sealed.card, sealed.sealed_weights).decrypt(b"", second_opening)
    for secret_thing in (drawn, second_opening):
        with pytest.raises(TypeError):
            pickle.dumps(secret_thing)


def test_large_tables_go_in_several_requests(service: vc.Service, big_key: vc.Key) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 784), dtype=np.uint8)
    model = vc.Model.load(ROOT / "models" / "digits")
    many = np.tile(images, (20, 1))
    told: list[int] = []
    predicted = vc.Client(service.url, key=big_key).predict("digits", many, progress=told.append)
    assert predicted.exchange is not None and predicted.exchange.requests > 1
    assert told == sorted(told) and told[-1] == len(many)
    assert predicted.scores.tolist() == np.tile(model.predict(images).scores, (20, 1)).tolist()


def test_an_exception_in_progress_ends_the_call(service: vc.Service, big_key: vc.Key) -> None:
    def refuse(done: int) -> None:
        raise RuntimeError(f"{done} are enough")

    many = np.zeros((1200, 784), dtype=np.uint8)
    with pytest.raises(RuntimeError, match="are enough"):
        vc.Client(service.url, key=big_key).predict("digits", many, progress=refuse)


def test_awaited_calls(service: vc.Service, risk: vc.Model, big_key: vc.Key, tmp_path: Path) -> None:
    async def calls() -> None:
        client = vc.AsyncClient(service.url, key=big_key, vouchers=tmp_path / "vouchers")
        assert await client.models() == ["digits", "risk", "shut"]
        assert (await client.card("risk")).name == "risk"
        assert (await client.session("risk")).card.name == "risk"
        told: list[int] = []
        several = await asyncio.gather(
            client.predict("risk", cancer.test, progress=told.append),
            client.predict_proba("risk", cancer.test),
            client.predict("shut", cancer.test),
        )
        await asyncio.sleep(0)
        assert told[-1:] == [114]
        steps: list[tuple[int, int]] = []
        with vc.progress(lambda done, total: steps.append((done, total))):
            await client.predict("shut", cancer.test)
        assert steps[-1:] == [(114, 114)]
        expected = risk.predict(cancer.test)
        assert several[0].scores.tolist() == several[2].scores.tolist() == expected.scores.tolist()
        assert several[1].to_numpy().tolist() == risk.predict_proba(cancer.test).to_numpy().tolist()
        assert await client.fill_vouchers("risk", 3) == 3
        assert await client.vouchers("risk") == 3
        assert (await client.sealed_model("shut")).card.name == "shut"
        with pytest.raises(errors.ServiceError):
            await client.predict("nothing", cancer.test)

    asyncio.run(calls())


def test_a_cancelled_task_ends_its_requests(service: vc.Service, big_key: vc.Key) -> None:
    """The loop's threads are waited for at its end, so a call that went on would take as long as it takes."""
    script = f"""
import asyncio, time, numpy as np, veilcast as vc
async def main():
    client = vc.AsyncClient({service.url!r}, key=vc.Key.load({str(KEY)!r}))
    await client.card("digits")
    task = asyncio.create_task(client.predict("digits", np.zeros((100_000, 784), np.uint8)))
    await asyncio.sleep(3)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "cancelled\n", done.stderr


def test_services_that_cannot_start(risk: vc.Model, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(errors.ServeError, match="another program listens there"):
            vc.serve(risk, port=taken.getsockname()[1])
    with pytest.raises(errors.ModelError, match="can't use the model"):
        vc.serve(tmp_path, port=0)
    for arguments, text in [
        ({"settings": {"max_conections": 1}}, "max_conections"),
        ({"settings": {"max_connections": 0}}, "max_connections"),
        ({"settings": {"listen": [":0"]}}, "argument of its own"),
        ({"settings": {"max_connections": object()}}, "can't be used"),
        ({"host": "nowhere.invalid"}, "can't start"),
        ({"voucher_secret": tmp_path / "nothing"}, "can't start"),
        ({"port": 1 << 16}, "no port"),
    ]:
        with pytest.raises(errors.ServeError, match=text):
            vc.serve(risk, **{"port": 0, **arguments})
    with pytest.raises(errors.ServeError, match="name a model"):
        vc.serve([], port=0)
    with pytest.raises(errors.ServeError, match="can't start"):
        vc.serve([risk, risk], port=0)


def test_a_closed_service(risk: vc.Model, big_key: vc.Key) -> None:
    service = vc.serve(risk, port=0)
    client = vc.Client(service.url, key=big_key)
    assert client.predict("risk", cancer.test[:1]).labels.tolist() == risk.predict(cancer.test[:1]).labels.tolist()
    service.close()
    service.close()
    with pytest.raises(errors.ServiceError):
        client.predict("risk", cancer.test[:1])
    # Its port is free again.
    with vc.serve(risk, port=int(service.url.rpartition(":")[2])) as another:
        assert vc.Client(another.url).models() == ["risk"]


def test_tokens(risk: vc.Model, big_key: vc.Key, tmp_path: Path) -> None:
    ledger = f"sqlite://{tmp_path / 'ledger.db'}"
    add = [sys.executable, "-m", "veilcast", "token", "add", "clinic", "--ledger", ledger, "--json"]
    added = subprocess.run(add, capture_output=True, text=True)
    assert added.returncode == 0, added.stderr
    token = json.loads(added.stdout)["token"]
    with vc.serve(risk, port=0, ledger=ledger) as service:
        with pytest.raises(errors.ServiceError, match="token"):
            vc.Client(service.url, key=big_key).predict("risk", cancer.test[:1])
        client = vc.Client(service.url, key=big_key, token=token)
        assert len(client.predict("risk", cancer.test[:1])) == 1
        assert token not in repr(client)


def test_a_fork_of_a_server(risk: vc.Model, tmp_path: Path) -> None:
    risk.save(tmp_path / "model")
    script = f"""
import os, numpy as np, veilcast as vc
model = vc.Model.load({str(tmp_path / "model")!r})
service = vc.serve(model, port=0)
client = vc.Client(service.url, key=vc.Key.load({str(KEY)!r}))
rows = np.zeros((3, 30))
expected = client.predict("risk", rows).scores.tolist()
child = os.fork()
if child == 0:
    assert client.predict("risk", rows).scores.tolist() == expected
    try:
        vc.serve(model, port=0)
    except vc.errors.ServeError as error:
        assert "forked" in str(error)
        service.close()
        os._exit(0)
    os._exit(1)
assert os.waitpid(child, 0)[1] == 0
assert client.predict("risk", rows).scores.tolist() == expected
service.close()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_records_of_other_libraries_that_the_model_does_not_take(service: vc.Service, big_key: vc.Key) -> None:
    client = vc.Client(service.url, key=big_key)
    frame = cancer.test[:3]
    column = frame.columns[0]
    twice = pd.concat([frame, frame[[column]]], axis=1)
    objects: Any
    for objects, text in [
        (twice, "two columns with the same name: mean radius"),
        (pl.from_pandas(frame).lazy(), r"collect\(\)"),
        (pl.from_pandas(frame.drop(columns=[column])), "aren't there: mean radius"),
        (pa.Table.from_pandas(frame).append_column("age", pa.array([1, 2, 3])), "drop them first"),
        (pl.from_pandas(frame).with_columns(pl.lit("x").alias(column)), "'mean radius' holds numbers"),
        (frame.assign(**{column: [object()] * 3}), "'mean radius' holds numbers"),
        (pl.from_pandas(frame).with_columns(pl.lit(None).alias(column)), "record 0"),
        (frame.assign(**{column: pd.NA}), "record 0"),
        (frame.to_numpy(dtype=object)[:, :5], "rows of 30 numbers"),
        (np.full((1, 30), "1", dtype=object), "something else"),
    ]:
        with pytest.raises(errors.RecordError, match=text):
            client.predict("risk", objects)
