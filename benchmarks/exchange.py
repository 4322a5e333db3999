"""How many clients and frames the loopback exchange holds on one core.

    python benchmarks/exchange.py                     50 clients, 5,000 frames a second offered
    python benchmarks/exchange.py --clients 20 --frames 2000 --seconds 5

The clients live in a second process, so that the server's core is its own. Offered load is real trading: market orders
of the house against its own makers until the hub has handed over as many frames a second as were asked for. Printed
are the frames that arrived, the share of one core that the server used, and how long a frame took from the exchange's
hand to a client (both clocks are this machine's).
"""

import argparse
import asyncio
import json
import multiprocessing
import time
from typing import Any

import aiohttp

from adapters.exchange.account import Account
from adapters.exchange.server import Server
from adapters.exchange.simulation import generated_market

TOPICS = "trade,quote,orderBookL2_25,instrument,liquidation"
STEP_S = 0.01


async def _client(url: str, ends: float, heard: list[tuple[float, float]]) -> int:
    """Count frames; of trades, note when they were made and when they came."""
    count = 0
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}?subscribe={TOPICS}") as socket:
        async for message in socket:
            now = time.time()
            count += 1
            if message.data.startswith('{"table":"liquidation","action":"insert"'):
                row = json.loads(message.data)["data"][0]
                heard.append((row["price"], now))
            if now >= ends:
                break
    return count


def _clients(url: str, clients: int, seconds: float, answers: Any) -> None:
    async def run() -> None:
        heard: list[tuple[float, float]] = []
        ends = time.time() + seconds
        counts = await asyncio.gather(*(_client(url, ends, heard) for _ in range(clients)))
        answers.put((sum(counts), min(counts), sorted(arrived - made for made, arrived in heard)))

    asyncio.run(run())


async def _load(server: Server, frames: int, ends: float, trader: Account) -> None:
    """Trade until as many frames a second as wanted are handed over."""
    market = server.exchange.markets["XBTUSD"]
    began, first = time.monotonic(), server.hub.frames
    while time.monotonic() < ends:
        wanted = (time.monotonic() - began) * frames
        sign = 1
        while server.hub.frames - first < wanted:
            server.exchange.trade(trader, market, sign, None)
            server.hub.flush()
            sign = -sign
            if server.sockets == 0:
                break
        _stamp(server)
        await asyncio.sleep(STEP_S)


def _stamp(server: Server) -> None:
    """A frame that says when it was made, for the latency."""
    row = {"orderID": "", "symbol": "XBTUSD", "side": "Buy", "price": time.time(), "leavesQty": 1}
    server.exchange.floor.outbox.public("liquidation", "insert", row)
    server.hub.flush()


async def measure(clients: int, frames: int, seconds: float) -> dict[str, float]:
    """Serve, load, watch."""
    server = Server(generated_market(seed=1, now=time.time_ns(), history_minutes=60, warm_up_s=30))
    await server.open()
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    url = f"http://127.0.0.1:{server.port}/realtime"
    watcher = context.Process(target=_clients, args=(url, clients, seconds + 3, answers))
    watcher.start()
    while server.sockets < clients:
        await asyncio.sleep(0.05)
    trader = server.exchange.open_trader()
    handed, cpu, wall = server.hub.frames, time.process_time(), time.monotonic()
    await _load(server, frames, wall + seconds, trader)
    used, took, made = time.process_time() - cpu, time.monotonic() - wall, server.hub.frames - handed
    total, least, delays = await asyncio.get_running_loop().run_in_executor(None, answers.get)
    watcher.join()
    await server.close()
    return {
        "clients": clients,
        "frames_a_second": made / took,
        "core_share": used / took,
        "received": total,
        "least_of_a_client": least,
        "median_ms": 1_000 * delays[len(delays) // 2],
        "p99_ms": 1_000 * delays[int(len(delays) * 0.99)],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--frames", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    told = parser.parse_args()
    for name, value in asyncio.run(measure(told.clients, told.frames, told.seconds)).items():
        print(f"{name:20} {value:12,.2f}")


if __name__ == "__main__":
    main()
