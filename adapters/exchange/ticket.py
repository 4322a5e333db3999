"""What a client asked for, read and judged before the market is looked at. Everything wrong is a `Refusal`."""

import math
from collections.abc import Mapping
from typing import Any, Final

import attrs

from actors.money.grid import PriceGrid
from adapters.exchange.contracts import Contract
from adapters.exchange.refusals import Refusal, invalid
from messages import Lots

LIMITS: Final = frozenset({"Limit", "StopLimit", "LimitIfTouched", "Pegged"})
"""Types with a price of their own."""
STOPS: Final = frozenset({"Stop", "StopLimit"})
TOUCHED: Final = frozenset({"MarketIfTouched", "LimitIfTouched"})
KINDS: Final = LIMITS | STOPS | TOUCHED | {"Market"}
TIMES: Final = frozenset({"Day", "GoodTillCancel", "ImmediateOrCancel", "FillOrKill"})
TRIGGERS: Final = ("MarkPrice", "LastPrice", "IndexPrice")
INSTRUCTIONS: Final = frozenset(TRIGGERS) | {
    "ParticipateDoNotInitiate", "ReduceOnly", "Close", "LastWithinMark", "Fixed", "AllOrNone",
}  # fmt: skip
PEGS: Final = frozenset({"TrailingStopPeg", "PrimaryPeg", "MarketPeg"})
CLIENT_ID_MAX: Final = 36
DEFAULT_TEXT: Final = "Submitted via API."


@attrs.frozen(kw_only=True)
class Ticket:
    """A valid request for one order; only the market and the account can still speak against it."""

    sign: int
    lots: Lots | None
    """None: the whole position (`Close`)."""
    kind: str
    price: float | None
    stop: float | None
    peg: str
    peg_offset: float | None
    time_in_force: str
    instructions: str
    """`execInst` as it was written."""
    link_id: str
    contingency: str
    display: int | None
    client_id: str
    text: str

    @property
    def words(self) -> frozenset[str]:
        """The instructions, one by one."""
        return frozenset(self.instructions.split(",")) if self.instructions else frozenset()

    @property
    def reduces(self) -> bool:
        """Reduce-only, or a close, which implies it."""
        return "ReduceOnly" in self.instructions or "Close" in self.instructions

    @property
    def post_only(self) -> bool:
        """Never the aggressor."""
        return "ParticipateDoNotInitiate" in self.instructions

    @property
    def has_trigger(self) -> bool:
        """Whether it waits for a price first."""
        return self.kind in STOPS or self.kind in TOUCHED

    @property
    def trigger(self) -> str:
        """Whose price it waits for; the mark's unless it says another."""
        return next((name for name in TRIGGERS if name in self.instructions), "MarkPrice")

    @property
    def has_limit(self) -> bool:
        """Whether it has a price of its own once it works."""
        return self.kind in LIMITS


def word(fields: Mapping[str, Any], name: str) -> str:
    """A text, "" when it is missing."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(name)
    return value


def number(fields: Mapping[str, Any], name: str) -> float | None:
    """A number, written as one or as text (a form has only text)."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise invalid(name)
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise invalid(name) from None
    if not math.isfinite(found):
        raise invalid(name)
    return found


def whole(fields: Mapping[str, Any], name: str) -> int | None:
    """A whole number."""
    value = number(fields, name)
    if value is None:
        return None
    if value != int(value) or abs(value) >= 2**53:
        raise invalid(name)
    return int(value)


def price_on_grid(fields: Mapping[str, Any], name: str, grid: PriceGrid) -> float | None:
    """A price above zero on the tick grid, as the grid writes it."""
    value = number(fields, name)
    if value is None:
        return None
    if value <= 0 or value > 1_000_000:
        raise invalid(name)
    if not grid.on_grid(value):
        raise invalid("price tickSize" if name == "price" else f"{name} tickSize")
    return grid.to_price(grid.to_ticks(value))


def lots_of(contracts: int, contract: Contract, name: str = "orderQty") -> Lots:
    """Contracts as whole lots."""
    lots, rest = divmod(contracts, contract.lot)
    if rest:
        raise invalid(name)
    return lots


