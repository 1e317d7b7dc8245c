"""The endless loops of provenance."""
