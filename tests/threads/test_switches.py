"""Several things go wrong at the venue at once; when they are over account and venue agree, and nothing went twice.

Here one swarm of a few, another one for each commit; many of them in `python -m tests.threads --only switches`.
"""

from tests.threads.sample import chance_of_this_commit
from tests.threads.switches import befallen, swarm


def test_a_swarm_of_faults_leaves_nothing_wrong(tmp_path, venue):
    rules, skew_s = swarm(chance_of_this_commit("switches").randrange(14))

    befallen(tmp_path, venue, rules, skew_s, seconds=3.0)
