"""Taking an account's orders back, and its positions if that is wanted: what to ask of the venue next, and until when.

    round:  cancel all -> which orders are open? [-> which positions? -> close each]   then a pause, and the next

Rounds go on until one finds nothing, and the sweep is over: what the trader had sent with its last breath may come in
after the first cancel. Nothing is believed but what the venue answers when it is asked for it. No I/O, no clock.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

_FIRST_PAUSE_S: Final = 0.25
_PAUSE_MAX_S: Final = 5.0
_TOLD_PAUSE_MAX_S: Final = 60.0
"""Of what a venue says that it wants to be left alone for."""
REFUSED_MAX: Final = 6
"""Rounds in a row that end because the venue does not take the keys: it will not later either."""
CLOSES_MAX: Final = 20
"""Orders that close a position: more than that, and something is wrong that more would make worse."""
OPEN_ORDERS: Final = f"/api/v1/order?filter={quote(json.dumps({'open': True}))}&count=500"
POSITIONS: Final = f"/api/v1/position?filter={quote(json.dumps({'isOpen': True}))}"
TEXT: Final = "openoutcry watchdog"


@dataclasses.dataclass(frozen=True)
class Ask:
    """A request that is to be sent now."""

    verb: str
    path: str
    body: str = ""
    what: str = ""
    """In words, for the log."""


@dataclasses.dataclass(frozen=True)
class Pause:
    """Nothing before that time."""

    until: float


@dataclasses.dataclass(frozen=True)
class Done:
    """It is over."""

    is_clean: bool
    """The venue has said that no order is open, and no position where those are to be closed, after the sweep."""
    reason: str = ""
    """Why it was given up, otherwise."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of a request."""

    status: int | None = None
    """None: no answer was had."""
    rows: Any = None
    """What the body says, where it is JSON."""
    failure: str = ""
    """Why there is no answer, or no good one."""
    pause_s: float = 0.0
    """So long the venue wants to be left alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """In seconds."""

    sweep_s: float
    budget_s: float


class Rescue:
    """One account's. Ask `next`, do it, say `answered` where it was a request, and so on until it is Done."""

    def __init__(self, limits: Limits, now: float, *, flatten: bool = False, symbols: tuple[str, ...] = ()) -> None:
        self.cancelled = 0
        """Orders that the venue said it has cancelled for us."""
        self.closes = 0
        """Orders sent that close a position."""
        self.left: tuple[str, ...] = ()
        """Orders that were open when that was last asked."""
        self.held: dict[str, int] = {}
        """Positions of our symbols when that was last asked, in contracts."""
        self.elsewhere: dict[str, int] = {}
        """The same of other symbols, which stay."""
        self._sweep_ends, self._gives_up = now + limits.sweep_s, now + limits.budget_s
        self._flatten, self._symbols = flatten, symbols
        self._step = "cancel"
        self._closing: list[str] = []
        self._is_clean = False
        self._rounds = self._refused = 0
        self._began = now
        self._waits_until: float | None = None
        self._trouble = ""

    def next(self, now: float) -> Ask | Pause | Done:
        """What is to be done."""
        if self._waits_until is not None:
            if now < self._waits_until:
                return Pause(self._waits_until)
            self._waits_until = None
        if self._step == "done":
            return Done(is_clean=True)
        if now >= self._gives_up or self._refused >= REFUSED_MAX:
            return Done(is_clean=False, reason=self._given_up(now))
        return self._ask()

    def answered(self, answer: Answer, now: float) -> None:
        """What came of the last request."""
        if answer.status is None or not 200 <= answer.status < 300:
            self._failed(answer, now)
            return
        self._refused = 0
        rows = [row for row in answer.rows if isinstance(row, Mapping)] if isinstance(answer.rows, list) else None
        if self._step == "close":
            self._closed(now)
        elif rows is None:
            self._failed(Answer(answer.status, failure="it does not say what it was asked"), now)
        else:
            {"cancel": self._cancelled, "verify": self._verified, "positions": self._positioned}[self._step](rows, now)

    def _ask(self) -> Ask:
        if self._step == "cancel":
            return Ask("DELETE", "/api/v1/order/all", json.dumps({"text": TEXT}), "cancel all")
        if self._step == "verify":
            return Ask("GET", OPEN_ORDERS, what="open orders")
        if self._step == "positions":
            return Ask("GET", POSITIONS, what="positions")
        symbol = self._closing[0]
        order = {
            "symbol": symbol, "side": "Sell" if self.held[symbol] > 0 else "Buy", "ordType": "Market",
            # Close is reduce-only, and as large as the position is by then.
            "execInst": "Close", "text": TEXT,
        }  # fmt: skip
        self.closes += 1
        return Ask("POST", "/api/v1/order", json.dumps(order), f"close {self.held[symbol]:+,} {symbol}")

    # Answers.

    def _cancelled(self, rows: list[Mapping[str, Any]], _now: float) -> None:
        self.cancelled += sum(row.get("ordStatus") == "Canceled" for row in rows)
        self._step = "verify"

    def _verified(self, rows: list[Mapping[str, Any]], now: float) -> None:
        self.left = tuple(str(row.get("clOrdID") or row.get("orderID")) for row in rows)
        self._is_clean = not rows
        if self._flatten:
            self._step = "positions"
        else:
            self._ends_round(now)

    def _positioned(self, rows: list[Mapping[str, Any]], now: float) -> None:
        lots = {str(row.get("symbol")): row.get("currentQty") for row in rows}
        held = {symbol: quantity for symbol, quantity in lots.items() if type(quantity) is int and quantity}
        self.held = {symbol: quantity for symbol, quantity in held.items() if symbol in self._symbols}
        self.elsewhere = {symbol: quantity for symbol, quantity in held.items() if symbol not in self._symbols}
        if not self.held:
            self._ends_round(now)
            return
        self._is_clean = False
        self._closing = sorted(self.held) if self.closes < CLOSES_MAX else []
        if self._closing:
            self._step = "close"
        else:
            self._trouble = f"{CLOSES_MAX} orders have not closed it"
            self._ends_round(now)

    def _closed(self, now: float) -> None:
        del self._closing[0]
        if not self._closing:
            self._ends_round(now)

    def _failed(self, answer: Answer, now: float) -> None:
        """This round is over; one symbol that cannot be closed does not keep the others open."""
        self._trouble = answer.failure or f"status {answer.status}"
        self._refused = self._refused + 1 if answer.status in (401, 403) else 0
        self._is_clean = False
        if self._step == "close" and answer.status == 400:
            self._closed(now)
            return
        self._ends_round(now, min(answer.pause_s, _TOLD_PAUSE_MAX_S))

    def _ends_round(self, now: float, pause_s: float = 0.0) -> None:
        if self._is_clean and now >= self._sweep_ends:
            self._step = "done"
            return
        self._closing = []
        pause = min(_PAUSE_MAX_S, _FIRST_PAUSE_S * 2 ** min(self._rounds, 10))
        self._waits_until = now + max(pause, pause_s)
        if self._is_clean and self._waits_until > self._sweep_ends:
            # The last look need not be later than that.
            self._waits_until = max(now, self._sweep_ends)
        self._rounds += 1
        self._step, self._is_clean = "cancel", False

    def _given_up(self, now: float) -> str:
        told = [self._trouble] if self._trouble else []
        if self.left:
            told.append(f"{len(self.left)} open: {', '.join(self.left[:5])}")
        if self.held:
            told.append(", ".join(f"{quantity:+,} {symbol}" for symbol, quantity in sorted(self.held.items())))
        return f"given up after {now - self._began:.0f} s: {'; '.join(told) or 'the venue was not heard'}"
