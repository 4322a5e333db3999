"""An exchange of its own and a place of its own for locks, as every test of a live run has."""

from tests.system.live.conftest import _own_locks, venue

__all__ = ["_own_locks", "venue"]
