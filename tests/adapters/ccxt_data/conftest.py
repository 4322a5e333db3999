"""The library that these tests are about is an extra: without it they are skipped, with a reason."""

import pytest


@pytest.fixture(scope="session")
def ccxt():
    """The library, where it is installed."""
    return pytest.importorskip("ccxt", reason="the extra [ccxt] is not installed")
