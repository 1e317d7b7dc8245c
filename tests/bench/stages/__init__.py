"""The stages: each module has `run(field, size) -> Result`. The table is in `tests.bench.__main__`."""
