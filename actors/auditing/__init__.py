"""What the auditor looks at, beside the stream: orders, sums of exposure, requests, timers and restarts.

Nothing here asks executor, guard or gateway what they believe, nor uses what they judge by: it folds the same messages
in a way of its own, and says what must never be. `actors/auditor.py` is the actor.
"""
