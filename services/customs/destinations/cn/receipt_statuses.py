"""What the statuses and error codes of the single window's receipts mean: `data/receipts.json`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from services.customs.regimes.rule_files import DATA

STATUS = re.compile(r"-?[0-9]{1,6}")
_HELD = re.compile(r"5[0-9]{2}")
INVENTORY_RECEIPT = "CEB622"

Meaning = Literal["under_way", "held", "cleared", "approved", "refused", "error", "not_sent", "closed", "unknown"]
FAILED: frozenset[Meaning] = frozenset({"refused", "error", "not_sent"})
"""What a message must be looked into for, and corrected."""
ACCEPTED: frozenset[Meaning] = frozenset({"under_way", "held", "cleared", "approved"})
"""What a message need not be sent again for."""


@dataclass(frozen=True, slots=True)
class Status:
    """A row of the table: what a returnStatus means, what follows from it, and whose work it is then."""

    status: str
    meaning: Meaning
    says: str
    follows: str
    whose: str


@dataclass(frozen=True, slots=True)
class KnownError:
    """A negative returnStatus: its name, the paper or field that it is about, who mends it, and how."""

    code: str
    name: str
    paper: str
    whose: str
    mend: str
    taken_in: bool = False
    """Customs has what it rejects: what follows is a change of that."""


UNKNOWN = Status("", "unknown", "a status that the specification does not have for this receipt", "case", "operator")
ERROR = Status("", "error", "an error of the message: no verdict on the parcel", "case", "operator")
OTHER_HOLD = Status("", "held", "a hold of a kind that the specification does not have", "hold", "operator")


def table(data: Mapping[str, Any]) -> tuple[Mapping[tuple[str, str], Status], Mapping[str, KnownError]]:
    """Statuses by receipt and status, errors by code. ValueError: a meaning that there is not, or a status twice."""
    statuses: dict[tuple[str, str], Status] = {}
    for row in data["statuses"]:
        if row["meaning"] not in get_args(Meaning):
            raise ValueError(f"no such meaning: {row['meaning']}")
        status = Status(row["status"], cast(Meaning, row["meaning"]), row["says"], row["follows"], row["whose"])
        for receipt in row["of"]:
            if statuses.setdefault((receipt, status.status), status) is not status:
                raise ValueError(f"{receipt} has {status.status} twice")
    return statuses, {row["code"]: KnownError(**row) for row in data["errors"]}


STATUSES, ERRORS = table(json.loads((DATA / "receipts.json").read_text(encoding="utf-8")))


def status_of(status: str, receipt: str = INVENTORY_RECEIPT) -> Status:
    """What a returnStatus of a receipt of this type says. A negative one is an error of the message, and no verdict
    on the parcel; one that the specification does not have for this receipt is unknown."""
    known = STATUSES.get((receipt, status))
    if known is not None:
        return known
    if STATUS.fullmatch(status) and (status.startswith("-") or receipt == "CEB900"):
        return ERROR
    return OTHER_HOLD if receipt == INVENTORY_RECEIPT and _HELD.fullmatch(status) else UNKNOWN


def meaning(status: str, receipt: str = INVENTORY_RECEIPT) -> Meaning:
    return status_of(status, receipt).meaning


def is_accepted(status: str | None) -> bool:
    """Whether a message that was answered so needs not be sent again; None: it was not answered."""
    return status is not None and meaning(status) in ACCEPTED


def status_code(status: str) -> str:
    """The status as part of a reason code: an error by its name, where it has one."""
    known = ERRORS.get(status)
    return known.name if known else status.replace("-", "minus")


def case_reason(message_type: str, status: str) -> str:
    """The reason code of a case about a message: what answered, and how."""
    return f"{message_type or 'receipt'}:{status_code(status)}"
