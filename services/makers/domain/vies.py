"""VIES, the Commission's register of VAT numbers: what it is asked, and what its answers mean. Pure.

An answer says of a number that it is valid or that it is not. Everything else is a fault, of VIES, of a member state or
of our question, and says nothing about the number: no fault ever means "invalid". The body is read before the status,
which differs between its parts: a member state that is away comes with 200.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.makers.domain.numbers import split_vat
from shared.http.counterpart_answer import Answer
from shared.http.json_reader import NotJson, read_leniently
from shared.text import storable

Outcome = Literal["valid", "invalid", "unanswered"]
NameMatch = Literal["same", "differs", "withheld"]
"""Of VIES' name and the one that was stated; `withheld`: the member state does not publish names (Germany)."""

VAT_CHECK = "vat_check"
"""The kind of the jobs that ask VIES; their subject is the check's round."""
WITHHELD = frozenset({"", "---"})
LONGEST = 1_000
"""Characters that are kept of a name or an address."""
FOR_GOOD = frozenset({"INVALID_INPUT", "INVALID_REQUESTER_INFO", "VAT_BLOCKED", "IP_BLOCKED"})
"""Faults that the same question gets again: a person must look."""
PASSING = frozenset(
    {
        "SERVICE_UNAVAILABLE",
        "MS_UNAVAILABLE",
        "TIMEOUT",
        "MS_MAX_CONCURRENT_REQ",
        "MS_MAX_CONCURRENT_REQ_TIME",
        "GLOBAL_MAX_CONCURRENT_REQ",
        "GLOBAL_MAX_CONCURRENT_REQ_TIME",
        "VOW-ERR-1",
    }
)
"""Faults that pass: it or a member state is away, too slow, or asked too often at once. With those above all codes that
are known; what else stands in their place may be anybody's words, and is `unknown_fault`."""
_CONSULTATION = re.compile(r"[A-Za-z0-9]{1,64}")
_LEGAL_FORMS = frozenset(
    ("sa", "sas", "sasu", "sarl", "eurl", "snc", "gmbh", "ag", "kg", "spa", "srl", "bv", "nv", "ab")
)


@dataclass(frozen=True, slots=True)
class VatAnswer:
    """What VIES says of a number."""

    valid: bool
    name: str
    """Empty when it is withheld."""
    address: str
    consultation: str
    """The number by which the check is proven; empty without a requester."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a vendor's VAT number."""

    vendor_id: UUID
    round: int
    vat: str
    asked_at: datetime
    outcome: Outcome | None = None
    """None while it is under way."""
    answered_at: datetime | None = None
    name_match: NameMatch | None = None
    reason: str | None = None
    """Why it is unanswered: VIES' own word, or the connection's."""
    consultation: str = ""


class NoVatAnswer(Exception):
    """A fault: nothing is known of the number."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good


def question(vat: str, requester: str) -> Mapping[str, str]:
    """The body of check-vat-number. `requester`: our own VAT number; empty for none, and then no consultation number
    comes back."""
    country, number = split_vat(vat)
    body = {"countryCode": country, "vatNumber": number}
    if requester:
        own_country, own_number = split_vat(requester)
        body |= {"requesterMemberStateCode": own_country, "requesterNumber": own_number}
    return body


def read(answer: Answer, vat: str) -> VatAnswer:
    """What the answer says of this number. Raises NoVatAnswer."""
    try:
        reply = read_leniently(answer.body)
    except NotJson:
        raise NoVatAnswer(f"http:{answer.status}" if answer.status != 200 else "unreadable") from None
    if not isinstance(reply, dict):
        raise NoVatAnswer("unreadable")
    if (code := _fault(reply)) is not None:
        raise NoVatAnswer(code, for_good=code in FOR_GOOD)
    if answer.status != 200:
        raise NoVatAnswer(f"http:{answer.status}")
    valid = reply.get("valid")
    if not isinstance(valid, bool) or (reply.get("countryCode"), reply.get("vatNumber")) != split_vat(vat):
        raise NoVatAnswer("unreadable")
    consultation = _text(reply, "requestIdentifier")
    return VatAnswer(
        valid,
        _text(reply, "name"),
        _text(reply, "address"),
        consultation if _CONSULTATION.fullmatch(consultation) else "",
    )


def _fault(reply: Mapping[str, Any]) -> str | None:
    """The code of a fault, if the body has one: of the contract's error body, or `userError` of the web form's."""
    wrappers = reply.get("errorWrappers")
    if reply.get("actionSucceed") is False or wrappers:
        first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
        return _code(first.get("error") if isinstance(first, dict) else None)
    error = reply.get("userError", "VALID")
    return None if error in ("VALID", "INVALID") else _code(error)


def _code(value: object) -> str:
    return value if isinstance(value, str) and value in FOR_GOOD | PASSING else "unknown_fault"


def _text(reply: Mapping[str, Any], field: str) -> str:
    value = reply.get(field)
    text = value.strip() if isinstance(value, str) else ""
    return "" if text in WITHHELD else storable(text[:LONGEST])


def name_match(stated: str, answered: str) -> NameMatch:
    """By words alone: capitals, accents, punctuation, order and the legal form do not count."""
    if not answered:
        return "withheld"
    return "same" if _words(stated) == _words(answered) else "differs"


def _words(name: str) -> list[str]:
    plain = "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))
    plain = re.sub(r"(?<=\b\w)\.(?=\w\b)", "", plain)  # S.A.S. is SAS
    return sorted(word for word in re.findall(r"\w+", plain) if word not in _LEGAL_FORMS)
