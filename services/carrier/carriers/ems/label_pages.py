"""A label and a CN23 of EMS, on pages of 10 x 15 cm, as PDF. Pure. Hold the addressee.

In Latin letters, as posts abroad read them; the characters are on the slip beside the label. The number is an S10
identifier as Code 128 (UPU S10). The CN23 has the fields of the UPU's form; its layout is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import cm, mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from contracts.persons import Contact
from services.addresses import latin
from services.addresses.letters import ascii_only
from services.addresses.places import place
from services.carrier.domain.carrier import LabelOrder, Sender

WIDTH, HEIGHT, MARGIN = 10 * cm, 15 * cm, 0.5 * cm
FONT, BOLD = "Helvetica", "Helvetica-Bold"
BAR = 0.38 * mm


def label_page(order: LabelOrder, number: str, sender: Sender) -> bytes:
    """The label of this number."""
    page = _Page("EMS   " + _spaced(number))
    page.lines(BOLD, 16, f"EMS   {sender.country} > {order.contact.country}")
    page.lines(FONT, 7, "From / De: " + _sender(sender))
    page.rule()
    page.lines(FONT, 7, "To / A:")
    page.lines(BOLD, 11, *_addressee(order.contact))
    page.lines(FONT, 9, f"Tel. {order.contact.phone}")
    page.rule()
    page.barcode(number)
    page.lines(BOLD, 12, _spaced(number))
    page.rule()
    page.lines(FONT, 8, f"{_kilograms(order.box.weight_g)} kg   Ref. {order.declared.sub_order}   {order.deposit_on}")
    return page.content()


def cn23_pages(order: LabelOrder, number: str, sender: Sender) -> bytes:
    """The customs declaration of the parcel of this number: every article, on as many pages as they take, and the
    totals of all behind the last. Each page bears the number."""
    declared, cn23 = order.declared, order.declared.cn23
    page = _Page("CN 23   " + _spaced(number))
    page.lines(BOLD, 12, "CN 23   CUSTOMS DECLARATION / DECLARATION EN DOUANE")
    page.lines(BOLD, 9, _spaced(number))
    page.lines(FONT, 7, "From / De: " + _sender(sender), f"EORI {declared.eori}")
    page.lines(FONT, 7, "To / A: " + ", ".join(_addressee(order.contact)), f"Tel. {order.contact.phone}")
    page.rule()
    for article in cn23.articles:
        value, weight = article.unit_value, _kilograms(article.net_weight_g)
        page.lines(
            FONT,
            7,
            f"{article.quantity} x {' '.join(latin.words(article.description))}",
            f"   HS {article.hs_code}  {article.origin}  {weight} kg  each {value.amount} {value.currency}",
        )
    page.rule()
    page.lines(
        FONT,
        8,
        f"Category: {cn23.category.replace('_', ' ')}",
        f"Gross weight: {_kilograms(cn23.gross_weight_g)} kg",
        f"Value of the goods: {declared.goods.amount} {declared.goods.currency}",
        f"Postal charges: {cn23.postal_charges.amount} {cn23.postal_charges.currency}",
        f"Invoice: {cn23.invoice_number}",
        *([f"MRN {declared.mrn}"] if declared.mrn else ()),
        f"Date: {order.deposit_on}",
    )
    return page.content()


class _Page:
    """One after another, as far as what is written needs them."""

    def __init__(self, heading: str) -> None:
        """`heading`: of each page but the first."""
        self._heading = heading
        self._out = BytesIO()
        self._canvas = Canvas(self._out, pagesize=(WIDTH, HEIGHT), invariant=1)
        self._y = HEIGHT - MARGIN

    def lines(self, font: str, size: float, *lines: str) -> None:
        """Each parted at blanks where the page ends to the right; all on the next page where it ends below."""
        parts = [part for line in lines for part in simpleSplit(line, font, size, WIDTH - 2 * MARGIN)]
        if self._y - len(parts) * size * 1.2 < MARGIN:
            self._turn_over()
        self._canvas.setFont(font, size)
        for part in parts:
            self._y -= size * 1.2
            self._canvas.drawString(MARGIN, self._y, part)

    def _turn_over(self) -> None:
        self._canvas.showPage()
        self._y = HEIGHT - MARGIN
        self.lines(BOLD, 9, f"{self._heading}   page {self._canvas.getPageNumber()}")

    def rule(self) -> None:
        self._y -= 5
        self._canvas.line(MARGIN, self._y, WIDTH - MARGIN, self._y)

    def barcode(self, number: str) -> None:
        bars = Code128(number, barWidth=BAR, barHeight=2.2 * cm, quiet=False)
        self._y -= 2.2 * cm + 8
        bars.drawOn(self._canvas, (WIDTH - bars.width) / 2, self._y)

    def content(self) -> bytes:
        self._canvas.showPage()
        self._canvas.save()
        return self._out.getvalue()


def _sender(sender: Sender) -> str:
    parts = (sender.company, sender.street, f"{sender.postcode} {sender.city}", sender.country, sender.phone)
    return ascii_only(", ".join(parts))


def _addressee(contact: Contact) -> Sequence[str]:
    """Name, street, district, city and province, postcode and country."""
    where = place(contact.province, contact.city, contact.district)
    spelt = latin.name(contact.name)
    name = ascii_only(contact.name_latin) if contact.name_latin else f"{spelt.surname} {spelt.given}".strip()
    city = ", ".join(part for part in (where.city, where.province) if part)
    lines = (name, " ".join(latin.words(contact.street)), where.district, city, f"{contact.postcode} {contact.country}")
    return [line for line in lines if line]


def _kilograms(weight_g: int) -> Decimal:
    return Decimal(weight_g) / 1000


def _spaced(number: str) -> str:
    """As people read it: `EE 100 000 003 FR`."""
    return " ".join((number[:2], number[2:5], number[5:8], number[8:11], number[11:]))
