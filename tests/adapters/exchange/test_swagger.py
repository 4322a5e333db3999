"""Every GET answer validates against BitMEX's own Swagger definitions, and has every field that they know."""

import json
import re
from pathlib import Path

import pytest

from tests.adapters.exchange.house import Caller, a_market, an_exchange, order
from tests.builders import HOUR, MONDAY

ROOT = Path(__file__).resolve().parents[3]
PLACES = [ROOT.parent / "shared" / "reference", ROOT.parent.parent / "shared" / "reference"]
FOUND = [place / "bitmex-swagger.json" for place in PLACES if (place / "bitmex-swagger.json").exists()]
pytestmark = pytest.mark.skipif(not FOUND, reason="BitMEX's Swagger file does not lie beside the project")

ASKED = {
    "/instrument": {}, "/instrument/active": {}, "/instrument/indices": {}, "/instrument/activeAndIndices": {},
    "/instrument/activeIntervals": {}, "/trade": {}, "/trade/bucketed": {"binSize": "1m"}, "/quote": {},
    "/orderBook/L2": {"symbol": "XBTUSD"}, "/funding": {}, "/liquidation": {}, "/announcement": {}, "/settlement": {},
    "/stats": {}, "/order": {}, "/execution": {}, "/execution/tradeHistory": {}, "/position": {}, "/user": {},
    "/user/margin": {}, "/user/wallet": {}, "/user/walletHistory": {}, "/apiKey": {}, "/wallet/assets": {},
}  # fmt: skip
ALLOWED_TO_LACK = {"/user", "/apiKey", "/wallet/assets"}
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def swagger():
    return json.loads(FOUND[0].read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def caller():
    """Somebody who has had orders of every end, a position, funding, and a session's end."""
    exchange = an_exchange("XBTUSD", "ETHUSD", "XBTUSDT")
    a_market(exchange)
    caller = Caller(exchange)
    order(exchange, caller.account, 1_000)
    order(exchange, caller.account, 100, 49_000, clOrdID="mine")
    order(exchange, caller.account, -100, stopPx=40_000)
    exchange.advance(MONDAY + 13 * HOUR)
    exchange.changes()
    return caller


def problems(definitions, schema, value, where, *, complete):
    """What of a value does not fit a schema: a small reading of Swagger 2, enough for this file."""
    if schema.get("$ref", "").endswith("x-any"):
        return []
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if value is None:
        return []
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{where}: {value!r} is no {kind}"]
    found = []
    if kind == "string" and schema.get("format") == "date-time" and not TIME.fullmatch(value):
        found.append(f"{where}: {value!r} is no time")
    if kind == "string" and schema.get("format") == "guid" and not GUID.fullmatch(value):
        found.append(f"{where}: {value!r} is no guid")
    if kind == "array":
        for number, item in enumerate(value):
            found += problems(definitions, schema["items"], item, f"{where}[{number}]", complete=complete)
    for name, inner in schema.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            found += problems(definitions, inner, value[name], f"{where}.{name}", complete=complete)
        elif complete:
            found.append(f"{where}: {name} is missing")
    for name in schema.get("required", []):
        if value.get(name) is None:
            found.append(f"{where}: {name} is required")
    return found


@pytest.mark.parametrize("path", sorted(ASKED))
def test_an_answer_fits_its_definition(swagger, caller, path):
    schema = swagger["paths"][path]["get"]["responses"]["200"]["schema"]

    answer = caller.get(path, **ASKED[path])

    complete = path not in ALLOWED_TO_LACK
    assert problems(swagger["definitions"], schema, answer, path, complete=complete) == []
    assert answer or path in ("/liquidation", "/announcement", "/settlement")


def test_what_does_not_fit_would_be_found(swagger):
    schema = {"$ref": "#/definitions/Trade"}
    good = {"timestamp": "2024-01-01T00:00:00.000Z", "symbol": "XBTUSD", "size": 1}

    def found(row):
        return problems(swagger["definitions"], schema, row, "", complete=False)

    assert found(good) == []
    assert found({**good, "size": 1.5})
    assert found({**good, "size": True})
    assert found({**good, "timestamp": "2024-01-01"})
    assert found({"symbol": "XBTUSD"})
