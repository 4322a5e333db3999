"""Where bytes may go, and how: TLS that is verified, or this very machine. Nothing can switch that off."""

import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from adapters.bitmex.environment import LOOPBACK_HOSTS

AGENT: Final = "openoutcry"
"""How we call ourselves; what stands before the venue turns away who says nothing."""
_SECURE: Final = ("https", "wss")
_PLAIN: Final = ("http", "ws")
REST: Final = ("https", "http")
SOCKET: Final = ("wss", "ws")


def allowed(url: str, schemes: Sequence[str] = (*REST, *SOCKET)) -> SplitResult:
    """The parts of an address to which keys may be sent. ValueError for plain text to anywhere but this machine.

    `schemes`: what whoever asks can speak; an address of another is refused, and not spoken to as if it were one.
    """
    parts = urlsplit(url)
    if parts.username is not None or not parts.hostname:
        raise ValueError(f"{parts.scheme}://{parts.hostname}: an address is a host and no more before its path")
    if parts.scheme not in _SECURE and (parts.scheme not in _PLAIN or parts.hostname not in LOOPBACK_HOSTS):
        raise ValueError(f"{parts.scheme}://{parts.hostname}: without TLS only this machine is spoken to")
    if parts.scheme not in schemes:
        raise ValueError(f"{parts.scheme}://{parts.hostname}: an address here begins with {' or '.join(schemes)}")
    return parts


def verified(authorities: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later, with a certificate for the very host; `authorities` is a file of those to trust.

    Without it these are the ones that `requests` comes with. Environment variables change nothing.
    """
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 loaded only by who connects

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(authorities or DEFAULT_CA_BUNDLE_PATH)
    return context
