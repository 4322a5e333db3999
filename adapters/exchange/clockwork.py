"""What time brings: bars, funding, the end of a session and of a day, switches; and what every command may set off."""

from typing import Final

from adapters.exchange import liquidation, triggers
from adapters.exchange.clearing import end_session, pay_funding
from adapters.exchange.contracts import EIGHT_HOURS
from adapters.exchange.floor import Floor
from adapters.exchange.market import Market, next_funding
from adapters.exchange.tape import BINS
from adapters.exchange.ticket import Ticket
from adapters.exchange.trading import end, place
from adapters.exchange.wire import interval, iso
from messages import NS_PER_SECOND, Lots, UtcNs

_MINUTE: Final = 60 * NS_PER_SECOND
_DAY: Final = 1_440 * _MINUTE
_NOON: Final = 720 * _MINUTE
FUNDINGS_MAX: Final = 10_000
_CLAMP: Final = 0.0005
_INTEREST: Final = 0.0001
"""(quote rate - base rate) / 3, as it has been for years."""
_CHAIN_MAX: Final = 1_000
"""Rounds of triggers and take-overs that one command may set off; each round ends an order or a position."""


def advance(floor: Floor, to: UtcNs) -> None:
    """Let time pass up to an instant, doing on the way what falls due; time never goes back."""
    while True:
        minute = floor.now - floor.now % _MINUTE + _MINUTE
        due = min([minute, *(account.switch for account in floor.clients() if account.switch is not None)])
        if due > to:
            break
        floor.now = max(due, floor.now)
        _strike_switches(floor)
        if floor.now == minute:
            _minute(floor)
        settle(floor)
    floor.now = max(to, floor.now)


def _strike_switches(floor: Floor) -> None:
    for account in floor.clients():
        if account.switch is not None and account.switch <= floor.now:
            account.switch = None
            for order in list(account.open.values()):
                if order.is_open:
                    end(floor, order, "Canceled: CancelAllAfter")


def _minute(floor: Floor) -> None:
    now = floor.now
    for market in floor.markets.values():
        for name, period in BINS.items():
            if now % period == 0:
                floor.outbox.public(f"tradeBin{name}", "insert", market.tape.close_bin(name, now))
                floor.outbox.public(f"quoteBin{name}", "insert", market.quote_row(now))
        if now >= market.funding_at:
            _fund(floor, market)
    if now % _DAY == _NOON:
        end_session(floor)
    if now % _DAY == 0:
        for account in list(floor.accounts.values()):
            for order in list(account.open.values()):
                if order.ticket.time_in_force == "Day" and order.is_open:
                    end(floor, order, "Canceled: Order had timeInForce of Day")


def _fund(floor: Floor, market: Market) -> None:
    pay_funding(floor, market)
    rate = market.funding_rate
    row = {
        "timestamp": iso(floor.now), "symbol": market.symbol, "fundingInterval": interval(EIGHT_HOURS),
        "fundingRate": rate, "fundingRateDaily": round(rate * 3, 8),
    }  # fmt: skip
    market.fundings.append(row)
    del market.fundings[:-FUNDINGS_MAX]
    floor.outbox.public("funding", "insert", row)
    market.funding_rate, market.funding_at = market.next_rate, next_funding(floor.now)


def funding_rate(premium: float) -> float:
    """Premium + clamp(interest - premium, +-0.05 %) (BitMEX, funding of perpetual contracts), to six decimals."""
    return round(premium + max(-_CLAMP, min(_CLAMP, _INTEREST - premium)), 6)


def settle(floor: Floor, currencies: tuple[str, ...] = ()) -> None:
    """Triggers and liquidations, until nothing follows from anything any more.

    `currencies`: whose marks moved; accounts that traded are looked at anyway.
    """
    for _round in range(_CHAIN_MAX):
        fired = [market for market in floor.markets.values() if market.waiting and triggers.check(floor, market)]
        suspects = {*currencies, *(currency for _account, currency in floor.outbox.margins)}
        taken = [market for currency in sorted(suspects) for market in liquidation.check(floor, currency)]
        for market in dict.fromkeys(taken):
            _unload(floor, market)
        if not fired and not taken:
            return


def _unload(floor: Floor, market: Market) -> None:
    """The fund sells into the market what it took over; what nobody wants it keeps."""
    lots = floor.insurance.lots(market.symbol)
    if lots:
        place(floor, floor.insurance, plain_ticket(-1 if lots > 0 else 1, abs(lots), None), market)
    for order_id in list(market.liquidations):
        del market.liquidations[order_id]
        floor.outbox.public("liquidation", "delete", {"orderID": order_id, "symbol": market.symbol})


def plain_ticket(sign: int, lots: Lots, price: float | None) -> Ticket:
    """A limit order, or without a price a market order, of the exchange's own traders."""
    return Ticket(
        sign=sign, lots=lots, kind="Market" if price is None else "Limit", price=price, stop=None, peg="",
        peg_offset=None, time_in_force="ImmediateOrCancel" if price is None else "GoodTillCancel", instructions="",
        link_id="", contingency="", display=None, client_id="", text="",
    )  # fmt: skip
