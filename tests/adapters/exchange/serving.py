"""A real server for tests: on loopback, in a thread of its own."""

import asyncio
import contextlib
import threading

import pytest

from adapters.exchange.account import Key
from adapters.exchange.limits import LimitRules, Limits

KEY, SECRET = "a-key", "a-secret"


@contextlib.contextmanager
def served(simulation, *, faults=None, limits=None, speed=1.0, deposits=None, port=0):
    """The server, listening; its account has the key above. Everything is closed behind it."""
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    from adapters.exchange.server import Server  # noqa: PLC0415 aiohttp may be missing

    limits = limits or Limits(LimitRules(per_minute=0, per_minute_without_key=0, per_second=0))
    server = Server(simulation, faults=faults, limits=limits, speed=speed)
    server.account = server.exchange.open_account(deposits)
    server.exchange.add_key(Key(id=KEY, secret=SECRET, account=server.account.number))
    ready, loop, errors = threading.Event(), asyncio.new_event_loop(), []

    async def serve():
        server.ended = asyncio.Event()
        try:
            await server.open("127.0.0.1", port)
            ready.set()
            await server.ended.wait()
            await server.close()
        except BaseException as error:
            errors.append(error)
            ready.set()
            raise

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        assert not errors
        yield server
        assert not errors
    finally:
        loop.call_soon_threadsafe(server.ended.set)
        thread.join(20)
        loop.close()
        assert not thread.is_alive()


def on_loop(server, call):
    """Run something on the server's thread and wait for it."""

    async def work():
        return call()

    return asyncio.run_coroutine_threadsafe(work(), server._running.get_loop()).result(10)
