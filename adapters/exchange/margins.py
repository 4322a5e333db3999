"""What an account has, what its orders and positions tie up, and what is left: BitMEX's margin rows."""

from collections.abc import Iterator
from decimal import Decimal

import attrs

from actors.money.margin import (
    PositionMargin,
    initial_margin_minor,
    maintenance_margin_minor,
    position_cross_minor,
    position_margin,
)
from adapters.exchange.account import Account, Position
from adapters.exchange.floor import Floor
from adapters.exchange.market import Market
from adapters.exchange.order import Order
from messages import Lots, Minor


@attrs.frozen
class Offer:
    """An order as the margin check sees it."""

    sign: int
    lots: Lots
    price: float


@attrs.frozen
class Opening:
    """What an account's orders in one symbol could open, by side, beyond what they would close first."""

    buy_lots: Lots
    buy_cost: Minor
    sell_lots: Lots
    sell_cost: Minor
    """Costs are unsigned."""

    def margin(self, position: Position) -> Minor:
        """Initial margin of the dearer side, and the fees for opening and closing it."""
        cost, fee = max(self.buy_cost, self.sell_cost), position.contract.instrument.taker_fee
        return initial_margin_minor(cost, position.initial) + 2 * initial_margin_minor(cost, fee)


def opening(market: Market, held: Lots, offers: list[Offer]) -> Opening:
    """Sum up orders; the best priced ones close what is held first."""
    lots, costs = {1: 0, -1: 0}, {1: 0, -1: 0}
    for sign in (1, -1):
        closing = max(0, -held * sign)
        for offer in sorted((o for o in offers if o.sign == sign), key=lambda offer: -offer.price * sign):
            opens = max(0, offer.lots - closing)
            closing = max(0, closing - offer.lots)
            lots[sign] += opens
            costs[sign] += abs(market.arithmetic.value_minor(opens, offer.price))
    return Opening(lots[1], costs[1], lots[-1], costs[-1])


def offers_of(account: Account, market: Market, without: Order | None = None) -> list[Offer]:
    """Orders that may open something: neither those that wait for a trigger nor those that only reduce."""
    return [
        Offer(order.sign, order.left, order.price)
        for order in account.open_in(market.symbol)
        if order is not without and order.price is not None and not order.waits and not order.reduces
    ]


def unrealised(market: Market, position: Position) -> Minor:
    """Profit of what is open, at the mark."""
    return market.mark_value(position.lots) - position.book.cost_minor if position.lots else 0


def margin_of(market: Market, position: Position) -> PositionMargin:
    """The margin words of a position's row."""
    due = 0
    if position.lots and (position.lots > 0) == (market.funding_rate > 0):
        due = market.marks.fee_minor(position.lots, market.mark, Decimal(repr(abs(market.funding_rate))))
    deal = position.contract.instrument
    cross = position_cross_minor(0, unrealised(market, position)) if position.is_cross else position.transferred
    return position_margin(
        lots=position.lots,
        cost_minor=position.book.cost_minor,
        initial=position.initial,
        maintenance=deal.maintenance_margin,
        taker_fee=deal.taker_fee,
        cross_minor=cross,
        funding_due_minor=due,
    )


def maintenance_of(position: Position) -> Minor:
    """What keeping a position takes, for the question whether it is liquidated."""
    deal = position.contract.instrument
    return maintenance_margin_minor(position.book.cost_minor, deal.maintenance_margin, deal.taker_fee)


@attrs.frozen(kw_only=True)
class Standing:
    """An account's money in one currency, in its minor unit."""

    amount: Minor
    realised: Minor
    unrealised: Minor
    orders: Minor
    """Initial margin of open orders."""
    positions: Minor
    """Margin of positions, their unrealised profit included."""
    mark_value: Minor
    """Unsigned value of all positions."""
    open_cost: Minor
    """Unsigned value of what orders could open."""
    isolated: Minor
    """Set aside for isolated positions, and what these have gained since: nothing of it backs any other."""

    @property
    def wallet(self) -> Minor:
        """walletBalance."""
        return self.amount + self.realised

    @property
    def balance(self) -> Minor:
        """marginBalance."""
        return self.wallet + self.unrealised

    @property
    def shared(self) -> Minor:
        """What backs the cross positions: the balance without what is isolated."""
        return self.balance - self.isolated

    @property
    def available(self) -> Minor:
        """For new orders."""
        return self.balance - self.orders - self.positions


def positions_in(floor: Floor, account: Account, currency: str) -> Iterator[tuple[Market, Position]]:
    """An account's positions that are backed by one currency."""
    for symbol, position in account.positions.items():
        if position.contract.settles == currency:
            yield floor.markets[symbol], position


def standing(floor: Floor, account: Account, currency: str) -> Standing:
    """How an account stands now."""
    wallet = account.wallets.get(currency)
    realised = gains = ordered = margins = marked = cost = isolated = 0
    for market, position in positions_in(floor, account, currency):
        realised += position.realised
        opens = opening(market, position.lots, offers_of(account, market))
        ordered += opens.margin(position)
        cost += opens.buy_cost + opens.sell_cost
        if position.lots:
            gain, margin = unrealised(market, position), margin_of(market, position)
            gains += gain
            margins += margin.margin_minor + gain
            marked += abs(market.mark_value(position.lots))
            if not position.is_cross:
                isolated += margin.margin_minor + gain
    return Standing(
        amount=0 if wallet is None else wallet.amount,
        realised=realised,
        unrealised=gains,
        orders=ordered,
        positions=margins,
        mark_value=marked,
        open_cost=cost,
        isolated=isolated,
    )
