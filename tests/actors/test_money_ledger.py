"""Books fold fills without losing a minor unit: what is realised is what the fills' values say."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.ledger import Book, book_fill, book_funding
from actors.money.rows import LedgerKind
from actors.money.values import Arithmetic
from messages import Fill, FillPart, FundingPaid, FundingPart, Instrument, Kind, Liquidity, ValueRounding

trades = st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 10**6)), max_size=30)
instruments = st.builds(
    Instrument,
    symbol=st.just("XBTUSD"),
    kind=st.sampled_from(Kind),
    tick_size=st.just(Decimal("0.5")),
    currency=st.sampled_from(["XBT", "USD", "JPY"]),
    multiplier=st.sampled_from([Decimal(1), Decimal("0.01")]),
    value_rounding=st.sampled_from(ValueRounding),
)


def a_book(**changes):
    return Book(**{"account": "main", "currency": "XBT", "strategy": "a", "symbol": "XBTUSD"} | changes)


def a_fill(*parts, **changes):
    parts = tuple(FillPart(*part) for part in parts or [("a", 10, -1000, 1)])
    return Fill(
        **{
            "account": "main",
            "currency": "XBT",
            "symbol": "XBTUSD",
            "client_id": "run-a-1",
            "execution_id": "e1",
            "ts": 7,
            "lots": sum(part.lots for part in parts),
            "price": 100.0,
            "liquidity": Liquidity.TAKER,
            "value_minor": sum(part.value_minor for part in parts),
            "fee_minor": sum(part.fee_minor for part in parts),
            "parts": parts,
        }
        | changes
    )


def valued(instrument, trades):
    arithmetic = Arithmetic(instrument)
    return [(lots, arithmetic.value_minor(lots, ticks / 2)) for lots, ticks in trades]


@given(instruments, trades)
def test_realised_is_the_cost_of_what_is_open_less_the_values_of_all_fills(instrument, trades):
    book, total = a_book(), 0

    for lots, value in valued(instrument, trades):
        total += value
        book.apply(lots, value)

        assert book.realised_minor == book.cost_minor - total


@given(instruments, trades)
def test_at_flat_nothing_is_left_and_the_profit_is_minus_the_sum_of_all_values(instrument, trades):
    book, fills = a_book(), valued(instrument, trades)
    position = sum(lots for lots, _ in fills)
    if position:
        fills.append((-position, Arithmetic(instrument).value_minor(-position, 12345.5)))

    realised = sum(book.apply(lots, value) for lots, value in fills)

    assert (book.lots, book.cost_minor) == (0, 0)
    assert realised == book.realised_minor == -sum(value for _, value in fills)


@given(instruments, trades, st.integers(1, 10**6))
def test_equity_does_not_depend_on_how_much_was_realised(instrument, trades, mark_ticks):
    book, fills = a_book(), valued(instrument, trades)
    for lots, value in fills:
        book.apply(lots, value, 3)
    mark_value = Arithmetic(instrument).value_minor(book.lots, mark_ticks / 2)

    equity = book.cash_minor + book.unrealised_minor(mark_value)

    assert equity == mark_value - sum(value for _, value in fills) - 3 * len(fills)


@given(instruments, trades)
def test_adding_to_a_position_realises_nothing(instrument, trades):
    book = a_book()

    for lots, value in valued(instrument, trades):
        before = book.lots
        realised = book.apply(lots, value)

        if before * lots >= 0:
            assert realised == 0


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 10**4), st.integers(1, 10**4))
def test_a_fill_through_zero_is_a_fill_to_zero_and_one_from_there(held, opened, first, second):
    """Linear lots of whole value, where the legs' values are whole too."""
    through, in_legs = a_book(lots=held, cost_minor=held * first), a_book(lots=held, cost_minor=held * first)

    at_once = through.apply(-held - opened, -(held + opened) * second)
    one_by_one = in_legs.apply(-held, -held * second) + in_legs.apply(-opened, -opened * second)

    assert at_once == one_by_one == held * (second - first)
    assert (through.lots, through.cost_minor) == (in_legs.lots, in_legs.cost_minor) == (-opened, -opened * second)


