"""Colissimo's SLS `generateLabel`: the request it takes, kept within its limits; and the one of `getLabel`. Pure.

What is too long is split or shortened by rule, and noted; every request is judged by the limits of the specification
(`contracts.sls_limits`) before it is sent. Source: the SLS OpenAPI, and recorded exchanges of public clients.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from contracts.base import Money
from contracts.customs import Article, ParcelDeclared
from contracts.sls_limits import BrokenLimit, broken_limits, longest
from services.carrier.carriers.laposte import addressee, goods
from services.carrier.carriers.laposte.formats import Printing
from services.carrier.domain.carrier import LabelOrder, Sender
from services.carrier.domain.undeliverable import ReturnOptions

CATEGORIES = {"gift": 1, "sample": 2, "commercial": 3, "document": 4, "other": 5, "returned_goods": 6}
RETURN_TO_SENDER, ABANDON = 2, 3
"""`returnTypeChoice` for a parcel that cannot be delivered: sent back, at our cost; or not. `getProductInter` says
what a country allows; that these are its numbers is from public clients, unconfirmed."""
LIGHTEST_UNIT_G = 1
"""An article's weight is stated to the gram; none is weightless."""
_ID_DIGITS = 12
"""Of an order's id, for a reference of our own: enough to find the order by, and to tell it from any other."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Who asks: by a key, or by number and password, the old form."""

    number: str
    password: str
    sender: Sender
    printing: Printing = field(default_factory=Printing)
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class LabelRequest:
    body: bytes
    changes: tuple[str, ...]
    """What was changed, a field and a word each: `lastName:latin`, `line2:split`, `weight:rounded_up`. Names no
    person."""
    broken: tuple[BrokenLimit, ...]
    """Limits that it still breaks: it must not be sent."""


def label_request(order: LabelOrder, contract: Contract, allowed: ReturnOptions | None = None) -> LabelRequest:
    """The body of `generateLabel`. Amounts in euro cents, weights in kilograms, lengths in centimetres.

    `allowed`: what may be done with a parcel that cannot be delivered; None while it is not known.
    """
    declared, changes = order.declared, list[str]()
    postal_charges = _euro_cents(declared.cn23.postal_charges, order.cny_per_eur)
    letter = {
        "service": {
            "productCode": order.product,
            "depositDate": order.deposit_on.isoformat(),
            "mailBoxPicking": False,
            "transportationAmount": postal_charges,
            # SLS refuses a CN23 without postal charges; free shipping is stated as one cent.
            "totalAmount": max(postal_charges, 1),
            "orderNumber": _reference(declared.sub_order, declared, "letter.service.orderNumber", changes),
            "commercialName": contract.sender.company,
            **_when_undeliverable(allowed),
        },
        "parcel": {
            "weight": _kilograms(order.box.weight_g, changes),
            "nonMachinable": False,
            "ddp": order.duty_paid,
        },
        "customsDeclarations": _customs(declared, order.duty_paid, contract.printing.cn23_copies, changes),
        "sender": {
            "senderParcelRef": _reference(declared.sub_order, declared, "letter.sender.senderParcelRef", changes),
            "address": _sender(contract.sender),
        },
        "addressee": {
            "addresseeParcelRef": _reference(
                declared.sub_order, declared, "letter.addressee.addresseeParcelRef", changes
            ),
            "address": addressee.address(order.contact, changes),
        },
    }
    request = {
        **({} if contract.api_key else {"contractNumber": contract.number, "password": contract.password}),
        "outputFormat": {"x": 0, "y": 0, "outputPrintingType": contract.printing.label},
        "letter": letter,
        "fields": {"field": _fields(order, contract.printing)},
    }
    request = _without_blanks(request)
    body = json.dumps(request, ensure_ascii=False).encode()
    return LabelRequest(body, tuple(dict.fromkeys(changes)), tuple(broken_limits(request)))


def _when_undeliverable(allowed: ReturnOptions | None) -> dict[str, int]:
    """Sent back where that is allowed or nothing is known; else what is allowed, and nothing where nothing is."""
    if allowed is None or RETURN_TO_SENDER in allowed.choices:
        return {"returnTypeChoice": RETURN_TO_SENDER}
    if not allowed.choices:
        return {}
    return {"returnTypeChoice": ABANDON if ABANDON in allowed.choices else allowed.choices[0]}


