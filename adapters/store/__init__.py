"""The store: what the market said, kept in Parquet by day and in today's live segments, read as one stream."""

from adapters.store.listing import SeriesInfo
from adapters.store.rolling import Rolled
from adapters.store.store import Moment, Store
from adapters.store.table import Table
from adapters.store.writing import Written

__all__ = ["Moment", "Rolled", "SeriesInfo", "Store", "Table", "Written"]
