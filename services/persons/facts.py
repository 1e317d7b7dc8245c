"""What a service knows of a person: that the record has come, and that it was erased. Pure."""

from __future__ import annotations

from typing import ClassVar

from contracts.base import OrderEvent


class PersonRecorded(OrderEvent):
    """The person's record has arrived here. Known to this service only; holds nothing of the person."""

    NAME: ClassVar[str] = "person-recorded"


class PersonErased(OrderEvent):
    """The person's record was erased here. Known to this service only."""

    NAME: ClassVar[str] = "person-erased"
