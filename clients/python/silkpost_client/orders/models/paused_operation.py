from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="PausedOperation")


@_attrs_define
class PausedOperation:
    """An operation of a counterpart that is not asked for until a fault of ours is mended. One case for all the orders
    that wait for it: none is withdrawn, and their deadlines are suspended.

        Attributes:
            contract (str): Under which contract of ours, by the operator's name for it.
            counterpart (str): As `carrier.laposte`.
            freed_by (str): The request that ends it at once; mended, it ends by itself.
            mend (str): What to mend: a setting, as `SENDER_POSTCODE`, or a part of the contract; `unknown` when it does not
                say.
            operation (str): As `labels`.
            reason (str): The counterpart's message id, as `sls:30108`.
            since (datetime.datetime):
    """

    contract: str
    counterpart: str
    freed_by: str
    mend: str
    operation: str
    reason: str
    since: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        contract = self.contract

        counterpart = self.counterpart

        freed_by = self.freed_by

        mend = self.mend

        operation = self.operation

        reason = self.reason

        since = self.since.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "contract": contract,
                "counterpart": counterpart,
                "freed_by": freed_by,
                "mend": mend,
                "operation": operation,
                "reason": reason,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        contract = d.pop("contract")

        counterpart = d.pop("counterpart")

        freed_by = d.pop("freed_by")

        mend = d.pop("mend")

        operation = d.pop("operation")

        reason = d.pop("reason")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        paused_operation = cls(
            contract=contract,
            counterpart=counterpart,
            freed_by=freed_by,
            mend=mend,
            operation=operation,
            reason=reason,
            since=since,
        )

        return paused_operation
