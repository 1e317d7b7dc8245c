"""How the log stands."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from shared.http.models import View


class WitnessState(View):
    """What we know of a witness."""

    name: str
    size: Annotated[int, Field(ge=0)]
    """Of the largest tree that it has signed."""
    answered_at: AwareDatetime | None
    """When it signed last."""
    away_since: AwareDatetime | None
    """Since when it has not signed what it was asked to; none while it does."""
    contradicts: str | None
    """What it says against the log without a proof. It counts no more, until it signs again."""


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
    """Why nothing is signed any more, or not until a quorum is left of witnesses that do not contradict the log."""
    witnesses: list[WitnessState]
