"""Which messages are ours to send: each needs a mandate of the firm whose message it is. Pure.

The order is the platform's to send, the payment the payment firm's, the waybill the logistics firm's, the inventory the
seller's or its agent's (CEB specification of 2022-05). Without a mandate a message is written and checked, and its firm
or a broker signs and sends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.customs.destinations.cn.ceb import MessageType, Parties
from services.customs.regimes.rows import Dated

MANDATED: tuple[MessageType, ...] = ("CEB311", "CEB411", "CEB511", "CEB621")
_COVERED: Mapping[MessageType, MessageType] = {"CEB623": "CEB621", "CEB625": "CEB621"}
"""Who declares the inventory cancels it, and applies for the return."""
_MANDATE = re.compile(r"(CEB[0-9]{3}):([0-9A-Z]{10}|[0-9A-Z]{18}):([0-9-]{10}):([0-9-]{10})?")


@dataclass(frozen=True, slots=True)
class Mandate(Dated):
    """A firm has its messages of this type sent by us, on these days of Beijing, both included."""

    message: MessageType
    party: str
    """The firm's registration code."""
    valid_from: date
    valid_to: date | None


def read_mandates(text: str) -> tuple[Mandate, ...]:
    """`CEB311:<code>:<first day>:<last day>`, separated by commas; without the last day it still holds. ValueError."""
    return tuple(_mandate(part.strip()) for part in text.split(",") if part.strip())


def _mandate(text: str) -> Mandate:
    parts = _MANDATE.fullmatch(text)
    message = next((one for one in MANDATED if parts is not None and one == parts.group(1)), None)
    if parts is None or message is None:
        raise ValueError(
            f"not <one of {', '.join(MANDATED)}>:<registration code>:<first day>:<last day or nothing>: {text}"
        )
    first, last = date.fromisoformat(parts.group(3)), date.fromisoformat(parts.group(4)) if parts.group(4) else None
    if last is not None and last < first:
        raise ValueError(f"ends before it begins: {text}")
    return Mandate(message, parts.group(2), first, last)


def require_parties(mandates: Iterable[Mandate], parties: Parties) -> None:
    """ValueError: a mandate is not of the firm whose message it is."""
    givers = {
        "CEB311": {parties.platform.code},
        "CEB411": {parties.payment_code},
        "CEB511": {parties.logistics.code},
        "CEB621": {parties.seller.code, parties.agent.code},
    }
    for mandate in mandates:
        if mandate.party not in givers[mandate.message]:
            raise ValueError(f"{mandate.message} is not {mandate.party}'s to send")


def is_ours(message: MessageType, mandates: Iterable[Mandate], day: date) -> bool:
    """Whether we send this message on that day of Beijing."""
    needed = _COVERED.get(message, message)
    return any(mandate.message == needed and mandate.holds(day) for mandate in mandates)
