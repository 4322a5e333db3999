"""The exchange on a port: moves bytes between the network and the exchange, and lets time pass. It decides nothing."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import attrs
from aiohttp import WSMsgType, web

from adapters.errors import InputError
from adapters.exchange.client import Client
from adapters.exchange.conversation import TEXT_MAX, Conversation
from adapters.exchange.faults import Faults, Rule
from adapters.exchange.hub import Hub
from adapters.exchange.limits import Bucket, Limits
from adapters.exchange.refusals import Refusal, overloaded, rate_limited
from adapters.exchange.rest import BODY_MAX, Request, Response, Rest
from adapters.exchange.simulation import Simulation
from adapters.exchange.wire import dumps
from messages import NS_PER_SECOND, UtcNs

LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "::1")
_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""In an address, before the port. Any port: whoever forwards one to us reaches us by his own."""
_STEP_S: Final = 0.02
_PULSE_S: Final = 0.5
_ACTS_MAX: Final = 20
"""Of the crowds in one go: requests must not wait for longer."""
_CONNECTIONS_AN_HOUR: Final = 720
_FAILURES: Final = {"429": lambda: rate_limited(1)}
"""What is said on purpose; everything else is overload."""
_BAD_GATEWAY: Final = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>\r\n"


@attrs.define(kw_only=True, eq=False)
class Clock:
    """The exchange's wall clock, and the market's time that follows from it."""

    faults: Faults
    speed: float
    began_wall: float
    began: UtcNs

    def wall_s(self) -> float:
        """By which signatures are judged: ours, and the skew that a test asked for."""
        return time.time() + self.faults.skew_s

    def market(self) -> UtcNs:
        """The market's time now."""
        passed = time.monotonic() - self.began_wall
        return self.began + round(passed * self.speed * NS_PER_SECOND)


