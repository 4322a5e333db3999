"""How a simulated venue fills: pure functions from a resting order and what the market showed to a price."""
