"""Calls to the two authorities."""
