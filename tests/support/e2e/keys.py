"""Which key of the stack a request of the fuzz bears: one that opens its route, or nothing behind it would be tried."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from sandbox.local.stack import Stack
from services.registry import SERVICES

DOCUMENTS = Path(__file__).parents[3] / "contracts" / "openapi"


class Vendor(NamedTuple):
    """A vendor of the fuzz, and its key."""

    id: str
    key: str


@cache
def vendor(stack: Stack) -> Vendor:
    """Added to the stack when it is first asked for."""
    return add_vendor(stack)


def add_vendor(stack: Stack) -> Vendor:
    """Another one, which has stated nothing."""
    operator = {"Authorization": f"Bearer {stack.secrets.api_keys['operator']}"}
    body = {"owner": f"fuzz-{secrets.token_hex(4)}"}
    added = httpx.post(f"{stack.urls['makers']}/vendors", json=body, headers=operator, trust_env=False)
    assert added.status_code == 201, added.text
    return Vendor(added.json()["id"], added.json()["key"])


def authorization(stack: Stack, method: str, path: str, of: Vendor | None = None) -> str:
    """An operator's, unless only another opens the route. `path`: of a request, or as the documents have it; `of`: the
    vendor whose key is meant where a vendor's is."""
    scopes = next((scopes for verb, route, scopes in _routes() if verb == method.lower() and route.fullmatch(path)), ())
    scope: Any = "operator" if not scopes or "operator" in scopes else min(scopes)
    key = (of or vendor(stack)).key if scope == "vendor" else stack.secrets.api_keys[scope]
    return f"Bearer {key}"


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    """Method, path and scopes of every operation; `/products/{sku}` after what has fewer variables."""
    return tuple(sorted(_documented(), key=lambda route: route[1].pattern.count("[^/]+")))


def _documented() -> Iterator[tuple[str, re.Pattern[str], tuple[str, ...]]]:
    for service in SERVICES:
        document: Any = json.loads((DOCUMENTS / f"{service}.json").read_text())
        for path, methods in document["paths"].items():
            pattern = re.compile("".join("[^/]+" if part[:1] == "{" else re.escape(part) for part in _parts(path)))
            for method, operation in methods.items():
                schemes = [scheme for requirement in operation.get("security", ()) for scheme in requirement]
                yield method, pattern, tuple(scheme.removesuffix("Key") for scheme in schemes)


def _parts(path: str) -> list[str]:
    return re.split(r"({\w+})", path)
