"""What somebody else does with our account, and what the exchange does to its positions without an order."""

from contextlib import suppress
from typing import Any, Final

from adapters.exchange import clockwork, order_commands, position_commands
from adapters.exchange.clearing import reduce, settle_contract
from adapters.exchange.liquidation import liquidate
from adapters.exchange.market import Market
from adapters.exchange.order import Order
from adapters.exchange.refusals import Refusal
from adapters.exchange.trading import end, trim_reducing
from adapters.simulation.faults.others import AtVenue
from messages import Lots

_HELD_MAX: Final = 8
"""Lots that strangers hold at most: they do not take all of our limits."""
_OPEN_MAX: Final = 4
_MEDDLES: Final = 0.1
"""Of all that strangers do while an order of ours waits."""
BY_HAND: Final = "Submission from www.bitmex.com"


class Stranger(AtVenue):
    """Somebody with the keys of our account. Draws symbols and sizes, and keeps the account's position small."""

    _orders: list[Order]
    _numbers = 0

    def market(self, *, held: bool = False) -> Market | None:
        """One of the markets; `held`: only of those in which the account holds something."""
        markets = [
            market
            for symbol, market in sorted(self.weather.exchange.exchange.markets.items())
            if not held or self.account.lots(symbol)
        ]
        return self.random.choice(markets) if markets else None

    def trade(self, market: Market, lots: Lots, *, price: float | None = None, client_id: str = "") -> Order | None:
        """An order of signed lots of theirs; None when the exchange refuses it."""
        terms: dict[str, Any] = {
            "symbol": market.symbol, "side": "Buy" if lots > 0 else "Sell", "clOrdID": client_id,
            "orderQty": abs(lots) * market.contract.lot, "ordType": "Market" if price is None else "Limit",
            "price": price, "text": BY_HAND,
        }  # fmt: skip
        try:
            row = order_commands.place(self.floor, self.account, terms)
        except Refusal:
            return None
        return self.account.orders[row["orderID"]]

    def size(self, market: Market) -> Lots:
        """Signed lots to trade: back to nothing when there is much already."""
        held = self.account.lots(market.symbol)
        lots = self.random.randint(1, 4)
        if abs(held) >= _HELD_MAX:
            return -lots if held > 0 else lots
        return lots * self.random.choice((1, -1))


class PositionBefallen(Stranger):
    """Trades by hand, deleveraging, liquidation, settlement: the position changes and no order of ours is behind it."""

    code = "F41"
    what = "manual trade, deleveraging, liquidation, settlement"
    every_s = 240.0

    def is_possible(self) -> bool:
        """Trading by hand goes without a process too."""
        return True

    def strike(self) -> None:
        """One of them; without a position a trade by hand."""
        held = self.market(held=True)
        kinds = [self._by_hand, self._by_hand, self._by_hand, self._flips, self._reduced, self._leveraged]
        kinds += [self._settled, self._liquidated]
        self.act(lambda: self.random.choice(kinds)(held) if held else self._by_hand(None))

    def _by_hand(self, market: Market | None) -> None:
        market = market or self.market()
        assert market is not None
        self.trade(market, self.size(market))

    def _flips(self, market: Market) -> None:
        """Through zero in one order."""
        held = self.account.lots(market.symbol)
        self.trade(market, -held - (1 if held > 0 else -1) * self.random.randint(1, 3))

    def _reduced(self, market: Market) -> None:
        held = self.account.lots(market.symbol)
        lots = self.random.randint(1, abs(held))
        kind, text = self.random.choice((("Trade", "Deleverage"), ("Liquidation", "Liquidation")))
        taken = -lots if held > 0 else lots
        reduce(self.floor, market, self.account, taken, self._price(market, held), kind=kind, text=text)
        trim_reducing(self.floor, self.account, market)
        clockwork.settle(self.floor)

    def _leveraged(self, market: Market) -> None:
        """With little behind it the exchange may liquidate it by itself."""
        fields = {"symbol": market.symbol, "leverage": self.random.choice((0, 25, 100))}
        with suppress(Refusal):
            position_commands.set_leverage(self.floor, self.account, fields)

    def _liquidated(self, market: Market) -> None:
        liquidate(self.floor, self.account, market, self._price(market, self.account.lots(market.symbol)))
        clockwork.settle(self.floor)

    def _settled(self, market: Market) -> None:
        for order in self.account.open_in(market.symbol):
            end(self.floor, order, "Canceled: Contract settled")
        settle_contract(self.floor, market, market.arithmetic.grid.round_nearest(market.mark))
        clockwork.settle(self.floor)

    @staticmethod
    def _price(market: Market, held: Lots) -> float:
        """Worse than the mark."""
        return market.arithmetic.grid.round_nearest(market.mark * (0.995 if held > 0 else 1.005))


class ForeignOrders(Stranger):
    """Orders of somebody else wait in our account, are moved and taken back, and sometimes trade."""

    code = "F53"
    what = "orders of strangers in the account"
    every_s = 60.0

    def begin(self) -> None:
        """Nothing yet."""
        self._orders = []
        super().begin()

    def is_possible(self) -> bool:
        """Strangers need no process of ours."""
        return True

    def strike(self) -> None:
        """One more, one other, one fewer."""
        self.act(self._strike)

    def _strike(self) -> None:
        self._orders = [order for order in self._orders if order.is_open]
        ours = self.others.resting()
        if ours and self.random.random() < _MEDDLES:
            self._meddle(self.random.choice(ours))
            return
        if len(self._orders) >= _OPEN_MAX or (self._orders and self.random.random() < 0.4):
            self._change(self.random.choice(self._orders))
            return
        market = self.market()
        assert market is not None
        lots = self.size(market)
        away = self.random.choice((0.0002, 0.002, 0.02)) * (-1 if lots > 0 else 1)
        self._numbers += 1
        price = market.arithmetic.grid.round_nearest(market.mark * (1 + away))
        name = self.random.choice(("", f"otherbot-{self._numbers}"))
        placed = self.trade(market, lots, price=price, client_id=name)
        if placed is not None:
            self._orders.append(placed)

    def _change(self, order: Order) -> None:
        if self.random.random() < 0.5 or order.price is None:
            end(self.floor, order, "Canceled: Canceled via www.bitmex.com.")
            return
        tick = float(order.contract.instrument.tick_size)
        fields = {"orderID": order.order_id, "price": round(order.price - 5 * tick * order.sign, 8)}
        with suppress(Refusal):
            order_commands.amend(self.floor, self.account, fields)

    def _meddle(self, order: Order) -> None:
        """They take one of ours for theirs, or clear the table."""
        tick = float(order.contract.instrument.tick_size)
        price = round((order.price or 0.0) - self.random.choice((1, 20)) * tick * order.sign, 8)
        kind = self.random.choice(("cancel", "amend", "all"))
        if kind == "cancel":
            end(self.floor, order, "Canceled: Canceled via www.bitmex.com.")
        elif kind == "all":
            order_commands.cancel_all(self.floor, self.account, {"text": BY_HAND}, {})
        else:
            fields = {"orderID": order.order_id, "price": price, "text": BY_HAND}
            with suppress(Refusal):
                order_commands.amend(self.floor, self.account, fields)

    def calm(self) -> None:
        """They go home."""
        for order in self._orders:
            if order.is_open:
                end(self.floor, order, "Canceled: Canceled via www.bitmex.com.")
        self.weather.exchange.tell()


FAULTS: Final = (PositionBefallen, ForeignOrders)
