"""When to try again: back-off that doubles, jitter from a seeded source, and a budget an hour that always holds."""

from collections import deque
from random import Random
from typing import Final

import attrs

from messages import NS_PER_SECOND, Period, UtcNs

_HOUR: Final = 3_600 * NS_PER_SECOND


@attrs.frozen(kw_only=True)
class RetryRule:
    """How often something may be tried."""

    first: Period = NS_PER_SECOND
    longest: Period = 60 * NS_PER_SECOND
    hourly: int = attrs.field(default=30, validator=attrs.validators.ge(1))
    """Tries in any 60 minutes. The venue's own limit of connections was 20 to 720 over the years."""
    healthy: Period = 60 * NS_PER_SECOND
    """What held for so long starts again at the first pause when it fails."""


class Retries:
    """The tries of one thing. Each `next_try` is a promise to try then, and counts against the hour."""

    def __init__(self, rule: RetryRule, random: Random) -> None:
        self._rule, self._random = rule, random
        self._failures = 0
        self._tries: deque[UtcNs] = deque(maxlen=rule.hourly)

    def next_try(self, at: UtcNs, held: Period = 0, least: Period = 0) -> UtcNs:
        """When to try again after a failure at `at`, of what had held for `held`; `least` is the venue's own wish.

        The pause doubles from `first` to `longest`; half of it is chance, so that many clients do not come at once.
        """
        self._failures = 1 if held >= self._rule.healthy else self._failures + 1
        pause = min(self._rule.first << min(self._failures - 1, 32), self._rule.longest)
        pause = pause // 2 + self._random.randrange(pause // 2 + 1)
        return self.counted(at + max(pause, least))

    def counted(self, when: UtcNs) -> UtcNs:
        """A try at `when`, or as soon after it as the hour's budget allows."""
        if len(self._tries) == self._rule.hourly:
            when = max(when, self._tries[0] + _HOUR)
        # A clock that was set back must not make room.
        when = max(when, self._tries[-1]) if self._tries else when
        self._tries.append(when)
        return when
