"""What an API key opens. Needs nothing but Python."""

from __future__ import annotations

from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["marketplace", "warehouse", "vendor", "support", "operator", "service"]
"""`vendor` opens the things of one vendor, the one in the key's name, and no others. `support` reads what operators
read and answers what waits for a person; an operator may do all but place orders, state what is a vendor's own, and
what `service` opens: questions that services ask one another."""
