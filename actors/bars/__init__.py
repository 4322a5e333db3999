"""The parts that the bar builder is made of: what bars are wanted, and the one bar of a kind that is running."""
