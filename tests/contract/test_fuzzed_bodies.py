"""Every request that has a body is fuzzed with values in its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from services.registry import SERVICES
from tests.support.e2e.bodies import BEFORE, BODIES, OTHERS

DOCUMENTS = Path(__file__).parents[2] / "contracts" / "openapi"


def with_bodies() -> Iterator[tuple[str, str, str]]:
    for service in SERVICES:
        document = json.loads((DOCUMENTS / f"{service}.json").read_text())
        for path, methods in document["paths"].items():
            yield from (
                (service, method.upper(), path) for method, operation in methods.items() if "requestBody" in operation
            )


def test_every_request_with_a_body_is_fuzzed() -> None:
    """A route that is added, and whose bodies nobody spoils, is named here."""
    fuzzed = [line.split() for line in (*BODIES, *OTHERS)]
    for service, method, path in with_bodies():
        form = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
        matches = [words for words in fuzzed if words[:2] == [service, method] and re.fullmatch(form, words[2])]
        assert matches, f"{service} {method} {path}"


def test_what_is_asked_before_is_known() -> None:
    assert set(BEFORE) <= set(BODIES)
