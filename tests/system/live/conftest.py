"""Every test of a live run has its own exchange and its own place for locks."""

import pytest

from tests.system.live.venue import a_venue


@pytest.fixture
def venue():
    with a_venue() as venue:
        yield venue


@pytest.fixture(autouse=True)
def _own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
