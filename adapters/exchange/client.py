"""The way of frames to one socket: a bounded queue, and the faults that befall what is in it."""

import asyncio
from collections import deque
from typing import Final

from aiohttp import web

from adapters.exchange.account import Account
from adapters.exchange.faults import Faults

_BACKLOG_MAX: Final = 20_000
"""Frames that a slow client may leave lying before its line is cut."""


class Client:
    """One socket on its way out: frames in a queue, and the faults that befall them."""

    def __init__(self, socket: web.WebSocketResponse, faults: Faults, transport: asyncio.Transport | None) -> None:
        self.account: Account | None = None
        self.gone = False
        self._socket = socket
        self._faults = faults
        self._transport = transport
        self._frames: deque[str] = deque()
        self._held_until = 0.0
        self._news = asyncio.Event()

    def send(self, text: str, table: str = "") -> None:
        """See hub.Listener."""
        if self.gone:
            return
        if not self._faults.is_quiet and not self._befallen(text, table):
            return
        self._put(text)

    def _put(self, text: str) -> None:
        self._frames.append(text)
        if len(self._frames) > _BACKLOG_MAX:
            self._cut()
        self._news.set()

    def _cut(self) -> None:
        """The line breaks, without a word."""
        self.leave()
        self._frames.clear()
        if self._transport is not None:
            self._transport.abort()

    def _befallen(self, text: str, table: str) -> bool:
        """Whether a frame goes its usual way after what befell it."""
        loop = asyncio.get_running_loop()
        rule = self._faults.strike("drop", "duplicate", "late", "cut", "delay", table=table)
        if rule is None:
            return True
        if rule.kind == "cut":
            self._cut()
        elif rule.kind == "late":
            loop.call_later(rule.seconds, self._put, text)
        elif rule.kind == "delay":
            self._held_until = max(self._held_until, loop.time() + rule.seconds)
        elif rule.kind == "duplicate":
            self._put(text)
        return rule.kind in ("duplicate", "delay")

    def leave(self) -> None:
        """No more frames."""
        self.gone = True
        self._news.set()

    async def write(self) -> None:
        """Send what is there until the socket is gone."""
        while not self.gone:
            await self._news.wait()
            self._news.clear()
            while self._frames and not self.gone:
                held = self._held_until - asyncio.get_running_loop().time()
                if held > 0:
                    await asyncio.sleep(held)
                await self._socket.send_str(self._frames.popleft())
        await self._socket.close()
