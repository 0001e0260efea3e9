"""Ratios of connector against a floor and against peers, measured side by side: `python -m benchmarks --help`."""
