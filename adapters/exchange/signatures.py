"""Who signed a request: checked over the bytes that came, before anybody reads them."""

import hashlib
import hmac
from collections.abc import Mapping

from adapters.exchange.account import Key
from adapters.exchange.refusals import Refusal, invalid_key


def signed_by(
    keys: Mapping[str, Key],
    *,
    key_id: str,
    expires: str,
    signature: str,
    verb: str,
    path: bytes,
    body: bytes,
    now_s: float,
) -> Key:
    """The key that a request was signed with; Refusal when it was not, or not for now.

    The message is verb + path (query string and its encoding included) + expires + body, each exactly as it was sent
    (BitMEX, "API Key Usage"). `expires` is in seconds; there is no upper bound that matters.
    """
    key = keys.get(key_id)
    if key is None:
        raise invalid_key()
    if not key.enabled:
        raise Refusal(403, "This key is disabled.")
    if not expires.isascii() or not expires.isdigit():
        raise Refusal(401, "Invalid 'api-expires' header.")
    message = verb.encode() + path + expires.encode() + body
    expected = hmac.new(key.secret.encode(), message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.lower().encode("utf-8", "replace")):
        raise Refusal(401, "Signature not valid.")
    if int(expires) < now_s:
        raise Refusal(
            401, f"This request has expired - `expires` is in the past. Current time: {int(now_s)}", "HTTPError"
        )
    return key
