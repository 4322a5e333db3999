"""What the venue itself does to a position: it takes it over when it can no longer be kept, and settles it at expiry.

Every strategy of the account is brought to nothing in the symbol, and the parts add up to the account's own lots,
value and fee: values are cumulative over the strategies in order of their ids, so that each part is within a minor
unit of its own value; the fee is divided by lots.
"""

from collections.abc import Sequence
from decimal import Decimal

from actors.money.allocation import split_minor
from actors.venue.position import Position
from messages import Account, Fill, FillPart, Liquidity, Lots, StrategyId, UtcNs


def closing_fills(
    account: Account,
    position: Position,
    price: float,
    *,
    liquidity: Liquidity,
    fee_rate: Decimal,
    client_id: str,
    ts: UtcNs,
    ambiguous: bool = False,
) -> list[Fill]:
    """The fills that leave nothing: one, or one for each side where the account holds nothing and its strategies do.

    The price counts as it is: a mark or a settlement price need not stand on the grid. Without a position at the venue
    there is no fee. `ambiguous`: another path through the bar would have kept the position.
    """
    closing = [(strategy, -lots) for strategy, lots in sorted(position.held.items())]
    net = sum([lots for _, lots in closing])
    if net:
        sides = [closing]
    else:
        sides = [[each for each in closing if each[1] > 0], [each for each in closing if each[1] < 0]]
        fee_rate = Decimal(0)
    instrument = position.arithmetic.instrument
    fills: list[Fill] = []
    for number, side in enumerate((side for side in sides if side), 1):
        lots, parts = _parts(position, side, price, fee_rate)
        fills.append(
            Fill(
                account=account,
                currency=instrument.currency,
                symbol=position.symbol,
                client_id=client_id,
                execution_id=f"{client_id}-{number}",
                ts=ts,
                lots=lots,
                price=price,
                liquidity=liquidity,
                value_minor=sum([part.value_minor for part in parts]),
                fee_minor=sum([part.fee_minor for part in parts]),
                parts=parts,
                ambiguous=ambiguous,
            )
        )
    return fills


def _parts(
    position: Position, side: Sequence[tuple[StrategyId, Lots]], price: float, fee_rate: Decimal
) -> tuple[Lots, tuple[FillPart, ...]]:
    arithmetic = position.arithmetic
    total = sum([lots for _, lots in side])
    fees = split_minor(arithmetic.exact_fee_minor(total, price, fee_rate), [abs(lots) for _, lots in side])
    parts: list[FillPart] = []
    running = given = 0
    for (strategy, lots), fee in zip(side, fees, strict=True):
        running += lots
        upto = arithmetic.exact_value_minor(running, price)
        parts.append(FillPart(strategy, lots, upto - given, fee))
        given = upto
    return total, tuple(parts)
