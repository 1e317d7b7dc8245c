"""What an API key opens. Needs nothing but Python."""

from __future__ import annotations

from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["marketplace", "warehouse", "support", "operator", "service"]
"""`support` reads what operators read and answers what waits for a person; an operator may do all but place orders, and
what `service` opens: questions that services ask one another."""
