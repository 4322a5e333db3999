"""`python run.py exchange`: make a market, open the port, say where it is, and run until somebody ends it."""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from adapters.errors import InputError
from adapters.exchange.account import Key
from adapters.exchange.faults import Faults, load_faults
from adapters.exchange.server import Server
from adapters.exchange.simulation import Simulation, generated_market, market_of
from adapters.interrupts import EXIT_CODES, Interrupts

GENERATED: Final = "generated"
_PERMISSIONS: Final = {"cancel": "orderCancel", "order": "order"}
_SPEED_MAX: Final = 100_000.0
_LOOK_S: Final = 0.2


@attrs.frozen(kw_only=True)
class ExchangeOptions:
    """What the command line says."""

    port: int = 0
    host: str = "127.0.0.1"
    allow_remote: bool = False
    key: str | None = None
    secret: str | None = attrs.field(default=None, repr=False)
    second_key: str | None = None
    """What a second key of the account may do, `cancel` or `order`; None: there is none."""
    market: str = GENERATED
    speed: float = 1.0
    seed: int = 1
    faults: Path | None = None
    idle_seconds: float | None = None


def run_exchange(options: ExchangeOptions) -> int:
    """Serve until a signal, or until nobody was there for long enough; returns the exit code."""
    key, secret = _checked(options)
    faults = Faults() if options.faults is None else load_faults(options.faults)
    server = Server(_market(options), faults=faults, speed=options.speed, on_time=True)
    account = server.exchange.open_account()
    server.exchange.add_key(Key(id=key, secret=secret, account=account.number))
    told = {"key": key} if options.secret is not None else {"key": key, "secret": secret}
    if options.second_key is not None:
        second, hush = _pair()
        permissions = frozenset({_PERMISSIONS[options.second_key]})
        server.exchange.add_key(Key(id=second, secret=hush, account=account.number, permissions=permissions))
        told |= {"second_key": second, "second_secret": hush}
    with Interrupts() as interrupts:
        asyncio.run(_serve(server, options, interrupts, told))
    return 0 if interrupts.name is None else EXIT_CODES[interrupts.name]


def _checked(options: ExchangeOptions) -> tuple[str, str]:
    """Key and secret; InputError for options that cannot be."""
    if not 0 < options.speed <= _SPEED_MAX:
        raise InputError(f"--speed must be above 0 and at most {_SPEED_MAX:g}, not {options.speed:g}")
    if not 0 <= options.port <= 65_535:
        raise InputError(f"--port must be from 0 to 65535, not {options.port}")
    if (options.key is None) != (options.secret is None):
        raise InputError("--key and --secret belong together: give both or neither")
    if options.idle_seconds is not None and options.idle_seconds <= 0:
        raise InputError(f"--idle-seconds must be above 0, not {options.idle_seconds:g}")
    if options.key == "" or options.secret == "":
        raise InputError("--key and --secret must not be empty")
    if options.second_key is not None and options.second_key not in _PERMISSIONS:
        raise InputError(f"--second-key must be {' or '.join(_PERMISSIONS)}, not {options.second_key!r}")
    key, secret = _pair()
    return options.key or key, options.secret or secret


def _pair() -> tuple[str, str]:
    return secrets.token_urlsafe(18), secrets.token_urlsafe(36)


def _market(options: ExchangeOptions) -> Simulation:
    now = time.time_ns()
    if options.market == GENERATED:
        return generated_market(seed=options.seed, now=now, speed=options.speed)
    path = Path(options.market)
    if not path.exists():
        raise InputError(f"--market is {GENERATED!r} or a file; there is no file {options.market}")
    # Reading files takes a while to import, and most markets come from nowhere.
    from adapters.exchange.replayed import read_market  # noqa: PLC0415

    contract, replay = read_market(path, now)
    return market_of(contract, replay, replay.first_price, seed=options.seed, now=now, speed=options.speed)


async def _serve(server: Server, options: ExchangeOptions, interrupts: Interrupts, keys: Mapping[str, str]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    interrupts.stops(lambda _name: loop.call_soon_threadsafe(ended.set))
    try:
        await server.open(options.host, options.port, allow_remote=options.allow_remote)
    except OSError as error:
        await server.close()
        raise InputError(f"cannot listen on {options.host} port {options.port}: {error.strerror or error}") from None
    host = f"[{options.host}]" if ":" in options.host else options.host
    told = {
        "port": server.port, "rest": f"http://{host}:{server.port}/api/v1",
        "ws": f"ws://{host}:{server.port}/realtime", **keys,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    watch = asyncio.create_task(_idle(server, options.idle_seconds, ended))
    market = asyncio.create_task(server.failed())
    waits = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait([market, waits], return_when=asyncio.FIRST_COMPLETED)
        if market.done():
            market.result()
    finally:
        for task in (watch, market, waits):
            task.cancel()
        await server.close()


async def _idle(server: Server, seconds: float | None, ended: asyncio.Event) -> None:
    """End when there has been no client for so long."""
    while seconds is not None and not ended.is_set():
        await asyncio.sleep(min(_LOOK_S, seconds))
        if server.sockets == 0 and time.monotonic() - server.touched >= seconds:
            ended.set()
