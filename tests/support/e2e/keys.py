"""Which key of the stack a request of the fuzz bears."""

from __future__ import annotations

from sandbox.local.stack import Stack
from shared.scopes import Scope


def authorization(stack: Stack, method: str, path: str) -> str:
    """An operator's, which opens all but one route: only a marketplace places orders."""
    scope: Scope = "marketplace" if (method.upper(), path) == ("POST", "/orders") else "operator"
    return f"Bearer {stack.secrets.api_keys[scope]}"
