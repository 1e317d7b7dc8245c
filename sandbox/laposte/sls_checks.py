"""The checks of La Poste's label service, and the messages of its refusals.

Besides what is checked here by name, every limit of the specification (`contracts.sls_limits`) is.

30100, 30204, 30221, 30300 and 30301 are ids of public recordings; there is no complete public table, so the others are
our own, in the same ranges (300xx service, 301xx sender, 302xx addressee, 303xx parcel, 304xx customs); 99 at their end
is a limit of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.sls_limits import broken_limits

MAX_WEIGHT_KG = 30.0
GRAM = 0.001
"""In kg; a unit is stated with a gram at least, so the sum may be off by one gram a unit."""
_PHONE = re.compile(r"\+?\d[\d ]{5,18}")
_LABEL_FORMAT = re.compile(r"(PDF|ZPL)_(10x15|10x10|A4)_(203|300)dpi(_UL)?")
_CN23_FORMAT = re.compile(r"(PDF|ZPL)_(10x12|A4)_(203|300)dpi")
_HS = re.compile(r"\d{6}|\d{8}|\d{10}")
_COUNTRY = re.compile(r"[A-Z]{2}")
PRODUCTS = {"CN": frozenset({"DOS"}), "FR": frozenset({"DOM", "DOS", "HD", "CORE"})}
"""By destination, as in the carrier service's table of capabilities; other destinations take DOS."""
MANDATORY = ((2, "countryCode", "code pays"), (3, "city", "nom de la ville"), (4, "zipCode", "code postal"))
RETURN_CHOICES = ["2", "3"]
"""What every country abroad allows here: paid return, no return. La Poste's list by country is not public."""
PRODUCT_INTER_FIELDS = frozenset(
    {"contractNumber", "password", "productCode", "insurance", "nonMachinable", "returnReceipt"}
    | {"countryCode", "zipCode", "city"}
)
NO_CUSTOMS = frozenset({"FR"})
CUSTOMS = "letter.customsDeclarations"


@dataclass(frozen=True, slots=True)
class Format:
    """What is printed: `PDF_10x15_300dpi`, in its parts."""

    language: str
    size: str
    dpi: int
    on_one_page: bool = False
    """The label bears the CN23."""


@dataclass(frozen=True, slots=True)
class SlsMessage:
    id: str
    text: str
    field: str = ""
    """The one that is at fault, from the root of the request, where there is one."""

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "type": "ERROR", "messageContent": self.text, "replacementValues": []}


BAD_CREDENTIALS = SlsMessage("30000", "Identifiant ou mot de passe incorrect")
NOT_READABLE = SlsMessage("30001", "La requête n'est pas lisible")
NO_FORMAT = SlsMessage("30025", "Le format d'impression n'a pas été transmis")
BAD_FORMAT = SlsMessage("30026", "Le format d'impression est incorrect")
UNKNOWN_PARCEL = SlsMessage("30096", "Le numéro de colis est inconnu")
BY_DEFAULT = Format("PDF", "A4", 300)
"""A CN23 in no format of its own."""


def value_at(body: Any, *path: str) -> Any:
    """The value at this path of nested objects; None when the path ends early."""
    for name in path:
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body