@pytest.mark.parametrize(
    ("start", "fill", "realised", "lots", "cost"),
    [
        # Linear: long 3 for 100; 1 sold for 40 releases 33.33.
        ((3, 100), (-1, -40), 7, 2, 67),
        # A half goes away from zero: 1 of 2 lots that cost 5 releases 3, short ones likewise.
        ((2, 5), (-1, -4), 1, 1, 2),
        ((-2, -5), (1, 4), -1, -1, -2),
        # Inverse: long 10 at -1000; bought back higher for 900 is a profit.
        ((10, -1000), (-10, 900), 100, 0, 0),
        # Short 4 for 100, 6 bought for 120: 80 closes 4, 40 opens 2.
        ((-4, -100), (6, 120), 20, 2, 40),
        # No lots: a value alone is a loss.
        ((4, 100), (0, 30), -30, 4, 100),
    ],
)
def test_fills_worked_out_by_hand(start, fill, realised, lots, cost):
    book = a_book(lots=start[0], cost_minor=start[1])

    assert book.apply(*fill) == realised
    assert (book.lots, book.cost_minor, book.realised_minor) == (lots, cost, realised)


def test_cash_is_realised_less_fees_and_with_funding():
    book = a_book()
    book.apply(2, 100, 3)
    book.apply(-2, -150, -1)
    book.add_funding(-10)

    assert book.cash_minor == 50 - 2 - 10
    assert (book.fees_minor, book.funding_minor, book.fills) == (2, -10, 2)


def test_a_fill_of_several_owners_goes_to_the_book_of_each():
    books = {}
    rows, _ = book_fill(books, a_fill(("a", 6, -600, 1), ("b", 4, -400, 1)))

    assert {key: book.lots for key, book in books.items()} == {("a", "XBTUSD"): 6, ("b", "XBTUSD"): 4}
    assert [(row.strategy, row.lots, row.value_minor, row.position_lots) for row in rows] == [
        ("a", 6, -600, 6),
        ("b", 4, -400, 4),
    ]


def test_a_closing_fill_leaves_a_realised_and_a_fee_entry():
    books = {}
    book_fill(books, a_fill(("a", 10, -1000, 1)))

    (row,), entries = book_fill(books, a_fill(("a", -10, 900, 2), execution_id="e2", ts=8))

    assert (row.side, row.realised_minor, row.fee_minor, row.position_lots) == ("sell", 100, 2, 0)
    assert [(entry.ts, entry.kind, entry.amount_minor, entry.ref) for entry in entries] == [
        (8, LedgerKind.REALISED, 100, "e2"),
        (8, LedgerKind.FEE, -2, "e2"),
    ]


def test_what_changes_no_cash_leaves_no_entry():
    (row,), entries = book_fill({}, a_fill(("a", 10, -1000, 0)))

    assert row.side == "buy"
    assert entries == []


@given(instruments, trades)
def test_the_ledger_adds_up_to_the_cash_of_the_books(instrument, trades):
    books, ledger = {}, []
    for number, (lots, value) in enumerate(valued(instrument, trades)):
        owner = "ab"[number % 2]
        ledger += book_fill(books, a_fill((owner, lots, value, number % 3 - 1)))[1]

    assert sum(entry.amount_minor for entry in ledger) == sum(book.cash_minor for book in books.values())


def test_a_fill_of_another_account_is_not_booked():
    books = {("a", "XBTUSD"): a_book()}

    with pytest.raises(ValueError, match="Fill e1 of paper:a in XBT does not belong to the book of a in XBTUSD"):
        book_fill(books, a_fill(account="paper:a"))
    assert books["a", "XBTUSD"] == a_book()


def noted(entries):
    return [(entry.kind, entry.amount_minor) for entry in entries]


