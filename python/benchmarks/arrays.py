"""Encrypted arrays, and python-paillier with gmpy2, in one run.

    pip install phe==1.5.0 gmpy2
    python arrays.py [--count 10000] [--peer-count 100] [--bits 3072]

Times are those of all numbers; python-paillier's are measured for some of them and scaled. ``VEILCAST_KERNEL=avx2``
shows what processors without AVX-512 do.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import phe
import phe.util

import veilcast as vc
from veilcast import paillier


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--peer-count", type=int, default=100)
    parser.add_argument("--bits", type=int, default=3072)
    options = parser.parse_args()
    if not phe.util.HAVE_GMP:
        parser.error("python-paillier needs gmpy2 to be fast: pip install gmpy2")

    generator = np.random.default_rng(7)
    count, few = options.count, min(options.peer_count, options.count)
    x, y, w = generator.normal(size=(3, count))

    key = vc.Key.generate(options.bits)
    key.decrypt(key.encrypt(np.arange(64)))
    ours: dict[str, float] = {}
    ours["encrypt, owner"], a = timed(lambda: key.encrypt(x))
    ours["encrypt, public key"], b = timed(lambda: key.public.encrypt(y))
    ours["add"], total = timed(lambda: a + b)
    ours["add a plain number"], shifted = timed(lambda: a + w)
    ours["multiply by a float"], product = timed(lambda: a * w)
    ours["dot product"], dot = timed(lambda: a @ w)
    ours["sum"], whole = timed(lambda: a.sum())
    ours["decrypt"], decrypted = timed(lambda: key.decrypt(total))
    np.testing.assert_allclose(decrypted, x + y, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(key.decrypt(shifted[:few]), (x + w)[:few])
    np.testing.assert_allclose(key.decrypt(product[:few]), (x * w)[:few])
    np.testing.assert_allclose(key.decrypt(dot), x @ w)
    np.testing.assert_allclose(key.decrypt(whole), x.sum())

    def theirs_of(module: Any) -> dict[str, float]:
        public, private = module.generate_paillier_keypair(n_length=options.bits)
        xs, ys, ws = (values[:few].tolist() for values in (x, y, w))
        theirs: dict[str, float] = {}
        theirs["encrypt, owner"], a = timed(lambda: [public.encrypt(v) for v in xs])
        stranger = module.PaillierPublicKey(public.n)
        theirs["encrypt, public key"], b = timed(lambda: [stranger.encrypt(v) for v in ys])
        theirs["add"], total = timed(lambda: [u + v for u, v in zip(a, b)])
        theirs["add a plain number"], _ = timed(lambda: [u + v for u, v in zip(a, ws)])
        theirs["multiply by a float"], _ = timed(lambda: [u * v for u, v in zip(a, ws)])
        theirs["dot product"], dot = timed(lambda: np.dot(a, ws))
        theirs["sum"], _ = timed(lambda: sum(a))
        theirs["decrypt"], decrypted = timed(lambda: [private.decrypt(v) for v in total])
        np.testing.assert_allclose(decrypted, (x + y)[:few])
        np.testing.assert_allclose(private.decrypt(dot), x[:few] @ w[:few])
        return {name: seconds * count / few for name, seconds in theirs.items()}

    peer, same = theirs_of(phe), theirs_of(paillier)
    kernel = os.environ.get("VEILCAST_KERNEL", "the best")
    print(f"{count} floats, {options.bits} bits, {os.cpu_count()} cores, kernel: {kernel}; python-paillier: {few}, scaled")
    print(f"{'seconds':<22}{'arrays':>9}{'paillier':>10}{'phe':>9}   phe/arrays  phe/paillier")
    for name, seconds in ours.items():
        ratios = f"{peer[name] / seconds:>10.1f} x{peer[name] / same[name]:>11.1f} x"
        print(f"{name:<22}{seconds:>9.3f}{same[name]:>10.2f}{peer[name]:>9.1f}  {ratios}")


if __name__ == "__main__":
    main()
