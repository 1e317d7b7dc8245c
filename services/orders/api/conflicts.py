"""A refusal because of an order's state, as the answer 409."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.orders.domain.refusals import Conflict
from shared.http.problems import Problem


@contextmanager
def conflicts_as_problems() -> Iterator[None]:
    """Raises Problem for a Conflict."""
    try:
        yield
    except Conflict as conflict:
        raise Problem(409, conflict.title, detail=conflict.detail) from conflict