def test_spot_is_bought_with_cash_and_its_cost_comes_back_when_it_is_sold():
    books, spot = {}, {"XBTUSD"}
    _, bought = book_fill(books, a_fill(("a", 10, 1000, 1)), spot)
    held = books["a", "XBTUSD"].cash_minor
    _, sold = book_fill(books, a_fill(("a", -4, -500, 2), execution_id="e2"), spot)

    assert noted(bought) == [(LedgerKind.TRANSFER, -1000), (LedgerKind.FEE, -1)]
    assert noted(sold) == [(LedgerKind.TRANSFER, 400), (LedgerKind.REALISED, 100), (LedgerKind.FEE, -2)]
    assert (held, books["a", "XBTUSD"].cash_minor) == (-1001, -1001 + 500 - 2)


@given(trades)
def test_the_cash_of_spot_is_what_was_paid_and_what_was_received(trades):
    books, ledger, paid = {}, [], 0
    for lots, ticks in trades:
        paid += lots * ticks + 3
        ledger += book_fill(books, a_fill(("a", lots, lots * ticks, 3)), {"XBTUSD"})[1]

    assert sum(entry.amount_minor for entry in ledger) == sum(book.cash_minor for book in books.values()) == -paid


@pytest.mark.parametrize(
    ("liquidity", "kind"),
    [(Liquidity.LIQUIDATION, LedgerKind.REALISED), (Liquidity.SETTLEMENT, LedgerKind.SETTLEMENT)],
)
def test_a_closing_by_the_venue_brings_the_books_of_both_sides_to_nothing(liquidity, kind):
    books = {}
    book_fill(books, a_fill(("a", 10, 1000, 0), ("b", 6, 600, 0)))
    book_fill(books, a_fill(("c", -4, -500, 0)))

    closing = a_fill(("a", -10, -1100, 2), ("b", -6, -660, 0), ("c", 4, 440, 1), liquidity=liquidity)
    rows, entries = book_fill(books, closing)

    assert [(book.lots, book.cost_minor, book.realised_minor) for book in books.values()] == [
        (0, 0, 100), (0, 0, 60), (0, 0, 60),
    ]  # fmt: skip
    assert [(row.liquidity, row.realised_minor, row.position_lots) for row in rows] == [
        (liquidity, 100, 0), (liquidity, 60, 0), (liquidity, 60, 0),
    ]  # fmt: skip
    assert noted(entries) == [(kind, 100), (LedgerKind.FEE, -2), (kind, 60), (kind, 60), (LedgerKind.FEE, -1)]


def some_funding(*parts, **changes):
    parts = tuple(FundingPart(*part) for part in parts)
    return FundingPaid(
        **{
            "account": "main",
            "currency": "XBT",
            "symbol": "XBTUSD",
            "ts": 9,
            "rate": 0.01,
            "price": 100.0,
            "lots": sum(part.lots for part in parts),
            "amount_minor": sum(part.amount_minor for part in parts),
            "parts": parts,
        }
        | changes
    )


def test_funding_goes_to_the_book_of_each_holder_and_nothing_leaves_no_entry():
    books = {("a", "XBTUSD"): a_book(lots=5)}

    entries = book_funding(books, some_funding(("a", 5, -50), ("b", -3, 30), ("c", 1, 0)))

    assert {strategy: book.funding_minor for (strategy, _), book in books.items()} == {"a": -50, "b": 30, "c": 0}
    assert books["a", "XBTUSD"].cash_minor == -50
    assert [(entry.ts, entry.strategy, entry.kind, entry.amount_minor, entry.ref) for entry in entries] == [
        (9, "a", LedgerKind.FUNDING, -50, "funding-XBTUSD-9"),
        (9, "b", LedgerKind.FUNDING, 30, "funding-XBTUSD-9"),
    ]


def test_funding_of_another_account_is_not_booked():
    books = {("a", "XBTUSD"): a_book()}

    with pytest.raises(ValueError, match="Funding at 9 of main in USD does not belong to the book of a in XBTUSD"):
        book_funding(books, some_funding(("a", 5, -50), currency="USD"))
    assert books["a", "XBTUSD"] == a_book()
