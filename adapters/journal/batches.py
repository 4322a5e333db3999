"""Many messages in one row: what the market said, timers, heartbeats, and the order in which actors handled what.

    {"fields": {"Tick": ["symbol", "ts", ...]}, "rows": [[id, cause, sender, epoch, posted, "Tick", "XBTUSD", ...]]}

as JSON, compressed. Field names stand there once, so that a row costs little more than its numbers; reading goes
through the codec, as for single messages.
"""

import json
import zlib
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from messages import (
    Address,
    Bar,
    BarOpen,
    BookChange,
    Envelope,
    FundingRate,
    Heartbeat,
    HeartbeatReturned,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Message,
    OrderBook,
    OrderFlow,
    PositionsReported,
    Quarantined,
    Quote,
    ReportPositions,
    SpreadSample,
    Tick,
    TickBlock,
    Woke,
)
from messages.codec import VERSION, CodecError, decode, encode

Handled: TypeAlias = tuple[Address, int, int]
"""(address, epoch, id of the message), or one of the two below in the id's place."""
MADE_COLD: Final = 0
MADE_WARM: Final = -1
"""A new incarnation, which was fed what its address had kept."""

MARKET: Final[frozenset[type[Message]]] = frozenset(
    {Tick, TickBlock, Quote, OrderBook, BookChange, Bar, BarOpen, MarkPrice, IndexPrice, FundingRate, Liquidation}
    | {OrderFlow, SpreadSample, Quarantined}
)
"""What the market says: left out, with a note of how much, when it comes faster than it can be written."""
BULK: Final[frozenset[type[Message]]] = (MARKET - {Quarantined}) | {
    *(Heartbeat, HeartbeatReturned, Woke, ReportPositions, PositionsReported),
}
"""What is kept in batches: there is much of it, and nobody looks for one of them.

But for two, which results are made of, and which there are few of: what was set aside, and bars that were built.
"""

_to_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def pack(envelopes: Iterable[Envelope]) -> bytes:
    """Envelopes in one compressed text."""
    fields: dict[str, list[str]] = {}
    rows: list[list[Any]] = []
    for number, cause, sender, epoch, posted, message in envelopes:
        name, plain = type(message).__name__, encode(message)["fields"]
        if name not in fields:
            fields[name] = list(plain)
        rows.append([number, cause, sender, epoch, posted, name, *plain.values()])
    return zlib.compress(_to_json({"v": VERSION, "fields": fields, "rows": rows}).encode(), 1)


def unpack(packed: bytes) -> list[Envelope]:
    """The envelopes again; CodecError when they are none."""
    try:
        data = json.loads(zlib.decompress(packed))
        version, fields, rows = data["v"], data["fields"], data["rows"]
        return [Envelope._make((*row[:5], _message(version, row[5], fields, row[6:]))) for row in rows]
    except (zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
        raise CodecError(f"a batch of messages cannot be read: {error}") from error


def _message(version: int, name: str, fields: dict[str, list[str]], values: list[Any]) -> Message:
    return decode({"v": version, "message": name, "fields": dict(zip(fields[name], values, strict=True))})


def pack_handled(handled: Iterable[Handled]) -> bytes:
    """Who handled what, in that order: names once, then (who, epoch, id) in a row."""
    names: dict[Address, int] = {}
    flat: list[int] = []
    for address, epoch, number in handled:
        flat += (names.setdefault(address, len(names)), epoch, number)
    return zlib.compress(_to_json({"names": list(names), "flat": flat}).encode(), 1)


def unpack_handled(packed: bytes) -> list[Handled]:
    """The same again; CodecError when it is none."""
    try:
        data = json.loads(zlib.decompress(packed))
        names, flat = data["names"], data["flat"]
        return [
            (names[who], epoch, number) for who, epoch, number in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        ]
    except (zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
        raise CodecError(f"an order of handling cannot be read: {error}") from error


def fact_checksum(life: int, row: Iterable[Any]) -> int:
    """CRC-32 of a fact's (id, batch, cause, sender, epoch, posted, message, client id, body)."""
    text = "|".join([str(life), *map(str, row)])
    return zlib.crc32(text.encode())


def batch_checksum(life: int, number: int, ids: tuple[int, int], bulk: bytes, handled: bytes) -> int:
    """CRC-32 of a batch."""
    return zlib.crc32(handled, zlib.crc32(bulk, zlib.crc32(f"{life}|{number}|{ids[0]}|{ids[1]}".encode())))
