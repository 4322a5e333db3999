"""Rate limits: token buckets that refill all the time, and the headers that tell of them."""

import math
from typing import Final

import attrs

_PER_MINUTE: Final = 120
_PER_MINUTE_WITHOUT_KEY: Final = 30
_PER_SECOND: Final = 10
_FORGET_S: Final = 300.0
_BUCKETS_MAX: Final = 10_000


@attrs.define
class Bucket:
    """So many tokens at most, coming back at a steady rate."""

    size: float
    per_s: float
    tokens: float
    at: float

    def take(self, now_s: float) -> bool:
        """One token, if there is one."""
        self._fill(now_s)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def _fill(self, now_s: float) -> None:
        self.tokens = min(self.size, self.tokens + max(0.0, now_s - self.at) * self.per_s)
        self.at = max(self.at, now_s)

    def wait_s(self, needed: float = 1.0) -> float:
        """Until there are so many tokens."""
        return max(0.0, (needed - self.tokens) / self.per_s)


@attrs.frozen(kw_only=True)
class LimitRules:
    """How much is allowed. 0 switches a layer off."""

    per_minute: int = _PER_MINUTE
    per_minute_without_key: int = _PER_MINUTE_WITHOUT_KEY
    per_second: int = _PER_SECOND


class Limits:
    """Two layers: all routes by the minute, orders and leverage by the second. Times are wall seconds."""

    def __init__(self, rules: LimitRules | None = None) -> None:
        self.rules = rules or LimitRules()
        self._buckets: dict[str, Bucket] = {}

    def spend(self, who: str, *, has_key: bool, per_second: bool, now_s: float) -> tuple[dict[str, str], int | None]:
        """Count a request. Gives the headers, and the seconds to wait when it is one too many."""
        minute = self.rules.per_minute if has_key else self.rules.per_minute_without_key
        layers = [("minute", minute, minute / 60.0)]
        if per_second:
            layers.append(("second", self.rules.per_second, float(self.rules.per_second)))
        headers: dict[str, str] = {}
        wait: int | None = None
        for name, size, rate in layers:
            if not size:
                continue
            bucket = self._bucket(f"{name}:{who}", size, rate, now_s)
            if not bucket.take(now_s):
                wait = max(wait or 1, math.ceil(bucket.wait_s()))
            headers |= _headers(name, bucket, now_s)
        return headers, wait

    def _bucket(self, name: str, size: int, rate: float, now_s: float) -> Bucket:
        if len(self._buckets) > _BUCKETS_MAX:
            self._buckets = {key: old for key, old in self._buckets.items() if now_s - old.at < _FORGET_S}
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(float(size), rate, float(size), now_s)
        return bucket


def _headers(layer: str, bucket: Bucket, now_s: float) -> dict[str, str]:
    left = str(int(bucket.tokens))
    if layer == "second":
        return {"x-ratelimit-limit-1s": str(int(bucket.size)), "x-ratelimit-remaining-1s": left}
    reset = math.ceil(now_s + bucket.wait_s(min(bucket.size, bucket.tokens + 1)))
    return {"x-ratelimit-limit": str(int(bucket.size)), "x-ratelimit-remaining": left, "x-ratelimit-reset": str(reset)}
