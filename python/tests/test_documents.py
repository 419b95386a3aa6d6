"""The examples in the documentation run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import veilcast

README = Path(__file__).parents[2] / "crates" / "python" / "README.md"


def test_the_readmes_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    block, _ = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    exec(block, {})
    assert capsys.readouterr().out.strip() == block.strip().rsplit("# ", 1)[1]


def test_the_packages_example() -> None:
    assert doctest.testmod(veilcast) == (0, 5)
