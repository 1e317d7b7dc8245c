"""Tax bills of import customs (CEB816), what becomes of them (CEB818), and how they differ from what was paid. Pure."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from contracts.base import Event
from contracts.cases import CaseOpened
from contracts.customs import OrderScreened
from contracts.orders import OrderPlaced
from services.customs.destinations.cn.receipt_xml import NotReceipts, fields, local_name
from services.customs.destinations.cn.receipts import BilledArticle, TaxBill, Taxes
from services.customs.domain.cases import TAX_DIFFERENCE, attention, attention_round, open_attentions
from services.customs.domain.decide import shares_in_cny
from services.customs.domain.stated_times import believed
from services.customs.domain.tax import tolerance
from services.plans import plan_of
from shared.ledger.facts import DecisionContext, Facts

BILL, BILL_STATUS = "CEB816", "CEB818"
MOST_BILLS, MOST_LINES = 1_000, 99
"""Bills of one message; articles of one bill, by the specification."""
MADE, SUMMED, VOID = "1", "2", "3"
_AMOUNT = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,5})?")
_NUMBER = re.compile(r"[!-~]{1,50}")
_OF_INVENTORY = re.compile(r"[0-9]{8}I[0-9]{9}-L[0-9]{2}")
"""The form of a bill's own number: that of its inventory, and which of its bills it is."""
_INVENTORY = re.compile(r"[!-~]{1,18}")


def given_at(bill: TaxBill, received_at: datetime) -> datetime:
    """When the bill got its status. A time that is missing or in the future is replaced by that of its arrival, as
    otherwise no later status would count. A time long ago does no harm and is kept."""
    return believed(bill.returned_at, None, received_at) or received_at


def read_bills(kind: str, root: ET.Element) -> list[tuple[Mapping[str, str], Taxes | None, tuple[BilledArticle, ...]]]:
    """Each bill's head as it came, its taxes and articles. Raises NotReceipts: a number or an amount is none."""
    bills: list[tuple[Mapping[str, str], Taxes | None, tuple[BilledArticle, ...]]] = []
    for element in root:
        parts = [(local_name(part), part) for part in element]
        head = next((fields(part) for name, part in parts if name.startswith("TaxHead")), None)
        if head is None:
            continue
        well_formed = _NUMBER.fullmatch(head.get("taxNo", "")) and _INVENTORY.fullmatch(head.get("invtNo", ""))
        if not well_formed or head.get("status") not in (MADE, SUMMED, VOID):
            raise NotReceipts("tax_bill")
        articles = tuple(_article(fields(part)) for name, part in parts if name.startswith("TaxList"))
        bills.append((head, _taxes(head) if kind == BILL else None, articles))
    if not bills or len(bills) > MOST_BILLS or any(len(articles) > MOST_LINES for _, _, articles in bills):
        raise NotReceipts("tax_bills")
    return bills


def _article(named: Mapping[str, str]) -> BilledArticle:
    number, code = named.get("gnum", ""), named.get("gcode", "")
    if not re.fullmatch(r"[0-9]{1,4}", number) or not re.fullmatch(r"[0-9]{10}", code):
        raise NotReceipts("tax_article")
    return BilledArticle(int(number), code, _amount(named, "taxPrice"), _taxes(named))


def _taxes(named: Mapping[str, str]) -> Taxes:
    return Taxes(*(_amount(named, name) for name in ("customsTax", "valueAddedTax", "consumptionTax")))


def _amount(named: Mapping[str, str], name: str) -> Decimal:
    if not _AMOUNT.fullmatch(named.get(name, "")):
        raise NotReceipts("tax_amount")
    return Decimal(named[name])


def _case_name(tax_no: str) -> str:
    """The bill in the name of its case, which is published: its number, or a digest of one of another form."""
    return tax_no if _OF_INVENTORY.fullmatch(tax_no) else hashlib.sha256(tax_no.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Collected:
    """A parcel's share of the tax with which the order was placed, and by how much a bill may differ from it; CNY."""

    amount: Decimal
    tolerance: Decimal


def collected(facts: Facts, parcel: int) -> Collected | None:
    """None while the order is not screened and packed."""
    placed, screened, packed = facts.get(OrderPlaced), facts.get(OrderScreened), plan_of(facts)
    if placed is None or screened is None or packed is None:
        return None
    shares = shares_in_cny(placed, packed, screened.rate)
    tolerated = tolerance(len(placed.lines), screened.rate, placed.tax.currency)
    return next((Collected(share.tax, tolerated) for box, share in shares if box.parcel == parcel), None)


def tax_events(bill: TaxBill, parcel: int, facts: Facts, context: DecisionContext) -> list[Event]:
    """A bill that differs from the collected tax by more than rounding explains opens a case of its own; when the bill
    is void, the case is closed. Other statuses of a bill change nothing."""
    subject = f"{parcel}:{_case_name(bill.tax_no)}"
    if bill.status == VOID:
        return [case.closed(context.now, "void") for case in open_attentions(facts, TAX_DIFFERENCE, subject)]
    collected_share = collected(facts, parcel)
    if bill.message_type != BILL or bill.taxes is None or collected_share is None:
        return []
    if abs(bill.taxes.total - collected_share.amount) <= collected_share.tolerance:
        return []
    reason = "tax_bill_higher" if bill.taxes.total > collected_share.amount else "tax_bill_lower"
    turn = attention_round(facts, TAX_DIFFERENCE, subject)
    opened: CaseOpened = attention(facts.id, TAX_DIFFERENCE, subject, reason, context, turn)
    return [opened]
