"""A simulated venue's floor as an earlier life of the run left it: what is held and the cash, but no order.

Orders that rested there are gone, as the process is; the executor plans anew from what is held.
"""

from collections.abc import Iterable, Mapping

from actors.venue.floor import Floor
from actors.venue.settings import VenueSettings
from messages import Account, Fill, FundingPaid, Instrument, Liquidity, Message, Minor, Period, Symbol


def restored_floor(
    account: Account,
    instruments: Mapping[Symbol, Instrument],
    settings: VenueSettings,
    feeds: Mapping[Symbol, Period | None],
    cash_minor: Mapping[str, Minor],
    *,
    booked: Iterable[Message],
) -> Floor:
    """`booked`: the account's fills (crossings too) and funding, each once, in the order in which they were booked."""
    floor = Floor(account, instruments, settings, feeds, cash_minor)
    for fact in booked:
        if not isinstance(fact, Fill | FundingPaid) or fact.symbol not in floor.books:
            continue
        book = floor.books[fact.symbol]
        position, purse = book.position, book.purse
        assert purse is not None
        if isinstance(fact, FundingPaid):
            purse.pay(position, fact.amount_minor)
        elif isinstance(fact, Fill):
            position.last = fact.price
            position.hand_out(fact.parts)
            if fact.liquidity is not Liquidity.INTERNAL:
                purse.book(position, fact.lots, fact.value_minor, fact.fee_minor)
                floor.known.add(fact.client_id)
        floor.now = max(floor.now, fact.ts)
    return floor
