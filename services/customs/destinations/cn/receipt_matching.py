"""Finds the message that a receipt answers, by the business numbers that both contain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from services.customs.destinations.cn.receipts import PolledReceipt, ReceiptKeys, SentMessage, TaxBill

MOST_NAMED = 100
KeyName = Literal["cop_no", "order", "waybill", "payment", "guid", "number"]


@dataclass(frozen=True, slots=True)
class MessageKey:
    """A number that identifies one of our messages."""

    type: str
    """Empty for a guid, which identifies a message of any type."""
    name: KeyName
    number: str
    registered: str = ""
    """The registered code of the firm that gave the number, where a number is unique within a firm only."""


ANSWERS: Mapping[str, tuple[str, KeyName]] = {
    "CEB312": ("CEB311", "order"),
    "CEB412": ("CEB411", "payment"),
    "CEB512": ("CEB511", "waybill"),
    "CEB514": ("CEB513", "waybill"),
    "CEB622": ("CEB621", "cop_no"),
    "CEB624": ("CEB623", "cop_no"),
    "CEB626": ("CEB625", "cop_no"),
    "CEB816": ("CEB621", "number"),
    "CEB818": ("CEB621", "number"),
    "CEB900": ("", "guid"),
}
"""By type of receipt: the type of the message that it answers, and the number that identifies it (CEB specification of
2022-05). Receipts of a supervised place (CEB711, CEB712) are read, and answer no message of ours."""


def message_key(message_type: str, keys: ReceiptKeys) -> MessageKey | None:
    """The key of the message that a receipt with these numbers answers; None if a number is missing."""
    answered = ANSWERS.get(message_type)
    if answered is None:
        return None
    of, name = answered
    number, registered = {
        "cop_no": (keys.cop_no, ""),
        "order": (keys.order_no, keys.ebp_code),
        "waybill": (keys.logistics_no, keys.logistics_code),
        "payment": (keys.pay_transaction_id, keys.pay_code),
        "guid": (str(keys.guid) if keys.guid else "", ""),
        "number": (keys.invt_no, ""),
    }[name]
    complete = number and (registered or name in ("cop_no", "guid", "number"))
    return MessageKey(of, name, number, registered) if complete else None


def about(receipt: PolledReceipt | TaxBill) -> str:
    """How a receipt that answers no message of ours is listed: its type and one number, none of which identifies a
    person."""
    keys = receipt.keys
    guid = str(keys.guid) if keys.guid else ""
    numbers = (keys.cop_no, keys.order_no, keys.logistics_no, keys.invt_no, keys.pre_no, keys.pay_code, guid)
    return f"{receipt.message_type} {next(filter(None, numbers), '')}"[:MOST_NAMED]


def keys_of(receipts: Iterable[PolledReceipt | TaxBill]) -> set[MessageKey]:
    keys = (message_key(receipt.message_type, receipt.keys) for receipt in receipts)
    return {key for key in keys if key is not None}


Doubt = Literal["several_messages", "another_declaration", "earlier_version"]
CLOCKS = timedelta(minutes=5)
"""By how much customs' clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Match:
    """The message that a receipt answers; or those that it may answer, and why it is in doubt."""

    message: SentMessage | None
    candidates: tuple[SentMessage, ...] = ()
    doubt: Doubt | None = None

    @property
    def stored_with(self) -> SentMessage | None:
        """The message under which the receipt is stored, whatever its version, so that a repetition is recognised."""
        return self.candidates[0] if self.doubt == "earlier_version" else self.message


def match_all(receipts: Iterable[PolledReceipt], sent: Mapping[MessageKey, Sequence[SentMessage]]) -> dict[str, Match]:
    """The match of each receipt, by the receipt's key. A declaration number in one receipt is known when the next is
    matched."""
    known = {key: list(messages) for key, messages in sent.items()}
    matches: dict[str, Match] = {}
    for receipt in receipts:
        matching = matches[receipt.key] = match(receipt, known)
        number = receipt.keys.better_number(matching.message.number) if matching.message else None
        key = message_key(receipt.message_type, receipt.keys)
        if matching.message is not None and number is not None and key is not None:
            known[key] = [
                replace(message, number=number) if message is matching.message else message for message in known[key]
            ]
    return matches


def _is_of_an_earlier_version(receipt: PolledReceipt | TaxBill, message: SentMessage) -> bool:
    """Whether customs gave the receipt before the latest version was written. Of a first version an earlier time is an
    error of the time. A tax bill names the declaration, and a format error (CEB900) the version itself."""
    if isinstance(receipt, TaxBill) or receipt.message_type == "CEB900":
        return False
    said, written_at = receipt.returned_at, message.written_at
    earlier = said is not None and written_at is not None and said < written_at - CLOCKS
    return earlier and message.version > 1


def match(receipt: PolledReceipt | TaxBill, sent: Mapping[MessageKey, Sequence[SentMessage]]) -> Match:
    """The message that this receipt answers, if it is certain.

    Two marketplaces may use one order number: if several messages have the receipt's numbers, customs' own number of
    the declaration decides, once it is known. A receipt with another such number is about another declaration. Parcels
    of one order may share the order's number: a receipt of the order's document belongs to the first of them. Versions
    of a message share their numbers too: a receipt from before the latest version was written does not answer that
    version.
    """
    key = message_key(receipt.message_type, receipt.keys)
    named = tuple(sent.get(key, ())) if key else ()
    fitting = tuple(candidate for candidate in named if not receipt.keys.contradicts(candidate.number))
    if len(fitting) > 1:
        declared = {receipt.keys.invt_no, receipt.keys.pre_no}
        numbered = tuple(candidate for candidate in fitting if candidate.number in declared)
        fitting = numbered if len(numbered) == 1 else fitting
    if len({candidate.order_id for candidate in fitting}) == 1:
        message = min(fitting, key=lambda candidate: candidate.parcel)
        return (
            Match(None, (message,), "earlier_version")
            if _is_of_an_earlier_version(receipt, message)
            else Match(message)
        )
    if fitting:
        return Match(None, fitting, "several_messages")
    return Match(None, named, "another_declaration") if named else Match(None)
