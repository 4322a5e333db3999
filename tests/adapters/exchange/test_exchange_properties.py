"""Whatever clients and prices do, nothing is made or lost: positions add up to nothing, every coin that somebody lost
somebody else has, books do not cross, and a socket's copy of every table is the exchange's own."""

from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.exchange import order_commands, position_commands, statements
from adapters.exchange.refusals import Refusal
from adapters.exchange.tables import TABLES
from adapters.exchange.wire import dumps
from tests.adapters.exchange.house import Store, an_exchange, order
from tests.builders import HOUR, MINUTE, SECOND

SYMBOLS = ("XBTUSD", "XBTUSDT")
KEPT = ("orderBookL2", "orderBookL2_25", "order", "position", "margin", "instrument")

KINDS = ("limit", "limit", "limit", "market", "market", "post", "ioc", "fok", "reduce", "stop", "trail", "close")


def a_script(random):
    """A hundred and fifty commands: lists that Hypothesis draws item by item hardly ever trade."""

    def size():
        return 100 * random.choice([1, 5, 20, 100, 400])

    def command():
        client, symbol, offset = random.randrange(3), random.choice(SYMBOLS), random.randint(-20, 20)
        return random.choice(
            [("place", client, symbol, random.choice(KINDS), random.random() < 0.5, size(), offset)] * 12
            + [
                ("amend", client, random.randrange(60), size(), offset),
                ("amend", client, random.randrange(60), size(), offset),
                ("cancel", client, random.randrange(60)),
                ("price", symbol, random.choice([-3_000, -800, -100, 0, 100, 800, 3_000])),
                ("wait", random.choice([SECOND, MINUTE, 5 * HOUR])),
                ("leverage", client, symbol, random.choice([0, 1, 5, 100])),
            ]
            + [("cancel all", client)] * (random.random() < 0.3)
        )

    return [command() for _ in range(150)]


scripts = st.integers(0, 2**32 - 1)
"""A script is named by its seed."""


def terms(kind, buys, price):
    side = 1 if buys else -1
    return {
        "limit": {"price": price},
        "market": {"ordType": "Market"},
        "post": {"price": price, "execInst": "ParticipateDoNotInitiate"},
        "ioc": {"price": price, "timeInForce": "ImmediateOrCancel"},
        "fok": {"price": price, "timeInForce": "FillOrKill"},
        "reduce": {"price": price, "execInst": "ReduceOnly"},
        "close": {"price": price, "execInst": "Close"},
        "stop": {"ordType": "Stop", "stopPx": price, "execInst": "LastPrice"},
        "trail": {"pegPriceType": "TrailingStopPeg", "pegOffsetValue": 10.0 * side, "execInst": "LastPrice"},
    }[kind]


class World:
    """An exchange, three clients with little money, and what a socket that hears everything knows."""

    def __init__(self, seed=1):
        self.exchange = an_exchange(*SYMBOLS, seed=seed)
        money = {"XBt": 2_000_000, "USDt": 1_000_000_000}
        self.clients = [self.exchange.open_account(money) for _ in range(3)]
        self.log = []
        self.exchange.pulse()
        self.stores = {
            (table, symbol, account): self.store(table, symbol, account)
            for table in KEPT
            for symbol in ((None,) if TABLES[table].is_private else SYMBOLS)
            for account in (self.clients if TABLES[table].is_private else [None])
        }

    def store(self, table, symbol, account):
        return Store(TABLES[table].keys, self.exchange.snapshot(table, symbol, account))

    def fresh(self, table, symbol, account):
        """The rows as REST would give them now."""
        floor = self.exchange.floor
        if table == "position":
            return [statements.position_row(floor, account, held) for held in account.positions.values()]
        if table == "margin":
            return [statements.margin_row(floor, account, currency) for currency in account.wallets]
        if table == "instrument":
            return [floor.markets[symbol].row(floor.now)]
        return self.exchange.snapshot(table, symbol, account)

    def hear(self, changes):
        for change in changes:
            self.log.append(dumps([change.table, change.action, change.rows, change.account]))
            for (table, symbol, account), store in self.stores.items():
                mine = change.account == (account.number if account else None)
                if table == change.table and mine and symbol in (None, change.symbol):
                    store.apply(change.action, change.rows)

    def do(self, command):
        name, *rest = command
        try:
            getattr(self, name.replace(" ", "_"))(*rest)
        except Refusal as refusal:
            self.log.append(refusal.message)
        self.hear(self.exchange.changes())

    def place(self, client, symbol, kind, buys, size, offset):
        fields = terms(kind, buys, 50_000.0 + offset / 2)
        order(self.exchange, self.clients[client], size if buys else -size, symbol=symbol, **fields)

    def amend(self, client, number, size, offset):
        account = self.clients[client]
        if account.orders:
            known = list(account.orders.values())[number % len(account.orders)]
            fields = {"orderID": known.order_id, "orderQty": size}
            if known.ticket.has_limit:
                fields["price"] = 50_000.0 + offset / 2
            order_commands.amend(self.exchange.floor, account, fields)

    def cancel(self, client, number):
        account = self.clients[client]
        if account.orders:
            order_commands.cancel(
                self.exchange.floor, account, {"orderID": list(account.orders)[number % len(account.orders)]}
            )

    def cancel_all(self, client):
        order_commands.cancel_all(self.exchange.floor, self.clients[client], {}, {})

    def price(self, symbol, offset):
        self.exchange.set_prices(symbol, index=50_000.0 + offset, premium=0.0002)

    def wait(self, time):
        self.exchange.advance(self.exchange.now + time)
        self.hear(self.exchange.pulse())

    def leverage(self, client, symbol, times):
        position_commands.set_leverage(self.exchange.floor, self.clients[client], {"symbol": symbol, "leverage": times})


