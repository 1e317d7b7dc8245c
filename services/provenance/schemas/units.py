"""Label sheets, and units that were flagged."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from contracts.base import Code, Gtin, Serial
from services.open_cases import OpenCasesOfKindView
from shared.http.counts import at_most
from shared.http.models import Body, View

SHEET_LABELS = 480
"""That one request prints: 20 sheets."""


class UnitBody(Body):
    """A unit."""

    gtin: Gtin
    serial: Serial


class LabelSheetBody(Body):
    """Which units get a label."""

    units: Annotated[tuple[UnitBody, ...], Field(min_length=1, max_length=SHEET_LABELS), at_most(SHEET_LABELS)]
    """In the order of the labels, each once."""

    @field_validator("units")
    @classmethod
    def _each_once(cls, units: tuple[UnitBody, ...]) -> tuple[UnitBody, ...]:
        if len(set(units)) < len(units):
            raise PydanticCustomError("repeated", "Must name each unit once")
        return units


class CaseView(View):
    """A unit that was flagged: it waits for a person."""

    gtin: str
    serial: str
    turn: int
    """Which flag of the unit."""
    reason: str
    opened_at: datetime
    due_at: datetime
    resolution: str | None
    """Null while it is open."""


class CasesPage(View):
    """A page of cases, the oldest first."""

    cases: tuple[CaseView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class StandingView(View):
    """The open cases in figures."""

    cases: tuple[OpenCasesOfKindView, ...]


class ClearBody(Body):
    """Why a unit's flags are none."""

    resolution: Code
    """What the person has found, as a code: `one_unit`, `copy_found`, `test`."""
