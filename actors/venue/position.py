"""What the account holds of one symbol at the venue, and the prices at which that has to be looked at again."""

import math

from actors.money.ledger import Book as Ledger
from actors.money.margin import initial_margin_minor, maintenance_margin_minor
from actors.money.values import Arithmetic
from actors.tape import Calm
from messages import Account, FillPart, Kind, Lots, Minor, StrategyId


class Position:
    """One symbol's lots, by strategy and in all, and its last prices.

    While `lower` < price < `upper` nothing can have happened to it: that is all that is looked at for each bar.
    """

    __slots__ = (
        "_last",
        "arithmetic",
        "calm",
        "held",
        "initial",
        "is_spot",
        "ledger",
        "lots",
        "lower",
        "maintenance",
        "mark",
        "symbol",
        "taker_fee",
        "upper",
    )

    def __init__(self, account: Account, arithmetic: Arithmetic) -> None:
        instrument = arithmetic.instrument
        self.arithmetic = arithmetic
        self.symbol = instrument.symbol
        self.is_spot = instrument.kind is Kind.SPOT
        self.initial, self.maintenance = instrument.initial_margin, instrument.maintenance_margin
        self.taker_fee = instrument.taker_fee
        self.lots: Lots = 0
        self.held: dict[StrategyId, Lots] = {}
        """What each strategy holds, without those that hold nothing."""
        self.ledger = Ledger(account, instrument.currency, "net", instrument.symbol)
        """Of the net position, at average cost; kept where the account has cash."""
        self.calm = Calm()
        """The same two prices for a replay, while no order works here: bars between them are not even delivered."""
        self._last: float | None = None
        self.mark: float | None = None
        """The fair price; once there is one, last prices liquidate nobody."""
        self.lower, self.upper = 0.0, math.inf
        """Between them, both exclusive, it need not be judged."""

    @property
    def last(self) -> float | None:
        """The price shown last, while prices are heard or something is held."""
        bar = self.calm.bar
        return self._last if bar is None else bar.close

    @last.setter
    def last(self, price: float | None) -> None:
        self._last, self.calm.bar = price, None

    @property
    def price(self) -> float | None:
        """What it is valued at."""
        return self.last if self.mark is None else self.mark

    @property
    def is_open(self) -> bool:
        """Whether anybody holds anything. While one leg of a crossing is on its way, the net alone can tell."""
        return bool(self.lots or self.held)

    def value_at(self, price: float) -> Minor:
        """Its signed value."""
        return self.worth(self.lots, price) if self.lots else 0

    def worth(self, lots: Lots, price: float) -> Minor:
        """The signed value of any lots: exact at the mark, which need not stand on the grid."""
        if price == self.mark:
            return self.arithmetic.exact_value_minor(lots, price)
        return self.arithmetic.value_minor(lots, price)

    def value_minor(self) -> Minor:
        """Its signed value at its price."""
        lots = self.lots
        if not lots:
            return 0
        price = self.price
        assert price is not None, f"{self.symbol} is held, so a price of it was shown"
        return self.worth(lots, price)

    def initial_minor(self) -> Minor:
        """What opening it as it is would take."""
        return initial_margin_minor(self.value_minor(), self.initial) if self.initial else 0

    def maintenance_minor(self) -> Minor:
        """What keeping it takes; nothing where the instrument asks for none."""
        if not self.maintenance:
            return 0
        return maintenance_margin_minor(self.ledger.cost_minor, self.maintenance, self.taker_fee)

    def hand_out(self, parts: tuple[FillPart, ...]) -> None:
        """Fold an execution into what its strategies hold."""
        held = self.held
        for part in parts:
            lots = held.get(part.strategy, 0) + part.lots
            if lots:
                held[part.strategy] = lots
            else:
                del held[part.strategy]

    def rest(self) -> None:
        """No price has to be looked at."""
        self.safe_between(0.0, math.inf)

    def look_again(self) -> None:
        """Any price has to be looked at."""
        self.safe_between(math.inf, 0.0)

    def safe_between(self, lower: float, upper: float) -> None:
        """From now on it need not be judged at prices between these, both exclusive."""
        self.lower, self.upper = lower, upper
        self.stir()

    def stir(self) -> None:
        """Something has changed: the next bar is heard, wherever it lies."""
        self.calm.low, self.calm.high = math.inf, 0.0

    def settle(self, close: float) -> None:
        """A bar has changed nothing but the last price. As long as nothing does, bars like it need not be heard."""
        self.last = close
        self.calm.low, self.calm.high = self.lower, self.upper


def worst_lots(lots: Lots, buying: Lots, selling: Lots) -> Lots:
    """The largest position that orders which may buy and sell so many lots can lead to, as BitMEX nets them."""
    return max(abs(lots), lots + buying, selling - lots)
