"""The body and the answer of `POST /customs/quote`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from pydantic.functional_validators import BeforeValidator

from contracts.base import (
    Code,
    ContentUnit,
    CountryCode,
    Currency,
    HsCode,
    Money,
    NetContent,
    OrderLine,
    Sku,
    SupportingDocument,
)
from contracts.customs import OrderRefused, OrderScreened
from contracts.orders import OrderPlaced
from services.customs.domain.quote import Quote
from services.customs.domain.tax import DIFFERENCES
from services.customs.schemas.bodies import TaxFindingView
from services.customs.schemas.views import cny, findings
from services.routing import Routing
from shared.http.amounts import amount
from shared.http.counts import at_most
from shared.http.models import Body, View

MAX_LINES = 99
MAX_DOCUMENTS = 5
MAX_AMOUNT = Decimal(1_000_000_000)
COUNTRY = "CN"
"""Where what is quoted goes."""
NO_ORDER = UUID(int=0)
"""Of an order that nobody has placed."""


class QuotedMoney(Body):
    """An amount to the cent."""

    amount: Annotated[Decimal, Field(ge=0, le=MAX_AMOUNT), BeforeValidator(amount)]
    currency: Currency

    def money(self) -> Money:
        return Money(amount=self.amount, currency=self.currency)


class QuotedPrice(QuotedMoney):
    """The price of a unit: above zero."""

    amount: Annotated[Decimal, Field(gt=0, le=1_000_000), BeforeValidator(amount)]


class QuotedContent(Body):
    """What one unit holds, as printed on its package."""

    amount: Annotated[Decimal, Field(gt=0, le=100_000), BeforeValidator(amount)]
    unit: ContentUnit


class QuotedDocument(Body):
    """A permit, or a statement that none is needed."""

    type: Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z][0-9]{2}$")]
    """Of the EU's list, as C400."""
    number: Code | None = None


class QuotedLine(Body):
    """An article, as in an order."""

    sku: Sku
    description: Annotated[str, Field(min_length=1, max_length=64)]
    hs_code: HsCode
    origin: CountryCode
    quantity: Annotated[int, Field(ge=1, le=999)]
    unit_price: QuotedPrice
    """Without tax."""
    content: QuotedContent | None = None
    documents: Annotated[tuple[QuotedDocument, ...], Field(max_length=MAX_DOCUMENTS), at_most(MAX_DOCUMENTS)] = ()
    tax: QuotedMoney | None = None
    """What you collect of China's tax for the whole line: on every line, or on none."""


class QuoteBody(Body):
    """What an order would hold of goods and money. It names no person."""

    lines: Annotated[tuple[QuotedLine, ...], Field(min_length=1, max_length=MAX_LINES), at_most(MAX_LINES)]
    freight: QuotedMoney
    insurance: QuotedMoney | None = None
    discount: QuotedMoney | None = None
    tax: QuotedMoney | None = None
    """What you collect of China's tax, the sum of the lines' where they say it; left out, it is not compared with what
    is due."""

    @property
    def collected(self) -> Decimal | None:
        """What is collected, if the body says it."""
        by_line = [line.tax.amount for line in self.lines if line.tax]
        return self.tax.amount if self.tax else sum(by_line, Decimal("0.00")) if by_line else None

    def currencies(self) -> dict[str, str]:
        """By field."""
        sums = {"freight": self.freight, "insurance": self.insurance, "discount": self.discount, "tax": self.tax}
        prices = {f"lines[{place}].unit_price": line.unit_price for place, line in enumerate(self.lines)}
        taxes = {f"lines[{place}].tax": line.tax for place, line in enumerate(self.lines)}
        return {f"{name}.currency": money.currency for name, money in {**prices, **taxes, **sums}.items() if money}

    def before_discount(self) -> Decimal:
        goods = sum((line.unit_price.amount * line.quantity for line in self.lines), Decimal("0.00"))
        besides = sum((money.amount for money in (self.freight, self.insurance) if money), Decimal(0))
        return goods + besides + (self.collected or Decimal(0))

    def as_order(self, marketplace: str, routing: Routing, now: datetime) -> OrderPlaced:
        """As an order of this marketplace that arrives now, with the carrier that would take it."""
        currency = self.freight.currency
        discount = self.discount.amount if self.discount else Decimal("0.00")
        tax = self.collected or Decimal("0.00")
        return OrderPlaced(
            order_id=NO_ORDER,
            occurred_at=now,
            marketplace=marketplace,
            number="quote",
            lines=tuple(_line(number, line) for number, line in enumerate(self.lines, start=1)),
            freight=Money(amount=self.freight.amount, currency=currency),
            insurance=Money(amount=self.insurance.amount, currency=currency) if self.insurance else None,
            discount=Money(amount=discount, currency=currency),
            tax=Money(amount=tax, currency=currency),
            total=Money(amount=self.before_discount() - discount, currency=currency),
            country=COUNTRY,
            province="CN-GD",
            carrier=routing.carrier(COUNTRY, marketplace),
        )


def _line(number: int, line: QuotedLine) -> OrderLine:
    return OrderLine(
        line=number,
        sku=line.sku,
        description=line.description,
        hs_code=line.hs_code,
        origin=line.origin,
        quantity=line.quantity,
        unit_price=line.unit_price.money(),
        content=NetContent(amount=line.content.amount, unit=line.content.unit) if line.content else None,
        documents=tuple(SupportingDocument(type=document.type, number=document.number) for document in line.documents),
        tax=line.tax.money() if line.tax else None,
    )


