"""The contracts that are traded here: their arithmetic, and the constant fields of their `instrument` rows.

Specifications as BitMEX publishes them (multipliers, lots, ticks, margins); fees are those of 2021 to 2024.
"""

from decimal import Decimal
from typing import Any, Final

import attrs

from messages import NS_PER_SECOND, Instrument, Kind, Symbol, ValueRounding

EIGHT_HOURS: Final = 8 * 3_600 * NS_PER_SECOND
MARK_TICK: Final = Decimal("0.01")
"""Marks and indices stand on a finer grid than orders."""
CURRENCIES: Final = {"XBt": "XBT", "USDt": "USDT"}
"""The wire's name of a settlement currency, and ours."""
SCALES: Final = {"XBt": 8, "USDt": 6}


@attrs.frozen(kw_only=True)
class Contract:
    """One contract as both sides see it."""

    instrument: Instrument
    settles: str
    """XBt or USDt: money on the wire is an integer in this unit."""
    quoted: str
    underlying: str
    root: str
    multiplier: int
    """As on the wire: minor units per contract, negative when inverse."""
    position_multiplier: int | None
    """Contracts per 1.0 of the underlying (linear)."""
    index: str
    price: float
    """About where a generated market begins."""
    clip_lots: int
    """A usual size of one order there."""
    rung: int
    """Ticks between two quotes of its makers."""
    risk_limit: int
    risk_step: int

    @property
    def symbol(self) -> Symbol:
        """The name."""
        return self.instrument.symbol

    @property
    def lot(self) -> int:
        """Contracts in one lot: what quantities must be multiples of."""
        return int(self.instrument.lot_size)

    def constants(self) -> dict[str, Any]:
        """The fields of its row that never change."""
        deal = self.instrument
        inverse, quanto = deal.kind is Kind.INVERSE, deal.kind is Kind.QUANTO
        return {
            "symbol": self.symbol, "rootSymbol": self.root, "state": "Open", "typ": "FFWCSX",
            "listing": "2016-05-13T12:00:00.000Z", "front": "2016-05-13T12:00:00.000Z", "expiry": None, "settle": None,
            "listedSettle": None, "positionCurrency": self.quoted if inverse else (None if quanto else self.root),
            "underlying": self.underlying, "quoteCurrency": self.quoted, "underlyingSymbol": f"{self.underlying}=",
            "reference": "BMEX", "referenceSymbol": self.index, "calcInterval": None, "publishInterval": None,
            "publishTime": None, "maxOrderQty": 10_000_000, "maxPrice": 1_000_000, "lotSize": self.lot,
            "tickSize": float(deal.tick_size), "multiplier": self.multiplier, "settlCurrency": self.settles,
            "underlyingToPositionMultiplier": self.position_multiplier,
            "underlyingToSettleMultiplier": self.multiplier if inverse else None,
            "quoteToSettleMultiplier": None if inverse or quanto else 10 ** SCALES[self.settles],
            "isQuanto": quanto, "isInverse": inverse, "initMargin": float(deal.initial_margin),
            "maintMargin": float(deal.maintenance_margin), "riskLimit": self.risk_limit, "riskStep": self.risk_step,
            "limit": None, "taxed": True, "deleverage": True, "makerFee": float(deal.maker_fee),
            "takerFee": float(deal.taker_fee), "settlementFee": 0, "fundingBaseSymbol": f".{self.underlying}BON8H",
            "fundingQuoteSymbol": f".{self.quoted}BON8H", "fundingPremiumSymbol": f".{self.symbol}PI8H",
            "rebalanceTimestamp": None, "rebalanceInterval": None, "limitDownPrice": None, "limitUpPrice": None,
            "settledPriceAdjustmentRate": None, "settledPrice": None, "instantPnl": True, "minTick": float(MARK_TICK),
        }  # fmt: skip


def _perpetual(symbol: Symbol, kind: Kind, tick: str, lot: int, *, multiplier: str, currency: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        kind=kind,
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        multiplier=Decimal(multiplier),
        currency=currency,
        value_rounding=ValueRounding.PER_LOT,
        maker_fee=Decimal("-0.0001"),
        taker_fee=Decimal("0.0005"),
        initial_margin=Decimal("0.01"),
        maintenance_margin=Decimal("0.005"),
        funding_interval=EIGHT_HOURS,
    )


XBTUSD: Final = Contract(
    instrument=_perpetual("XBTUSD", Kind.INVERSE, "0.1", 100, multiplier="1", currency="XBT"),
    settles="XBt", quoted="USD", underlying="XBT", root="XBT", multiplier=-100_000_000, position_multiplier=None,
    index=".BXBT", price=50_000.0, clip_lots=60, rung=5, risk_limit=20_000_000_000, risk_step=15_000_000_000,
)  # fmt: skip
ETHUSD: Final = Contract(
    instrument=_perpetual("ETHUSD", Kind.QUANTO, "0.05", 1, multiplier="0.000001", currency="XBT"),
    settles="XBt", quoted="USD", underlying="ETH", root="ETH", multiplier=100, position_multiplier=None,
    index=".BETH", price=2_500.0, clip_lots=400, rung=1, risk_limit=5_000_000_000, risk_step=2_500_000_000,
)  # fmt: skip
XBTUSDT: Final = Contract(
    instrument=_perpetual("XBTUSDT", Kind.LINEAR, "0.1", 100, multiplier="0.000001", currency="USDT"),
    settles="USDt", quoted="USDT", underlying="XBT", root="XBT", multiplier=1, position_multiplier=1_000_000,
    index=".BXBTT", price=50_000.0, clip_lots=200, rung=5, risk_limit=1_000_000_000_000, risk_step=500_000_000_000,
)  # fmt: skip
CONTRACTS: Final = {contract.symbol: contract for contract in (XBTUSD, ETHUSD, XBTUSDT)}
