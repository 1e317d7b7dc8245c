"""What all bodies and answers share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Grams = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Millimetres = Annotated[int, Field(ge=1, le=10_000, strict=True)]


class Body(BaseModel):
    """A request's body: unknown fields are refused, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(frozen=True)
