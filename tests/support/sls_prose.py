"""The sentences of the label service's OpenAPI that state a limit in words, and what each demands; and where we depart
from its forms. Read by `sls_specification`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]


@dataclass(frozen=True)
class Sentence:
    """A limit that a description states in words."""

    field: str
    words: str
    """A regular expression for its English text, without markup."""
    limit: Callable[[re.Match[str]], Node]


@dataclass(frozen=True)
class Condition:
    """What the request must have when it has something else. The paths are from its root; `[]` is each element."""

    field: str
    """Whose description says so."""
    words: str
    when: tuple[tuple[str, object], ...]
    then: Callable[[], Node]


@dataclass(frozen=True)
class Departure:
    """Where the schema says something else than a field's form, or more, and why."""

    field: str
    form: str
    limit: Node
    because: str
    replaces: bool = True
    """The lengths of the form."""


def required(path: str, value: Node | None = None) -> Node:
    """A schema that demands this field, with all that it stands in, and of it what `value` says."""
    inner = value or {}
    for name in reversed(path.split(".")):
        key = name.removesuffix("[]")
        inner = {"required": [key], "properties": {key: {"items": inner} if key != name else inner}}
    return inner


def schema_at(path: str, inner: Node) -> Node:
    """A schema that says this of what stands at the path."""
    for name in reversed(path.split(".")) if path else ():
        items = name.endswith("[]")
        inner = {"properties": {name.removesuffix("[]"): {"items": inner} if items else inner}}
    return inner


def _runs_of_digits(match: re.Match[str]) -> Node:
    """Runs as long as the one that the text gives as an example."""
    digits, length = "01234567890", len(match[1])
    runs = [digits[start : start + length] for start in range(len(digits) - length + 1)]
    return {"not": {"pattern": "|".join(runs)}}


