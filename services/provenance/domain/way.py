"""A unit's way: what happened to it, from its events in the order of the log, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.provenance.domain.epcis import Place

Proof = Literal["proven", "waiting", "earlier"]
"""`proven`: under a checkpoint that a quorum of witnesses has signed; `waiting`: not yet; `earlier`: in a log before
this one."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the unit, or to a box while it lay in it."""

    event_id: str
    happened_at: datetime
    step: str
    """Of CBV: `commissioning`, `packing`, ..."""
    here: bool
    """Whether it happened in our warehouse; else the event says no place."""
    proof: Proof
    said_by: str | None = None
    """Who has reported it; None for our own."""
    wrong: bool = False
    """Whether it was declared wrong. It is still shown, and has no effect on the unit's state."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """With whom the unit is, by its events."""

    delivered: bool
    since: datetime
    """When it came to be with its buyer, or with us."""
    ended_at: datetime | None
    """When it was written off."""


def step_of(event: Mapping[str, Any], proof: Proof, place: Place, said_by: str | None = None) -> Step:
    here = said_by is None and event.get("readPoint") == place.here
    happened_at, wrong = datetime.fromisoformat(event["eventTime"]), "errorDeclaration" in event
    return Step(event["eventID"], happened_at, event["bizStep"], here, proof, said_by, wrong)


def is_ours(way: Sequence[Step]) -> bool:
    """Whether we have an event of our own of the unit: what others report of a serial does not make it ours."""
    return any(step.said_by is None for step in way)


def unit_state(way: Sequence[Step]) -> UnitState:
    """Of a way that `is_ours`, from our own events alone. A unit that came back is with us again; one that was written
    off stays so."""
    wrong = {step.event_id for step in way if step.wrong}
    ours = [step for step in way if step.said_by is None]
    delivered, since, ended_at = False, ours[0].happened_at, None
    for step in ours:
        if step.event_id in wrong:
            continue
        match step.step:
            case "arriving":
                delivered, since = True, step.happened_at
            case "receiving":
                delivered, since = False, step.happened_at
            case "decommissioning":
                ended_at = step.happened_at
    return UnitState(delivered, since, ended_at)
