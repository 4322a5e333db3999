"""Simulated runs of the whole live system, by seed: `python -m tests.simulation --seeds 1..20 --profile quick`."""
