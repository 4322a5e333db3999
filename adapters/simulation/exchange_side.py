"""The exchange in the simulated world: its crowd acts, its sockets speak, requests reach it. Its books are true."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from adapters.exchange import order_commands
from adapters.exchange.account import Account, Key
from adapters.exchange.contracts import CONTRACTS, CURRENCIES, Contract
from adapters.exchange.conversation import Conversation
from adapters.exchange.faults import Faults
from adapters.exchange.hub import Hub
from adapters.exchange.limits import Limits
from adapters.exchange.refusals import Refusal
from adapters.exchange.rest import Request, Response, Rest
from adapters.exchange.simulation import Simulation, generated_market
from adapters.simulation.world import World
from messages import NS_PER_SECOND, Symbol, UtcNs

PULSE: Final = 2 * NS_PER_SECOND
_ACTS_MAX: Final = 100_000
_HISTORY_MINUTES: Final = 30
_WARM_UP_S: Final = 20
_PRICES: Final = 300
KEY: Final = "canary-key-5e1f0a9c2b7d"
SECRET: Final = "canary-secret-8d1b6c0f4e2a9375d1c4b8f07a63e5"  # noqa: S105 of a simulated exchange; nobody may print it


class ExchangeSocket:
    """One connection, as the exchange has it."""

    def __init__(self, carry: Callable[[str, str], None]) -> None:
        self.account: Account | None = None
        self.carry = carry
        self.talk: Conversation | None = None

    def send(self, text: str, table: str = "") -> None:
        """See Listener."""
        self.carry(text, table)


class ExchangeSide:
    """Everything that is true. `pause`: mean ns between two acts of a symbol's crowd."""

    def __init__(self, world: World, *, seed: int, symbols: tuple[Symbol, ...], pause: int) -> None:
        self._world = world
        contracts: tuple[Contract, ...] = tuple([CONTRACTS[symbol] for symbol in symbols])
        self.simulation: Simulation = generated_market(
            seed=seed, now=world.now, contracts=contracts, history_minutes=_HISTORY_MINUTES, warm_up_s=_WARM_UP_S
        )
        for crowd in self.simulation.crowds:
            crowd.pause = pause
        self.exchange = self.simulation.exchange
        self.hub = Hub(self.exchange, Faults())
        self.rest = Rest(self.exchange, Limits())
        self.account: Account = self.exchange.open_account()
        self.exchange.add_key(Key(id=KEY, secret=SECRET, account=self.account.number))
        self.skew = 0
        """ns by which its wall clock is ahead of true time."""
        self.told: list[Callable[[], None]] = []
        """Called after whatever may have changed something."""
        world.after(PULSE, self._pulse)
        world.at(self.next_act, self._act)

    @property
    def now(self) -> UtcNs:
        """True time."""
        return self._world.now

    @property
    def next_act(self) -> UtcNs:
        """When the crowd does something next."""
        return min(crowd.due for crowd in self.simulation.crowds)

    def wall_s(self) -> float:
        """Its own clock, by which signatures and limits go."""
        return (self._world.now + self.skew) / NS_PER_SECOND

    def catch_up(self) -> None:
        """The market is as it is now."""
        self.simulation.step(self._world.now, _ACTS_MAX)

    def tell(self) -> None:
        """Everybody hears what has happened."""
        self.hub.flush()
        for each in self.told:
            each()

    def answer(self, request: Request, instead: Refusal | None = None) -> Response:
        """A request has arrived."""
        self.catch_up()
        response = self.rest.answer(request, self.wall_s(), instead)
        self.tell()
        return response

    def place_beside(self, fields: dict[str, Any]) -> bool:
        """An order that our process did not send; whether the exchange took it."""
        self.catch_up()
        try:
            order_commands.place(self.exchange.floor, self.account, fields)
        except Refusal:
            return False
        self.tell()
        return True

    def opened(self, socket: ExchangeSocket) -> None:
        """A socket has been opened."""
        socket.talk = Conversation(self.hub, socket)
        socket.talk.opened({}, {}, self.wall_s(), 40)

    def heard(self, socket: ExchangeSocket, text: str) -> None:
        """A text has arrived on it."""
        if socket.talk is not None:
            self.catch_up()
            socket.talk.received(text, self.wall_s())
            self.tell()

    def left(self, socket: ExchangeSocket) -> None:
        """It is closed."""
        if socket.talk is not None:
            socket.talk.left()
            socket.talk = None

    def _pulse(self) -> None:
        self.catch_up()
        self.hub.deliver(self.exchange.pulse())
        for each in self.told:
            each()
        self._world.after(PULSE, self._pulse)

    def _act(self) -> None:
        self.catch_up()
        self.tell()
        self._world.at(self.next_act, self._act)


class ExchangeTruth:
    """What the exchange knows of the account; see checks.truth."""

    def __init__(self, exchange: ExchangeSide) -> None:
        self._exchange = exchange

    def now(self) -> UtcNs:
        """See Truth."""
        return self._exchange.now

    def executions(self) -> list[dict[str, Any]]:
        """See Truth."""
        return self._exchange.account.executions

    def orders(self) -> list[dict[str, Any]]:
        """See Truth."""
        return [order.row() for order in self._exchange.account.orders.values()]

    def open_orders(self) -> list[dict[str, Any]]:
        """See Truth."""
        return [order.row() for order in self._exchange.account.open.values() if order.is_open]

    def lots(self) -> dict[str, int]:
        """See Truth."""
        positions = self._exchange.account.positions
        return {symbol: held.lots for symbol, held in positions.items() if held.lots}

    def wallets(self) -> dict[str, int]:
        """See Truth."""
        account = self._exchange.account
        found = {CURRENCIES[name]: wallet.amount for name, wallet in account.wallets.items()}
        for held in account.positions.values():
            found[CURRENCIES[held.contract.settles]] += held.realised
        return found

    def lot_sizes(self) -> dict[str, int]:
        """See Truth."""
        return {symbol: market.contract.lot for symbol, market in self._exchange.exchange.markets.items()}

    def switch(self) -> UtcNs | None:
        """See Truth."""
        return self._exchange.account.switch

    def prices(self) -> dict[str, list[float]]:
        """See Truth."""
        return {
            symbol: [row["price"] for row in islice(reversed(market.tape.trades), _PRICES)][::-1]
            for symbol, market in self._exchange.exchange.markets.items()
        }
