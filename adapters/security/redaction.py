"""Takes secrets out of text: known ones in every form they travel in, unknown ones by where they stand.

Known secrets come as values or, from whoever does not give his away, as functions that redact (`Keys.conceal`). Unknown
ones are found by what stands around them: a header's name, an address's query, a log-in's frame.
"""

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"
_END: Final = 8
"""So many characters of a secret's beginning or end, or more, are hidden wherever they stand."""
_SHORT_END: Final = 4
"""So many are hidden where somebody shortened the secret: `abcd...`, `***wxyz`."""

_NAMES: Final = (
    r"(?:api|access|secret|private)[-_ ]?(?:key|secret|signature|token)|(?:client|webhook)[-_]secret|secret|signature|"
    r"passw(?:or)?d|passphrase|token|session[-_]?id"
)
_HEADERS: Final = r"(?:proxy-)?authorization|(?:set-)?cookie"
_START: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""A name begins here; in a repr, a line that ends is written out before it."""
_JOIN: Final = r"""(?:\\{0,4}["']\s{0,8},|\\{0,4}["']?\s{0,8}[:=])\s{0,8}"""
"""Between name and value: `name: v`, `name=v`, `'name': 'v'`, `('name', 'v')`, and JSON in JSON."""
_QUOTED: Final = r"""b?(?P<quote>\\{0,4}["'])(?:(?!(?P=quote)).)*(?P=quote)?"""
_NUMBER: Final = r"\d{1,12}(?![\w.~+/=-])"
"""A small number is no secret: timers have a token too."""
_PATTERNS: Final = [
    # A header's value goes to the end of its line; http.client shows that end as an escape.
    (
        re.compile(rf"(?is){_START}(?P<name>{_HEADERS})(?P<join>{_JOIN})(?:{_QUOTED}|[^\r\n\\]+)"),
        rf"\g<name>\g<join>{HIDDEN}",
    ),
    (
        re.compile(
            rf"""(?is){_START}(?P<name>{_NAMES})(?P<join>{_JOIN})(?!{_NUMBER})(?:{_QUOTED}|[^\s"'&;,\\)\]}}<>#]+)"""
        ),
        rf"\g<name>\g<join>{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(?P<scheme>bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\g<scheme> {HIDDEN}"),
    (re.compile(r"(?s)(?P<op>authKeyExpires.{0,40}?\[)[^\]]*"), rf"\g<op>{HIDDEN}"),
    (re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,15}://)[^\s/?#@\"']{1,256}@"), rf"\g<scheme>{HIDDEN}@"),
]

Filter = Callable[[str], str]
"""Gives a text back without the secrets it knows."""


def hiding(*secrets: str) -> Filter:
    """A filter for these secrets, in each form of `forms_of`, and for long pieces of their beginnings and ends.

    Cheap where there is nothing to hide: a few searches for fixed text, so that it can look at every frame of a socket.
    """
    forms = sorted({form for secret in secrets for form in forms_of(secret)}, key=len, reverse=True)
    long = [form for form in forms if len(form) > _END]
    heads = {form[:_END]: [other for other in long if other.startswith(form[:_END])] for form in long}
    tails = {form[-_END:]: [other for other in long if other.endswith(form[-_END:])] for form in long}

    def hide(text: str) -> str:
        # Whole ones first: a piece of one form may begin another, and would leave the rest of it.
        for form in forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        for head, begun in heads.items():
            if head in text:
                text = _without_heads(text, head, begun)
        for tail, ended in tails.items():
            if tail in text:
                text = _without_tails(text, tail, ended)
        return text

    return hide


def hiding_shortened(*secrets: str) -> Filter:
    """A filter for secrets that somebody shortened himself: a few characters and dots or stars for the rest."""
    dots = r"(?:\.{2,}|\*{2,}|\u2026|<[^>]{0,20}>|\[[^\]]{0,20}\])"
    ends = []
    for secret in secrets:
        if len(secret) < 2 * _SHORT_END:
            continue
        head = _nested(secret[_SHORT_END:_END])
        tail = "|".join(re.escape(secret[-length:]) for length in range(_END, _SHORT_END - 1, -1))
        ends += [f"{re.escape(secret[:_SHORT_END])}{head}(?={dots})", f"(?<=[.*\u2026>\\]])(?:{tail})(?!\\w)"]
    if not ends:
        return lambda text: text
    pattern = re.compile("|".join(ends))
    return lambda text: pattern.sub(HIDDEN, text)


def concealing(*secrets: str) -> Filter:
    """Hides them whole, encoded, cut off and shortened: for what people read. `hiding` alone is for what is quick."""
    hide, hide_shortened = hiding(*secrets), hiding_shortened(*secrets)
    return lambda text: hide_shortened(hide(text))


def forms_of(secret: str) -> set[str]:
    """The secret as it is, and where it is long enough to be told from other text also as it travels and is written.

    Base64 (each alignment in a longer text, both alphabets), hexadecimal, percent encoding, JSON, repr, HTML.
    """
    if not secret:
        return set()
    if len(secret) < _END:
        return {secret}
    raw = secret.encode()
    found = {
        secret, raw.hex(), raw.hex().upper(), json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret),
    }  # fmt: skip
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        found |= {encoded, re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), encoded)}
    for lead in range(3):
        # What of the encoding depends on this secret alone, whatever stands before and after it.
        encoded = base64.b64encode(bytes(lead) + raw).decode().rstrip("=")
        core = encoded[(lead * 8 + 5) // 6 : (lead + len(raw)) * 8 // 6]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return found


class Redactor:
    """All that is known to be secret in this process, as one filter. Give it each text that leaves.

    It shows nothing of what it knows, in no repr and no pickle.
    """

    __slots__ = ("_filters",)

    def __init__(self, secrets: Iterable[str] = (), filters: Iterable[Filter] = ()) -> None:
        self._filters: tuple[Filter, ...] = ()
        self.add(*filters)
        self.add_secrets(*secrets)

    def add(self, *filters: Filter) -> None:
        """Ask these too, from now on: `redactor.add(keys.conceal)`."""
        self._filters = (*self._filters, *filters)

    def add_secrets(self, *secrets: str) -> None:
        """Hide these too, from now on; what is empty is no secret."""
        known = [secret for secret in secrets if secret]
        if known:
            self.add(concealing(*known))

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for hide in self._filters:
            text = hide(text)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text

    def __repr__(self) -> str:
        return f"Redactor({HIDDEN})"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a redactor is neither copied nor written: it knows secrets")


def _nested(rest: str) -> str:
    """As much of `rest` as there is: `(?:a(?:b(?:c)?)?)?`."""
    pattern = ""
    for character in reversed(rest):
        pattern = f"(?:{re.escape(character)}{pattern})?"
    return pattern


def _without_heads(text: str, head: str, forms: list[str]) -> str:
    """Hide each beginning of one of the forms, all of which begin with `head`: the longest that is there."""
    start = text.find(head)
    while start >= 0:
        length = max(_common(text[start : start + len(form)], form) for form in forms)
        text = text[:start] + HIDDEN + text[start + length :]
        start = text.find(head, start + len(HIDDEN))
    return text


def _without_tails(text: str, tail: str, forms: list[str]) -> str:
    """Hide each end of one of the forms, all of which end with `tail`: the longest that is there."""
    start = text.find(tail)
    while start >= 0:
        end = start + len(tail)
        length = max(_common(text[max(0, end - len(form)) : end][::-1], form[::-1]) for form in forms)
        text = text[: end - length] + HIDDEN + text[end:]
        start = text.find(tail, end - length + len(HIDDEN))
    return text


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return len(os.path.commonprefix((one, other)))  # noqa: RUF071 character by character is what is wanted
