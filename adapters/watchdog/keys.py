"""The watchdog's own keys: read from a file that nobody else can read, used to sign, and taken out of every text."""

import os
import stat
import tomllib
from typing import Final

from adapters.bitmex.signing import signature

_BYTES_MAX: Final = 4_096
HIDDEN: Final = "***"


class KeysUnreadable(Exception):  # noqa: N818 it says what is the matter with them
    """Names the file and what is wrong with it, and never what stands in it."""


class Keys:
    """A pair. Neither half is in its repr."""

    __slots__ = ("_key", "_secret")

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def headers(self, verb: str, path: str, expires: int, body: str) -> dict[str, str]:
        """Of a signed request; `expires` is in seconds since 1970."""
        return {
            "api-key": self._key,
            "api-expires": str(expires),
            "api-signature": signature(self._secret, verb, path, expires, body),
        }

    def redact(self, text: str) -> str:
        """A text of the venue's without them."""
        return text.replace(self._secret, HIDDEN).replace(self._key, HIDDEN)

    def __repr__(self) -> str:
        return f"Keys({HIDDEN})"


def read_keys(path: str) -> Keys:
    """From a TOML file with `key` and `secret`. KeysUnreadable for anything but a plain file of ours alone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise KeysUnreadable(f"{path}: this is not a plain file of ours that nobody else can read")
            content = file.read(_BYTES_MAX + 1)
    except OSError as error:
        raise KeysUnreadable(f"{path}: {error.strerror or error}") from None
    try:
        table = tomllib.loads(content.decode())
        key, secret = table["key"], table["secret"]
    except (ValueError, KeyError):
        # The parser's own words would quote what it stumbled over.
        raise KeysUnreadable(f"{path}: there is no key and secret in it") from None
    for each in (key, secret):
        if not (isinstance(each, str) and each and each.isascii() and each.isprintable() and " " not in each):
            raise KeysUnreadable(f"{path}: key and secret are printable ASCII without spaces")
    return Keys(key, secret)
