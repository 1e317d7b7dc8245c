"""Reads the limits of the label service out of its OpenAPI, and writes them as a JSON Schema.

    python -m tests.support.sls_specification <openapi.json> > tests/golden/laposte/generate-label.schema.json

The OpenAPI itself states types and compulsory fields only: lengths, sets of values and conditions stand in the prose of
its descriptions, a form such as `AN1...35` at their start. Every limit of the result has, as `$comment`, the words it
was read from. A sentence that is no longer there ends the script: then the specification has changed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Node = dict[str, Any]

ROOT = "GenerateLabelRequestV31"
"""The body of `POST /generateLabel`."""
_FORM = re.compile(r"\s*<i>(?P<form>[^<]*)</i>")
_ENGLISH = re.compile(r"<en>(.*?)</en>", re.DOTALL)
_LENGTHS = re.compile(r"(?P<kind>AN|A|N)(?P<low>\d+)?(?:\s*(?:\.{3}|…)\s*(?P<high>\d+))?")
_RANGE = re.compile(r"N(-\d+)…(\d+)")
_CHOICES = re.compile(r"N\d+(?:, N\d+)* ou N\d+")
_INTERNAL = "La Poste internal use only"
"""Fields with these words are left out."""


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
        lambda: at("letter.parcel", {"properties": {"pickupLocationId": False}}),
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
        lambda: at(
            "letter.customsDeclarations.contents",
            {"anyOf": [at("article[].currency", {"const": code}) for code in CURRENCIES]},
        ),
    ),
    Condition(
        "Article.description",
        r"Must be in English for the US and for shipments with the DDP option",
        DUTY_PAID,
        lambda: at("letter.customsDeclarations.contents.article[].description", {"pattern": "^[ -~]*$"}),
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


def main(path: Path) -> Node:
    """The JSON Schema of this OpenAPI. LookupError when a sentence is not in it."""
    schemas = json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"]
    definitions = {name: _definition(name, schemas[name]) for name in sorted(_reached(schemas, ROOT))}
    for sentence in SENTENCES:
        schema, name = sentence.field.split(".")
        match = _find(schemas, sentence.field, sentence.words)
        _add(definitions[schema]["properties"][name], sentence.limit(match), match[0])
    for departure in DEPARTURES:
        schema, name = departure.field.split(".")
        if _form(schemas[schema]["properties"][name]) != departure.form:
            raise LookupError(f"{departure.field} is no longer {departure.form}")
        limits = definitions[schema]["properties"][name]
        for keyword in ("minLength", "maxLength") if departure.replaces else ():
            limits.pop(keyword, None)
        _add(limits, departure.limit, f"DEPARTURE: {departure.because}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Written by tests/support/sls_specification.py; not by hand. Each $comment is a quotation, or says "
        "where the schema departs from the specification. All texts are in Latin letters; unknown fields are refused.",
        "$ref": f"#/$defs/{ROOT}",
        "allOf": [*_conditions(schemas), *_postcodes()],
        "$defs": {"Latin": LATIN, **definitions},
    }


def required(path: str, value: Node | None = None) -> Node:
    """A schema that demands this field, with all that it stands in, and of it what `value` says."""
    inner = value or {}
    for name in reversed(path.split(".")):
        key = name.removesuffix("[]")
        inner = {"required": [key], "properties": {key: {"items": inner} if key != name else inner}}
    return inner


def at(path: str, inner: Node) -> Node:
    """A schema that says this of what stands at the path."""
    for name in reversed(path.split(".")) if path else ():
        items = name.endswith("[]")
        inner = {"properties": {name.removesuffix("[]"): {"items": inner} if items else inner}}
    return inner


def _present(path: str, value: object) -> Node:
    """A schema that holds only when the field is there and has this value, or one of these."""
    expected = {"enum": value} if isinstance(value, list) else {"const": value}
    inner: Node = expected
    for name in reversed(path.split(".")):
        inner = {"properties": {name: inner}, "required": [name]}
    return inner


def _conditions(schemas: Mapping[str, Node]) -> Iterator[Node]:
    for condition in CONDITIONS:
        quotation = _find(schemas, condition.field, condition.words)[0]
        then: Node = {"$comment": f"{condition.field}: {quotation}", **condition.then()}
        if not condition.when:
            yield then
        else:
            yield {"if": {"allOf": [_present(path, value) for path, value in condition.when]}, "then": then}


def _postcodes() -> Iterator[Node]:
    for side in ("sender", "addressee"):
        for country, pattern in POSTCODES:
            address = f"letter.{side}.address"
            then = at(f"{address}.zipCode", {"pattern": pattern, "$comment": "DEPARTURE: AN5 is the form of France"})
            yield {"if": _present(f"{address}.countryCode", country), "then": then}


def _reached(schemas: Mapping[str, Node], root: str) -> set[str]:
    reached, waiting = set[str](), [root]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name]))
    return reached


def _definition(name: str, schema: Node) -> Node:
    kept = {
        field: _property(schema)
        for field, schema in schema.get("properties", {}).items()
        if _INTERNAL not in schema.get("description", "")
    }
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", **required, "properties": kept, "additionalProperties": False}


def _property(schema: Node) -> Node:
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("components/schemas", "$defs")}
    if schema["type"] == "array":
        return {"type": "array", "items": _property(schema["items"])}
    form = _form(schema)
    limits: Node = {"$ref": "#/$defs/Latin"} if schema["type"] == "string" else {"type": schema["type"]}
    return limits | _of_form(form, schema["type"]) | ({"$comment": form} if form else {})


def _of_form(form: str, type_: str) -> Node:
    """What a form says: `AN1...35` at least one and at most 35 characters, `A2` two letters, `N6, N8 ou N10` so many
    digits, `N-120…120` a number between."""
    if match := _RANGE.fullmatch(form):
        return {"minimum": int(match[1]), "maximum": int(match[2])}
    if type_ == "string" and _CHOICES.fullmatch(form):
        return {"pattern": "^(" + "|".join(f"[0-9]{{{n}}}" for n in re.findall(r"\d+", form)) + ")$"}
    match = _LENGTHS.fullmatch(form)
    if type_ != "string" or match is None or match["low"] is None:
        return {}
    low, high = int(match["low"]), int(match["high"] or match["low"])
    exact = {"pattern": f"^[A-Z]{{{low}}}$"} if match["kind"] == "A" and match["high"] is None else {}
    return {"minLength": low, "maxLength": high, **exact}


def _form(schema: Node) -> str:
    match = _FORM.match(schema.get("description", ""))
    return match["form"].strip() if match else ""


def _add(limits: Node, more: Node, quotation: str) -> None:
    limits.update(more)
    limits["$comment"] = " / ".join(part for part in (limits.get("$comment"), quotation) if part)


def _find(schemas: Mapping[str, Node], field: str, words: str) -> re.Match[str]:
    schema, name = field.split(".")
    match = re.search(words, _english(schemas[schema]["properties"][name]), re.DOTALL)
    if match is None:
        raise LookupError(f"{field} no longer says: {words}")
    return match


def _english(schema: Node) -> str:
    description = schema.get("description", "")
    match = _ENGLISH.search(description)
    text = match[1] if match else description
    return " ".join(re.sub(r"</?(?:b|br|ul|li|i|span)\b[^>]*>", " ", text).split()).replace(" .", ".")


def written(schema: Node) -> str:
    """The schema as text: a line for each condition and each property."""
    text = json.dumps(schema, ensure_ascii=False, indent=1)
    return re.sub(r"\n {4,}|(?<=[\[{,]) {4,}|\n {3}(?=[\]}])", lambda m: " " if m[0].startswith("\n") else "", text)


if __name__ == "__main__":
    sys.stdout.write(written(main(Path(sys.argv[1]))) + "\n")
