"""What customs' HTTP interface takes and shows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Code, Money
from shared.http.models import Body, View

ParcelState = Literal[
    "packed",
    "export_declared",
    "export_refused",
    "handed_over",
    "import_declared",
    "import_held",
    "import_refused",
    "import_cleared",
    "import_returned",
]
Work = Literal[
    "export", "invalidation", "exit_proof", "import_documents", "inventory", "cancellation", "return", "hold_answer"
]


class UpliftNoticeBody(Body):
    """The agent's notice under which bill, voyage and conveyance a parcel flies."""

    bill_number: Annotated[Code, Field(max_length=37)]
    """Of the air waybill."""
    voyage_number: Annotated[Code, Field(max_length=32)]
    """Of the flight."""
    conveyance_number: Code | None = None
    """Of the aircraft, as in the carrier's manifest for customs."""


class HoldAnswerBody(Body):
    """What customs asked for, in words. It is kept sealed."""

    answer: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class WorkRetryBody(Body):
    """Work that failed, and is to be done again."""

    work: Work
    """As its case names it: `needs_attention:<work>:<parcel>`."""


class CustomsMessageView(View):
    """A message to import customs about a parcel."""

    type: str
    """The message's type, by which it is read."""
    guid: UUID
    """Its id."""
    is_ours: bool
    """Ours to send. Else it was written for the firm whose message it is, or its broker, who sends it."""
    status: str | None
    """The returnStatus of its receipt, or of the polled receipt that rejects it; null while unanswered."""
    number: str | None
    """The number that customs has given the declaration."""
    written_at: datetime
    answered_at: datetime | None
    """Null while unanswered."""


class CustomsReceiptView(View):
    """A receipt that import customs has returned for a message about a parcel."""

    type: str
    """Of the message."""
    status: str
    """Its returnStatus."""
    meaning: str
    """What we take the status for."""
    says: str
    """The status in words."""
    error: str | None
    """The name of an error that has one, as `over_yearly_limit`; null for any other status."""
    paper: str
    """The message, field or paper that it is about; `none` where nothing is to be done."""
    mend: str
    """What is to be done about it."""
    then: str
    """What happens once it is done."""
    whose: str
    """Whose work it is: `operator`, `marketplace`, `customs`, `e-port` or `nobody`. Work of an operator or a
    marketplace has a case, with the day until which it waits."""
    returned_at: datetime | None
    """Null when the receipt does not say."""


class ReceiptTextView(View):
    """A receipt of import customs in the office's own words."""

    type: str
    """Of the receipt, as `CEB622`."""
    status: str
    """Its returnStatus."""
    returned_at: datetime | None
    """Null when the receipt does not say."""
    recorded_at: datetime
    """When it was stored, real time."""
    text: str | None
    """returnInfo: why customs refuses or holds, in its own language. Null where the receipt has none."""


class ReceiptTextsView(View):
    """What import customs has said of a parcel in its own words, the latest first, a hundred at the most."""

    receipts: tuple[ReceiptTextView, ...]


class ExportDeclarationView(View):
    """The export declaration of a parcel."""

    lrn: str
    """The local reference number: ours."""
    outcome: str
    """`released`, `bad_mrn` or `refused:<code>`."""
    mrn: str | None
    """The movement reference number: customs' own; null unless it is released."""
    overtaken: bool
    """Whether the order had ended, or the box was given up, before the answer came; then the declaration is
    invalidated."""
    invalidation: str | None
    """`invalidated` or `refused:<code>`; null where nobody has asked for it, or customs has not decided."""
    exit_reference: str | None
    """The reference of the confirmation by the office of exit, which proves the export; null while it is not known. It
    proves nothing while the case `exit_proof` says that its time is wrong (`exit_time`)."""
    exited_at: datetime | None
    """When the goods left the EU, by that confirmation."""


class ParcelView(View):
    """Where a parcel stands with customs."""

    order_id: UUID
    parcel: int
    """Its number within the order, from 1."""
    sub_order: str
    """The number under which the parcel is declared: `<order number>-<parcel>`."""
    regime: str
    """The import regime: `cbec_9610` or `personal_postal`."""
    state: ParcelState
    changed_at: datetime
    """When it came into this state."""


class ParcelDetailView(ParcelView):
    """A parcel with its papers, without their bodies."""

    export: ExportDeclarationView | None
    """Null until export customs has answered, and where the parcel needs none."""
    messages: tuple[CustomsMessageView, ...]
    receipts: tuple[CustomsReceiptView, ...]
    tax_cny: Money | None
    """The part of the order's import tax that is due for it; the parts add up to the order's tax. Null where it is not
    known."""
    held: bool
    """Whether it is held and waits for an answer: `POST .../hold-answer`."""


class TaxFindingView(View):
    """Something about the import tax that should be known."""

    finding: str
    """`tax_missing`, `tax_excess`, `content_missing`, `origin_without_code` or `list_note`."""
    sku: str | None
    """Null where it is about the whole order."""
    amount: Money | None
    """By how much, CNY."""


class ScreeningView(View):
    """Whether an order may go on by the rules of import."""

    verdict: Literal["waiting", "screened", "refused"]
    """`waiting`: the order or the person's record has not arrived."""
    regime: str | None = None
    """The import regime: `cbec_9610` or `personal_postal`; null unless `screened`, as the next four."""
    value_cny: Money | None = None
    """The dutiable value."""
    rate: Decimal | None = None
    """CNY for one EUR."""
    rate_date: date | None = None
    """The day of that rate."""
    tax_cny: Money | None = None
    """The import tax that is due by the rules of the day; null of orders of a time when it was not computed."""
    findings: tuple[TaxFindingView, ...] = ()
    """What does not stop the order, as a tax that was not collected."""
    rules: tuple[str, ...] = ()
    """The versions that were used: `<table>:<its row's first day>` of amounts, `<file>:<digits of its SHA-256>` of
    goods. Of a refused order too."""
    reason: str | None = None
    """The rule by which it may not go on; null unless `refused`."""
    sku: str | None = None
    """The article that the rule forbids, where it is about one."""
    choices: tuple[str, ...] = ()
    """Tariff codes of which one may be right, where the rule is about the code."""


class OrderView(View):
    """What customs knows of an order."""

    id: UUID
    number: str | None
    """The marketplace's own; null while the order itself has not arrived."""
    screening: ScreeningView
    parcels: tuple[ParcelDetailView, ...]
    """None until it is packed."""


class ParcelsPage(View):
    """A page of parcels, by order."""

    parcels: tuple[ParcelView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class AcceptedActionView(View):
    """A request about a parcel was accepted; what comes of it is seen in the order."""

    order_id: UUID
    parcel: int
    accepted: bool = True


class SetAsideReceiptView(View):
    """A receipt of a country's customs about no parcel of ours: it answers none of our messages, or is unreadable
    without a number of ours."""

    country: str
    """Whose customs sent it."""
    id: int
    """Within the country."""
    name: str
    """Of an unreadable receipt its cursor, or the one before it, and a hash of its bytes; of a readable one its type
    and a number in it."""
    reason: str
    """Which bound or rule it breaks, as `not_xml`, `not_utf8`, `dtd`, `too_large` or `no_cursor`; `no_message`: it can
    be read, and answers no message of ours."""
    size: int
    """Bytes received."""
    received_at: datetime
    keep_until: datetime
    """Its first bytes are kept, sealed, until then."""


class SetAsideReceiptsView(View):
    """Receipts that wait for a person."""

    receipts: tuple[SetAsideReceiptView, ...]


class SettledReceiptView(View):
    """A receipt that somebody has looked into."""

    country: str
    id: int
    settled: bool
