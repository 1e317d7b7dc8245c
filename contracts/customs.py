"""What `customs` publishes about the export from the EU and the import into China."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import (
    Code,
    CountryCode,
    HsCode,
    Instant,
    Money,
    OrderEvent,
    ParcelEvent,
    Value,
    minute_of,
    with_turn,
)
from contracts.vocabularies import (
    Carrier,
    ExportDeclaration,
    HoldReason,
    OrderRefusal,
    ParcelCategory,
    Regime,
    TaxFindingCode,
    TaxPayer,
)

Mrn = Annotated[str, Field(pattern=r"^[0-9]{2}[A-Z]{2}[A-Z0-9]{13}[0-9F]$")]


class TaxFinding(Value):
    """Something about the import tax that the order's sender should know."""

    finding: TaxFindingCode
    sku: str | None = None
    amount: Money | None = None
    """By how much, CNY."""


class OrderScreened(OrderEvent):
    """The order may go on: its regime is chosen, its limits are kept, its value is reserved in the buyer's quota."""

    NAME: ClassVar[str] = "order-screened"
    regime: Regime
    value_cny: Money
    """What counts against the limits, in CNY at the dated rate: goods, freight and insurance under `cbec_9610`, the
    goods alone by post. A discount is not taken off: the limits are for what the goods are worth."""
    rate: Annotated[Decimal, Field(gt=0)]
    """CNY for one EUR."""
    rate_date: date
    tax_cny: Money | None = None
    """The import tax that is due by the rules of the day; None in facts of a time when it was not computed."""
    findings: Annotated[tuple[TaxFinding, ...], Field(max_length=100)] = ()
    """What does not keep the order from going on, and should be known."""
    rules: Annotated[tuple[Code, ...], Field(max_length=100)] = ()
    """The versions that were used: `<table>:<its row's first day>` of amounts, `<file>:<digits of its SHA-256>` of
    goods."""
    one_parcel: bool = False
    """One order, one payment, one waybill, one parcel: in several, customs takes it only if its payment is split."""
    own_numbers: bool = False
    """Its parcels are declared for import under numbers that no order of another marketplace can have (copNo); False in
    facts of a time when that was the sub-order's number."""
    tax_paid_by: TaxPayer | None = None
    """By the lane; None in facts of a time when it was not stated."""


class OrderRefused(OrderEvent):
    """The order may not go on; nothing was reserved. The reason names the rule."""

    NAME: ClassVar[str] = "order-refused"
    reason: OrderRefusal
    sku: str | None = None
    choices: Annotated[tuple[HsCode, ...], Field(max_length=20)] = ()
    """Codes of which one may be right, where the reason is the code."""
    rules: Annotated[tuple[Code, ...], Field(max_length=100)] = ()
    """As of order-screened."""


class Article(Value):
    """One article of a CN23."""

    description: Annotated[str, Field(min_length=1, max_length=64)]
    quantity: Annotated[int, Field(ge=1)]
    net_weight_g: Annotated[int, Field(ge=1)]
    """Of all units together, in grams."""
    unit_value: Money
    hs_code: HsCode
    origin: CountryCode


class Cn23(Value):
    """The customs declaration CN23 without names and addresses, which are added where it is printed."""

    category: ParcelCategory = "commercial"
    articles: Annotated[tuple[Article, ...], Field(min_length=1)]
    gross_weight_g: Annotated[int, Field(ge=1)]
    postal_charges: Money
    invoice_number: Code


class ParcelDeclared(ParcelEvent):
    """The parcel may leave the EU: deemed declared, or with the MRN of its declaration."""

    NAME: ClassVar[str] = "parcel-declared"
    sub_order: Code
    export: ExportDeclaration
    mrn: Mrn | None = None
    eori: Code
    destination: CountryCode | None = None
    """The country it goes to; None in facts of a time when every parcel went to China."""
    carrier: Carrier | None = None
    """Who takes it, where `orders` has routed it; else the first carrier that goes to its country."""
    cn23: Cn23
    goods: Money
    freight: Money
    insurance: Money | None = None
    discount: Money
    tax: Money
    total: Money
    """The parcel's share of the order's total; the shares of an order add up to it, to the cent."""
    rules: Annotated[tuple[Code, ...], Field(max_length=100)] = ()
    """The versions by which it is deemed declared, or is not; as of order-screened."""


class ParcelRefused(ParcelEvent):
    """Export customs refused the parcel."""

    NAME: ClassVar[str] = "parcel-refused"
    reason: Code


class ExportInvalidated(ParcelEvent):
    """Export customs has invalidated the declaration: its goods do not leave under this MRN."""

    NAME: ClassVar[str] = "export-invalidated"
    mrn: Mrn


class ExportExited(ParcelEvent):
    """The office of exit has confirmed that the goods have left the EU: the proof of export."""

    NAME: ClassVar[str] = "export-exited"
    mrn: Mrn
    exited_at: Instant


class ParcelUplifted(ParcelEvent):
    """The agent's notice: the parcel is flown under this bill (CEB621 billNo, voyageNo, trafNo)."""

    NAME: ClassVar[str] = "parcel-uplifted"
    bill_number: Code
    voyage_number: Code
    conveyance_number: Code | None = None
    """Of the means of transport, as the carrier's manifest has it; None where the agent does not name it."""


class ImportDeclared(ParcelEvent):
    """The inventory (CEB621) is with Chinese customs."""

    NAME: ClassVar[str] = "import-declared"
    declaration_number: Code


class ImportHeld(ParcelEvent):
    """Chinese customs holds the parcel until someone acts."""

    NAME: ClassVar[str] = "import-held"
    reason: HoldReason
    status: Code
    """The receipt's returnStatus, 500 to 599. A manual review (300) requires no action and is not a hold."""
    held_at: Instant

    @property
    def subject(self) -> str:
        return f"{self.parcel}:{self.status}:{minute_of(self.held_at)}"


class ImportCleared(ParcelEvent):
    """Released (800)."""

    NAME: ClassVar[str] = "import-cleared"
    released_at: Instant | None = None
    """When customs says that it released the parcel, where it does: a hold after that is open until another release."""


class ImportRefused(ParcelEvent):
    """Rejected (100) or sent back (700): the parcel returns, unless it is declared again. An error in the message is a
    case, not a refusal."""

    NAME: ClassVar[str] = "import-refused"
    reason: Code
    version: Annotated[int, Field(ge=1)] = 1
    """Of the declaration: one more each time that it is written again. Of several refusals the latest counts."""

    @property
    def subject(self) -> str:
        return with_turn(str(self.parcel), self.version)


class ImportReturned(ParcelEvent):
    """A return after release was approved (CEB625/626): the buyer's quota is given back."""

    NAME: ClassVar[str] = "import-returned"
