"""The tokens of a run: 256 random bits each, in private files of its folder, made at its first start."""

import contextlib
import hmac
import secrets
from pathlib import Path
from typing import Final

import attrs

from adapters.errors import InputError
from adapters.security.private_files import create_private, private_folder, read_private
from adapters.security.redaction import Filter, concealing

CONTROL_FILE: Final = "control.token"
STATUS_FILE: Final = "status.token"
_BYTES: Final = 32
_LENGTH: Final = 43
"""Of 32 bytes in base64."""
_LENGTH_MAX: Final = 256
_DISTINCT: Final = 16
"""Different characters in a token, at least: by chance fewer come once in ages, by hand often."""


def _strong(_instance: object, attribute: "attrs.Attribute[str]", token: str) -> None:
    require_strong(attribute.name, token)


def require_strong(name: str, token: str) -> None:
    """InputError, which does not show it, for a token that could be guessed."""
    letters = token.replace("-", "").replace("_", "")
    if not (_LENGTH <= len(token) <= _LENGTH_MAX and token.isascii() and letters.isalnum()):
        raise InputError(f"the {name} token is not one: it has at least {_LENGTH} random letters and digits")
    if len(set(token)) < _DISTINCT:
        raise InputError(f"the {name} token was not made by chance")


@attrs.frozen(kw_only=True)
class Tokens:
    """`control` allows everything, `status` only reading. InputError, without the token, for one easily guessed."""

    control: str = attrs.field(repr=False, validator=_strong)
    status: str = attrs.field(repr=False, validator=_strong)
    _conceal: Filter = attrs.field(init=False, repr=False, eq=False)

    @_conceal.default
    def _concealed(self) -> Filter:
        return concealing(self.control, self.status)

    def __attrs_post_init__(self) -> None:
        if hmac.compare_digest(self.control, self.status):
            raise InputError("the two tokens are the same: who may only read could halt")

    def redact(self, text: str) -> str:
        """The text with both made unreadable: for the log's redactor."""
        return self._conceal(text)


def token_made_at(path: Path) -> str:
    """The token in a private file, made where there is none. InputError, naming the file, for one that is not good."""
    try:
        with create_private(path) as file:
            file.write(secrets.token_urlsafe(_BYTES) + "\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise InputError(f"{path}: the token cannot be written: {error.strerror or error}") from None
    token = read_token(path)
    try:
        require_strong(path.stem, token)
    except InputError as error:
        raise InputError(f"{path}: {error}; remove the file, and the next start makes a new one") from None
    return token


def tokens_of(folder: Path) -> Tokens:
    """The run's tokens, made where there are none.

    InputError, naming the file, for one that is empty, weak or readable by others: none is ever replaced silently.
    """
    private_folder(folder)
    for name in (CONTROL_FILE, STATUS_FILE):
        with contextlib.suppress(FileExistsError), create_private(folder / name) as file:
            file.write(secrets.token_urlsafe(_BYTES) + "\n")
    control, status = read_token(folder / CONTROL_FILE), read_token(folder / STATUS_FILE)
    try:
        return Tokens(control=control, status=status)
    except InputError as error:
        raise InputError(f"{folder}: {error}; remove its file, and the next start makes a new one") from None


def read_token(path: Path) -> str:
    """What stands in a token's file; InputError unless it is a private file with a line of ASCII."""
    try:
        return read_private(path, _LENGTH_MAX + 2).decode("ascii").strip()
    except UnicodeDecodeError:
        raise InputError(f"{path}: this is not a token") from None