def text_at(body: Any, *path: str) -> str:
    """The value as text without surrounding blanks; empty when there is none."""
    value = value_at(body, *path)
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def number_at(body: Any, *path: str) -> float | None:
    """The value as a number; None when it is none. La Poste takes numbers as text too."""
    value = value_at(body, *path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def flag_at(body: Any, *path: str) -> bool:
    return value_at(body, *path) in (True, 1, "1", "true", "True")


def label_format(name: str) -> Format | None:
    """None when no label is printed so."""
    return _format(_LABEL_FORMAT.fullmatch(name))


def cn23_format(request: dict[str, Any]) -> Format | None:
    """The CN23's; None when none is printed so. On a page with the label it is the label's own."""
    named = text_at(request, "outputFormat", "outputPrintingType")
    fields = value_at(request, "fields", "field")
    for field in fields if isinstance(fields, list) else []:
        if text_at(field, "key") == "OUTPUT_PRINT_TYPE_CN23":
            value = text_at(field, "value")
            both = label_format(named) if value == named else None
            return both if both and both.on_one_page else _format(_CN23_FORMAT.fullmatch(value))
    return BY_DEFAULT


def _format(match: re.Match[str] | None) -> Format | None:
    if match is None or (match[1], match[2]) == ("ZPL", "A4"):
        return None
    return Format(match[1], match[2], int(match[3]), len(match.groups()) > 3 and match[4] is not None)


def refusals(request: dict[str, Any]) -> list[SlsMessage]:
    """The messages that refuse the request; none when a label can be made."""
    letter = value_at(request, "letter")
    if not isinstance(letter, dict):
        return [NOT_READABLE]
    named = [
        *_service(request, letter),
        *_address(value_at(letter, "sender", "address"), 30100, "sender", phone=False),
        *_address(value_at(letter, "addressee", "address"), 30204, "addressee", phone=True),
        *_parcel(letter),
        *_customs(letter),
    ]
    return [*named, *_limits(request, {message.field for message in named})]


_SECTIONS = (
    ("letter.sender", "30199"),
    ("letter.addressee", "30299"),
    ("letter.parcel", "30399"),
    ("letter.customsDeclarations", "30499"),
    ("", "30099"),
)


def _limits(request: dict[str, Any], named: set[str]) -> Iterator[SlsMessage]:
    """A message for each field that breaks a limit and is not named yet."""
    for broken in broken_limits(request):
        if broken.field not in named:
            named.add(broken.field)
            id = next(id for section, id in _SECTIONS if broken.field.startswith(section))
            yield SlsMessage(id, f"Le champ {broken.field} est incorrect ({broken.rule})", broken.field)


def destination(request: dict[str, Any]) -> str:
    return text_at(request, "letter", "addressee", "address", "countryCode")


def products_to(country: str) -> frozenset[str]:
    return PRODUCTS.get(country, frozenset({"DOS"}))


def product_inter_refusals(product: str, country: str) -> list[SlsMessage]:
    """Of `getProductInter`, which is for destinations abroad only."""
    if not product:
        return [SlsMessage("30007", "Le code produit n'a pas été transmis", "productCode")]
    if not _COUNTRY.fullmatch(country) or country in NO_CUSTOMS:
        return [SlsMessage("30207", "Le code pays du destinataire est incorrect", "countryCode")]
    return _product_faults(product, country)


def _product_faults(product: str, country: str) -> list[SlsMessage]:
    if product in products_to(country):
        return []
    return [SlsMessage("30008", "Le code produit n'est pas autorisé pour ce pays de destination")]


def _return_choice(letter: dict[str, Any]) -> list[SlsMessage]:
    choice, field = text_at(letter, "service", "returnTypeChoice"), "letter.service.returnTypeChoice"
    if text_at(letter, "addressee", "address", "countryCode") in NO_CUSTOMS or choice in ("", *RETURN_CHOICES):
        return []
    return [SlsMessage("30099", "Le choix de retour n'est pas autorisé pour ce pays de destination", field)]


def _service(request: dict[str, Any], letter: dict[str, Any]) -> list[SlsMessage]:
    faults = []
    product = text_at(letter, "service", "productCode")
    if not product:
        faults.append(SlsMessage("30007", "Le code produit n'a pas été transmis", "letter.service.productCode"))
    else:
        faults += _product_faults(product, destination(request))
    faults += _return_choice(letter)
    faults += format_faults(request)
    try:
        date.fromisoformat(text_at(letter, "service", "depositDate"))
    except ValueError:
        faults.append(SlsMessage("30002", "La date de dépôt est incorrecte", "letter.service.depositDate"))
    return faults


def format_faults(request: dict[str, Any]) -> list[SlsMessage]:
    """Of the formats of label and CN23, which are the same where both are on one page."""
    named = text_at(request, "outputFormat", "outputPrintingType")
    if not named:
        return [NO_FORMAT]
    label, cn23 = label_format(named), cn23_format(request)
    if label is None or cn23 is None or label.on_one_page != cn23.on_one_page:
        return [BAD_FORMAT]
    return []


_ROLES = {"sender": "expéditeur", "addressee": "destinataire"}


def _address(address: Any, line2: int, side: str, *, phone: bool) -> list[SlsMessage]:
    """`line2` is the id of the message about the street; the other ids are counted from it."""
    faults: list[SlsMessage] = []
    role, field_prefix = _ROLES[side], f"letter.{side}.address"
    if not text_at(address, "line2"):
        text = f"Le numéro et le libellé de voie de l'{role} n'ont pas été transmis"
        faults.append(SlsMessage(str(line2), text, f"{field_prefix}.line2"))
    for offset, field, label in MANDATORY:
        if not text_at(address, field):
            faults.append(
                SlsMessage(
                    str(line2 + offset), f"Le {label} de l'{role} n'a pas été transmis", f"{field_prefix}.{field}"
                )
            )
    if not text_at(address, "lastName") and not text_at(address, "companyName"):
        faults.append(
            SlsMessage(str(line2 + 1), f"Le nom de l'{role} n'a pas été transmis", f"{field_prefix}.lastName")
        )
    phones = [number for number in (text_at(address, "mobileNumber"), text_at(address, "phoneNumber")) if number]
    abroad = text_at(address, "countryCode") not in NO_CUSTOMS
    if phone and ((abroad and not phones) or not all(_PHONE.fullmatch(number) for number in phones)):
        text = f"Le numéro de téléphone de l'{role} est incorrect"
        faults.append(SlsMessage("30221", text, f"{field_prefix}.mobileNumber"))
    return faults


def _parcel(letter: dict[str, Any]) -> list[SlsMessage]:
    weight = number_at(letter, "parcel", "weight")
    if weight is None or weight == 0:
        return [SlsMessage("30300", "Le poids du colis n'a pas été transmis", "letter.parcel.weight")]
    if not 0 < weight <= MAX_WEIGHT_KG:
        return [SlsMessage("30301", "Le poids du colis est incorrect", "letter.parcel.weight")]
    return []


def _customs(letter: dict[str, Any]) -> list[SlsMessage]:
    if text_at(letter, "addressee", "address", "countryCode") in NO_CUSTOMS:
        return []
    declared = value_at(letter, "customsDeclarations")
    if not flag_at(declared, "includeCustomsDeclarations"):
        return [
            SlsMessage(
                "30400",
                "La déclaration douanière est obligatoire pour cette destination",
                f"{CUSTOMS}.includeCustomsDeclarations",
            )
        ]
    faults = []
    if (number_at(letter, "service", "totalAmount") or 0) <= 0:
        faults.append(
            SlsMessage(
                "30401", "Le montant total est obligatoire avec une déclaration douanière", "letter.service.totalAmount"
            )
        )
    if text_at(declared, "contents", "category", "value") not in {"1", "2", "3", "4", "5", "6"}:
        faults.append(SlsMessage("30402", "La nature de l'envoi est incorrecte", f"{CUSTOMS}.contents.category.value"))
    articles = value_at(declared, "contents", "article")
    if not isinstance(articles, list) or not articles:
        return [*faults, SlsMessage("30403", "Aucun article n'a été déclaré", f"{CUSTOMS}.contents.article")]
    for place, article in enumerate(articles, start=1):
        faults += _article(article, place)
    units = sum(number_at(article, "quantity") or 0 for article in articles)
    weights = sum((number_at(article, "weight") or 0) * (number_at(article, "quantity") or 0) for article in articles)
    if 0 < (number_at(letter, "parcel", "weight") or 0) < weights - units * GRAM:
        faults.append(SlsMessage("30410", "Le poids des articles dépasse le poids du colis"))
    return faults


def _article(article: Any, place: int) -> list[SlsMessage]:
    checks = (
        ("30404", "description", "description", 0 < len(text_at(article, "description")) <= 64),
        ("30405", "quantité", "quantity", (number_at(article, "quantity") or 0) >= 1),
        ("30406", "poids", "weight", (number_at(article, "weight") or 0) > 0),
        ("30407", "valeur", "value", (number_at(article, "value") or 0) > 0),
        ("30408", "code SH", "hsCode", bool(_HS.fullmatch(text_at(article, "hsCode")))),
        ("30409", "pays d'origine", "originCountry", bool(_COUNTRY.fullmatch(text_at(article, "originCountry")))),
    )
    return [
        SlsMessage(id, f"Article {place}: {label} incorrect", f"{CUSTOMS}.contents.article[{place - 1}].{field}")
        for id, label, field, fits in checks
        if not fits
    ]
