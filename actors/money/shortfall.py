"""What execution cost: implementation shortfall by algorithm (Perold 1988), from orders and their fills.

A change of position is decided at a price, and filled at others. The difference in value is the cost of execution,
above zero when it was paid. Fees stand beside it, not in it. What came to nothing is not priced, but counted in lots.
"""

from collections.abc import Iterable, Mapping

import attrs

from actors.money.values import Arithmetic
from messages import Account, Fill, GaveUp, Instrument, Liquidity, Lots, Minor, Order, Symbol

INTERNAL = "internal"
"""Stands where an algorithm's name stands, for what strategies of one account traded with each other."""
UNKNOWN = "unknown"
"""The same for fills of orders that nobody here asked for."""
_UNDECIDED = (Liquidity.LIQUIDATION, Liquidity.SETTLEMENT)
"""Fills that nobody decided: no execution."""


@attrs.frozen(kw_only=True)
class AlgorithmRow:
    """One execution algorithm in one (account, currency)."""

    account: Account
    currency: str
    algorithm: str
    orders: int
    """Those that were refused or rejected included."""
    lots_wanted: Lots
    """Sum of the orders' lots, as last amended, without signs."""
    lots_filled: Lots
    """Without signs; both sides of a crossing."""
    shortfall_minor: Minor | None
    """Value at the fill's price less value at the decision's, added up; above zero is a cost. None where no fill has a
    price that it was decided at."""  # fmt: skip
    shortfall_bp: float | None
    """Of the value at the decisions' prices, in hundredths of a per cent."""
    fees_minor: Minor
    """Paid; below zero when rebates exceed fees."""
    gave_up_lots: Lots
    """What algorithms reported that they would not bring about, without signs."""


@attrs.define
class _Sums:
    orders: int = 0
    wanted: Lots = 0
    filled: Lots = 0
    priced: int = 0
    shortfall: Minor = 0
    decided: Minor = 0
    fees: Minor = 0
    gave_up: Lots = 0


def execution_rows(
    orders: Iterable[Order],
    fills: Iterable[Fill],
    gave_up: Iterable[GaveUp],
    instruments: Mapping[Symbol, Instrument],
) -> tuple[AlgorithmRow, ...]:
    """A row per (account, currency, algorithm), sorted. `orders`: each once, with its last terms.

    A fill belongs to the order of its client id. KeyError for a symbol without instrument.
    """
    sums: dict[tuple[Account, str, str], _Sums] = {}
    by_id: dict[tuple[Account, str], tuple[Order | None, _Sums]] = {}
    for order in orders:
        found = sums.setdefault((order.account, instruments[order.symbol].currency, order.algorithm), _Sums())
        found.orders += 1
        found.wanted += abs(order.lots)
        by_id[order.account, order.client_id] = order, found
    arithmetics = {symbol: Arithmetic(instrument) for symbol, instrument in instruments.items()}
    for fill in fills:
        if fill.liquidity is Liquidity.INTERNAL:
            _cross(sums.setdefault((fill.account, fill.currency, INTERNAL), _Sums()), fill)
        elif fill.liquidity not in _UNDECIDED:
            known = by_id.get((fill.account, fill.client_id))
            if known is None:
                known = None, sums.setdefault((fill.account, fill.currency, UNKNOWN), _Sums())
            asked, found = known
            _fill(found, fill, None if asked is None else asked.decision_price, arithmetics[fill.symbol])
    for given in gave_up:
        key = given.account, instruments[given.symbol].currency, given.algorithm
        sums.setdefault(key, _Sums()).gave_up += abs(given.lots)
    return tuple([_row(key, found) for key, found in sorted(sums.items(), key=lambda item: item[0])])


def _cross(sums: _Sums, fill: Fill) -> None:
    lots = sum([abs(part.lots) for part in fill.parts])
    sums.wanted += lots
    sums.filled += lots
    sums.fees += fill.fee_minor


def _fill(sums: _Sums, fill: Fill, decision_price: float | None, arithmetic: Arithmetic) -> None:
    sums.filled += abs(fill.lots)
    sums.fees += fill.fee_minor
    if decision_price is not None:
        decided = arithmetic.value_minor(fill.lots, decision_price)
        sums.priced += 1
        sums.shortfall += fill.value_minor - decided
        sums.decided += abs(decided)


def _row(key: tuple[Account, str, str], sums: _Sums) -> AlgorithmRow:
    account, currency, algorithm = key
    return AlgorithmRow(
        account=account,
        currency=currency,
        algorithm=algorithm,
        orders=sums.orders,
        lots_wanted=sums.wanted,
        lots_filled=sums.filled,
        shortfall_minor=sums.shortfall if sums.priced else None,
        shortfall_bp=sums.shortfall / sums.decided * 10_000 if sums.decided else None,
        fees_minor=sums.fees,
        gave_up_lots=sums.gave_up,
    )
