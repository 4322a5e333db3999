"""What the risk guard judges with: its limits and the exposure of orders on their way. Values, no actor."""
