"""Waiting for what another thread or process does."""

import time

PATIENCE = 30.0


def until(condition, told="it did not come", patience=PATIENCE):
    """Wait for a condition, long enough for any machine; returns what it said. `told`: what is missing, or who says."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, told() if callable(told) else told
        time.sleep(0.01)
    return found
