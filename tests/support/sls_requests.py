"""Requests for labels that the specification refuses, each with one limit broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden" / "laposte"
SCHEMA: dict[str, Any] = json.loads((GOLDEN / "generate-label.schema.json").read_text(encoding="utf-8"))
ADDRESS = "letter.addressee.address"
CUSTOMS = "letter.customsDeclarations"
ARTICLE = f"{CUSTOMS}.contents.article.0"
LEFT_OUT = object()

BROKEN: Mapping[str, tuple[str, object]] = {
    "addressee reference of 16 characters": ("letter.addressee.addresseeParcelRef", "TM-1234567890-12"),
    "addressee reference that is empty": ("letter.addressee.addresseeParcelRef", ""),
    "sender reference of 18 characters": ("letter.sender.senderParcelRef", "TM-123456789012-12"),
    "order number of 31 characters": ("letter.service.orderNumber", "T" * 31),
    "invoice number of 36 characters": (f"{CUSTOMS}.invoiceNumber", "T" * 36),
    "last name of 36 letters": (f"{ADDRESS}.lastName", "A" * 36),
    "last name in Chinese": (f"{ADDRESS}.lastName", "王"),
    "last name with a digit": (f"{ADDRESS}.lastName", "Wang 2"),
    "no last name": (f"{ADDRESS}.lastName", LEFT_OUT),
    "first name of 30 letters": (f"{ADDRESS}.firstName", "A" * 30),
    "first name that is empty": (f"{ADDRESS}.firstName", ""),
    "line 0 of 36 characters": (f"{ADDRESS}.line0", "a" * 36),
    "street of 53 characters": (f"{ADDRESS}.line2", "12 Avenue du Marechal de Lattre de Tassigny, Batiment C"[:53]),
    "no street": (f"{ADDRESS}.line2", LEFT_OUT),
    "street that is empty": (f"{ADDRESS}.line2", ""),
    "line 3 that is empty": (f"{ADDRESS}.line3", ""),
    "city of 36 characters": (f"{ADDRESS}.city", "a" * 36),
    "city in Chinese": (f"{ADDRESS}.city", "深圳市"),
    "no city": (f"{ADDRESS}.city", LEFT_OUT),
    "province in Chinese": (f"{ADDRESS}.stateOrProvinceCode", "广东"),
    "province of three letters": (f"{ADDRESS}.stateOrProvinceCode", "GUA"),
    "Chinese postcode of five digits": (f"{ADDRESS}.zipCode", "51805"),
    "French postcode of six digits": ("letter.sender.address.zipCode", "690010"),
    "no postcode": (f"{ADDRESS}.zipCode", LEFT_OUT),
    "country in three letters": (f"{ADDRESS}.countryCode", "CHN"),
    "phone of 14 characters": (f"{ADDRESS}.phoneNumber", "+8613800138000"),
    "mobile of 16 characters": (f"{ADDRESS}.mobileNumber", "+861380013800012"),
    "mobile that counts up": (f"{ADDRESS}.mobileNumber", "+8613123456789"),
    "no mobile with duty paid": (f"{ADDRESS}.mobileNumber", LEFT_OUT),
    "sender's mail without a point": ("letter.sender.address.email", "silkpost@example"),
    "weight of three decimals": ("letter.parcel.weight", 1.234),
    "weight of 30.01 kg": ("letter.parcel.weight", 30.01),
    "weight of nothing": ("letter.parcel.weight", 0),
    "weight as a text": ("letter.parcel.weight", "1.2"),
    "no weight": ("letter.parcel.weight", LEFT_OUT),
    "pick-up point with product DOS": ("letter.parcel.pickupLocationId", "123456"),
    "no general description with duty paid": (f"{CUSTOMS}.description", LEFT_OUT),
    "no CN23 with duty paid": (f"{CUSTOMS}.includeCustomsDeclarations", False),
    "five copies of the CN23": (f"{CUSTOMS}.numberOfCopies", 5),
    "101 articles": (f"{CUSTOMS}.contents.article", 101),
    "no nature of the goods": (f"{CUSTOMS}.contents.category.value", LEFT_OUT),
    "article without code": (f"{ARTICLE}.hsCode", LEFT_OUT),
    "article's code of seven digits": (f"{ARTICLE}.hsCode", "3401110"),
    "article without origin": (f"{ARTICLE}.originCountry", LEFT_OUT),
    "article's origin in words": (f"{ARTICLE}.originCountry", "France"),
    "article described in French with duty paid": (f"{ARTICLE}.description", "Crème hydratante visage"),
    "article described in 65 characters": (f"{ARTICLE}.description", "a" * 65),
    "article in roubles": (f"{ARTICLE}.currency", "RUB"),
    "articles in two currencies": (f"{ARTICLE}.currency", "CNY"),
    "no postal charges with a CN23": ("letter.service.totalAmount", LEFT_OUT),
    "no deposit date": ("letter.service.depositDate", LEFT_OUT),
    "deposit date in words": ("letter.service.depositDate", "tomorrow"),
    "no product": ("letter.service.productCode", LEFT_OUT),
    "no place on the page": ("outputFormat.x", LEFT_OUT),
    "no addressee": ("letter.addressee", LEFT_OUT),
    "field of 33 characters": ("fields.field.0.value", "F" * 33),
}
"""A path in the golden request, and what stands there instead; of the articles, how many light ones."""


def golden() -> dict[str, Any]:
    """A request without a fault, of two articles."""
    request: dict[str, Any] = json.loads((GOLDEN / "generate-label.json").read_text(encoding="utf-8"))
    articles = request["letter"]["customsDeclarations"]["contents"]["article"]
    articles.append(deepcopy(articles[0]) | {"description": "Soap: Savon d'Alep", "weight": 0.01})
    return request


def broken(name: str) -> dict[str, Any]:
    """The golden request with this fault."""
    path, value = BROKEN[name]
    request = golden()
    *parents, last = path.split(".")
    inner: Any = request
    for part in parents:
        inner = inner[int(part) if part.isdigit() else part]
    if value is LEFT_OUT:
        del inner[last]
    elif last == "article":
        inner[last] = [{**inner[last][0], "quantity": 1, "weight": 0.001}] * 101
    else:
        inner[last] = value
    return request
