"""Encrypted arrays beside python-paillier with gmpy2 and HEU's NumPy interface, in one run.

    pip install phe==1.5.0 gmpy2 sf-heu     # HEU has wheels for Python 3.10 and 3.11, and is left out elsewhere
    python arrays.py [--count 10000] [--peer-count 100] [--bits 3072] [--rounds 3]

Each takes turns with its peer, round by round, and the best round counts. python-paillier computes with exact floats,
on fewer numbers, scaled; HEU with fixed-point numbers, here multiples of 2^-20. Ratios are those of the times that
passed and, in brackets, of the processors' time: on a busy machine that is the steadier one, but says nothing of what
several cores are good for. ``VEILCAST_KERNEL=avx2`` shows what processors without AVX-512 do.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any, Optional

import numpy as np
import phe
import phe.util

import veilcast as vc

try:
    import heu.numpy as hnp
    import heu.phe as heu
except ImportError:
    heu = None

Work = Callable[[], Any]
Times = tuple[float, float]


def timed(work: Work) -> Times:
    wall, processors = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processors


def compared(title: str, rounds: int, rows: dict[str, tuple[Work, Optional[Work], float]]) -> None:
    """Prints, for each row, the times of our work and the peer's, which is scaled."""
    print(f"\n{title}\n{'seconds':<38}{'ours':>9}{'peer':>10}      ratio (processors)")
    for name, (ours, peer, scale) in rows.items():
        if peer is None:
            times = [timed(ours) for _ in range(rounds)]
            print(f"{name:<38}{min(times)[0]:>9.3f}{'–':>10}")
            continue
        pairs = [(timed(ours), timed(peer)) for _ in range(rounds)]
        (wall, processors), (peer_wall, peer_processors) = (
            tuple(min(pair[side][kind] for pair in pairs) for kind in (0, 1)) for side in (0, 1)
        )
        ratios = f"{peer_wall * scale / wall:>9.1f} x ({peer_processors * scale / processors:.1f} x)"
        print(f"{name:<38}{wall:>9.3f}{peer_wall * scale:>10.2f}  {ratios}", flush=True)


def python_paillier(options: argparse.Namespace, key: vc.Key) -> None:
    generator = np.random.default_rng(7)
    count, few = options.count, min(options.peer_count, options.count)
    x, w = generator.normal(size=(2, count))
    public, private = phe.generate_paillier_keypair(n_length=options.bits)
    stranger = phe.PaillierPublicKey(public.n)
    xs, ws = x[:few].tolist(), w[:few].tolist()
    a, b = key.encrypt(x), [public.encrypt(v) for v in xs]
    ours_dot, theirs_dot = a @ w, np.dot(b, ws)
    np.testing.assert_allclose(key.decrypt(ours_dot), x @ w)
    np.testing.assert_allclose(private.decrypt(theirs_dot), x[:few] @ w[:few])
    total = a + a
    np.testing.assert_allclose(key.decrypt(total), x + x)
    np.testing.assert_allclose(key.decrypt((a * w)[:few]), (x * w)[:few])
    encrypted = lambda: [stranger.encrypt(v) for v in xs]  # noqa: E731
    compared(
        f"{count} floats beside python-paillier with gmpy2 ({few}, scaled)",
        options.rounds,
        {
            "encrypt, owner": (lambda: key.encrypt(x), encrypted, count / few),
            "encrypt, public key, short exponents": (
                lambda: key.public.encrypt(x, short_exponents=True), encrypted, count / few
            ),
            "encrypt, public key": (lambda: key.public.encrypt(x), encrypted, count / few),
            "add": (lambda: a + a, lambda: [u + u for u in b], count / few),
            "add plain numbers": (lambda: a + w, lambda: [u + v for u, v in zip(b, ws)], count / few),
            "multiply by floats": (lambda: a * w, lambda: [u * v for u, v in zip(b, ws)], count / few),
            "dot product": (lambda: a @ w, lambda: np.dot(b, ws), count / few),
            "sum": (lambda: a.sum(), lambda: sum(b), count / few),
            "decrypt": (lambda: key.decrypt(total), lambda: [private.decrypt(u) for u in b], count / few),
            "packed: encrypt, owner": (lambda: key.encrypt(x, packed=True), None, 1),
        },
    )  # fmt: skip


def heu_numpy(options: argparse.Namespace, key: vc.Key) -> None:
    generator = np.random.default_rng(8)
    count = options.count
    x, w = np.round(generator.normal(size=(2, count)) * 2**20) / 2**20
    fixed = {"precision": 2**-20, "bound": 2**20}
    a = key.encrypt(x, **fixed)

    kit = hnp.setup(heu.SchemaType.ZPaillier, options.bits)
    encoder = heu.FloatEncoder(heu.SchemaType.ZPaillier, 2**20)
    encryptor, evaluator, decryptor = kit.encryptor(), kit.evaluator(), kit.decryptor()
    encoded = lambda values: hnp.array(values, encoder)  # noqa: E731
    b, row = encryptor.encrypt(encoded(x)), encoded(w.reshape(1, -1))
    column = encryptor.encrypt(encoded(x.reshape(-1, 1)))
    total = a + a
    np.testing.assert_allclose(key.decrypt(total), x + x)
    np.testing.assert_allclose(
        decryptor.decrypt(evaluator.add(b, b)).to_numpy(encoder), x + x, atol=2**-19
    )
    compared(
        f"{count} multiples of 2^-20 beside HEU's ZPaillier",
        options.rounds,
        {
            "encrypt, owner": (lambda: key.encrypt(x, **fixed), lambda: encryptor.encrypt(encoded(x)), 1),
            "encrypt, public key, short exponents": (
                lambda: key.public.encrypt(x, short_exponents=True, **fixed), lambda: encryptor.encrypt(encoded(x)), 1
            ),
            "add": (lambda: a + a, lambda: evaluator.add(b, b), 1),
            "add plain numbers": (lambda: a + w, lambda: evaluator.add(b, encoded(w)), 1),
            "multiply by fixed-point numbers": (lambda: a * w, lambda: evaluator.mul(b, encoded(w)), 1),
            "dot product": (lambda: a @ w, lambda: evaluator.matmul(row, column), 1),
            "sum": (lambda: a.sum(), lambda: evaluator.sum(b), 1),
            "decrypt": (lambda: key.decrypt(total), lambda: decryptor.decrypt(b).to_numpy(encoder), 1),
        },
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--peer-count", type=int, default=100)
    parser.add_argument("--bits", type=int, default=3072)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not phe.util.HAVE_GMP:
        parser.error("python-paillier needs gmpy2 to be fast: pip install gmpy2")
    key = vc.Key.generate(options.bits)
    # Makes the tables, which are kept.
    key.decrypt(key.encrypt(np.arange(64)))
    key.public.encrypt([0], short_exponents=True)
    kernel = os.environ.get("VEILCAST_KERNEL", "the best")
    print(f"{options.bits} bits, {os.cpu_count()} cores, kernel: {kernel}")
    python_paillier(options, key)
    if heu is None:
        print("\nHEU isn't installed.")
    else:
        heu_numpy(options, key)


if __name__ == "__main__":
    main()
