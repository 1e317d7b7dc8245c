"""Calls to carriers: labels, and checks whether a paused operation would be accepted again."""
