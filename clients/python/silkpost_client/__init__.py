"""Typed clients of Silkpost's HTTP interfaces, a package a service: orders, tracking."""

__version__ = "1"
