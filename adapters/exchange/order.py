"""An order as the exchange keeps it, and as rows of `order` and `execution`."""

from typing import Final

import attrs

from adapters.exchange.contracts import Contract
from adapters.exchange.ticket import Ticket
from adapters.exchange.wire import ZERO_GUID, Row, iso, plain
from messages import Kind, Lots, UtcNs

NEW, PARTLY, FILLED, CANCELED = "New", "PartiallyFilled", "Filled", "Canceled"
OPEN: Final = frozenset({NEW, PARTLY})
ALWAYS: Final = ("orderID", "clOrdID", "account", "symbol", "timestamp")
"""What every update of an order repeats."""


@attrs.define(kw_only=True, eq=False)
class Order:
    """One order, from when it was taken. Lots are above zero; `sign` is +1 for a buy and -1 for a sell."""

    number: int
    """Its place in the order of arrival."""
    order_id: str
    account: int
    contract: Contract
    ticket: Ticket
    """What was asked for."""
    client_id: str
    lots: Lots
    """In total, filled ones included."""
    price: float | None
    stop: float | None
    peg_offset: float | None
    text: str
    placed: UtcNs
    changed: UtcNs
    filled: Lots = 0
    status: str = NEW
    working: bool = False
    triggered: str = ""
    rests: bool = False
    """Whether it stands in the book."""
    _sum: float = 0.0
    """Of lots x price, or of lots / price for inverse contracts."""
    _one_price: float | None = None

    @property
    def sign(self) -> int:
        """+1 buys, -1 sells."""
        return self.ticket.sign

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in OPEN

    @property
    def left(self) -> Lots:
        """What may still be filled; 0 when it is over."""
        return self.lots - self.filled if self.is_open else 0

    @property
    def waits(self) -> bool:
        """Whether it waits for its trigger."""
        return self.ticket.has_trigger and not self.triggered

    @property
    def reduces(self) -> bool:
        """Whether it may only make a position smaller."""
        return self.ticket.reduces

    def fill(self, lots: Lots, price: float, at: UtcNs) -> None:
        """Count a fill."""
        inverse = self.contract.instrument.kind is Kind.INVERSE
        self._one_price = price if self.filled == 0 or self._one_price == price else None
        self._sum += lots / price if inverse else lots * price
        self.filled += lots
        self.status = FILLED if self.filled >= self.lots else PARTLY
        self.changed = at
        if self.price is None or self.ticket.kind in ("Market", "Stop", "MarketIfTouched"):
            self.price = price

    def average(self) -> float | None:
        """Average price of its fills, harmonic for inverse contracts; None without any."""
        if not self.filled or self._one_price is not None:
            return self._one_price
        inverse = self.contract.instrument.kind is Kind.INVERSE
        return round(self.filled / self._sum if inverse else self._sum / self.filled, 4)

    def row(self) -> Row:
        """As a row of `order`: every field, null or empty where there is nothing."""
        ticket, contract = self.ticket, self.contract
        return {
            "orderID": self.order_id,
            "clOrdID": self.client_id,
            "clOrdLinkID": ticket.link_id,
            "account": self.account,
            "symbol": contract.symbol,
            "side": "Buy" if self.sign > 0 else "Sell",
            "orderQty": self.lots * contract.lot,
            "price": plain(self.price),
            "displayQty": ticket.display,
            "stopPx": plain(self.stop),
            "pegOffsetValue": plain(self.peg_offset),
            "pegPriceType": ticket.peg,
            "currency": contract.quoted,
            "settlCurrency": contract.settles,
            "ordType": ticket.kind,
            "timeInForce": ticket.time_in_force,
            "execInst": ticket.instructions,
            "contingencyType": ticket.contingency,
            "ordStatus": self.status,
            "triggered": self.triggered,
            "workingIndicator": self.working,
            "ordRejReason": "",
            "leavesQty": self.left * contract.lot,
            "cumQty": self.filled * contract.lot,
            "avgPx": plain(self.average()),
            "text": self.text,
            "transactTime": iso(self.changed),
            "timestamp": iso(self.changed),
        }


def execution(order_row: Row, kind: str, execution_id: str, at: UtcNs) -> Row:
    """A row of `execution` in which nothing was traded; a fill's row fills in the rest."""
    return {
        "execID": execution_id,
        **order_row,
        "lastQty": None,
        "lastPx": None,
        "lastLiquidityInd": "",
        "execType": kind,
        "commission": None,
        "feeType": "",
        "tradePublishIndicator": "",
        "trdMatchID": ZERO_GUID,
        "execCost": None,
        "execComm": None,
        "homeNotional": None,
        "foreignNotional": None,
        "realisedPnl": None,
        "transactTime": iso(at),
        "timestamp": iso(at),
    }
