"""A fault of what somebody sent: found by a rule, answered over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request."""

    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}

    field: str
    """Where, as in `lines[0].quantity`."""
    rule: str
    """The rule's name, stable for programs."""
    message: str
    """The rule in words, with its bound; never the value that broke it."""
