"""I3 and I4: what the exchange executed is what was written down, once; both sides hold the same, to the last unit.

The exchange's executions are folded here by themselves and compared with its positions and its wallets at every change.
What the process wrote is read from its trace's file, and compared with the executions one by one.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from adapters.simulation.checks.account import MOVES, signed
from adapters.simulation.checks.check import Check
from adapters.simulation.checks.truth import Row

_FILE: Final = "trace.sqlite"
_EXECUTION: Final = "execution-"
"""How an adjustment's id begins that stands for an execution of somebody else's."""
_LATELY_S: Final = 5.0
"""So long it may take until funding is heard of and written down."""
_SHOWN: Final = 3
_READS: Final = 100
_ENDS: Final = frozenset({"Filled", "Canceled"})


class Conserved(Check):
    """I3 on the exchange's side: executions make its positions and wallets, exactly."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._began = self.truth.wallets()

    def changed(self, rows: Any) -> None:
        """Something was executed."""
        if not any(row["execType"] in MOVES or row["execType"] == "Funding" for row in rows):
            return
        held, there = self.account.lots(), self.truth.lots()
        if held != there:
            self.violated("I3", f"all executions make {held}, and the exchange holds {there}")
        wallets = self.truth.wallets()
        for currency, made in self.account.cash().items():
            if self._began.get(currency, 0) + made != wallets.get(currency, 0):
                change = wallets.get(currency, 0) - self._began.get(currency, 0)
                self.violated("I3", f"all executions make {made} of {currency}, the wallet has changed by {change}")


