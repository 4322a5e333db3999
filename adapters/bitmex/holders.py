"""Who holds what: an account's lots by strategy, and how what befalls the whole position is divided among them."""

from collections.abc import Mapping
from typing import Final

from actors.money.allocation import fill_parts, split_minor
from actors.money.rounding import divide_half_away
from messages import FillPart, FundingPart, Lots, Minor, StrategyId, Symbol

OUTSIDE: Final = "outside"
"""Who owns what no strategy of this system did."""


def split_signed(total: Minor, lots: list[Lots]) -> list[Minor]:
    """An amount of the net of some lots, divided by them; the parts add up. The net is not 0."""
    net = sum(lots)
    sign = 1 if net > 0 else -1
    running = given = 0
    parts = []
    for each in lots:
        running += each
        upto = divide_half_away(sign * total * running, abs(net))
        parts.append(upto - given)
        given = upto
    return parts


class Holders:
    """The fold of fills and adjustments, in signed lots. Parts are in order of strategy ids."""

    def __init__(self, held: Mapping[tuple[StrategyId, Symbol], Lots]) -> None:
        self._held: dict[Symbol, dict[StrategyId, Lots]] = {}
        for (strategy, symbol), lots in held.items():
            self.fold(strategy, symbol, lots)

    def fold(self, strategy: StrategyId, symbol: Symbol, lots: Lots) -> None:
        """So many more."""
        held = self._held.setdefault(symbol, {})
        held[strategy] = held.get(strategy, 0) + lots
        if not held[strategy]:
            del held[strategy]

    def net(self, symbol: Symbol) -> Lots:
        """The account's own."""
        return sum(self._held.get(symbol, {}).values())

    def closing(self, symbol: Symbol, lots: Lots, value: Minor, fee: Minor) -> tuple[FillPart, ...]:
        """The parts of a fill that the venue brought about, in all positions at once.

        One that leaves nothing leaves nobody anything. One that leaves something goes pro rata to those whose side it
        takes from. What is not explained by what is held is nobody's here.
        """
        closing = [(strategy, -held) for strategy, held in sorted(self._held.get(symbol, {}).items())]
        net = sum([each for _, each in closing])
        if net == lots:
            values = split_signed(value, [each for _, each in closing])
            fees = split_minor(fee, [abs(each) for _, each in closing])
            return tuple(
                [
                    FillPart(strategy, each, *money)
                    for (strategy, each), *money in zip(closing, values, fees, strict=True)
                ]
            )
        side = [(strategy, each) for strategy, each in closing if (each > 0) == (lots > 0)]
        if (net > 0) == (lots > 0) and abs(lots) < abs(net):
            return fill_parts(lots, value, fee, side)
        return (FillPart(OUTSIDE, lots, value, fee),)

    def funding(self, symbol: Symbol, lots: Lots, amount: Minor) -> tuple[FundingPart, ...]:
        """The parts of a payment for a position that the venue says was `lots`."""
        held = sorted(self._held.get(symbol, {}).items())
        if not self.net(symbol):
            # The venue paid for what we do not know of.
            return (FundingPart(OUTSIDE, lots, amount),)
        amounts = split_signed(amount, [each for _, each in held])
        return tuple([FundingPart(strategy, each, part) for (strategy, each), part in zip(held, amounts, strict=True)])
