"""The store of market data."""
