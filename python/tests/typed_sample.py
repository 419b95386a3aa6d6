"""What users write, for mypy --strict to check."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import veilcast as vc
from veilcast import paillier


def arrays(folder: Path, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    key: vc.Key = vc.Key.generate(2048)
    key.save(folder / "key.json", overwrite=True)
    key = vc.Key.load(str(folder / "key.json"))
    public: vc.PublicKey = key.public
    encrypted: vc.EncryptedArray = public.encrypt([1.0, 2.0], precision=Fraction(1, 256), bound=10)
    rows: vc.EncryptedArray = weights @ encrypted + weights.sum(axis=1)
    total: vc.EncryptedArray = vc.concatenate([rows * 2, -rows / 3]).sum(axis=0, keepdims=True)
    data: bytes = total.to_bytes()
    received = vc.EncryptedArray.from_bytes(data, public)[0].reshape(1)
    shape: tuple[int, ...] = received.shape
    try:
        decrypted: NDArray[np.float64] = key.decrypt(received).reshape(shape)
    except (vc.errors.DecryptionError, vc.errors.PlaintextOverflowError):
        raise
    return decrypted


def numbers() -> float:
    public, private = paillier.generate_paillier_keypair(n_length=2048)
    number: paillier.EncryptedNumber = public.encrypt(1.5, precision=0.01) * 2 + 1
    sent: int = number.ciphertext()
    return private.decrypt(paillier.EncryptedNumber(public, sent, number.exponent))


def predictions(folder: Path, pipeline: object, records: NDArray[np.float64]) -> float:
    model: vc.Model = vc.compile(pipeline, records, name="risk", labels=["low", "high"], ways=["direct", "vouchers"])
    report: vc.Report = model.report(records, ["low"] * len(records))
    page: str = report.html()
    model.save(folder / "risk", overwrite=True)
    plan: vc.Plan = vc.plan(model, len(records), link=50)
    with vc.serve([model, folder / "risk"], port=0, settings={"max_connections": 10}) as service:
        key = vc.Key.generate()
        client = vc.Client(service.url, key=key, vouchers=folder / "vouchers")
        made: int = client.fill_vouchers("risk", 10, progress=print)
        predicted: vc.Predictions = client.predict("risk", records, way="vouchers", in_flight=2)
    exchange: vc.Exchange | None = predicted.exchange
    chosen = plan.chosen
    seconds = 0.0 if exchange is None or chosen is None else exchange.seconds + chosen.total_ms / 1000
    return seconds + float(predicted.scores.sum()) + made + len(page)


async def awaited(url: str, key: vc.Key, records: NDArray[np.float64]) -> list[str]:
    client = vc.AsyncClient(url, key=key)
    predicted: vc.Predictions = await client.predict("risk", records)
    session: vc.Session = await client.session("risk")
    request: bytes = session.encrypt(records)
    names: list[str] = await client.models()
    return names + [str(len(predicted) + len(request))]
