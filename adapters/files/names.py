"""The names that people and exchanges habitually give columns, the likeliest first.

Case, spaces and _ - . do not count.
"""

import re
from collections.abc import Mapping
from typing import Final

PRICES: Final = ("open", "high", "low", "close")

BAR_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "highprice"),
    "low": ("low", "l", "lowprice"),
    "close": ("close", "c", "closeprice"),
    "volume": ("volume", "vol", "v"),
    "turnover": ("turnover", "amount", "quotevolume"),
}
TICK_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "price": ("price", "px", "p"),
    "size": ("size", "qty", "quantity", "volume", "vol", "amount"),
    "side": ("side", "aggressor", "takerside"),
    "maker": ("isbuyermaker",),
}
QUOTE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "bid": ("bid", "bidprice", "bestbid", "bestbidprice"),
    "bid_size": ("bidsize", "bidqty", "bidamount", "bestbidsize", "bestbidqty"),
    "ask": ("ask", "askprice", "bestask", "bestaskprice"),
    "ask_size": ("asksize", "askqty", "askamount", "bestasksize", "bestaskqty"),
}
SYMBOL_NAMES: Final = ("symbol", "instrument", "ticker", "pair")
STAMP_NAMES: Final = (
    "timestamp", "datetime", "ts", "opentime", "starttime", "transacttime", "transactiontime", "unix",
)  # fmt: skip
START_NAMES: Final = ("opentime", "starttime")
"""Names of a bar's time that say themselves that it is the start."""

SIDES: Final = {
    "buy": 1,
    "b": 1,
    "1": 1,
    "+1": 1,
    "sell": -1,
    "s": -1,
    "-1": -1,
    "": 0,
    "0": 0,
    "unknown": 0,
    "none": 0,
}
"""What a side column may say, and the aggressor it means."""
MAKERS: Final = {"true": -1, "1": -1, "false": 1, "0": 1}
"""Where the buyer was the maker, the seller was the aggressor."""


def plain(name: str) -> str:
    """A column's name without what does not count."""
    return re.sub(r"[\s_.<>-]", "", name.strip().lower())
