"""The program, as the package carries it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import veilcast.__main__

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "veilcast"]


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload,no-any-return]


def test_it_is_the_program() -> None:
    same = subprocess.run([os.environ["VEILCAST"], "--help"], capture_output=True, text=True)
    assert run("--help").stdout == same.stdout
    assert run("inspect", ROOT / "models" / "digits", "--json").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["predict", "--nonsense"], 2, "Usage: veilcast predict"),
        ([], 2, "Usage: veilcast"),
        (["inspect", "/no/such/model"], 1, "can't read /no/such/model"),
        (["serve"], 2, "name a model"),
    ],
)
def test_exit_statuses_and_errors(arguments: list[str], status: int, text: str) -> None:
    done = run(*arguments)
    assert done.returncode == status and text in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_seen_enough() -> None:
    command = f"{sys.executable} -m veilcast inspect {ROOT / 'models' / 'digits'} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("model directory") and done.stderr == ""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_service_in_order(sent: signal.Signals) -> None:
    serve = [*PROGRAM, "serve", "--model", str(ROOT / "models" / "digits"), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on")
        process.send_signal(sent)
        assert process.wait(60) == 0


def test_ctrl_c_ends_what_does_not_handle_it(tmp_path: Path) -> None:
    """A pipe that nobody writes to is waited for."""
    pipe = tmp_path / "records.csv"
    os.mkfifo(pipe)
    card = ROOT / "models" / "digits" / "card.json"
    key = ROOT / "crates" / "paillier" / "tests" / "fixtures" / "keys" / "good-2048.json"
    waiting = ["encrypt", "--key", key, "--card", card, "--in", pipe, "--out", tmp_path / "request"]
    with subprocess.Popen([*PROGRAM, *map(str, waiting)], stderr=subprocess.PIPE, text=True) as process:
        # It has begun to read once the pipe can be opened to write.
        descriptor = os.open(pipe, os.O_WRONLY)
        process.send_signal(signal.SIGINT)
        status = process.wait(30)
        os.close(descriptor)
    assert status in (-signal.SIGINT, 128 + signal.SIGINT)
    assert not (tmp_path / "request").exists()


def test_the_console_scripts_function() -> None:
    assert callable(veilcast.__main__.main)