def ticket(fields: Mapping[str, Any], contract: Contract, grid: PriceGrid) -> Ticket:
    """The order that a POST's parameters ask for."""
    side, quantity = word(fields, "side"), whole(fields, "orderQty")
    if side not in ("", "Buy", "Sell"):
        raise invalid("side")
    if quantity is not None and (quantity == 0 or abs(quantity) > 10_000_000_000):
        raise invalid("orderQty")
    sign = {"Buy": 1, "Sell": -1}.get(side) or (-1 if (quantity or 0) < 0 else 1)
    price = price_on_grid(fields, "price", grid)
    stop = price_on_grid(fields, "stopPx", grid)
    peg, offset = word(fields, "pegPriceType"), number(fields, "pegOffsetValue")
    instructions = ",".join(part for part in (piece.strip() for piece in word(fields, "execInst").split(",")) if part)
    found = Ticket(
        sign=sign,
        lots=None if quantity is None else lots_of(abs(quantity), contract),
        kind=_kind(word(fields, "ordType"), price, stop, peg),
        price=price,
        stop=stop,
        peg=peg,
        peg_offset=offset,
        time_in_force=word(fields, "timeInForce"),
        instructions=instructions,
        link_id=word(fields, "clOrdLinkID"),
        contingency=word(fields, "contingencyType"),
        display=whole(fields, "displayQty"),
        client_id=word(fields, "clOrdID"),
        text=word(fields, "text"),
    )
    _check(found, side)
    default = "GoodTillCancel" if found.has_limit else "ImmediateOrCancel"
    text = f"{found.text}\n{DEFAULT_TEXT}" if found.text else DEFAULT_TEXT
    return attrs.evolve(found, time_in_force=found.time_in_force or default, text=text)


def _kind(said: str, price: float | None, stop: float | None, peg: str) -> str:
    """The type, from what was given when it was not said."""
    if said:
        if said not in KINDS:
            raise invalid("ordType")
        # A trailing stop is a stop that is pegged, whichever of the two it was called.
        return "Stop" if said == "Pegged" and peg == "TrailingStopPeg" else said
    if peg:
        return "Stop" if peg == "TrailingStopPeg" else "Pegged"
    if stop is not None:
        return "Stop" if price is None else "StopLimit"
    if price is not None:
        return "Limit"
    raise invalid("ordType")


def _check(asked: Ticket, side: str) -> None:
    words, trailing = asked.words, asked.peg == "TrailingStopPeg"
    if asked.lots is None and ("Close" not in words or not side):
        raise invalid("orderQty")
    for name, wrong in (
        ("execInst", not words <= INSTRUCTIONS or len(words & set(TRIGGERS)) > 1),
        ("timeInForce", asked.time_in_force not in TIMES | {""}),
        ("pegPriceType", asked.peg not in PEGS | {""}),
        ("clOrdID", len(asked.client_id) > CLIENT_ID_MAX),
        ("contingencyType", asked.contingency not in ("", "OneCancelsTheOther")),
        ("clOrdLinkID", bool(asked.contingency) and not asked.link_id),
        ("pegOffsetValue", trailing and not asked.peg_offset),
        ("pegPriceType", asked.kind == "Pegged" and asked.peg not in ("PrimaryPeg", "MarketPeg")),
        ("execInst", asked.kind == "Pegged" and "Fixed" not in words),
        ("execInst", asked.post_only and not asked.has_limit),
    ):
        if wrong:
            raise invalid(name)
    if asked.has_limit and asked.kind != "Pegged" and asked.price is None:
        raise invalid("price")
    if not asked.has_limit and asked.price is not None:
        raise invalid("price for ordType")
    if asked.has_trigger != (asked.stop is not None) and not (trailing and asked.has_trigger):
        raise invalid("stopPx for ordType")
    if asked.post_only and asked.time_in_force in ("ImmediateOrCancel", "FillOrKill"):
        raise invalid("timeInForce for execInst")
    if trailing and asked.peg_offset and (asked.peg_offset < 0) != _trails_below(asked):
        raise Refusal(400, "Invalid pegOffsetValue")


def _trails_below(asked: Ticket) -> bool:
    """Below the market trail sell stops, and buys that wait to be touched."""
    return (asked.sign < 0) == (asked.kind in STOPS)