def run(script, seed=1):
    world = World(seed)
    for command in a_script(Random(script)):
        world.do(command)
    return world


@settings(max_examples=10)
@given(scripts)
def test_positions_add_up_to_nothing_and_no_money_is_made_or_lost(script):
    world = run(script)
    floor = world.exchange.floor

    for symbol in SYMBOLS:
        assert sum(account.lots(symbol) for account in floor.accounts.values()) == 0
        open_lots = sum(max(0, account.lots(symbol)) for account in floor.accounts.values())
        assert floor.markets[symbol].open_lots == open_lots
    for currency, start in (("XBt", 3 * 2_000_000), ("USDt", 3 * 1_000_000_000)):
        wallets = sum(account.wallets[currency].amount for account in world.clients)
        books = [
            position.book
            for account in floor.accounts.values()
            for position in account.positions.values()
            if position.contract.settles == currency
        ]
        # Cost is value paid for what is still held: cash is what was realised, less that.
        cash = sum(book.realised_minor - book.cost_minor - book.fees_minor + book.funding_minor for book in books)
        house = floor.house.get(currency, 0) + floor.house.get(f"settled:{currency}", 0)
        assert wallets + cash + house == start


@settings(max_examples=10)
@given(scripts)
def test_books_do_not_cross_and_hold_exactly_the_open_orders(script):
    world = run(script)

    for market in world.exchange.markets.values():
        bid, ask = market.book.best_bid, market.book.best_ask
        assert bid is None or ask is None or bid < ask
        standing = {}
        for known in market.orders.values():
            level = known.sign, market.arithmetic.grid.to_ticks(known.price)
            standing[level] = standing.get(level, 0) + known.left
        sizes = {(sign, ticks): lots for sign in (1, -1) for ticks, lots in market.book.levels(sign)}
        assert sizes == standing
        for account in world.clients:
            for known in account.open_in(market.symbol):
                assert known.is_open
                assert known.left > 0
                assert known.rests != known.waits
                assert (known.number in market.book) == known.rests
                if known.reduces and known.rests:
                    assert known.left <= -account.lots(market.symbol) * known.sign


@settings(max_examples=10)
@given(scripts)
def test_partial_and_deltas_give_every_socket_the_rows_that_rest_gives(script):
    world = run(script)
    world.hear(world.exchange.pulse())

    for (table, symbol, account), store in world.stores.items():
        held = [row for row in store.rows if table != "order" or row["leavesQty"] > 0]
        fresh = world.fresh(table, symbol, account)

        def plain(rows, table=table):
            kept = [{name: value for name, value in row.items() if "ime" not in name} for row in rows]
            return sorted(kept, key=lambda row: [str(row[key]) for key in TABLES[table].keys])

        assert plain(held) == plain(fresh), table


@settings(max_examples=4)
@given(scripts, st.integers(0, 3))
def test_the_same_seed_times_and_commands_give_the_same_bytes(script, seed):
    assert run(script, seed).log == run(script, seed).log


@settings(max_examples=10)
@given(scripts)
def test_a_client_is_never_left_with_less_than_its_positions_need(script):
    world = run(script)

    for account in world.clients:
        for currency in account.wallets:
            gains = need = 0
            for market, position in (
                (world.exchange.markets[symbol], held) for symbol, held in account.positions.items()
            ):
                if position.contract.settles == currency and position.lots and position.is_cross:
                    gains += market.mark_value(position.lots) - position.book.cost_minor
                    need += int(abs(position.book.cost_minor) * Decimal("0.005"))
            wallet = account.wallets[currency].amount + sum(
                held.realised for held in account.positions.values() if held.contract.settles == currency
            )
            assert need == 0 or wallet + gains >= need
