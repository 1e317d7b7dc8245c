"""What `provenance` publishes: units that may be copied; and, for itself alone, which units were erased."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.base import UNIT, Code, Event, Gtin, Instant, Serial, Value, unit_stream, with_turn
from contracts.vocabularies import UnitFlag


class UnitEvent(Event):
    """A fact about one unit."""

    KIND: ClassVar[str] = UNIT

    gtin: Gtin
    serial: Serial

    @property
    def stream_id(self) -> UUID:
        return unit_stream(self.gtin, self.serial).id


class UnitFlagged(UnitEvent):
    """The unit may be a copy, or be copied: it is not packed until the flag is cleared."""

    NAME: ClassVar[str] = "unit-flagged"
    turn: Annotated[int, Field(ge=1, le=9999)] = 1
    """1 for the unit's first flag, one more for each later one."""
    reason: UnitFlag

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class UnitCleared(UnitEvent):
    """A person has looked at the unit: the flag of this turn is none."""

    NAME: ClassVar[str] = "unit-cleared"
    turn: Annotated[int, Field(ge=1, le=9999)] = 1
    """As in its unit-flagged."""
    resolution: Code

    @property
    def subject(self) -> str:
        return with_turn("", self.turn)


class UnitErasureMarker(Value):
    """What was logged of a unit was erased; `provenance` erases it again where a restored database brings it back."""

    unit: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){34,65}$")]
    """A keyed hash of GTIN and serial, in hexadecimal, that names its key. Without the key, which only `provenance`
    has, nobody can find out which unit is meant."""
    erased_at: Instant
    """Business time."""
