"""What a guard hears of venue and market: whether orders may go at all, and in which symbols they may raise risk."""

from collections.abc import Mapping

from actors.component import Answers, Component
from actors.risk.gate import Gate
from actors.risk.states import States
from messages import (
    Account,
    Heartbeat,
    MarketFresh,
    MarketStale,
    Message,
    Period,
    Symbol,
    TradingState,
    TradingStateChanged,
    UtcNs,
    VenueLost,
    VenueReady,
)


class Readiness(Component):
    """Hears VenueReady, VenueLost, MarketStale, MarketFresh, and Heartbeat, which it passes on."""

    account: Account
    _states: States
    _gate: Gate
    _feeds: Mapping[Symbol, Period | None]
    _now: UtcNs
    _was_ready = False
    _why: str | None = None
    """What it was halted for in this life, if it was."""

    def on_venue_ready(self, ready: VenueReady) -> Answers:
        """What else rules, rules; if nothing does, orders pass."""
        return self._reached(ready.ts, "the venue is ready", ready=True)

    def on_venue_lost(self, lost: VenueLost) -> Answers:
        """Nothing but cancels passes until the venue is ready. What works there, works on."""
        return self._reached(lost.ts, lost.reason, ready=False)

    def _reached(self, ts: UtcNs, reason: str, *, ready: bool) -> tuple[Message, ...]:
        self._now = max(self._now, ts)
        changed = self._states.reach(ready=ready)
        if ready and not self._was_ready:
            # What an earlier life was halted for was said to nobody in this one.
            self._was_ready, changed = True, True
            if self._states.now is not TradingState.ACTIVE and self._why is None:
                reason = f"{reason}, and trading was {self._states.now.value} before: it goes on with --resume"
        if ready and self._why is not None and self._states.now is self._states.standing:
            # That the venue is ready is not why: who reads the reasons tells a stop in order from a halt by them.
            reason = self._why
        return (self._changed(reason, ts),) if changed else ()

    def _changed(self, reason: str, ts: UtcNs) -> TradingStateChanged:
        return TradingStateChanged(account=self.account, state=self._states.now, reason=reason, ts=ts)

    def on_market_stale(self, stale: MarketStale) -> Answers:
        """Nothing that raises risk in this symbol passes."""
        if stale.symbol in self._feeds:
            self._gate.stale.add(stale.symbol)
        return ()

    def on_market_fresh(self, fresh: MarketFresh) -> Answers:
        """Its data can be trusted again."""
        self._gate.stale.discard(fresh.symbol)
        return ()

    def on_heartbeat(self, beat: Heartbeat) -> Answers:
        """Passes it on."""
        return (beat,)
