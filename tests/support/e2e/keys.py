"""Which key of the stack a request of the fuzz bears."""

from __future__ import annotations

from contracts.previews import PATH
from sandbox.local.stack import Stack
from shared.scopes import Scope


def authorization(stack: Stack, method: str, path: str) -> str:
    """An operator's, unless only another opens the route: a marketplace places orders, and services ask one another."""
    others: dict[tuple[str, str], Scope] = {
        ("POST", "/orders"): "marketplace",
        ("POST", "/orders/preview"): "marketplace",
        ("POST", PATH): "service",
    }
    scope = others.get((method.upper(), path), "operator")
    return f"Bearer {stack.secrets.api_keys[scope]}"
