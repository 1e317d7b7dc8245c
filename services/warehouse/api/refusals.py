"""How a refusal of the rules is answered over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.warehouse.domain.refusals import Refusal, RefusalKind
from shared.http.problems import Problem

STATUS: dict[RefusalKind, int] = {"unknown": 404, "conflict": 409, "invalid": 422}


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    """Raises Problem for each Refusal."""
    try:
        yield
    except Refusal as refusal:
        raise Problem(STATUS[refusal.kind], refusal.title, detail=refusal.detail, errors=refusal.faults) from refusal
