"""A person's facts in a service: that the record has come, which contact counts, that it was erased. Pure."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import OrderEvent
from contracts.warehouse import OrderChanged
from shared.ledger.facts import Facts

AS_PLACED = 1
"""The version of the contact with which an order is placed."""


class PersonRecorded(OrderEvent):
    """The person's record has arrived here, with the contact up to this version. Known to this service only; holds
    nothing of the person."""

    NAME: ClassVar[str] = "person-recorded"
    version: Annotated[int, Field(ge=AS_PLACED)] = AS_PLACED

    @property
    def subject(self) -> str:
        return "" if self.version == AS_PLACED else str(self.version)


class PersonErased(OrderEvent):
    """The person's record was erased here. Known to this service only."""

    NAME: ClassVar[str] = "person-erased"


def contact_version(facts: Facts) -> int:
    """The version of the contact that counts."""
    return max((changed.version for changed in facts.all(OrderChanged)), default=AS_PLACED)


def contact_recorded(facts: Facts) -> bool:
    """Whether the contact that counts has arrived here: the record may come after the fact that names its version."""
    version = contact_version(facts)
    return any(recorded.version >= version for recorded in facts.all(PersonRecorded))
