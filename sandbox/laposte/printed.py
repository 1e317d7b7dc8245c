"""What stands on a label and a CN23: read from the request that asked for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.laposte.sls_checks import flag_at, number_at, text_at, value_at

MOST_COPIES = 4
LINES = ("line0", "line1", "line2", "line3")


@dataclass(frozen=True, slots=True)
class PrintedArticle:
    quantity: str
    description: str
    hs_code: str
    origin: str
    weight_kg: str
    value: float
    currency: str


@dataclass(frozen=True, slots=True)
class PrintedParcel:
    """Of a parcel's papers. Holds the addressee, as papers do."""

    number: str
    product: str
    weight_kg: str
    reference: str
    sender: tuple[str, ...]
    addressee: tuple[str, ...]
    phone: str
    destination: str
    articles: tuple[PrintedArticle, ...]
    invoice: str
    copies: int

    @property
    def spaced_number(self) -> str:
        """An S10 number as people read it: `CY 123 456 785 FR`."""
        return re.sub(r"^(..)(...)(...)(...)(..)$", r"\1 \2 \3 \4 \5", self.number)

    @property
    def total(self) -> str:
        currency = self.articles[0].currency if self.articles else ""
        amount = sum(article.value * float(article.quantity or 0) for article in self.articles)
        return f"{amount:.2f} {currency}"


def printed_parcel(number: str, reference: str, request: dict[str, Any]) -> PrintedParcel:
    letter = request["letter"]
    declared = value_at(letter, "customsDeclarations")
    included = flag_at(declared, "includeCustomsDeclarations")
    articles = value_at(declared, "contents", "article") if included else []
    addressee = value_at(letter, "addressee", "address")
    return PrintedParcel(
        number=number,
        product=text_at(letter, "service", "productCode"),
        weight_kg=text_at(letter, "parcel", "weight"),
        reference=reference,
        sender=_lines(value_at(letter, "sender", "address")),
        addressee=_lines(addressee),
        phone=text_at(addressee, "mobileNumber") or text_at(addressee, "phoneNumber"),
        destination=text_at(addressee, "countryCode"),
        articles=tuple(_article(article) for article in articles),
        invoice=text_at(declared, "invoiceNumber"),
        copies=min(int(number_at(declared, "numberOfCopies") or MOST_COPIES), MOST_COPIES),
    )


def _lines(address: Any) -> tuple[str, ...]:
    def on_one_line(*names: str) -> str:
        return " ".join(filter(None, (text_at(address, name) for name in names)))

    named = (("companyName",), ("firstName", "lastName"), *((line,) for line in LINES), ("zipCode", "city"))
    lines = [on_one_line(*names) for names in (*named, ("countryCode",))]
    return tuple(filter(None, lines))


def _article(article: Any) -> PrintedArticle:
    return PrintedArticle(
        quantity=text_at(article, "quantity"),
        description=text_at(article, "description"),
        hs_code=text_at(article, "hsCode"),
        origin=text_at(article, "originCountry"),
        weight_kg=text_at(article, "weight"),
        value=number_at(article, "value") or 0,
        currency=text_at(article, "currency"),
    )
