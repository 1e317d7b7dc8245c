"""What bodies and answers of every HTTP interface share. The text under a field is its description in OpenAPI."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request's body, or a part of one. Unknown fields are refused, so that a misspelt one is not lost in silence; no
    error repeats a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)


class View(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)
