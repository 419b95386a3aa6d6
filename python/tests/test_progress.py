"""Long calls say how far they have come."""

from __future__ import annotations

import builtins
import io
import sys
from typing import Any

import numpy as np
import pytest
import tqdm

import veilcast as vc

COUNT = 1000


def check(steps: list[tuple[int, int]], total: int = COUNT) -> None:
    done = [step[0] for step in steps]
    assert len(steps) > 1 and done == sorted(set(done)) and done[-1] == total
    assert {step[1] for step in steps} == {total}


def test_functions_are_called(key: vc.Key) -> None:
    for call in (
        lambda report: key.encrypt(np.zeros(COUNT), progress=report),
        lambda report: key.public.encrypt(np.zeros(COUNT), progress=report),
        lambda report: key.decrypt(key.encrypt(np.ones(COUNT)) * 2, progress=report),
        lambda report: key.encrypt(np.zeros(COUNT)).rerandomized(progress=report),
    ):
        steps: list[tuple[int, int]] = []
        call(lambda done, total: steps.append((done, total)))
        check(steps)


def test_operators_report_within_a_with_statement(key: vc.Key) -> None:
    x = key.encrypt(np.zeros(COUNT))
    for operation in (
        lambda: x * np.arange(COUNT),
        lambda: -x,
        lambda: x - x,
        lambda: vc.EncryptedArray.from_bytes(x.to_bytes(), key.public),
    ):
        steps: list[tuple[int, int]] = []
        with vc.progress(lambda done, total: steps.append((done, total))):
            operation()
        check(steps)
        operation()
        check(steps)


def test_matrix_products_report_rows(key: vc.Key) -> None:
    steps: list[tuple[int, int]] = []
    with vc.progress(lambda done, total: steps.append((done, total))):
        np.ones((300, 700), int) @ key.encrypt(np.arange(700))
    check(steps, 300)


def test_an_exception_of_the_function_ends_the_call(key: vc.Key) -> None:
    def stop(done: int, total: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        key.encrypt(np.zeros(COUNT), progress=stop)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars(key: vc.Key, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    key.encrypt(np.zeros(COUNT), progress=True)
    assert "numbers" in terminal.getvalue() and "1.00k" in terminal.getvalue()
    assert not tqdm.tqdm._instances, "a bar was left open"
    for show in (None, False):
        # A short call shows nothing.
        terminal.truncate(0)
        key.encrypt(np.zeros(COUNT), progress=show)
        assert terminal.getvalue().strip("\0") == ""


def test_without_tqdm(key: vc.Key, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name == "tqdm":
            raise ImportError("there is no tqdm")
        return import_(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(sys, "stderr", Terminal())
    key.encrypt(np.zeros(COUNT))
    with pytest.raises(ImportError):
        key.encrypt(np.zeros(COUNT), progress=True)
