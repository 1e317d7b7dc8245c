from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..models.cancellation_answer import CancellationAnswer

T = TypeVar("T", bound="Cancellation")


@_attrs_define
class Cancellation:
    """What became of the wish to cancel an order.

    Attributes:
        answer (CancellationAnswer): `requested` until the warehouse has answered; `too_late` when a parcel was handed
            over before.
        reason (str): Who asked: `shopper` or `operator`.
        requested_at (datetime.datetime):
    """

    answer: CancellationAnswer
    reason: str
    requested_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        answer = self.answer.value

        reason = self.reason

        requested_at = self.requested_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "answer": answer,
                "reason": reason,
                "requested_at": requested_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        answer = CancellationAnswer(d.pop("answer"))

        reason = d.pop("reason")

        requested_at = datetime.datetime.fromisoformat(d.pop("requested_at"))

        cancellation = cls(
            answer=answer,
            reason=reason,
            requested_at=requested_at,
        )

        return cancellation
