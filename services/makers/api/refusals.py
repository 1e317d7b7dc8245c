"""How a refusal of the rules is answered over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.makers.domain.refusals import Refusal, RefusalKind
from shared.http.problems import Problem

STATUS: dict[RefusalKind, int] = {"unknown": 404, "conflict": 409, "invalid": 422, "unavailable": 503}


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """Raises Problem for each Refusal."""
    try:
        yield
    except Refusal as refusal:
        headers = {"Retry-After": "5"} if refusal.kind == "unavailable" else None
        raise Problem(
            STATUS[refusal.kind], refusal.title, detail=refusal.detail, errors=refusal.faults, headers=headers
        ) from refusal
