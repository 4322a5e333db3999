"""Market data of a run that come out of a store: what is taken of it, looked through once, and read as the run goes."""

from adapters.stored.choosing import is_store, only_symbol
from adapters.stored.series import StoredSeries, find_series, stored_columns

__all__ = ["StoredSeries", "find_series", "is_store", "only_symbol", "stored_columns"]
