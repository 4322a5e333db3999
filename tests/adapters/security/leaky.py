"""A process that fails in every way it can think of, each time with secrets in its hands. Run by test_logs.

The arguments: the log's file, or "bare" for a process without our logging, which shows that the ways do leak.
"""

import asyncio
import contextlib
import gc
import http.server
import json
import logging
import sys
import threading
import time
import warnings
from pathlib import Path

import pykka
import requests
import websocket
from loguru import logger

from adapters.bitmex.credentials import LoopbackKeys
from adapters.security.logs import configure_logging
from adapters.security.redaction import Redactor

KEY, SECRET, TOKEN = "CANARYkeyLAqUlngMIQkIUjXM", "CANARYsecretchNOOS4KvNXRXq4k4c9qsfoKWvn", "CANARYtokenWgO8sD2kq0Zp"
KEYS = LoopbackKeys(KEY, SECRET)


class Echo(http.server.BaseHTTPRequestHandler):
    """A venue that repeats what it was sent, as some do."""

    def do_GET(self):
        body = f"no such key: {self.headers} {self.path}".encode()
        self.send_response(401, f"unknown {self.headers.get('api-key')}")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


class Dropped:
    def __init__(self):
        self.self = None

    def __del__(self):
        raise RuntimeError(f"way-unraisable {SECRET}")


class Failing(pykka.ThreadingActor):
    def on_receive(self, message):
        raise RuntimeError(f"way-actor {message}")


def fails(depth=3, **held):
    if depth == 0:
        raise KeyError(SECRET)
    try:
        fails(depth - 1, key=KEY, **{f"h{depth}": KEYS.headers("GET", "/", 5, "")})
    except Exception as error:
        error.add_note(f"held {held} {TOKEN}")
        raise ValueError(f"while at {held}") from error


def ways(port):
    """Name and what to do; each leaves its name in the log."""
    headers, frame = KEYS.headers("GET", "/api/v1/order", 5, ""), KEYS.login(5)
    url = f"http://127.0.0.1:{port}/x?api-key={KEY}&api-signature={headers['api-signature']}"

    def raised(name, call):
        def way():
            try:
                call()
            except Exception:
                logger.exception("way-{}", name)
                logging.getLogger("library").exception("way-std-%s", name)
            else:
                raise AssertionError(name)

        return way

    def echoed():
        answer = requests.get(url, headers=headers, auth=(KEY, SECRET), timeout=30)
        logger.error("way-echo {} {} {}", answer.text, answer.reason, answer.request.headers)
        answer.raise_for_status()

    yield lambda: logger.error(f"way-locals {locals()!r} {headers} {frame}")
    yield lambda: logger.bind(keys=headers).warning("way-bound", token=TOKEN)
    yield lambda: logger.opt(colors=True).warning("<red>way-colour</red> {}", SECRET)
    yield lambda: logger.patch(lambda record: record.update(message=f"way-patched {SECRET}")).warning("x")
    yield raised("nested", fails)
    yield raised("group", lambda: (_ for _ in ()).throw(ExceptionGroup(SECRET, [ValueError(KEY), KeyError(TOKEN)])))
    yield raised("refused", lambda: requests.get(url.replace(str(port), "1"), headers=headers, timeout=30))
    yield raised("userinfo", lambda: requests.get(f"http://{KEY}:{SECRET}@127.0.0.1:1/", timeout=30))
    yield raised("header", lambda: requests.get(url, headers={"api-key": SECRET + "\r\n"}, timeout=30))
    yield raised("echoed", echoed)
    yield raised("socket", lambda: websocket.create_connection(url.replace("http", "ws"), header=headers, timeout=30))
    yield raised("json", lambda: json.loads(SECRET))
    yield raised("float", lambda: float(frame))
    yield lambda: logging.getLogger("library").warning("way-arguments %s %s", headers, frame)
    yield lambda: logging.getLogger("library").warning("way-misfit %d %d", SECRET)  # noqa: PLE1206
    yield lambda: warnings.warn(f"way-warning {url} {SECRET}", stacklevel=1)
    yield lambda: logger.error("way-lines {}\nforged | line\r\x1b[31m\u2028{}", SECRET[:12], SECRET[-12:])
    yield lambda: logger.error("way-bytes {} {}", SECRET.encode(), SECRET.encode().hex())


def concurrent():
    thread = threading.Thread(target=lambda: fails(note="way-thread"), name=f"way-thread-{KEY}")
    thread.start()
    thread.join()
    Dropped()
    gc.collect()
    actor = Failing.start()
    with contextlib.suppress(RuntimeError):
        actor.ask({"way": SECRET, **KEYS.headers("GET", "/", 5, "")})
    actor.tell({"way": SECRET})
    actor.stop()
    pykka.ActorRegistry.stop_all()

    async def lost():
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": f"way-loop {TOKEN}", "exception": ValueError(SECRET)})
        task = loop.create_task(failing())
        await asyncio.sleep(0.01)
        del task
        gc.collect()

    async def failing():
        fails(note=f"way-task {SECRET}")

    asyncio.run(lost())


def main():
    if sys.argv[1] != "bare":
        redactor = Redactor([TOKEN])
        redactor.add(KEYS.conceal)
        configure_logging(Path(sys.argv[1]), "DEBUG", redactor)
    for name in ("urllib3", "requests", "websocket", "asyncio", "pykka"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    websocket.enableTrace(True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for way in ways(server.server_address[1]):
        way()
    concurrent()
    server.shutdown()
    logger.error("way-last {}", time.time())
    fails(note="way-uncaught")


if __name__ == "__main__":
    main()
