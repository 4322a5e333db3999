"""What accounts may do, and whether their venue is there."""

from collections.abc import Iterable
from typing import Final

import attrs

from actors.runtime.runtime import GUARD
from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import AccountView
from messages import (
    Account,
    ActorQuarantined,
    ForeignActivity,
    TradingState,
    TradingStateChanged,
    VenueConnected,
    VenueLost,
    VenueReady,
)

_TROUBLED: Final = (TradingState.HALTED, TradingState.FLATTENING, TradingState.REDUCE_ONLY)


class Accounts:
    """Every account's trading state and venue; `main` goes without saying."""

    def __init__(self, main: Account, accounts: Iterable[Account], news: NewsPaper) -> None:
        self._main, self._news = main, news
        self.views = {each: AccountView(account=each) for each in (main, *accounts)}
        self.foreign = 0
        self.reconnects = 0
        """How often a venue was reached again."""
        self._reached: set[Account] = set()

    def on_trading_state_changed(self, changed: TradingStateChanged) -> None:
        """The guard's."""
        self._is_now(changed.account, state=changed.state, reason=changed.reason)
        kind = Kind.TROUBLE if changed.state in _TROUBLED else Kind.STATE
        self._say(kind, changed, f"trading {changed.state.value}: {changed.reason}")

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> None:
        """Without its guard an account trades no more, and there is nobody left to say so."""
        role, _, account = quarantined.actor.partition("@")
        if role == GUARD:
            reason = f"{quarantined.actor} was given up"
            self._is_now(account or self._main, state=TradingState.HALTED, reason=reason)

    def on_venue_connected(self, connected: VenueConnected) -> None:
        """It will be compared."""
        self.reconnects += connected.account in self._reached
        self._reached.add(connected.account)
        self._is_now(connected.account, venue="connected")
        self._say(Kind.STATE, connected, "venue connected, comparing")

    def on_venue_ready(self, ready: VenueReady) -> None:
        """It agrees."""
        self._is_now(ready.account, venue="ready")
        self._say(Kind.GOOD, ready, "venue ready: account and venue agree")

    def on_venue_lost(self, lost: VenueLost) -> None:
        """It is gone, or does not agree."""
        self._is_now(lost.account, venue=f"lost: {lost.reason}")
        self._say(Kind.TROUBLE, lost, f"venue lost: {lost.reason}")

    def on_foreign_activity(self, foreign: ForeignActivity) -> None:
        """Somebody else's."""
        self.foreign += 1
        where = f" in {foreign.symbol}" if foreign.symbol else ""
        self._say(Kind.TROUBLE, foreign, f"not ours: {foreign.kind}{where}: {foreign.text}")

    def _is_now(self, account: Account, **changes: object) -> None:
        view = self.views.get(account) or AccountView(account=account)
        self.views[account] = attrs.evolve(view, **changes)  # type: ignore[arg-type]

    def _say(
        self,
        kind: Kind,
        said: TradingStateChanged | VenueConnected | VenueReady | VenueLost | ForeignActivity,
        text: str,
    ) -> None:
        whose = "" if said.account == self._main else f"{said.account}: "
        self._news.add(kind, whose + text, said.ts)
