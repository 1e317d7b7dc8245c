from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Amendment")


@_attrs_define
class Amendment:
    """What happened to a parcel after its order was closed, as when it was found after it was lost.

    Attributes:
        outcome (str): The one that it has now.
        parcel (int):
        previous (str): The outcome that it had.
        since (datetime.datetime):
    """

    outcome: str
    parcel: int
    previous: str
    since: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        outcome = self.outcome

        parcel = self.parcel

        previous = self.previous

        since = self.since.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "outcome": outcome,
                "parcel": parcel,
                "previous": previous,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        outcome = d.pop("outcome")

        parcel = d.pop("parcel")

        previous = d.pop("previous")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        amendment = cls(
            outcome=outcome,
            parcel=parcel,
            previous=previous,
            since=since,
        )

        return amendment