def reprint_request(number: str, contract: Contract) -> bytes:
    """The body of `getLabel`: the label of this number, printed again."""
    return json.dumps({"parcelNumber": number, "outputPrintingType": contract.printing.label}).encode()


def own_reference(declared: ParcelDeclared) -> str:
    """A reference that fits everywhere and leads back to the parcel: orders are found by the beginning of their id."""
    return f"{declared.order_id.hex[:_ID_DIGITS]}-{declared.parcel}"


def _reference(number: str, declared: ParcelDeclared, field: str, changes: list[str]) -> str:
    """The number where it fits; else a reference of our own."""
    if len(number) <= longest(field):
        return number
    changes.append(f"{field.rpartition('.')[2]}:own_reference")
    return own_reference(declared)


def _kilograms(weight_g: int, changes: list[str]) -> float:
    """To two decimals, upwards: never below what the scale shows."""
    exact = Decimal(weight_g) / 1000
    stated = exact.quantize(Decimal("0.01"), ROUND_UP)
    if stated != exact:
        changes.append("weight:rounded_up")
    return float(stated)


def _fields(order: LabelOrder, printing: Printing) -> list[dict[str, str]]:
    box = order.box
    fields = [{"key": "EORI", "value": order.declared.eori}]
    if printing.cn23_field:
        fields.append({"key": "OUTPUT_PRINT_TYPE_CN23", "value": printing.cn23_field})
    if order.duty_paid:
        fields += [
            {"key": key, "value": str(-(-length // 10))}
            for key, length in (("LENGTH", box.length_mm), ("WIDTH", box.width_mm), ("HEIGHT", box.height_mm))
        ]
    return fields


def _customs(declared: ParcelDeclared, duty_paid: bool, copies: int, changes: list[str]) -> dict[str, Any]:
    cn23 = declared.cn23
    codes = [article.hs_code for article in cn23.articles]
    description = goods.general(codes, longest("letter.customsDeclarations.description")) if duty_paid else ""
    return {
        "includeCustomsDeclarations": True,
        "numberOfCopies": copies,
        "contents": {
            "article": [_article(article, duty_paid, changes) for article in cn23.articles],
            "category": {"value": CATEGORIES[cn23.category]},
        },
        "description": description,
        "invoiceNumber": _reference(cn23.invoice_number, declared, "letter.customsDeclarations.invoiceNumber", changes),
    }


def _article(article: Article, duty_paid: bool, changes: list[str]) -> dict[str, Any]:
    description = article.description
    if duty_paid or not description.isascii():
        most = longest("letter.customsDeclarations.contents.article[].description")
        description = goods.article(article.hs_code, description, most)
        changes.append("description:english")
    return {
        "description": description,
        "quantity": article.quantity,
        # Per unit, like the value beside it; downwards, so that all units together never weigh more than the goods do.
        "weight": max(article.net_weight_g // article.quantity, LIGHTEST_UNIT_G) / 1000,
        "value": float(article.unit_value.amount),
        "hsCode": article.hs_code,
        "originCountry": article.origin,
        "currency": article.unit_value.currency,
        "originalIdent": "A",
    }


def _sender(sender: Sender) -> dict[str, str]:
    return {
        "companyName": sender.company,
        "line2": sender.street,
        "zipCode": sender.postcode,
        "city": sender.city,
        "countryCode": sender.country,
        "phoneNumber": sender.phone,
        "email": sender.email,
    }


def _without_blanks(value: dict[str, Any]) -> dict[str, Any]:
    """Without the optional texts that say nothing: La Poste prefers no field to a blank one."""
    return {
        name: _without_blanks(inner) if isinstance(inner, dict) else inner
        for name, inner in value.items()
        if inner != ""
    }


def _euro_cents(money: Money, cny_per_eur: Decimal | None) -> int:
    """An amount in euro cents, half a cent upwards. ValueError when it is in CNY and no rate is known."""
    if money.currency == "EUR":
        return int(money.amount * 100)
    if cny_per_eur is None:
        raise ValueError("postal charges in CNY need the rate of the screening")
    return int((money.amount / cny_per_eur * 100).quantize(Decimal(1), ROUND_HALF_UP))
