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
"""After these a person must look into the message and correct it."""
ACCEPTED: frozenset[Meaning] = frozenset({"under_way", "held", "cleared", "approved"})
"""After these the message need not be sent again."""


@dataclass(frozen=True, slots=True)
class Status:
    """A row of the table: what a returnStatus means, what follows from it, whose work it is then, which paper or field
    it is about, how that is mended, and what happens then. No column is empty: where nothing applies it has `none` or
    `nothing`."""

    status: str
    meaning: Meaning
    says: str
    follows: str
    whose: str
    paper: str
    mend: str
    then: str


@dataclass(frozen=True, slots=True)
class KnownError:
    """A negative returnStatus: its name, the paper or field that it is about, who mends it, how, and what then."""

    code: str
    name: str
    paper: str
    whose: str
    mend: str
    then: str
    taken_in: bool = False
    """Customs has stored what it rejects: the next version is sent as a change of it."""


UNKNOWN = Status(
    status="",
    meaning="unknown",
    says="a status that the specification does not have for this receipt",
    follows="case",
    whose="operator",
    paper="the message that the receipt answers, as a whole",
    mend="read the office's own words, ask the single window what the status means, and note it in the case",
    then="customs' decision closes the case",
)
ERROR = Status(
    status="",
    meaning="error",
    says="an error of the message: no verdict on the parcel",
    follows="case",
    whose="operator",
    paper="the message that the receipt answers; the office's own words name the field",
    mend="correct what the office's own words name, then declare it again by retry",
    then="another version is sent, and customs decides on that one alone",
)
OTHER_HOLD = Status(
    status="",
    meaning="held",
    says="a hold of a kind that the specification does not have",
    follows="hold",
    whose="operator",
    paper="CEB621, and the papers that the office asks for in its own words",
    mend="ask the office what it holds the parcel for, and answer (hold-answer)",
    then="customs releases the parcel (800), sends it back (700) or holds it on",
)


def table(data: Mapping[str, Any]) -> tuple[Mapping[tuple[str, str], Status], Mapping[str, KnownError]]:
    """Statuses by receipt and status, errors by code. ValueError: an unknown meaning, or a status that is there twice.
    TypeError: a row with a column missing, or with one too many."""
    statuses: dict[tuple[str, str], Status] = {}
    for row in data["statuses"]:
        if row["meaning"] not in get_args(Meaning):
            raise ValueError(f"no such meaning: {row['meaning']}")
        columns = {column: text for column, text in row.items() if column != "of"}
        status = Status(**columns | {"meaning": cast(Meaning, row["meaning"])})
        for receipt in row["of"]:
            if statuses.setdefault((receipt, status.status), status) is not status:
                raise ValueError(f"{receipt} has {status.status} twice")
    return statuses, {row["code"]: KnownError(**row) for row in data["errors"]}


STATUSES, ERRORS = table(json.loads((DATA / "receipts.json").read_text(encoding="utf-8")))


def status_of(status: str, receipt: str = INVENTORY_RECEIPT) -> Status:
    """What a returnStatus of a receipt of this type means. A negative one is an error of the message, and no verdict on
    the parcel. Of those that the specification does not have for this receipt, a 5xx of an inventory is a hold; the
    others are unknown."""
    known = STATUSES.get((receipt, status))
    if known is not None:
        return known
    if STATUS.fullmatch(status) and (status.startswith("-") or receipt == "CEB900"):
        return ERROR
    return OTHER_HOLD if receipt == INVENTORY_RECEIPT and _HELD.fullmatch(status) else UNKNOWN


def meaning(status: str, receipt: str = INVENTORY_RECEIPT) -> Meaning:
    return status_of(status, receipt).meaning


def is_accepted(status: str | None) -> bool:
    """Whether a message with this answer need not be sent again; None: it was not answered."""
    return status is not None and meaning(status) in ACCEPTED


def status_code(status: str) -> str:
    """The status as part of a reason code: an error by its name, where it has one."""
    known = ERRORS.get(status)
    return known.name if known else status.replace("-", "minus")


def case_reason(message_type: str, status: str) -> str:
    """The reason code of a case about a message: what answered, and how."""
    return f"{message_type or 'receipt'}:{status_code(status)}"
