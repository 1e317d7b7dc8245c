"""Benchmarks: commands, never timed tests. `make bench` runs them and prints machine, medians, spread and ratios."""
