"""Makes an account's orders and internal fills: ids, owners, slices, money. It counts, and decides nothing.

Client ids are `<run6>-<strategy or net>-<n>`, n counting the intents; internal fills are `<run6>-x-<n>`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from actors.execution.algorithms import Execution, Step
from actors.execution.desk import Desk
from actors.execution.slices import LargestOrder, largest, sliced
from actors.money.allocation import split_minor
from actors.money.values import Arithmetic
from messages import (
    Account,
    Fill,
    FillPart,
    Instrument,
    Liquidity,
    Lots,
    Order,
    OrderType,
    Owner,
    StrategyId,
    Symbol,
    UtcNs,
)

_Signed = Sequence[tuple[StrategyId, Lots]]
_OWNER_MAX = 16


class OrderMaker:
    """One account's. `label` tells its ids for orders of several strategies from other accounts'."""

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        run6: str,
        largest_orders: Iterable[LargestOrder] = (),
        label: str = "",
    ) -> None:
        self._account = account
        self._net = f"net{label}"
        self._cross = f"{run6}-x{label}-"
        self._run6 = run6
        self._largest = tuple(largest_orders)
        self.slices = bool(self._largest)
        """Whether an order may have to be cut; if not, one owner's wish is one order."""
        self._arithmetic = {symbol: Arithmetic(instrument) for symbol, instrument in instruments.items()}
        self.intents = 0
        """How many orders were made: the last client id ends with it."""
        self.crossings = 0

    def orders(
        self, desk: Desk, wanted: _Signed, ts: UtcNs, *, reduce_only: bool = False, flat: bool = False
    ) -> list[Order]:
        """The market orders that bring signed lots to strategies: by side, in slices where need be.

        `flat`: it was not they who decided, and it was decided now.
        """
        groups: dict[bool, list[Owner]] = {}
        for strategy, lots in wanted:
            groups.setdefault(lots > 0, []).append(Owner(strategy, lots))
        return [
            self.order(
                desk,
                owners,
                ts,
                decision_price=desk.shown if flat else decided(desk, owners),
                reduce_only=reduce_only,
            )
            for group in groups.values()
            for owners in sliced(group, largest(self._largest, desk.symbol, group))
        ]

    def children(
        self, desk: Desk, execution: Execution, wanted: _Signed, step: Step, ts: UtcNs, *, reduce_only: bool
    ) -> list[Order]:
        """The orders that an algorithm wants sent for strategies of one side."""
        group = [Owner(strategy, lots) for strategy, lots in wanted]
        return [
            self.order(
                desk,
                owners,
                ts,
                type=OrderType.MARKET if step.price is None else OrderType.LIMIT,
                limit_price=step.price,
                post_only=step.post_only,
                reduce_only=reduce_only,
                algorithm=execution.text,
                decision_price=decided(desk, owners),
            )
            for owners in sliced(group, largest(self._largest, desk.symbol, group))
        ]

    def order(self, desk: Desk, owners: tuple[Owner, ...], ts: UtcNs, **terms: Any) -> Order:
        """One new intent, at market unless the terms say otherwise."""
        self.intents += 1
        first = owners[0]
        one = len(owners) == 1
        return Order(
            account=self._account,
            client_id=f"{self._run6}-{first.strategy[:_OWNER_MAX] if one else self._net}-{self.intents}",
            symbol=desk.symbol,
            lots=first.lots if one else sum([owner.lots for owner in owners]),
            owners=owners,
            reference_price=desk.current_price(ts),
            ts=ts,
            **terms,
        )

    def crossing(self, desk: Desk, cross: _Signed, ts: UtcNs) -> list[Fill]:
        """Internal fills, one per owner, at the desk's last price: no order, no fee; `cross` adds up to 0."""
        assert desk.last_price is not None
        arithmetic = self._arithmetic[desk.symbol]
        price = arithmetic.grid.round_nearest(desk.last_price)
        fills: list[Fill] = []
        for side in (1, -1):
            parts = [(strategy, lots) for strategy, lots in cross if lots * side > 0]
            # One value for a side, split: what one side pays is to the minor unit what the other receives.
            value = side * arithmetic.value_minor(sum(abs(lots) for _, lots in parts), price)
            values = split_minor(value, [abs(lots) for _, lots in parts])
            for (strategy, lots), value_minor in zip(parts, values, strict=True):
                fills.append(self._internal(arithmetic.instrument, FillPart(strategy, lots, value_minor, 0), price, ts))
        return fills

    def _internal(self, instrument: Instrument, part: FillPart, price: float, ts: UtcNs) -> Fill:
        self.crossings += 1
        name = f"{self._cross}{self.crossings}"
        return Fill(
            account=self._account,
            currency=instrument.currency,
            symbol=instrument.symbol,
            client_id=name,
            execution_id=name,
            ts=ts,
            lots=part.lots,
            price=price,
            liquidity=Liquidity.INTERNAL,
            value_minor=part.value_minor,
            fee_minor=0,
            parts=(part,),
        )


def decided(desk: Desk, owners: Iterable[Owner]) -> float | None:
    """The price when the change that these owners' lots belong to was decided."""
    return desk.decision_price([(owner.strategy, owner.lots) for owner in owners])
