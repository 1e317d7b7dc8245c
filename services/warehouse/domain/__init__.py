"""The warehouse's rules: pure functions over facts, stock and what people report. No I/O, no clock."""
