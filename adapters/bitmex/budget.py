"""Whether a request may go now: the venue's token buckets, kept here too, with a reserve that only cancels spend.

Two layers: 120 requests a minute on everything, and 10 a second on whatever touches orders (BitMEX, "Rate limits"). A
bucket refills continuously. What the venue's headers say can only lower what we believe is left, for requests that are
under way are not in its numbers yet. Whole-number arithmetic: a bucket's level is in token x period units.
"""

from collections.abc import Mapping
from typing import Final

from adapters.bitmex.requests import Purpose, Request
from messages import NS_PER_SECOND, Period, UtcNs

MINUTE_LIMIT: Final = 120
SECOND_LIMIT: Final = 10
RESERVE_PERCENT: Final = 30
"""Of each bucket, rounded up, kept for cancels."""
_LIMIT_MAX: Final = 100_000


class Bucket:
    """Tokens that come back evenly, `limit` in each `period`. Never below nothing, never above the limit."""

    def __init__(self, limit: int, period: Period, at: UtcNs) -> None:
        self.limit, self._period = limit, period
        self._level = limit * period
        self._at = at

    def _refill(self, at: UtcNs) -> None:
        """A clock that goes back takes nothing away, and gives nothing twice."""
        if at > self._at:
            self._level = min(self._level + (at - self._at) * self.limit, self.limit * self._period)
            self._at = at

    @property
    def reserve(self) -> int:
        """Tokens that are not for everybody."""
        return -(-self.limit * RESERVE_PERCENT // 100)

    def left(self, at: UtcNs) -> int:
        """Whole tokens at a time."""
        self._refill(at)
        return self._level // self._period

    def wait(self, at: UtcNs, *, keep: int) -> Period:
        """How long until one token can be taken and `keep` stay; 0: now."""
        self._refill(at)
        lacking = (1 + min(keep, self.limit - 1)) * self._period - self._level
        return max(0, -(-lacking // self.limit))

    def take(self, at: UtcNs) -> None:
        """One token less. ValueError when there is none: `wait` was not asked."""
        self._refill(at)
        if self._level < self._period:
            raise ValueError("a request was sent that the budget does not hold")
        self._level -= self._period

    def at_most(self, tokens: int, at: UtcNs) -> None:
        """The venue says that no more are left."""
        self._refill(at)
        self._level = min(self._level, max(0, tokens) * self._period)

    def resize(self, limit: int, at: UtcNs) -> None:
        """The venue says how large the bucket is. What is left in it stays; what it is larger by was never spent."""
        self._refill(at)
        self._level = min(self._level + max(0, limit - self.limit) * self._period, limit * self._period)
        self.limit = limit


class Budget:
    """What an account may still send. Ask `wait`, then `take`, then tell what came of it, once for each request."""

    def __init__(self, at: UtcNs, minute_limit: int = MINUTE_LIMIT, second_limit: int = SECOND_LIMIT) -> None:
        self._minute = Bucket(minute_limit, 60 * NS_PER_SECOND, at)
        self._second = Bucket(second_limit, NS_PER_SECOND, at)
        self._closed_until = at
        self._under_way = self._under_way_second = 0

    def left(self, at: UtcNs) -> tuple[int, int]:
        """Requests left in the layers of a minute and of a second, as far as we know."""
        return self._minute.left(at), self._second.left(at)

    def wait(self, request: Request, at: UtcNs) -> Period:
        """How long the request has to wait; 0: it may go now."""
        keep = request.purpose is not Purpose.CANCEL
        waits = [self._closed_until - at, self._minute.wait(at, keep=self._minute.reserve if keep else 0)]
        if request.per_second:
            waits.append(self._second.wait(at, keep=self._second.reserve if keep else 0))
        return max(0, *waits)

    def take(self, request: Request, at: UtcNs) -> None:
        """The request goes. ValueError when it should have waited."""
        if self.wait(request, at):
            raise ValueError("a request was sent that the budget does not hold")
        self._minute.take(at)
        self._under_way += 1
        if request.per_second:
            self._second.take(at)
            self._under_way_second += 1

    def answered(self, request: Request, headers: Mapping[str, str], at: UtcNs) -> None:
        """An answer came, of whatever status: its headers say what the venue has counted."""
        self.unanswered(request)
        said = {name.lower(): _count(value) for name, value in headers.items()}
        _adopt(self._minute, said, "", self._under_way, at)
        if request.per_second:
            _adopt(self._second, said, "-1s", self._under_way_second, at)

    def unanswered(self, request: Request) -> None:
        """The answer was given up; the token is not given back, for the venue may have counted it."""
        self._under_way = max(0, self._under_way - 1)
        if request.per_second:
            self._under_way_second = max(0, self._under_way_second - 1)

    def limited(self, pause: Period, at: UtcNs) -> None:
        """The venue refused for too many requests: nothing goes, cancels neither, until the pause is over."""
        self._closed_until = max(self._closed_until, at + pause)
        self._minute.at_most(0, at)
        self._second.at_most(0, at)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _adopt(bucket: Bucket, said: Mapping[str, int | None], layer: str, under_way: int, at: UtcNs) -> None:
    limit, remaining = said.get(f"x-ratelimit-limit{layer}"), said.get(f"x-ratelimit-remaining{layer}")
    if limit is not None and 1 <= limit <= _LIMIT_MAX and limit != bucket.limit:
        bucket.resize(limit, at)
    if remaining is not None:
        bucket.at_most(remaining - under_way, at)
