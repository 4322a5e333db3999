"""One currency of an account at the venue: its cash, and what its positions have to be backed with.

Margin is cross: balance = start + flow + the values of the net positions at their marks, or else their last prices,
where flow is minus the signed values of all fills, minus fees, plus funding. With several positions open each is
judged at a price of its own while the others stand at theirs. What was bought outright (spot) was paid for and backs
nothing else.
"""

import math
from decimal import Decimal
from fractions import Fraction

from actors.money.liquidation import bankruptcy_price, is_liquidated, watch_price
from actors.money.margin import initial_margin_minor
from actors.venue.position import Position
from messages import Lots, Minor


class Purse:
    """Cash of one currency, in minor units."""

    __slots__ = ("currency", "flow", "open", "start")

    def __init__(self, currency: str, start: Minor) -> None:
        self.currency = currency
        self.start = start
        self.flow: Minor = 0
        """What fills, fees and funding have brought."""
        self.open: dict[str, Position] = {}
        """Net positions that are not 0 and not spot, by symbol."""

    # The ledger.

    def book(self, position: Position, lots: Lots, value: Minor, fee: Minor) -> None:
        """Fold a fill of the account into cash and position."""
        self.flow -= value + fee
        position.ledger.apply(lots, value, fee)
        position.lots += lots
        if position.is_spot:
            return
        if position.lots:
            self.open[position.symbol] = position
        elif position.symbol in self.open:
            del self.open[position.symbol]
            position.rest()
        self._look_again()

    def pay(self, position: Position, amount: Minor) -> None:
        """Fold a funding payment: received when positive."""
        self.flow += amount
        position.ledger.add_funding(amount)
        self._look_again()

    @property
    def wallet(self) -> Minor:
        """What is there without the profit of open positions, spot being paid for."""
        return self.start + self.flow + sum([each.ledger.cost_minor for each in self.open.values()])

    def balance(self, position: Position | None = None, price: float = 0.0) -> Minor:
        """The margin balance, with one position at a price of its own."""
        total = self.start + self.flow
        for each in self.open.values():
            total += each.value_at(price) if each is position else each.value_minor()
        return total

    # Liquidation.

    def watch(self, position: Position) -> None:
        """Find the prices from which on this position has to be judged again."""
        if not position.lots:
            position.rest()
        elif len(self.open) == 1:
            backing = self.start + self.flow
            price = watch_price(position.arithmetic, position.lots, backing, position.maintenance_minor())
            position.safe_between(*((price, math.inf) if position.lots > 0 else (0.0, price)))
        else:
            # The others move as well.
            position.look_again()

    def is_lost(self, position: Position, price: float) -> bool:
        """Whether the account's positions can no longer be kept with this one at that price."""
        maintenance = sum([each.maintenance_minor() for each in self.open.values()])
        return is_liquidated(self.balance(position, price), maintenance)

    def bankruptcy(self, position: Position) -> float | None:
        """The worst price at which closing this position leaves nothing less than zero, the others being closed."""
        return bankruptcy_price(position.arithmetic, position.lots, self.start + self.flow, position.taker_fee)

    # What may be opened.

    def backs(self, position: Position, worst: Lots, price: float) -> bool:
        """Whether there is margin for a position of up to so many lots in this symbol."""
        balance = self.balance(position, price)
        if balance <= 0 or not position.initial:
            return balance > 0
        value = position.worth(worst, price)
        return balance >= self._others(position) + initial_margin_minor(value, position.initial)

    def affordable(self, position: Position, lots: Lots, price: float, rate: Decimal | Fraction) -> Lots:
        """As many of `lots` (signed) as the account can take at a price with a fee. What reduces is always taken."""
        held = position.lots
        free = 0 if held * lots >= 0 else min(abs(held), abs(lots))
        if free == abs(lots) or self._affords(position, lots, price, rate):
            return lots
        sign = 1 if lots > 0 else -1
        good, bad = free, abs(lots)
        while bad - good > 1:
            middle = (good + bad) // 2
            if self._affords(position, middle * sign, price, rate):
                good = middle
            else:
                bad = middle
        return good * sign

    def free_minor(self) -> Minor:
        """What can be spent: neither open profit nor what backs positions."""
        return min(self.wallet, self.balance()) - sum([each.initial_minor() for each in self.open.values()])

    def takes(self, position: Position, lots: Lots, price: float, cost: Minor) -> bool:
        """Whether the account can take a fill that costs so much, its value and its fee, at a price."""
        after = position.lots + lots
        if position.is_spot:
            return after >= 0 if lots < 0 else cost <= self.free_minor()
        value = position.arithmetic.value_minor(after, price) if after else 0
        balance = self.start + self.flow - cost + value
        for each in self.open.values():
            if each is not position:
                balance += each.value_minor()
        if balance <= 0 or not position.initial:
            return balance > 0
        return balance >= self._others(position) + initial_margin_minor(value, position.initial)

    def _affords(self, position: Position, lots: Lots, price: float, rate: Decimal | Fraction) -> bool:
        arithmetic = position.arithmetic
        cost = arithmetic.value_minor(lots, price) + arithmetic.fee_minor(lots, price, rate)
        return self.takes(position, lots, price, cost)

    def _others(self, position: Position) -> Minor:
        return sum([each.initial_minor() for each in self.open.values() if each is not position])

    def _look_again(self) -> None:
        # One alone is safe as far as its own price goes; of several each moves the others' backing.
        for each in self.open.values():
            self.watch(each)