class ChangeView(View):
    """Where the verdict or the tax would be another one."""

    rule: str
    """As `over_transaction_limit`, `full_tax` or `tax_not_waived`."""
    above: Money
    """The value, or the tax, in CNY."""


class LaneView(View):
    """On which way the goods would come in, why, and what would change it."""

    lane: str
    """`postal` or `cbec_9610`."""
    regime: str
    """`personal_postal` or `cbec_9610`."""
    carrier: str
    product: str
    """The carrier's own code of it."""
    waybill_filed_by: Literal["nobody", "agreed_firm"]
    """`agreed_firm`: a logistics firm that is registered with China's customs files it (CEB511)."""
    transport_mode: str
    tax_paid_by: str
    """`addressee`, or the `guarantor` who is registered with customs."""
    tax_collected_by: str
    office: str
    """Of customs, which takes the goods: its code, or who knows it."""
    chosen_by: Literal["marketplace", "default"]
    """`marketplace`: it has a regime of its own; `default`: that of all others."""
    changes: tuple[ChangeView, ...]


class LineTaxView(View):
    """What is due for one line, CNY, each tax rounded to the fen, half up."""

    line: int
    sku: str
    hs_code: str
    """The code that would be declared."""
    taxable: Money
    duty: Money
    consumption_tax: Money
    vat: Money
    postal_tax: Money
    """The one tax on personal articles."""
    total: Money


class TaxView(View):
    """The import tax."""

    lines: tuple[LineTaxView, ...]
    waived: Money
    """Not asked for, since the whole is small."""
    due: Money
    full: bool
    """At full duty and taxes: one article above the limit of a transaction."""


class LandedCostView(View):
    """Goods, freight and insurance less the discount, with the tax that is due."""

    cny: Money
    eur: Money


class RateView(View):
    """At which rate euros count."""

    cny_per_eur: Decimal
    valid_from: date
    source: str


class DocumentView(View):
    """What is needed, once for each rule that asks for it."""

    document: str
    """By name, or by its type in the EU's list, as C400."""
    rule: str
    """`by_post`; `over_deemed_limit`, `excise_goods` or `licence_required` of goods that leave the EU; the regime's
    name of what China is told."""
    sku: str | None
    """The article that needs it; null where it is of the whole order."""
    instead: str | None
    """The type of the statement that does in its place, as Y900: the article is not what is restricted. Null where none
    does."""
    given: bool | None
    """Whether the line's `documents` have it. Without it the order is refused. Null of what a line does not bring."""


class QuoteRefusalView(View):
    """Why an order would not be let pass."""

    reason: str
    sku: str | None
    choices: tuple[str, ...]
    """Tariff codes of which one may be right, where the reason is the code."""


class QuoteView(View):
    """What an order would cost at the border if it came now. The buyer's year is not judged."""

    accepted: bool
    refused: QuoteRefusalView | None
    """Null of an order that would be let pass."""
    lane: LaneView
    value_cny: Money | None
    """What would count against the limits; null where it is refused, as the next two."""
    tax: TaxView | None
    landed_cost: LandedCostView | None
    rate: RateView
    documents: tuple[DocumentView, ...]
    findings: tuple[TaxFindingView, ...]
    rules: tuple[str, ...]
    """The versions of the tables: `<table>:<its row's first day>` of amounts, `<file>:<digits of its SHA-256>` of
    goods."""


def quote_view(quote: Quote, collected: bool) -> QuoteView:
    """`collected`: whether the body has said which tax is collected."""
    verdict, tax, landed, lane = quote.verdict, quote.tax, quote.landed, quote.lane
    refused = verdict if isinstance(verdict, OrderRefused) else None
    screened = verdict if isinstance(verdict, OrderScreened) else None
    tax_findings = findings(screened) if screened else ()
    return QuoteView(
        accepted=refused is None,
        refused=QuoteRefusalView(reason=refused.reason, sku=refused.sku, choices=refused.choices) if refused else None,
        lane=LaneView(
            lane=lane.name,
            regime=lane.regime,
            carrier=lane.carrier,
            product=lane.product,
            waybill_filed_by=lane.waybill_filed_by,
            transport_mode=lane.transport_mode,
            tax_paid_by=lane.tax_paid_by,
            tax_collected_by=lane.tax_collected_by,
            office=lane.office,
            chosen_by=quote.chosen_by,
            changes=tuple(ChangeView(rule=rule, above=cny(above)) for rule, above in quote.changes_at.items()),
        ),
        value_cny=screened.value_cny if screened else None,
        tax=None
        if tax is None
        else TaxView(
            lines=tuple(
                LineTaxView(
                    line=line.line,
                    sku=line.sku,
                    hs_code=line.code,
                    taxable=cny(line.taxable),
                    duty=cny(line.duty),
                    consumption_tax=cny(line.consumption),
                    vat=cny(line.vat),
                    postal_tax=cny(line.postal),
                    total=cny(line.total),
                )
                for line in tax.lines
            ),
            waived=cny(tax.waived),
            due=cny(tax.due),
            full=tax.full,
        ),
        landed_cost=None
        if landed is None
        else LandedCostView(cny=cny(landed), eur=Money(amount=quote.in_eur(landed), currency="EUR")),
        rate=RateView(
            cny_per_eur=Decimal(quote.rate.value), valid_from=quote.rate.valid_from, source=quote.rate.source
        ),
        documents=tuple(DocumentView.model_validate(document, from_attributes=True) for document in quote.documents),
        findings=tuple(finding for finding in tax_findings if collected or finding.finding not in DIFFERENCES),
        rules=verdict.rules,
    )
