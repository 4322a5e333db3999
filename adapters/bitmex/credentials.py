"""Keys: read from a file of one's own or the environment, able to sign, and never to be seen.

An object of `Keys` says neither key nor secret in repr, str, format, pickle, copy or `attrs.asdict`; they leave it in
signed headers and log-ins and nowhere else. Testnet, mainnet and loopback keys are different types, and `Access`
refuses a pair of keys and environment that do not belong together.
"""

import json
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, Protocol

import attrs

from adapters.bitmex.environment import Environment, Loopback, Mainnet, Testnet
from adapters.bitmex.signing import REALTIME, signature
from adapters.errors import InputError
from adapters.security.private_files import read_private
from adapters.security.redaction import HIDDEN, concealing, hiding

_FILE_BYTES_MAX: Final = 4096
_FIELDS: Final = {"venue", "key", "secret"}


class Redacts(Protocol):
    """Who can take something out of a text."""

    def redact(self, text: str) -> str:
        """The text without it."""


class LogsIn(Redacts, Protocol):
    """Who a socket's session logs in with: keys, or what stands in their place."""

    def login(self, expires: int) -> str:
        """What is sent to log in, good until `expires` (seconds since 1970)."""


class Keys:
    """One API key and its secret. ValueError (without either) when one of them cannot be a header's text."""

    __slots__ = ("_conceal", "_hide", "_key", "_secret")
    environment: ClassVar[type[Environment]]

    def __init__(self, key: str, secret: str) -> None:
        for name, value in (("key", key), ("secret", secret)):
            if not (isinstance(value, str) and value and value.isascii() and value.isprintable() and " " not in value):
                raise ValueError(f"an API {name} is printable ASCII without spaces")
        self._key, self._secret = key, secret
        self._hide, self._conceal = hiding(secret, key), concealing(secret, key)

    def headers(self, verb: str, path: str, expires: int, data: str) -> dict[str, str]:
        """The three headers of a signed request; see `signing.signature` for the arguments."""
        return {
            "api-key": self._key,
            "api-expires": str(expires),
            "api-signature": signature(self._secret, verb, path, expires, data),
        }

    def login(self, expires: int) -> str:
        """The text frame that authenticates a socket."""
        signed = signature(self._secret, "GET", REALTIME, expires)
        return json.dumps({"op": "authKeyExpires", "args": [self._key, expires, signed]})

    def redact(self, text: str) -> str:
        """The text with key and secret made unreadable, encoded or cut off too: for what a venue or library repeats."""
        return self._hide(text)

    def conceal(self, text: str) -> str:
        """As `redact`, and where somebody shortened them: for the log's redactor (`Redactor.add(keys.conceal)`)."""
        return self._conceal(text)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({HIDDEN})"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        # Also what copy and deepcopy use.
        raise TypeError("API keys are neither copied nor written")

    def __getstate__(self) -> NoReturn:
        raise TypeError("API keys are neither copied nor written")


def redacted(text: str, keys: Redacts | None) -> str:
    """The text without the keys, where there are any."""
    return text if keys is None else keys.redact(text)


class TestnetKeys(Keys):
    """Keys that only testnet knows."""

    __slots__ = ()
    environment = Testnet


class MainnetKeys(Keys):
    """Keys to real money."""

    __slots__ = ()
    environment = Mainnet


class LoopbackKeys(Keys):
    """Keys that an exchange on this machine made."""

    __slots__ = ()
    environment = Loopback


_KINDS: Final[dict[str, type[Keys]]] = {
    "bitmex-testnet": TestnetKeys,
    "bitmex": MainnetKeys,
    "loopback": LoopbackKeys,
}
VARIABLES: Final = {
    "bitmex-testnet": ("OPENOUTCRY_BITMEX_TESTNET_KEY", "OPENOUTCRY_BITMEX_TESTNET_SECRET"),
    "bitmex": ("OPENOUTCRY_BITMEX_KEY", "OPENOUTCRY_BITMEX_SECRET"),
    "loopback": ("OPENOUTCRY_LOOPBACK_KEY", "OPENOUTCRY_LOOPBACK_SECRET"),
}
"""The environment variables of each venue: their names differ, so that none is used at the wrong one."""


@attrs.frozen
class Access:
    """An environment with the keys that belong to it. InputError when they do not: the one check of a mixed pair."""

    environment: Environment
    keys: Keys

    def __attrs_post_init__(self) -> None:
        if type(self.environment) is not self.keys.environment:
            raise InputError(
                f"these keys are for {self.keys.environment.__name__.lower()}, and the venue is {self.environment.name}"
            )


def keys_from_file(path: Path) -> Keys:
    """Keys from a TOML file with `venue`, `key` and `secret`.

    InputError, which names the path and never the content, unless it is a plain file of ours that nobody else can read.
    """
    content = read_private(path, _FILE_BYTES_MAX)
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        # The parser's own words would quote what it stumbled over.
        raise InputError(f"{path}: the key file is not valid TOML") from None
    return _keys(table, str(path))


def keys_from_environment(environment: Environment, variables: Mapping[str, str]) -> Keys | None:
    """Keys from the environment's own two variables; None when neither is set, InputError when only one is.

    They are taken out of `variables` (give it `os.environ`): no program that we start inherits them, and no strategy
    comes by them. The system still shows the start's environment to the same user: a key file is the better place.
    """
    names = VARIABLES[environment.name]
    values = [variables.get(name, "") for name in names]
    if isinstance(variables, MutableMapping):
        for name in names:
            variables.pop(name, None)
    if not any(values):
        return None
    if not all(values):
        raise InputError(f"{names[0]} and {names[1]} must both be set")
    table = {"venue": environment.name, "key": values[0], "secret": values[1]}
    return _keys(table, f"{names[0]} and {names[1]}")


def _keys(table: Mapping[str, Any], source: str) -> Keys:
    if set(table) != _FIELDS:
        raise InputError(f"{source}: keys have exactly {', '.join(sorted(_FIELDS))}")
    kind = _KINDS.get(table["venue"]) if isinstance(table["venue"], str) else None
    if kind is None:
        raise InputError(f"{source}: venue must be one of {', '.join(_KINDS)}")
    try:
        return kind(table["key"], table["secret"])
    except ValueError as error:
        raise InputError(f"{source}: {error}") from None
