"""What befalls the market's frames: books and prices that cannot be. And what befalls any: texts that are no JSON."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

import attrs

from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.frames import is_partial, to_json
from adapters.simulation.network import Frame, Trip
from messages import NS_PER_MILLISECOND

_STATES: Final = frozenset({"orderBook10", "orderBookL2", "orderBookL2_25", "quote"})
_PRICES: Final = {
    "trade": ("price",),
    "quote": ("bidPrice", "askPrice"),
    "instrument": ("markPrice", "indicativeSettlePrice"),
}
_DEEP: Final = 2_000
_LONG: Final = 4 * 1024 * 1024 + 1
"""Longer than anybody needs to read."""
Mangled = Callable[[str, Random], str]


class DeltaLost(Fault):
    """A change of the best prices or of a book is lost, comes twice, or after a later one."""

    code = "F20"
    what = "a book's change lost, twice, or late"
    chance = 0.01

    def frame(self, frame: Frame) -> None:
        """Of quotes and books."""
        if frame.table in _STATES and not is_partial(frame.text) and self.strikes():
            how = self.random.randrange(3)
            if how == 0:
                frame.copies = 0
            elif how == 1:
                frame.copies = 2
            else:
                frame.overtaken = True
                frame.delay += self.random.choice((50, 600, 2_500)) * NS_PER_MILLISECOND


class ImpossibleBook(Fault):
    """Best prices that cross or are equal, a side that is empty, or both."""

    code = "F22"
    what = "a crossed, locked or one-sided market"
    chance = 0.01

    def frame(self, frame: Frame) -> None:
        """Of quotes and books."""
        if frame.table not in {"quote", "orderBook10"} or '"data":[]' in frame.text or not self.strikes():
            return
        said = json.loads(frame.text)
        for row in said["data"]:
            how = self.random.choice(("crossed", "locked", "no bids", "no asks", "nothing"))
            (self._quote if frame.table == "quote" else self._book)(row, how)
        frame.text = to_json(said)

    @staticmethod
    def _quote(row: Any, how: str) -> None:
        bid, ask = row.get("bidPrice"), row.get("askPrice")
        if how == "crossed":
            row["bidPrice"], row["askPrice"] = ask, bid
        elif how == "locked":
            row["bidPrice"] = ask
        if how in {"no bids", "nothing"}:
            row["bidPrice"], row["bidSize"] = None, None
        if how in {"no asks", "nothing"}:
            row["askPrice"], row["askSize"] = None, None

    @staticmethod
    def _book(row: Any, how: str) -> None:
        bids, asks = row.get("bids"), row.get("asks")
        if how == "crossed":
            row["bids"], row["asks"] = asks, bids
        elif how == "locked" and asks:
            row["bids"] = [asks[0], *(bids or [])[1:]]
        if how in {"no bids", "nothing"}:
            row["bids"] = []
        if how in {"no asks", "nothing"}:
            row["asks"] = []


class AbsurdValue(Fault):
    """A price that is no price, of a symbol that is not asked for, or far away from all others."""

    code = "F23"
    what = "an absurd price or symbol"
    chance = 0.01

    def frame(self, frame: Frame) -> None:
        """Of trades, quotes and marks."""
        names = _PRICES.get(frame.table)
        if names is None or is_partial(frame.text) or not any(f'"{name}":' in frame.text for name in names):
            return
        if not self.strikes():
            return
        said = json.loads(frame.text)
        row = self.random.choice(said["data"])
        name = self.random.choice([each for each in names if each in row] or [names[0]])
        if self.random.random() < 0.1:
            row["symbol"] = self.random.choice(("ETHUSD", "xbtusd", "", None, 7))
        else:
            row[name] = self._absurd(row.get(name))
        frame.text = to_json(said)

    def _absurd(self, price: Any) -> Any:
        wild = price * self.random.choice((0.1, 0.5, 3, 1_000)) if isinstance(price, (int, float)) else -1
        return self.random.choice((0, -1, 1e12, 1e300, float("nan"), float("inf"), None, f"{price}", "x", wild, wild))


class Malformed(Fault):
    """A text that is no JSON, or not what it should be: on a socket, or as an answer."""

    code = "F79"
    what = "malformed frames and answers"
    chance = 0.004

    def frame(self, frame: Frame) -> None:
        """Of any table, and what is none."""
        if self.strikes():
            frame.text = self.random.choice(_MANGLED)(frame.text, self.random)

    def response(self, trip: Trip) -> None:
        """Of any kind that came back."""
        if trip.response is not None and self.strikes():
            body = self.random.choice(_MANGLED)(trip.response.body, self.random)
            trip.response = attrs.evolve(trip.response, body=body)


def _truncated(text: str, random: Random) -> str:
    return text[: random.randrange(len(text))]


def _marked(text: str, _random: Random) -> str:
    """With the mark that says in which order bytes are."""
    return "\ufeff" + text


def _deep(text: str, random: Random) -> str:
    return '{"a":' * _DEEP + text + "}" * _DEEP if random.random() < 0.5 else "[" * _DEEP


def _long(text: str, _random: Random) -> str:
    return text + " " * max(0, _LONG - len(text))


def _more_fields(text: str, _random: Random) -> str:
    """Fields that nobody has heard of, which must not matter."""
    try:
        said = json.loads(text)
    except ValueError:
        return text
    rows = said.get("data", ()) if isinstance(said, dict) else said if isinstance(said, list) else ()
    for row in rows:
        if isinstance(row, dict):
            row["newField"] = {"of": [1, None]}
    return to_json(said)


def _other_types(text: str, random: Random) -> str:
    try:
        said = json.loads(text)
    except ValueError:
        return "null"
    place = random.randrange(3)
    if isinstance(said, dict) and isinstance(said.get("data"), list):
        if place == 0:
            said["data"] = {"0": said["data"]}
        elif place == 1:
            said["data"] = [7, None, *said["data"]]
        else:
            said["table"] = [said["table"]]
        return to_json(said)
    return random.choice(("null", "[[]]", '"text"', "7", "[null]", "{}"))


def _twice(text: str, _random: Random) -> str:
    """A key that stands twice: the later one counts."""
    return '{"data":7,"action":"none",' + text[1:] if text.startswith('{"') else text + text


def _page(_text: str, _random: Random) -> str:
    return "<html><body><h1>Please log in to this network</h1></body></html>"


_MANGLED: Final[tuple[Mangled, ...]] = (
    _truncated, _truncated, _marked, _deep, _long, _more_fields, _more_fields, _other_types, _other_types, _twice,
    _page,
)  # fmt: skip

FAULTS: Final[tuple[type[Fault], ...]] = (DeltaLost, ImpossibleBook, AbsurdValue, Malformed)
