"""Which messages are ours to send: each needs a mandate of the firm whose message it is. Pure.

The order is the platform's to send, the payment the payment firm's, the waybill the logistics firm's, the inventory the
seller's or its agent's (CEB specification of 2022-05). Without a mandate a message is written and checked, and its firm
or a broker signs and sends it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
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
    message = next((kind for kind in MANDATED if parts is not None and kind == parts.group(1)), None)
    if parts is None or message is None:
        raise ValueError(
            f"not <one of {', '.join(MANDATED)}>:<registration code>:<first day>:<last day or nothing>: {text}"
        )
    first, last = date.fromisoformat(parts.group(3)), date.fromisoformat(parts.group(4)) if parts.group(4) else None
    if last is not None and last < first:
        raise ValueError(f"ends before it begins: {text}")
    return Mandate(message, parts.group(2), first, last)


def _givers(message: MessageType, parties: Parties) -> frozenset[str]:
    """The codes of the firms that may give the mandate for this message."""
    match message:
        case "CEB311":
            return frozenset({parties.platform.code})
        case "CEB411":
            return frozenset({parties.payment_code})
        case "CEB511":
            return frozenset({parties.logistics.code})
    return frozenset({parties.seller.code, parties.agent.code})


def require_parties(mandates: Iterable[Mandate], parties: Collection[Parties]) -> None:
    """ValueError: a mandate is not of a firm whose message it is."""
    for mandate in mandates:
        if not any(mandate.party in _givers(mandate.message, firms) for firms in parties):
            raise ValueError(f"{mandate.message} is not {mandate.party}'s to send")


def is_ours(message: MessageType, mandates: Iterable[Mandate], parties: Parties, day: date) -> bool:
    """Whether we send this message of these firms on that day of Beijing."""
    needed, givers = _COVERED.get(message, message), _givers(message, parties)
    return any(mandate.message == needed and mandate.party in givers and mandate.holds(day) for mandate in mandates)
