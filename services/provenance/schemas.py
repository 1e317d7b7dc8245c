"""Bodies of the HTTP interface, and answers that are not files of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, field_validator
from pydantic_core import PydanticCustomError

from contracts.base import Code, Gtin, Serial
from services.open_cases import OpenCasesOfKindView
from shared.http.models import Body, View


class WitnessState(View):
    """What we know of a witness."""

    name: str
    size: Annotated[int, Field(ge=0)]
    """Of the largest tree that it has signed."""
    answered_at: AwareDatetime | None
    """When it signed last."""
    away_since: AwareDatetime | None
    """Since when it has not signed what it was asked to; none while it does."""


class LogState(View):
    """How the log stands."""

    origin: str
    key: str
    """The verifier key of its checkpoints, as C2SP's signed notes write it."""
    size: Annotated[int, Field(ge=0)]
    """Leaves in it; those beyond `proven` are told to nobody as proven."""
    signed: Annotated[int, Field(ge=0)]
    """Leaves under our last checkpoint."""
    proven: Annotated[int, Field(ge=0)]
    """Leaves under the last checkpoint that a quorum of witnesses has signed."""
    waiting: Annotated[int, Field(ge=0)]
    """Leaves that are not in it yet."""
    quorum: Annotated[int, Field(ge=0)]
    """So many of the witnesses must sign."""
    stopped: str | None
    """Why nothing is signed any more."""
    witnesses: list[WitnessState]


class UnitBody(Body):
    """A unit."""

    gtin: Gtin
    serial: Serial


class LabelSheetBody(Body):
    """Which units get a label."""

    units: Annotated[tuple[UnitBody, ...], Field(min_length=1, max_length=480)]
    """In the order of the labels, each once: 20 sheets at the most."""

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
