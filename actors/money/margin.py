"""What a position has to be backed with: the cross margin of an account, and BitMEX's margin of one position by itself.

Margins are whole minor units and always rounded up: what is asked for is never less than the rate says.
"""

from decimal import Decimal
from fractions import Fraction

import attrs

from messages import Lots, Minor

Rate = Decimal | Fraction
"""An exact fraction of a value."""


def initial_margin_minor(value_minor: Minor, rate: Rate) -> Minor:
    """What opening a position of this value takes: |value| x rate, rounded up; the rate is 1 / leverage.

    `posInit = ceil(|posCost| x initMarginReq)` (BitMEX, recorded position rows 2018-2020).
    """
    return _share_up(value_minor, rate)


def maintenance_margin_minor(cost_minor: Minor, maintenance: Rate, taker_fee: Rate) -> Minor:
    """What keeping a position of this cost takes: its maintenance, and the fee for closing it, each rounded up.

    Of the cost and not of the mark, as at BitMEX (`posMaint`, recorded position rows 2018-2020): it does not move
    with the price. A taker who is paid a rebate does not need less: the rebate comes only when all is over.
    """
    return _share_up(cost_minor, maintenance) + max(0, _share_up(cost_minor, taker_fee))


@attrs.frozen(kw_only=True)
class PositionMargin:
    """BitMEX's margin of one position, in the words of its position rows (posCost, posInit, ...)."""

    lots: Lots
    cost_minor: Minor
    """posCost: signed value at which it was opened."""
    init_minor: Minor
    """posInit: what it was opened with."""
    comm_minor: Minor
    """posComm: kept for the fee of closing it at its bankruptcy price."""
    cross_minor: Minor
    """posCross: added since; what was transferred to an isolated position."""
    loss_minor: Minor
    """posLoss: what it had lost against the mark when it was opened."""
    margin_minor: Minor
    """posMargin: all that it can lose."""
    maint_minor: Minor
    """posMaint: with less it is liquidated."""


def position_margin(
    *,
    lots: Lots,
    cost_minor: Minor,
    initial: Rate,
    maintenance: Rate,
    taker_fee: Rate,
    loss_minor: Minor = 0,
    cross_minor: Minor = 0,
    funding_due_minor: Minor = 0,
) -> PositionMargin:
    """The margin of one position (BitMEX, recorded position rows 2018-2020).

    `initial` and `maintenance` are its initMarginReq (1 / leverage) and maintMarginReq. `funding_due_minor` is what
    it will pay at the next funding, and 0 when it will receive. `cross_minor` of an isolated position is what was
    transferred to it, of a cross position what `position_cross_minor` says.

        posInit   = ceil(|posCost| x initMarginReq)
        posComm   = ceil((|posCost| + posInit + posCross) x takerFee)
        posMargin = posInit + posCross + posComm - posLoss
        posMaint  = ceil(|posCost| x maintMarginReq) + posComm + funding due
    """
    init = _share_up(cost_minor, initial)
    comm = _share_up(abs(cost_minor) + init + cross_minor, taker_fee)
    return PositionMargin(
        lots=lots,
        cost_minor=cost_minor,
        init_minor=init,
        comm_minor=comm,
        cross_minor=cross_minor,
        loss_minor=loss_minor,
        margin_minor=init + cross_minor + comm - loss_minor,
        maint_minor=_share_up(cost_minor, maintenance) + comm + funding_due_minor,
    )


def position_cross_minor(loss_minor: Minor, unrealised_minor: Minor) -> Minor:
    """What a cross position draws from its account: as much as it has lost, and never below zero.

    `posCross = max(0, posLoss - unrealisedPnl)` (BitMEX, recorded position rows 2018-2020).
    """
    return max(0, loss_minor - unrealised_minor)


def _share_up(amount_minor: Minor, rate: Rate) -> Minor:
    """|amount| x rate, rounded up to a whole minor unit."""
    top, bottom = rate.as_integer_ratio()
    return -(-abs(amount_minor) * top // bottom)
