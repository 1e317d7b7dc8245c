"""Faults, injected while orders are in flight, and the invariants that must hold afterwards."""
