"""What trades made: profit and return between two prices, the average price of a book, and what execution cost.

Everything is a difference of signed values (`values.py`), so that one line serves every kind of contract.
"""

from actors.money.ledger import Book
from actors.money.liquidation import price_of_value
from actors.money.values import Arithmetic
from messages import Lots, Minor


def profit_minor(arithmetic: Arithmetic, lots: Lots, entry_price: float, exit_price: float) -> Minor:
    """Profit before fees of `lots` (signed) opened at one price and closed at another: value out less value in.

    For linear lots x point x (exit - entry), for inverse lots x point x (1 / entry - 1 / exit) (BitMEX, contract
    specifications of XBTUSD), each side rounded as its fill is.
    """
    return arithmetic.value_minor(lots, exit_price) - arithmetic.value_minor(lots, entry_price)


def return_on_entry(arithmetic: Arithmetic, lots: Lots, entry_price: float, exit_price: float) -> float | None:
    """Profit as a fraction of what was opened; None when that was worth nothing."""
    opened = abs(arithmetic.value_minor(lots, entry_price))
    return profit_minor(arithmetic, lots, entry_price, exit_price) / opened if opened else None


def average_price(arithmetic: Arithmetic, book: Book) -> float | None:
    """The price at which the open lots were opened on average, unrounded; None when there are none.

    From the book's cost: cost / (lots x point), the mean weighted by lots, for linear contracts, and
    -(lots x point) / cost, the harmonic one, for inverse ones (BitMEX: avgEntryPrice = 1e8 / (|posCost| / contracts)).
    """
    return price_of_value(arithmetic, book.lots, book.cost_minor)


def slippage_minor(arithmetic: Arithmetic, lots: Lots, decision_price: float, fill_price: float) -> Minor:
    """What it cost to trade `lots` (signed) at the fill's price and not at the decision's; positive is a cost.

    The execution cost of the implementation shortfall (Perold 1988): paper value less real value.
    """
    return arithmetic.value_minor(lots, fill_price) - arithmetic.value_minor(lots, decision_price)
