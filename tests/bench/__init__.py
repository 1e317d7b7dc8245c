"""Benchmarks: commands, never timed tests.

`python -m tests.bench` runs all stages, `python -m tests.bench intake reads --rounds 5` some of them. Contestants are
processes of their own on the same real servers, and take turns in one run. docs/benchmarks.md says what each stage
compares.
"""
