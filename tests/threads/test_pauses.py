"""A trader that stood still trades on nothing old, and opens nothing before account and venue were compared."""

from tests.threads.pauses import stood_still


def test_stopped_for_some_seconds_it_compares_before_it_opens_anything(tmp_path, venue):
    stood_still(tmp_path, venue, 4.0)
