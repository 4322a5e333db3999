"""One symbol: its book, its waiting orders, its prices, its funding, its tape; and its `instrument` row."""

from decimal import Decimal
from typing import Final

import attrs

from actors.money.values import Arithmetic
from actors.venue.order_book import OrderBook
from adapters.exchange.contracts import EIGHT_HOURS, MARK_TICK, Contract
from adapters.exchange.order import Order
from adapters.exchange.tape import Tape
from adapters.exchange.wire import Row, interval, iso, plain
from messages import NS_PER_SECOND, Lots, Minor, Symbol, UtcNs

FUNDING_AT: Final = 4 * 3_600 * NS_PER_SECOND
"""04:00, 12:00 and 20:00 UTC."""
OPEN: Final = "Open"
_IMPACT_MINOR: Final = 10_000_000
"""Value that impact prices are for: 10 XBT would ask too much of a small book, so 0.1."""
_HOUR: Final = 3_600 * NS_PER_SECOND


@attrs.define(kw_only=True, eq=False)
class Market:
    """Everything about one symbol that is nobody's in particular."""

    contract: Contract
    arithmetic: Arithmetic
    """Of orders' prices."""
    marks: Arithmetic
    """Of mark prices, which stand on a finer grid."""
    book: OrderBook
    tape: Tape
    orders: dict[int, Order] = attrs.field(factory=dict)
    """What rests in the book, by number."""
    waiting: dict[int, Order] = attrs.field(factory=dict)
    """What waits for a trigger, by number."""
    mark: float
    index: float
    premium: float = 0.0
    """How far the market trades above its index, as a fraction: what funding is made of."""
    funding_rate: float = 0.0001
    """Will be paid at the next funding."""
    next_rate: float = 0.0001
    funding_at: UtcNs = 0
    fundings: list[Row] = attrs.field(factory=list)
    liquidations: dict[str, Row] = attrs.field(factory=dict)
    open_lots: Lots = 0
    """Sum of all long positions."""
    changed: UtcNs = 0
    state: str = OPEN
    """While it is another nobody trades, and no client places or changes an order; cancels pass."""

    @classmethod
    def opened(cls, contract: Contract, price: float) -> "Market":
        """A market that begins at a price, empty."""
        deal = contract.instrument
        fine = attrs.evolve(deal, tick_size=min(MARK_TICK, deal.tick_size))
        return cls(
            contract=contract,
            arithmetic=Arithmetic(deal),
            marks=Arithmetic(fine),
            book=OrderBook(),
            tape=Tape(contract, Arithmetic(deal).grid.round_nearest(price)),
            mark=price,
            index=price,
        )

    @property
    def symbol(self) -> Symbol:
        """The name."""
        return self.contract.symbol

    def best(self, sign: int) -> float | None:
        """The best bid (+1) or ask (-1)."""
        ticks = self.book.best_bid if sign > 0 else self.book.best_ask
        return None if ticks is None else self.arithmetic.grid.to_price(ticks)

    def price_for(self, trigger: str) -> float:
        """The price that an order's trigger looks at."""
        if trigger == "LastPrice":
            return self.tape.last
        return self.index if trigger == "IndexPrice" else self.mark

    def mark_value(self, lots: Lots) -> Minor:
        """Signed value of lots at the mark."""
        return self.marks.value_minor(lots, self.mark)

    def level_id(self, ticks: int) -> int:
        """A level's opaque id: the higher the price the lower, as it was at BitMEX."""
        return 8_800_000_000 - ticks

    def level_row(self, sign: int, ticks: int, lots: Lots, at: UtcNs) -> Row:
        """A row of `orderBookL2`."""
        return {
            "symbol": self.symbol, "id": self.level_id(ticks), "side": "Buy" if sign > 0 else "Sell",
            "size": lots * self.contract.lot, "price": plain(self.arithmetic.grid.to_price(ticks)),
            "timestamp": iso(at), "transactTime": iso(at),
        }  # fmt: skip

    def book_rows(self, depth: int | None, at: UtcNs) -> list[Row]:
        """The book as REST and partials give it: sells first, price falling throughout."""
        sells = [self.level_row(-1, ticks, lots, at) for ticks, lots in self.book.levels(-1, depth)]
        buys = [self.level_row(1, ticks, lots, at) for ticks, lots in self.book.levels(1, depth)]
        return [*reversed(sells), *buys]

    def quote_row(self, at: UtcNs) -> Row:
        """A row of `quote`."""
        bid, ask, lot = self.book.best_bid, self.book.best_ask, self.contract.lot
        return {
            "timestamp": iso(at), "symbol": self.symbol,
            "bidSize": None if bid is None else self.book.size_at(1, bid) * lot,
            "bidPrice": plain(self.best(1)), "askPrice": plain(self.best(-1)),
            "askSize": None if ask is None else self.book.size_at(-1, ask) * lot,
        }  # fmt: skip

    def impact(self, sign: int) -> float | None:
        """Average price of selling into the bids (+1) or buying from the asks (-1) a fixed value."""
        left, spent, got = float(_IMPACT_MINOR), 0.0, 0.0
        for ticks, lots in self.book.levels(sign, 50):
            price = self.arithmetic.grid.to_price(ticks)
            value = abs(self.arithmetic.value_minor(lots, price))
            part = min(1.0, left / value) if value else 1.0
            got += lots * part
            spent += lots * part * price
            left -= value * part
            if left <= 0:
                break
        return round(spent / got, 4) if got else None

    def row(self, at: UtcNs) -> Row:
        """The row of `instrument`: every field."""
        bid, ask = self.best(1), self.best(-1)
        buys, sells = self.impact(1), self.impact(-1)
        basis = round(self.mark - self.index, 2)
        return {
            **self.contract.constants(), "state": self.state,
            "fundingTimestamp": iso(self.funding_at), "fundingInterval": interval(EIGHT_HOURS),
            "fundingRate": self.funding_rate, "indicativeFundingRate": self.next_rate,
            "openingTimestamp": iso(at - at % _HOUR), "closingTimestamp": iso(at - at % _HOUR + _HOUR),
            "sessionInterval": interval(_HOUR),
            **self.tape.day(),
            "bidPrice": plain(bid), "askPrice": plain(ask),
            "midPrice": None if bid is None or ask is None else plain(round((bid + ask) / 2, 4)),
            "impactBidPrice": buys, "impactAskPrice": sells,
            "impactMidPrice": None if buys is None or sells is None else round((buys + sells) / 2, 4),
            "hasLiquidity": bid is not None and ask is not None,
            "openInterest": self.open_lots * self.contract.lot, "openValue": abs(self.mark_value(self.open_lots)),
            "fairMethod": "FundingRate", "fairBasisRate": float(Decimal(repr(self.funding_rate)) * 1095),
            "fairBasis": basis, "fairPrice": plain(self.mark), "markMethod": "FairPrice",
            "markPrice": plain(self.mark), "indicativeSettlePrice": plain(self.index), "timestamp": iso(at),
        }  # fmt: skip


def next_funding(at: UtcNs) -> UtcNs:
    """The first funding after an instant."""
    return at + EIGHT_HOURS - (at - FUNDING_AT) % EIGHT_HOURS