class Booked(Check):
    """I3 and I4 on ours: what was said and what was written is what the exchange executed, each once."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._said: dict[tuple[str, str], int] = {}
        self._funded_s = -_LATELY_S
        """When there was funding last."""
        self._over: dict[str, list[int]] = {}
        """What was filled of orders when the exchange said that they are over: it may fill one too much later (F17)."""

    def changed(self, rows: Any) -> None:
        """Something was executed."""
        for row in rows:
            if row["clOrdID"] and row["ordStatus"] in _ENDS:
                self._over.setdefault(row["clOrdID"], []).append(self.account.filled.get(row["clOrdID"], 0))
        if any(row["execType"] == "Funding" for row in rows):
            self._funded_s = self.judge.seconds

    def on_Fill(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A fill is said: once in a life."""
        fill = envelope.message
        if fill.liquidity == "internal":
            return
        key = (fill.client_id, fill.execution_id)
        if key in self._said:
            self.violated("I3", f"execution {fill.execution_id} of {fill.client_id} is booked twice")
        self._said[key] = fill.lots

    def on_OrderEnded(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is over, with what the exchange filled of it."""
        ended = envelope.message
        name, filled = ended.order.client_id, abs(ended.lots_filled)
        there = self.account.filled.get(name, 0)
        is_told = filled == there or filled in self._over.get(name, ())
        if not is_told and not any(each.client_id == name for each in self.account.working.values()):
            self.violated("I3", f"{name} has ended with {filled} lots filled, the exchange filled {there}")

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as every check is told
        """What a killed life had not yet written down is heard again."""
        self._said.clear()

    def at_rest(self) -> None:
        """Both sides have had the time to agree."""
        self._compare("I4")

    def over(self) -> None:
        """Nothing more is to come."""
        self._compare("I3")

    def _compare(self, invariant: str) -> None:
        lots: Counter[str] = Counter()
        booked: dict[str, Mapping[str, Any]] = {}
        other: Counter[str] = Counter()
        for kind, fields in written(self.facts.folder, ("Fill", "PositionAdjusted")):
            lots[fields["symbol"]] += fields["lots"]
            name = fields.get("execution_id") or fields["adjustment_id"]
            if fields.get("liquidity") == "internal":
                continue
            if name in booked:
                self.violated("I3", f"{kind} {name} is written twice")
            booked[name] = fields
            if kind == "PositionAdjusted" and not name.startswith(_EXECUTION):
                other[fields["symbol"]] += fields["lots"]
        if self.judge.seconds - self._funded_s > _LATELY_S:
            self._funded()
        held = {symbol: each for symbol, each in sorted(lots.items()) if each}
        there = dict(sorted(self.truth.lots().items()))
        if held != there:
            self.violated(invariant, f"written are {held}, the exchange holds {there}")
            return
        self._each(booked, other)

    def _each(self, booked: dict[str, Mapping[str, Any]], other: Counter[str]) -> None:
        """Every execution, with its size and its money."""
        lacking: Counter[str] = Counter()
        names: list[str] = []
        for row in self.truth.executions():
            if row["execType"] not in MOVES:
                continue
            name, lots = row["execID"], signed(row, self.facts.contracts[row["symbol"]].lot)
            fields = booked.pop(name, None) or booked.pop(_EXECUTION + name, None)
            if fields is None:
                lacking[row["symbol"]] += lots
                names.append(f"{name} of {row['clOrdID']}")
            elif not _is_alike(row, lots, fields):
                self.violated("I3", f"execution {name} of {lots:+d} lots is booked as {dict(fields)}")
        lacking = Counter({symbol: lots for symbol, lots in lacking.items() if lots})
        if lacking != Counter({symbol: lots for symbol, lots in other.items() if lots}):
            shown = ", ".join(names[:_SHOWN])
            self.violated("I3", f"{len(names)} executions are not booked ({shown}), adjustments are {dict(other)}")
        for name, fields in booked.items():
            if not (name.startswith(_EXECUTION) or "execution_id" in fields):
                continue
            self.violated("I3", f"{name} is booked, and the exchange knows nothing of it")

    def _funded(self) -> None:
        """Funding, once for each contract and time."""
        ours: Counter[tuple[str, int]] = Counter()
        times: Counter[tuple[str, int]] = Counter()
        for _, fields in written(self.facts.folder, ("FundingPaid",)):
            ours[fields["symbol"], fields["amount_minor"]] += 1
            times[fields["symbol"], fields["ts"]] += 1
        there: Counter[tuple[str, int]] = Counter(
            (row["symbol"], -row["execComm"]) for row in self.truth.executions() if row["execType"] == "Funding"
        )
        twice = [name for name, count in times.items() if count > 1]
        if twice:
            self.violated("I3", f"funding is booked more than once: {twice[:_SHOWN]}")
        if ours != there:
            self.violated("I3", f"funding is booked as {dict(ours)}, and was {dict(there)}")


class Compared(Check):
    """I4: that account and exchange agree is said when the exchange was read, and at no other time."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._read: dict[int, None] = {}
        """Ids of the last successful reads."""

    def on_VenueRead(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """How things stand there."""
        if not envelope.message.failure:
            self._read[envelope.id] = None
            while len(self._read) > _READS:
                del self._read[next(iter(self._read))]

    def on_VenueReady(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Trading may begin."""
        if envelope.sender.startswith("reconciler") and envelope.cause not in self._read:
            self.violated("I4", f"{envelope.sender} says that all agrees, and has not just read the exchange")


def _is_alike(row: Row, lots: int, fields: Mapping[str, Any]) -> bool:
    value, fee = row["execCost"], row["execComm"]
    if "execution_id" not in fields:
        return bool(fields["lots"] == lots and fields["value_minor"] == value + fee)
    ours = row["execType"] != "Trade" or fields["client_id"] == row["clOrdID"]
    return bool(ours and fields["lots"] == lots and (fields["value_minor"], fields["fee_minor"]) == (value, fee))


def written(folder: Any, kinds: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages of some classes as all lives have written them, in order."""
    path = folder / _FILE
    if not path.exists():
        return
    places = ", ".join("?" * len(kinds))
    asked = f"SELECT message, body FROM facts WHERE message IN ({places}) ORDER BY life, id"  # noqa: S608 places only
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        for kind, body in connection.execute(asked, kinds):
            yield kind, json.loads(body)["fields"]


def booked_lots(folder: Any) -> dict[str, int]:
    """Positions as everything that was written makes them; none that is flat."""
    lots: Counter[str] = Counter()
    for _, fields in written(folder, ("Fill", "PositionAdjusted")):
        lots[fields["symbol"]] += fields["lots"]
    return {symbol: each for symbol, each in sorted(lots.items()) if each}


CHECKS = (Conserved, Booked, Compared)
