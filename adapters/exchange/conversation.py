"""One socket's conversation: text in, text out. It is told the wall time, by which signatures are judged."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.exchange import order_commands
from adapters.exchange.account import Account, Key
from adapters.exchange.hub import Hub, Listener
from adapters.exchange.market_routes import websocket_help
from adapters.exchange.refusals import Refusal, invalid
from adapters.exchange.signatures import signed_by
from adapters.exchange.tables import TABLES
from adapters.exchange.wire import dumps, iso, loads
from messages import NS_PER_SECOND, Symbol

REALTIME: Final = b"/realtime"
"""What a log-in signs, whatever its query string."""
TEXT_MAX: Final = 65_536
"""Of a frame from a client."""
TOPICS_MAX: Final = 200
"""Subscriptions of one socket."""
_DOCS: Final = "https://www.bitmex.com/app/wsAPI"


class Conversation:
    """What is said on one socket. `close` becomes true when the exchange has had enough of it."""

    def __init__(self, hub: Hub, listener: Listener) -> None:
        self._hub = hub
        self._listener = listener
        self._key: Key | None = None
        self._topics: set[tuple[str, Symbol | None]] = set()
        self.close = False

    def opened(self, headers: Mapping[str, str], query: Mapping[str, str], now_s: float, remaining: int) -> None:
        """The socket is open: welcome, then log-in and subscriptions that came with the address."""
        self._say(
            {
                "info": "Welcome to the BitMEX Realtime API.", "version": "2.0.0",
                "timestamp": iso(int(now_s * 1_000) * (NS_PER_SECOND // 1_000)), "docs": _DOCS,
                "heartbeatEnabled": False, "limit": {"remaining": remaining}, "appName": "openoutcry",
            }
        )  # fmt: skip
        given = {name: headers.get(name) or query.get(name, "") for name in ("api-key", "api-expires", "api-signature")}
        if given["api-key"]:
            args = list(given.values())
            if not self._log_in(args, {"op": "authKeyExpires", "args": args}, now_s, quietly=True):
                return
        topics = [topic for topic in query.get("subscribe", "").split(",") if topic]
        if topics:
            self._subscribe({"op": "subscribe", "args": topics})

    def received(self, text: str, now_s: float) -> None:
        """A text frame came."""
        bare = text.strip()
        if bare == "ping":
            self._listener.send("pong")
            return
        if bare in ("help", '"help"'):
            self._say(websocket_help())
            return
        try:
            request = loads(bare)
        except ValueError:
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("op"), str):
            self._fail(400, 'Unrecognized request. If you need help, send "help".', request)
            return
        self._command(request, now_s)

    def left(self) -> None:
        """The socket is gone."""
        self._hub.leave(self._listener)

    def _command(self, request: dict[str, Any], now_s: float) -> None:
        op, args = request["op"], _listed(request.get("args"))
        if op == "subscribe":
            self._subscribe(request)
        elif op == "unsubscribe":
            for topic in args:
                self._unsubscribe(topic, request)
        elif op in ("authKeyExpires", "authKey"):
            self._log_in(args, request, now_s)
        elif op == "cancelAllAfter":
            self._arm(args, request)
        elif op == "help":
            self._say(websocket_help())
        elif op == "ping":
            self._listener.send("pong")
        else:
            self._fail(400, f"Unknown or unsupported operation: {op}", request)

    # Subscriptions.

    def _subscribe(self, request: dict[str, Any]) -> None:
        """One answer a topic, each followed by its partial."""
        for topic in _listed(request.get("args")):
            table, symbol, problem = self._topic(topic)
            if problem is None and (table, symbol) in self._topics:
                problem = Refusal(400, f"You are already subscribed to this topic: {topic}")
            if problem is None and len(self._topics) >= TOPICS_MAX:
                problem = Refusal(400, f"Too many subscriptions: {TOPICS_MAX} at most.")
            if problem is not None:
                self._fail(problem.status, problem.message, request)
                continue
            self._topics.add((table, symbol))
            partial = self._hub.subscribe(self._listener, table, symbol)
            self._say({"success": True, "subscribe": topic, "request": request})
            self._listener.send(partial, table)

    def _topic(self, topic: object) -> tuple[str, Symbol | None, Refusal | None]:
        """(table, symbol, what is wrong with it)."""
        if not isinstance(topic, str):
            return "", None, invalid("topic")
        name, _colon, wanted = topic.partition(":")
        table = TABLES.get(name)
        if table is None:
            return "", None, Refusal(400, f"Unknown table: {name}")
        if table.is_private and self._listener.account is None:
            text = "User requested an account-locked subscription but no authorization was provided."
            return name, None, Refusal(401, text)
        if not wanted or wanted == "*" or not table.has_symbol:
            return name, None, None
        try:
            return name, self._hub.exchange.floor.market_named(wanted).symbol, None
        except Refusal:
            return name, None, Refusal(400, f"Unknown or expired symbol: {wanted}")

    def _unsubscribe(self, topic: object, request: dict[str, Any]) -> None:
        table, symbol, problem = self._topic(topic)
        if problem is None and (table, symbol) not in self._topics:
            problem = Refusal(400, f"You are not subscribed to this topic: {topic}")
        if problem is not None:
            self._fail(problem.status, problem.message, request)
            return
        self._topics.discard((table, symbol))
        self._hub.unsubscribe(self._listener, table, symbol)
        self._say({"success": True, "unsubscribe": topic, "request": request})

    # An account.

    def _log_in(self, args: list[Any], request: dict[str, Any], now_s: float, *, quietly: bool = False) -> bool:
        if self._key is not None:
            self._fail(400, "This connection is already authenticated.", request)
            return False
        try:
            key_id, expires, signature = (str(part) for part in args)
        except ValueError:
            self._fail(400, "authKeyExpires needs a key, an expiry and a signature.", request)
            return False
        try:
            self._key = signed_by(
                self._hub.exchange.keys, key_id=key_id, expires=expires, signature=signature, verb="GET",
                path=REALTIME, body=b"", now_s=now_s,
            )  # fmt: skip
        except Refusal as refusal:
            self._fail(refusal.status, refusal.message, request)
            self.close = True
            return False
        self._listener.account = self._account(self._key)
        if not quietly:
            self._say({"success": True, "request": request})
        return True

    def _account(self, key: Key) -> Account:
        return self._hub.exchange.floor.accounts[key.account]

    def _arm(self, args: list[Any], request: dict[str, Any]) -> None:
        account = self._listener.account
        if self._key is None or account is None:
            self._fail(401, "Authorization Required", request)
        elif not self._key.permissions & {"order", "orderCancel"}:
            self._fail(403, "Access Denied", request)
        else:
            try:
                told = order_commands.arm(self._hub.exchange.floor, account, args[0] if args else None)
            except Refusal as refusal:
                self._fail(refusal.status, refusal.message, request)
            else:
                self._say({**told, "request": request})

    def _fail(self, status: int, text: str, request: Any) -> None:
        self._say({"status": status, "error": text, "meta": {}, "request": request})

    def _say(self, value: Mapping[str, Any]) -> None:
        self._listener.send(dumps(value))


def _listed(args: Any) -> list[Any]:
    """A single argument need not be a list."""
    if args is None:
        return []
    return args if isinstance(args, list) else [args]
