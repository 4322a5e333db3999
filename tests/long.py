"""Tests that take long, and show again what shorter ones do in another place: where OPENOUTCRY_LONG_TESTS is set."""

import os

import pytest

long = pytest.mark.skipif(not os.environ.get("OPENOUTCRY_LONG_TESTS"), reason="takes long: OPENOUTCRY_LONG_TESTS=1")
