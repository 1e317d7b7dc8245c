"""Measures that bodies have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Grams = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Millimetres = Annotated[int, Field(ge=1, le=10_000, strict=True)]
