"""What the fixture `fresh_database` gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

FreshDatabase = Callable[[str], Awaitable[str]]
