"""Where BitMEX is reached: one object names both addresses, so that socket and orders cannot be at different venues.

Testnet, mainnet and a loopback exchange are different types, and keys are of one of them (see `credentials`).
"""

from abc import ABC, abstractmethod
from typing import Final

import attrs

from adapters.errors import InputError

API: Final = "/api/v1"
"""Every REST path starts so, in what is sent and in what is signed."""
MAINNET_REST: Final = "https://www.bitmex.com"
_MAINNET_SOCKET: Final = "wss://ws.bitmex.com/realtime"
TESTNET_REST: Final = "https://testnet.bitmex.com"
LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "::1")


class Environment(ABC):
    """One venue: its REST origin (without path) and its socket address."""

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """As in a configuration's `venue`."""

    @property
    @abstractmethod
    def rest(self) -> str:
        """Scheme, host and port; a request's path is put behind it."""

    @property
    @abstractmethod
    def socket(self) -> str:
        """The address of the socket."""


@attrs.frozen
class Testnet(Environment):
    """BitMEX's own playground: real protocol, worthless money."""

    @property
    def name(self) -> str:
        """See Environment."""
        return "bitmex-testnet"

    @property
    def rest(self) -> str:
        """See Environment."""
        return TESTNET_REST

    @property
    def socket(self) -> str:
        """See Environment."""
        return "wss://ws.testnet.bitmex.com/realtime"


def _real(_instance: "Mainnet", _attribute: "attrs.Attribute[bool]", value: object) -> None:
    if value is not True:
        raise InputError("bitmex trades real money: it needs --live-money")


def _account(_instance: "Mainnet", _attribute: "attrs.Attribute[int]", value: object) -> None:
    if type(value) is not int or value <= 0:
        raise InputError("bitmex trades real money: the configuration must name the account's number")


@attrs.frozen(kw_only=True)
class Mainnet(Environment):
    """Real money. It cannot be made by accident: InputError without the word for it and the account's number."""

    live_money: bool = attrs.field(validator=_real)
    account: int = attrs.field(validator=_account)
    """BitMEX's number of the account; the keys must turn out to be this account's."""

    @property
    def name(self) -> str:
        """See Environment."""
        return "bitmex"

    @property
    def rest(self) -> str:
        """See Environment."""
        return MAINNET_REST

    @property
    def socket(self) -> str:
        """See Environment."""
        return _MAINNET_SOCKET


def _local(_instance: "Loopback", _attribute: "attrs.Attribute[str]", value: object) -> None:
    if value not in LOOPBACK_HOSTS:
        raise InputError(f"a loopback exchange is on this machine ({', '.join(LOOPBACK_HOSTS)}), not at {value!r}")


def _port(_instance: "Loopback", _attribute: "attrs.Attribute[int]", value: object) -> None:
    if type(value) is not int or not 1 <= value <= 65_535:
        raise InputError(f"a port is a whole number from 1 to 65535, not {value!r}")


@attrs.frozen(kw_only=True)
class PublicData(Environment):
    """Where a market is heard, or its history read, without keys. None belong to it, so nothing can be traded there."""

    venue: str
    origin: str
    """Scheme, host and port: the venue's own, or a server's that speaks like it."""
    stream: str | None = None
    """The socket's address; None is the one that such a server has."""

    @property
    def name(self) -> str:
        """See Environment."""
        return self.venue

    @property
    def rest(self) -> str:
        """See Environment."""
        return self.origin

    @property
    def socket(self) -> str:
        """See Environment."""
        return self.stream or f"{self.origin.replace('http', 'ws', 1)}/realtime"


MAINNET_MARKET: Final = PublicData(venue="bitmex", origin=MAINNET_REST, stream=_MAINNET_SOCKET)
"""Where the real market is heard, and nothing else."""


@attrs.frozen(kw_only=True)
class Loopback(Environment):
    """An exchange on this machine, the only one that may be spoken to without TLS."""

    host: str = attrs.field(default="127.0.0.1", validator=_local)
    port: int = attrs.field(validator=_port)

    @property
    def name(self) -> str:
        """See Environment."""
        return "loopback"

    @property
    def rest(self) -> str:
        """See Environment."""
        return f"http://{self._authority}"

    @property
    def socket(self) -> str:
        """See Environment."""
        return f"ws://{self._authority}/realtime"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
