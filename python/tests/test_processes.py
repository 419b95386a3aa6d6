"""Other threads, children and Ctrl-C, each in a Python of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

SETUP = """
import os, signal, sys, threading, time
import numpy as np
import veilcast as vc
key = vc.Key.generate(1024, allow_insecure_1024=True)
"""


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SETUP + script],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_fork_computes_and_shares_no_randomness() -> None:
    # The parent has threads, and tables for encrypting, before it forks.
    output = run("""
key.decrypt(key.encrypt(np.arange(200)))
key.public.encrypt(np.arange(200), short_exponents=True)
children = []
for _ in range(3):
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            encrypted = key.encrypt(np.arange(20))
            assert (key.decrypt(encrypted * 3 + encrypted) == 4 * np.arange(20)).all()
            short = key.public.encrypt(np.arange(90), packed=True, short_exponents=True)
            assert (key.decrypt(short * -2) == -2 * np.arange(90)).all()
            assert key.decrypt(np.ones((5, 20)) @ encrypted).tolist() == [190.0] * 5
            os.write(writer, encrypted[0].to_bytes()[-16:])
        finally:
            os._exit(0)
    os.close(writer)
    children.append(os.read(reader, 16))
    os.wait()
assert (key.decrypt(key.encrypt(np.arange(200))) == np.arange(200)).all()
assert all(len(child) == 16 for child in children) and len(set(children)) == 3, children
print("done")
""")
    assert output == "done\n"


def test_threads_compute_at_the_same_time_and_others_go_on() -> None:
    output = run("""
results, beats = [], []
def work():
    x = key.public.encrypt(np.arange(300), short_exponents=True)
    results.append((key.decrypt(x + x) == 2 * np.arange(300)).all())
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
while any(thread.is_alive() for thread in threads):
    beats.append(time.monotonic()); time.sleep(0.001)
assert all(results) and len(results) == 4
gaps = [b - a for a, b in zip(beats, beats[1:])]
assert len(beats) > 20 and max(gaps) < 1, (len(beats), max(gaps))
print("done")
""")
    assert output == "done\n"


@pytest.mark.parametrize(
    "work",
    [
        "key.public.encrypt(np.zeros(10**6, int))",
        "np.ones((2000, 2000), int) @ key.encrypt(np.arange(2000))",
        "[vc.Key.generate(4096) for _ in range(100)]",
        "key.encrypt(np.zeros(3)).rerandomized()[np.zeros(10**5, int)].rerandomized()",
        "key.public.encrypt(np.zeros(10**6, int), short_exponents=True)",
        "key.encrypt(np.arange(10**6, dtype=float), packed=True)",
        "key.decrypt(key.encrypt(np.arange(9))[np.zeros(10**6, int)])",
        "(lambda many: [many * np.full(10**5, 3**39) for _ in range(100)])(key.encrypt(np.arange(9))[np.zeros(10**5, int)])",
        "(lambda data: [vc.EncryptedArray.from_bytes(data, key.public) for _ in range(100)])(key.encrypt(np.arange(9))[np.zeros(10**5, int)].to_bytes())",
    ],
)
def test_ctrl_c_ends_long_calls(work: str) -> None:
    script = SETUP + f"print('ready', flush=True)\n{work}\n"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.7)
            assert process.poll() is None, "the call must take longer than that"
            process.send_signal(signal.SIGINT)
            start = time.monotonic()
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "KeyboardInterrupt" in errors
    assert time.monotonic() - start < 10
