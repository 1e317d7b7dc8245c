"""The rules of customs. Pure."""