SENTENCES = (
    Sentence("Address.mobileNumber", r"(\d+) characters maximum", lambda m: {"maxLength": int(m[1])}),
    Sentence("Address.mobileNumber", r"must not follow an incremental sequence \(e\.g\., (\d+)\)", _runs_of_digits),
    Sentence("Address.line2", r"must contain at least one character", lambda _: {"minLength": 1}),
    Sentence("Address.email", r"Expected form: Text@Text\.Text", lambda _: {"pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"}),
    Sentence("Addressee.addresseeParcelRef", r"size must not exceed (\d+)", lambda m: {"maxLength": int(m[1])}),
    Sentence("ParcelRequestV31.weight", r"Minimum: ([\d.]+)kg", lambda m: {"minimum": float(m[1])}),
    Sentence("ParcelRequestV31.weight", r"Maximum: ([\d.]+) kg", lambda m: {"maximum": float(m[1])}),
    Sentence("ParcelRequestV31.weight", r"Only (\d) decimals", lambda m: {"multipleOf": 10 ** -int(m[1])}),
    Sentence("ParcelRequestV31.insuranceValue", r"Maximum= (\d+)€", lambda m: {"maximum": 100 * int(m[1])}),
    Sentence(
        "CustomsDeclarations.numberOfCopies",
        r"from (\d) included to (\d) copies max",
        lambda m: {"minimum": int(m[1]), "maximum": int(m[2])},
    ),
    Sentence("Contents.article", r"repeated up to (\d+) times", lambda m: {"maxItems": int(m[1])}),
    Sentence("Article.currency", r"belong to the list \{([A-Z, ]+)\}", lambda m: {"enum": m[1].split(", ")}),
    Sentence("Article.originCountry", r"different from the format A2", lambda _: {"pattern": "^[A-Z]{2}$"}),
)
CURRENCIES = ("USD", "EUR", "CHF", "GBP", "CNY", "JPY", "CAD", "AUD")
CN23 = (("letter.customsDeclarations.includeCustomsDeclarations", True),)
DUTY_PAID = (("letter.parcel.ddp", True),)
COMMERCIAL = (("letter.customsDeclarations.contents.category.value", 3),)
PICKUP = (("letter.service.productCode", "HD"),)
CONDITIONS = (
    Condition(
        "Address.mobileNumber",
        r"must be filled in for the following packages :.*Parcels with DDP option",
        DUTY_PAID,
        lambda: required("letter.addressee.address.mobileNumber"),
    ),
    Condition(
        "Address.mobileNumber",
        r"must be filled in for the following packages :.*parcels \(productCode=HD\)",
        PICKUP,
        lambda: required("letter.addressee.address.mobileNumber"),
    ),
    Condition(
        "CustomsDeclarations.description",
        r"Mandatory in the case of a DDP shipment",
        DUTY_PAID,
        lambda: required("letter.customsDeclarations.description"),
    ),
    Condition(
        "CustomsDeclarations.includeCustomsDeclarations",
        r"tag is mandatory for shipments eligible for dematerialization of customs documents \(DDP option",
        DUTY_PAID,
        lambda: required("letter.customsDeclarations.includeCustomsDeclarations", {"const": True}),
    ),
    Condition(
        "Service.totalAmount",
        r"Mandatory for parcels requiring a CN23 declaration",
        CN23,
        lambda: required("letter.service.totalAmount"),
    ),
    Condition(
        "Category.value",
        r"Mandatory for products subject to a CN23 form",
        CN23,
        lambda: required("letter.customsDeclarations.contents.category.value"),
    ),
    Condition(
        "Article.hsCode",
        r"Mandatory if is 3 \(commercial shipment\)",
        COMMERCIAL,
        lambda: required("letter.customsDeclarations.contents.article[].hsCode"),
    ),
    Condition(
        "Article.originCountry",
        r"Mandatory if category = 3 \(commercial shipment\)",
        COMMERCIAL,
        lambda: required("letter.customsDeclarations.contents.article[].originCountry"),
    ),
    Condition(
        "ParcelRequestV31.pickupLocationId",
        r"Must be blank if the tag productCode is DOM or DOS",
        (("letter.service.productCode", ["DOM", "DOS"]),),
        lambda: schema_at("letter.parcel", {"properties": {"pickupLocationId": False}}),
    ),
    Condition(
        "ParcelRequestV31.pickupLocationId",
        r"Must be entered if the tag productCode is HD",
        PICKUP,
        lambda: required("letter.parcel.pickupLocationId"),
    ),
    Condition(
        "Service.commercialName",
        r"Mandatory if tag <productCode> is HD",
        PICKUP,
        lambda: required("letter.service.commercialName"),
    ),
    Condition(
        "Address.firstName",
        r"Mandatory for out-of-home delivery \(product code HD\)",
        PICKUP,
        lambda: required("letter.addressee.address.firstName"),
    ),
    Condition(
        "Address.stateOrProvinceCode",
        r"Required for the United States",
        (("letter.addressee.address.countryCode", "US"),),
        lambda: required("letter.addressee.address.stateOrProvinceCode"),
    ),
    Condition(
        "Address.lastName",
        r"Mandatory to send a parcel unless zipcode is a cedex Code",
        (),
        lambda: required("letter.addressee.address.lastName"),
    ),
    Condition(
        "Address.zipCode",
        r"If the postcode matches a Cedex code then:.*line2 can be left blank",
        (),
        lambda: required("letter.addressee.address.line2"),
    ),
    Condition(
        "Address.zipCode",
        r"If the postcode matches a Cedex code then:.*city can be left blank",
        (),
        lambda: required("letter.addressee.address.city"),
    ),
    Condition(
        "Article.currency",
        r"The currency must be the same for all declared articles",
        (),
        lambda: schema_at(
            "letter.customsDeclarations.contents",
            {"anyOf": [schema_at("article[].currency", {"const": code}) for code in CURRENCIES]},
        ),
    ),
    Condition(
        "Article.description",
        r"Must be in English for the US and for shipments with the DDP option",
        DUTY_PAID,
        lambda: schema_at("letter.customsDeclarations.contents.article[].description", {"pattern": "^[ -~]*$"}),
    ),
)
LATIN = {"type": "string", "pattern": r"^[ -~\u00a0-\u024f]*$"}
NO_DIGITS = {"pattern": "^[^0-9]*$"}
DEPARTURES = (
    Departure(
        "Address.zipCode",
        "AN5",
        {"pattern": "^[0-9A-Z][0-9A-Z -]{1,9}$"},
        "five characters are the form of France, which is asked of its postcodes alone; China's have six",
    ),
    Departure(
        "Service.depositDate",
        "D",
        {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        'its type is a date with a time, and its example a date: "2022-06-25"',
    ),
    *(
        Departure(field, "AN35", {"maxLength": 35}, "no text has exactly 35 characters: 35 is the most")
        for field in (
            "Address.companyName",
            "CustomsDeclarations.importersContact",
            "CustomsDeclarations.officeOrigin",
            "CustomsDeclarations.comments",
        )
    ),
    Departure("Field.value", "AN32", {"maxLength": 32}, "its own examples are shorter: 32 is the most"),
    *(
        Departure(field, form, NO_DIGITS, "A is read as no digits: names have signs too", replaces=False)
        for field, form in (("Address.lastName", "A1...35"), ("Address.firstName", "A1...29"))
    ),
    Departure(
        "CustomsDeclarations.description",
        "AN1.. ??",
        {"minLength": 1, "maxLength": 64},
        "the specification leaves the most open: that of an article's description",
    ),
)
POSTCODES = (("FR", "^[0-9]{5}$"), ("CN", "^[0-9]{6}$"))
