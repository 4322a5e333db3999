"""Makes an account's orders and internal fills: ids, owners, slices, money. It counts, and decides nothing.

Client ids are `<run6>-<strategy or net>-<n>`, n counting the intents; internal fills are `<run6>-x-<n>`.
"""

from collections.abc import Iterable, Mapping, Sequence

from actors.execution.algorithms import ALGORITHMS
from actors.execution.rules import ShareRule
from actors.execution.working import Desk
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
    """One account's. ValueError for a rule whose algorithm does not exist."""

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        run6: str,
        rules: Iterable[ShareRule],
        order_lots_max: Lots | None,
    ) -> None:
        self._account = account
        self._run6 = run6
        self._order_lots_max = order_lots_max
        self.slices = order_lots_max is not None
        """Whether an order may have to be cut; if not, one owner's wish is one order."""
        self._algorithm_of = {rule.strategy: rule.algorithm for rule in rules}
        unknown = sorted(set(self._algorithm_of.values()) - set(ALGORITHMS))
        if unknown:
            raise ValueError(f"there is no execution algorithm {', '.join(unknown)}; there are {', '.join(ALGORITHMS)}")
        self._arithmetic = {symbol: Arithmetic(instrument) for symbol, instrument in instruments.items()}
        self._intents = 0
        self._crossings = 0

    def orders(self, desk: Desk, wanted: _Signed, ts: UtcNs, *, reduce_only: bool) -> list[Order]:
        """The orders that bring signed lots to strategies: by algorithm and side, in slices where need be."""
        if len(wanted) == 1 and not self.slices and not reduce_only:
            return [self.order(desk, (Owner(*wanted[0]),), ts)]
        groups: dict[tuple[str, bool], list[Owner]] = {}
        for strategy, lots in wanted:
            # What has to be flat is sent at market, whatever its strategy likes.
            algorithm = "market" if reduce_only else self._algorithm_of.get(strategy, "market")
            groups.setdefault((algorithm, lots > 0), []).append(Owner(strategy, lots))
        return [
            self.order(desk, owners, ts, reduce_only=reduce_only)
            for (algorithm, _), group in groups.items()
            for owners in ALGORITHMS[algorithm](group, self._order_lots_max)
        ]

    def order(
        self,
        desk: Desk,
        owners: tuple[Owner, ...],
        ts: UtcNs,
        *,
        type: OrderType = OrderType.MARKET,  # noqa: A002 - the order's own word
        limit_price: float | None = None,
        stop_price: float | None = None,
        reduce_only: bool = False,
    ) -> Order:
        """One new intent."""
        self._intents += 1
        first = owners[0]
        one = len(owners) == 1
        return Order(
            account=self._account,
            client_id=f"{self._run6}-{first.strategy[:_OWNER_MAX] if one else 'net'}-{self._intents}",
            symbol=desk.symbol,
            lots=first.lots if one else sum([owner.lots for owner in owners]),
            type=type,
            limit_price=limit_price,
            stop_price=stop_price,
            reduce_only=reduce_only,
            owners=owners,
            reference_price=desk.last_price,
            ts=ts,
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
        self._crossings += 1
        name = f"{self._run6}-x-{self._crossings}"
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
