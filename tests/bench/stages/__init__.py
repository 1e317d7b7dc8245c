"""The stages: each module has `run(bench, size) -> Result`. The table is in `tests.bench.__main__`."""
