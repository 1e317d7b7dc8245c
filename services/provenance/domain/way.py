"""A unit's way: what happened to it, from its events in the order in which they were told, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.provenance.domain.epcis import Place

Proof = Literal["proven", "waiting", "earlier"]
"""Under a checkpoint that a quorum of witnesses has signed; not yet; in the log before this one."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the unit, or to a box while it lay in it."""

    event_id: str
    at: datetime
    step: str
    """Of CBV: `commissioning`, `packing`, ..."""
    here: bool
    """Whether it happened in our warehouse; else the event says no place."""
    proof: Proof


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the unit is, as far as its events tell."""

    delivered: bool
    since: datetime
    """When it came to be with its buyer, or with us."""
    ended_at: datetime | None
    """When it was written off."""


def step_of(event: Mapping[str, Any], proof: Proof, place: Place) -> Step:
    """Of an event of ours."""
    here = event.get("readPoint") == place.here
    return Step(event["eventID"], datetime.fromisoformat(event["eventTime"]), event["bizStep"], here, proof)


def standing_of(way: Sequence[Step]) -> Standing:
    """Of a way that is not empty. A unit that came back is with us again; one that was written off stays so."""
    delivered, since, ended_at = False, way[0].at, None
    for step in way:
        match step.step:
            case "arriving":
                delivered, since = True, step.at
            case "receiving":
                delivered, since = False, step.at
            case "decommissioning":
                ended_at = step.at
    return Standing(delivered, since, ended_at)
