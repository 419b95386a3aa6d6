"""Keys for the tests: small ones, for speed."""

from __future__ import annotations

import pytest

import veilcast as vc


@pytest.fixture(scope="session")
def key() -> vc.Key:
    return vc.Key.generate(1024, allow_insecure_1024=True)


@pytest.fixture(scope="session")
def other_key() -> vc.Key:
    return vc.Key.generate(1024, allow_insecure_1024=True)
