"""The checker: compares what portfolio, executor and risk guard believe is held, and stops trading when they differ.

Each folds the same fills by itself. In a replay all have heard everything when the checker's step comes; on threads
they may answer at different moments, so a difference is asked about again, each time a little later, before it counts.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import Final

from actors.component import Answers, Component
from messages import (
    NS_PER_SECOND,
    Account,
    Fill,
    HaltTrading,
    Lots,
    Message,
    PositionsReported,
    ReportPositions,
    Step,
    Symbol,
    UtcNs,
    WakeAt,
    Woke,
)

RETRY_AFTER_NS = (0, 0, NS_PER_SECOND // 100, NS_PER_SECOND // 10, NS_PER_SECOND)
"""Waits before asking again. The first two are none: in a replay, the instant's messages are all delivered by then."""
_ROLES = frozenset({"portfolio", "executor", "risk-guard"})
# An enum's member costs ten times what a global does, and these are asked for at every order.
_CHECKS: Final = Step.CHECKS
_CHECK, _AGAIN = "check", "again"


class Checker(Component):
    """One per account. Hears Fill, Woke, PositionsReported; says WakeAt, ReportPositions, HaltTrading.

    Portfolio and executor have to agree in every (strategy, symbol), the guard with their net in every symbol.
    `read` brings the three answers at once, and `agree` tells whether the three believe the same of one symbol: in a
    replay, where one thread makes that safe, and asking by message after every fill would cost more than the fill.
    Only what does not agree is read, and looked at in full.
    """

    def __init__(
        self,
        account: Account,
        read: Callable[[ReportPositions], Iterable[Message]] | None = None,
        agree: Callable[[Account, Symbol], bool] | None = None,
    ) -> None:
        self.account = account
        self._read = read
        self._agree = agree
        self._filled: list[Symbol] = []
        """Symbols of the fills since the last check."""
        self._number = 0
        self._asked_at: UtcNs = -1
        self._checking_at: UtcNs = 0
        self._reports: dict[str, PositionsReported] = {}
        self._tries = 0
        self._difference: str | None = None

    def on_fill(self, fill: Fill) -> Answers:
        """Something is held that was not: check at the end of this instant, once."""
        if fill.symbol not in self._filled:
            self._filled.append(fill.symbol)
        if fill.ts == self._asked_at:
            return ()
        self._asked_at = fill.ts
        return (WakeAt(fill.ts, _CHECK, _CHECKS),)

    def on_woke(self, woke: Woke) -> Answers:
        """Asks the three."""
        if woke.token == _CHECK:
            self._asked_at = -1
            filled, self._filled = self._filled, []
            agree = self._agree
            if agree is not None and self._difference is None and all(map(agree, repeat(self.account), filled)):
                return ()
        elif self._difference is None:
            return ()
        self._checking_at = woke.at
        self._number += 1
        self._reports.clear()
        asked = ReportPositions(self.account, self._number)
        if self._read is None:
            return (asked,)
        for report in self._read(asked):
            said = self.on_positions_reported(report) if isinstance(report, PositionsReported) else ()
            if said:
                return said
        return ()

    def on_positions_reported(self, report: PositionsReported) -> Answers:
        """Compares when all three have answered the same question."""
        reports = self._reports
        if report.number != self._number or report.role not in _ROLES:
            return ()
        reports[report.role] = report
        if len(reports) < len(_ROLES):
            return ()
        difference = _difference(
            reports["portfolio"].positions, reports["executor"].positions, reports["risk-guard"].positions
        )
        self._difference = difference
        if difference is None:
            self._tries = 0
            return ()
        if self._tries < len(RETRY_AFTER_NS):
            self._tries += 1
            return (WakeAt(self._checking_at + RETRY_AFTER_NS[self._tries - 1], _AGAIN, _CHECKS),)
        self._tries, self._difference = 0, None
        return (self._halt(difference),)

    def on_stop(self) -> Answers:
        """A difference that nobody could ask about again is said all the same."""
        return (self._halt(self._difference),) if self._difference is not None else ()

    def _halt(self, difference: str) -> Message:
        return HaltTrading(reason=difference, account=self.account, ts=self._checking_at)


_Positions = tuple[tuple[str, Symbol, Lots], ...]


def _difference(portfolio: _Positions, executor: _Positions, guard: _Positions) -> str | None:
    """What differs, in words, with the three values; None when nothing does."""
    nets: dict[Symbol, Lots] = {}
    for _, symbol, lots in portfolio:
        nets[symbol] = nets.get(symbol, 0) + lots
    guarded = {symbol: lots for _, symbol, lots in guard}
    for symbol in sorted(nets.keys() | guarded.keys()):
        if nets.get(symbol, 0) != guarded.get(symbol, 0):
            executed = sum(lots for _, each, lots in executor if each == symbol)
            return _words(symbol, nets.get(symbol, 0), executed, guarded.get(symbol, 0))
    if portfolio == executor:
        return None
    ours, theirs = _by_key(portfolio), _by_key(executor)
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key, 0), theirs.get(key, 0)
        if mine != other:
            strategy, symbol = key
            return _words(f"{symbol} of {strategy}", mine, other, guarded.get(symbol, 0))
    return None


def _words(what: str, portfolio: Lots, executor: Lots, guard: Lots) -> str:
    return f"positions differ in {what}: portfolio {portfolio}, executor {executor}, net of the risk guard {guard}"


def _by_key(positions: _Positions) -> Mapping[tuple[str, Symbol], Lots]:
    return {(strategy, symbol): lots for strategy, symbol, lots in positions if lots}
