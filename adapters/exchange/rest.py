"""One REST request, from the bytes that came to the bytes that go: signature, limits, parameters, route, answer."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import attrs

from adapters.exchange.account import Account, Key
from adapters.exchange.exchange import Exchange
from adapters.exchange.limits import Limits
from adapters.exchange.refusals import Refusal, access_denied, invalid_key, not_found, rate_limited
from adapters.exchange.route import Route
from adapters.exchange.routes import ROUTES
from adapters.exchange.signatures import signed_by
from adapters.exchange.wire import dumps, loads

API: Final = "/api/v1"
BODY_MAX: Final = 1_048_576


@attrs.frozen(kw_only=True)
class Request:
    """As it came."""

    verb: str
    target: bytes
    """Path and query string, undecoded."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    peer: str = "127.0.0.1"


@attrs.frozen(kw_only=True)
class Response:
    """As it goes."""

    status: int
    headers: Mapping[str, str]
    body: str


class Rest:
    """Answers requests. `now_s` is the wall clock, which signatures and limits go by, not the market's."""

    def __init__(self, exchange: Exchange, limits: Limits | None = None) -> None:
        self.exchange = exchange
        self.limits = limits or Limits()
        self._count = 0

    def route_of(self, request: Request) -> Route | None:
        """Where a request goes; None for nowhere."""
        path = request.target.partition(b"?")[0].decode("ascii", "replace")
        return ROUTES.get((request.verb.upper(), path.removeprefix(API))) if path.startswith(API) else None

    def answer(self, request: Request, now_s: float, instead: Refusal | None = None) -> Response:
        """Do what a request asks for; or count it and refuse it, when there is something else to say `instead`."""
        self._count += 1
        headers = {
            "content-type": "application/json; charset=utf-8",
            "x-powered-by": "openoutcry",
            "x-request-id": str(self._count),
        }
        try:
            body = self._answer(request, now_s, headers, instead)
        except Refusal as refusal:
            if refusal.retry_after is not None:
                headers["retry-after"] = str(refusal.retry_after)
            return Response(status=refusal.status, headers=headers, body=dumps(refusal.body()))
        return Response(status=200, headers=headers, body=body)

    def _answer(self, request: Request, now_s: float, headers: dict[str, str], instead: Refusal | None) -> str:
        route, refusal, key = self.route_of(request), instead, None
        try:
            key = self._signer(request, now_s)
        except Refusal as found:
            # It is counted all the same: else guessing keys would be free.
            refusal = refusal or found
        who = f"account:{key.account}" if key else f"address:{request.peer}"
        per_second = route is not None and route.per_second
        told, wait = self.limits.spend(who, has_key=key is not None, per_second=per_second, now_s=now_s)
        headers |= told
        if wait is not None:
            raise rate_limited(wait)
        if refusal is not None:
            raise refusal
        if route is None:
            raise not_found()
        account = self._allowed(route, key)
        answer = route.handle(self.exchange, account, _fields(request))
        return dumps(answer)

    def _signer(self, request: Request, now_s: float) -> Key | None:
        key_id = request.headers.get("api-key", "")
        if not key_id:
            return None
        return signed_by(
            self.exchange.keys,
            key_id=key_id,
            expires=request.headers.get("api-expires", ""),
            signature=request.headers.get("api-signature", ""),
            verb=request.verb.upper(),
            path=request.target,
            body=request.body,
            now_s=now_s,
        )

    def _allowed(self, route: Route, key: Key | None) -> Account | None:
        if not route.is_private:
            return None if key is None else self.exchange.floor.accounts[key.account]
        if key is None:
            raise invalid_key()
        if route.permissions and not route.permissions & key.permissions:
            raise access_denied()
        return self.exchange.floor.accounts[key.account]


def _fields(request: Request) -> dict[str, Any]:
    """Parameters of the query string, and of the body whatever the verb: JSON, or a form."""
    fields: dict[str, Any] = {}
    query = request.target.partition(b"?")[2].decode("utf-8", "replace")
    fields.update(parse_qsl(query, keep_blank_values=True))
    if not request.body.strip():
        return fields
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        text = request.body.decode("utf-8", "replace")
        return fields | {name: _listed(value) for name, value in parse_qsl(text, keep_blank_values=True)}
    try:
        found = loads(request.body.decode())
    except ValueError:
        raise Refusal(400, "Unexpected token in JSON body", "SyntaxError") from None
    if not isinstance(found, dict):
        raise Refusal(400, "Invalid body", "ValidationError")
    return fields | found


def _listed(value: str) -> Any:
    """A form writes a list as JSON."""
    if value.startswith("["):
        try:
            return loads(value)
        except ValueError:
            return value
    return value
