"""Strict hooks of names and addresses: they end up in files, folders, ids and actors' addresses; each has its letters.

See `values` for what a hook does.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from adapters.configuration.values import text


def _matches(value: Any, letters: str, otherwise: str) -> None:
    """ValueError with the value and what it is otherwise, unless all of it matches."""
    if not re.fullmatch(letters, text(value)):
        raise ValueError(f"{value!r} is {otherwise}")


def symbol_name(value: Any) -> str:
    """A symbol: no spaces, quotes or commas, since it stands in files and ids."""
    _matches(value, r"[A-Za-z0-9._:/^&+-]{1,64}", "no symbol: 1 to 64 letters, digits and . _ - : / ^ & +")
    return str(value)


def strategy_name(value: Any) -> str:
    """A strategy's id."""
    _matches(value, r"[a-z0-9-]{1,16}", "no id: at most 16 of a-z, 0-9 and -")
    if value == "net":
        raise ValueError("'net' is taken: it stands for orders of several strategies")
    return str(value)


def account_name(value: Any) -> str:
    """Our name of an account: it stands in the names of actors and files."""
    _matches(value, r"[a-z0-9-]{1,16}", "no name of an account: at most 16 of a-z, 0-9 and -")
    return str(value)


def source_name(value: Any) -> str:
    """A source of external events: it stands in the names of actors, files and folders."""
    _matches(value, r"[a-z0-9][a-z0-9-]{0,31}", "no name of a source: at most 32 of a-z, 0-9 and -")
    return str(value)


def market_name(value: Any) -> str:
    """What a feed or a pair is called by: in ids, in the store's folders, in actors' addresses."""
    _matches(value, r"[a-z0-9][a-z0-9-]{0,31}", "no name: at most 32 of a-z, 0-9 and -, not beginning with -")
    if value == "market":
        raise ValueError("'market' is taken: the traded venue's own actors are called so")
    return str(value)


def environment_name(value: Any) -> str:
    """The name of an environment variable."""
    _matches(value, r"[A-Za-z_][A-Za-z0-9_]{0,127}", "no name of an environment variable")
    return str(value)


def web_address(value: Any) -> str:
    """An http or https address without a user, a password or a fragment: keys come from elsewhere."""
    try:
        parts = urlsplit(text(value))
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not str(value).isprintable():
        raise ValueError("must be an address that begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or password; key_env names a variable of the environment")
    if parts.fragment:
        raise ValueError("must not have a part behind #, which is never sent")
    return str(value)