class Server:
    """REST and socket on one port. `open` serves until `close`. `on_time`: the market's clock begins at the wall's."""

    def __init__(
        self,
        simulation: Simulation,
        *,
        faults: Faults | None = None,
        limits: Limits | None = None,
        speed: float = 1.0,
        on_time: bool = False,
    ) -> None:
        self.faults = faults or Faults()
        self.simulation = simulation
        self.exchange = simulation.exchange
        self.hub = Hub(self.exchange, self.faults)
        self.rest = Rest(self.exchange, limits)
        self.port = 0
        self.sockets = 0
        self.touched = time.monotonic()
        """When a client was last heard of."""
        self._speed = speed
        self._on_time = on_time
        self._connections = Bucket(_CONNECTIONS_AN_HOUR, _CONNECTIONS_AN_HOUR / 3600, _CONNECTIONS_AN_HOUR, 0.0)
        self._clients: set[Client] = set()
        self._local = True
        self._runner: web.AppRunner | None = None
        self._running: asyncio.Task[None] | None = None

    async def open(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> None:
        """Listen, and let the market run.

        OSError when the port is taken; InputError for a host that others could reach, unless that is wanted.
        """
        if host not in LOOPBACK_HOSTS and not allow_remote:
            raise InputError(f"{host} is not this machine alone: whoever reaches it could trade (--allow-remote)")
        application = web.Application(client_max_size=BODY_MAX)
        application.router.add_get("/realtime", self._socket)
        application.router.add_route("*", "/{rest:.*}", self._request)
        self._local = host in LOOPBACK_HOSTS
        self._runner = web.AppRunner(application, access_log=None, keepalive_timeout=90.0, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        # Making a market takes a while, and one that is to be on time must not be late by it.
        began = max(self.exchange.now, time.time_ns()) if self._on_time else self.exchange.now
        self.clock = Clock(faults=self.faults, speed=self._speed, began_wall=time.monotonic(), began=began)
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop the market, close all sockets."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        for client in list(self._clients):
            client.leave()
        if self._runner is not None:
            await self._runner.cleanup()

    async def failed(self) -> None:
        """Returns never, or raises what the market died of."""
        assert self._running is not None
        await asyncio.shield(self._running)

    async def _run(self) -> None:
        """Time passes in small steps, between which requests have their turn."""
        pulse = 0.0
        while True:
            to = self.clock.market()
            reached = self.simulation.step(to, _ACTS_MAX)
            now = time.monotonic()
            if now >= pulse:
                self.hub.deliver(self.exchange.pulse())
                pulse = now + _PULSE_S
            else:
                self.hub.flush()
            await asyncio.sleep(_STEP_S if reached else 0)

    def _catch_up(self) -> None:
        """A command meets the market as it is now, not as it was at the last step."""
        self.simulation.step(self.clock.market(), _ACTS_MAX)

    # REST.

    def _foreign(self, request: web.Request) -> bool:
        """A browser's page from elsewhere, or a name that only pretends to be this machine."""
        hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
        # Beyond this machine our names are not known to us; there the keys alone stand against a bent name.
        if len(hosts) != 1 or (self._local and _without_port(hosts[0]) not in _LOCAL_NAMES):
            return True
        return bool(origins) and origins != [f"http://{hosts[0]}"] and origins != [f"https://{hosts[0]}"]

    async def _request(self, request: web.Request) -> web.StreamResponse:
        self.touched = time.monotonic()
        if self._foreign(request):
            return self._reply(_refused(Refusal(403, "Access Denied")))
        asked = Request(
            verb=request.method,
            target=request.raw_path.encode("ascii", "surrogateescape"),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            peer=request.remote or "",
        )
        if self.faults.is_quiet:
            return self._reply(self._do(asked))
        return await self._befallen(request, asked)

    def _do(self, asked: Request) -> Response:
        self._catch_up()
        response = self.rest.answer(asked, self.clock.wall_s())
        self.hub.flush()
        return response

    async def _befallen(self, request: web.Request, asked: Request) -> web.StreamResponse:
        """A request and what goes wrong with it, before or after it has its effect."""
        path = asked.target.partition(b"?")[0].decode("ascii", "replace").removeprefix("/api/v1")
        where = {"verb": asked.verb, "path": path}
        slow = self.faults.strike("latency", **where)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        kinds = ("503", "429", "502", "timeout")
        before = self.faults.strike(*kinds, **where, when="before")
        if before is not None:
            told = _FAILURES.get(before.kind, overloaded)()
            return await self._failure(request, before, self.rest.answer(asked, self.clock.wall_s(), told))
        response = self._do(asked)
        after = self.faults.strike(*kinds, **where, when="after")
        if after is None:
            return self._reply(response)
        told = _FAILURES.get(after.kind, overloaded)()
        answered = attrs.evolve(response, status=told.status, body=dumps(told.body()))
        if told.retry_after is not None:
            answered = attrs.evolve(answered, headers={**response.headers, "retry-after": str(told.retry_after)})
        return await self._failure(request, after, answered)

    async def _failure(self, request: web.Request, rule: Rule, answered: Response) -> web.StreamResponse:
        """What the client gets to see of it."""
        if rule.kind == "502":
            return web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html", headers=self._dated({}))
        if rule.kind == "timeout":
            await asyncio.sleep(rule.seconds)
            if request.transport is not None:
                request.transport.abort()
        return self._reply(answered)

    def _reply(self, response: Response) -> web.Response:
        return web.Response(status=response.status, headers=self._dated(response.headers), body=response.body.encode())

    def _dated(self, headers: Mapping[str, str]) -> dict[str, str]:
        moment = time.gmtime(self.clock.wall_s())
        return {**headers, "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", moment)}

    # The socket.

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.touched = time.monotonic()
        if self._foreign(request):
            return self._reply(_refused(Refusal(403, "Access Denied")))
        if not self._connections.take(time.monotonic()):
            return self._reply(_refused(rate_limited(int(self._connections.wait_s()) + 1)))
        socket = web.WebSocketResponse(max_msg_size=TEXT_MAX, compress=False)
        await socket.prepare(request)
        client = Client(socket, self.faults, request.transport)
        talk = Conversation(self.hub, client)
        self._clients.add(client)
        self.sockets += 1
        writer = asyncio.create_task(client.write())
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            talk.opened(headers, request.query, self.clock.wall_s(), int(self._connections.tokens))
            await self._listen(socket, client, talk)
        finally:
            talk.left()
            client.leave()
            self._clients.discard(client)
            self.sockets -= 1
            self.touched = time.monotonic()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    async def _listen(self, socket: web.WebSocketResponse, client: Client, talk: Conversation) -> None:
        while not client.gone:
            if talk.close:
                # What was said last still goes out.
                await asyncio.sleep(_STEP_S)
                return
            message = await socket.receive()
            if message.type is not WSMsgType.TEXT:
                return
            self._catch_up()
            talk.received(message.data, self.clock.wall_s())
            self.hub.flush()


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() else host


def _refused(refusal: Refusal) -> Response:
    headers = {"content-type": "application/json; charset=utf-8"}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    return Response(status=refusal.status, headers=headers, body=dumps(refusal.body()))
