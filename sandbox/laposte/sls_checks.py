"""The checks of La Poste's label service, and the messages of its refusals.

30100, 30204, 30221, 30300 and 30301 are ids of public recordings; there is no complete public table, so the others are
our own, in the same ranges (300xx service, 301xx sender, 302xx addressee, 303xx parcel, 304xx customs).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

MAX_WEIGHT_KG = 30.0
GRAM = 0.001
"""In kg; a unit's weight is rounded to the gram, so the sum may be off by one gram a unit."""
LINE_LENGTH = 35
_PHONE = re.compile(r"\+?\d[\d ]{5,18}")
_FORMAT = re.compile(r"(PDF|ZPL|DPL)_(10x15|10x10|A4)(_\d{3}dpi)?(_UL)?")
_HS = re.compile(r"\d{6}|\d{8}|\d{10}")
_COUNTRY = re.compile(r"[A-Z]{2}")
PRODUCTS = {"CN": frozenset({"DOS"}), "FR": frozenset({"DOM", "DOS", "HD", "CORE"})}
"""By destination, as in the carrier service's table of capabilities; other destinations take DOS."""
MANDATORY = ((2, "countryCode", "code pays"), (3, "city", "nom de la ville"), (4, "zipCode", "code postal"))
NO_CUSTOMS = frozenset({"FR"})


@dataclass(frozen=True, slots=True)
class SlsMessage:
    id: str
    text: str

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "type": "ERROR", "messageContent": self.text, "replacementValues": []}


BAD_CREDENTIALS = SlsMessage("30000", "Identifiant ou mot de passe incorrect")
NOT_READABLE = SlsMessage("30001", "La requête n'est pas lisible")


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


def refusals(request: dict[str, Any]) -> list[SlsMessage]:
    """The messages that refuse the request; none when a label can be made."""
    letter = value_at(request, "letter")
    if not isinstance(letter, dict):
        return [NOT_READABLE]
    return [
        *_service(request, letter),
        *_address(value_at(letter, "sender", "address"), 30100, "expéditeur", phone=False),
        *_address(value_at(letter, "addressee", "address"), 30204, "destinataire", phone=True),
        *_parcel(letter),
        *_customs(letter),
    ]


def destination(request: dict[str, Any]) -> str:
    return text_at(request, "letter", "addressee", "address", "countryCode")


def _service(request: dict[str, Any], letter: dict[str, Any]) -> list[SlsMessage]:
    faults = []
    product = text_at(letter, "service", "productCode")
    if not product:
        faults.append(SlsMessage("30007", "Le code produit n'a pas été transmis"))
    elif product not in PRODUCTS.get(destination(request), frozenset({"DOS"})):
        faults.append(SlsMessage("30008", "Le code produit n'est pas autorisé pour ce pays de destination"))
    if not _FORMAT.fullmatch(text_at(request, "outputFormat", "outputPrintingType")):
        faults.append(SlsMessage("30002", "Le format d'impression est incorrect"))
    elif not text_at(request, "outputFormat", "outputPrintingType").startswith("PDF"):
        faults.append(SlsMessage("30002", "Seul le format PDF est imprimé ici"))
    try:
        date.fromisoformat(text_at(letter, "service", "depositDate"))
    except ValueError:
        faults.append(SlsMessage("30014", "La date de dépôt est incorrecte"))
    return faults


def _address(address: Any, line2: int, role: str, *, phone: bool) -> list[SlsMessage]:
    """`line2` is the id of the message about the street; the other ids are counted from it."""
    faults = []
    if not text_at(address, "line2"):
        faults.append(SlsMessage(str(line2), f"Le numéro et le libellé de voie de l'{role} n'ont pas été transmis"))
    for offset, field, label in MANDATORY:
        if not text_at(address, field):
            faults.append(SlsMessage(str(line2 + offset), f"Le {label} de l'{role} n'a pas été transmis"))
    if not text_at(address, "lastName") and not text_at(address, "companyName"):
        faults.append(SlsMessage(str(line2 + 1), f"Le nom de l'{role} n'a pas été transmis"))
    phones = [number for number in (text_at(address, "mobileNumber"), text_at(address, "phoneNumber")) if number]
    abroad = text_at(address, "countryCode") not in NO_CUSTOMS
    if phone and ((abroad and not phones) or not all(_PHONE.fullmatch(number) for number in phones)):
        faults.append(SlsMessage("30221", f"Le numéro de téléphone de l'{role} est incorrect"))
    return faults


def _parcel(letter: dict[str, Any]) -> list[SlsMessage]:
    weight = number_at(letter, "parcel", "weight")
    if weight is None or weight == 0:
        return [SlsMessage("30300", "Le poids du colis n'a pas été transmis")]
    if not 0 < weight <= MAX_WEIGHT_KG:
        return [SlsMessage("30301", "Le poids du colis est incorrect")]
    if len(text_at(letter, "parcel", "instructions")) > LINE_LENGTH:
        return [SlsMessage("30310", "Les instructions de livraison sont trop longues")]
    return []


def _customs(letter: dict[str, Any]) -> list[SlsMessage]:
    if text_at(letter, "addressee", "address", "countryCode") in NO_CUSTOMS:
        return []
    declared = value_at(letter, "customsDeclarations")
    if not flag_at(declared, "includeCustomsDeclarations"):
        return [SlsMessage("30400", "La déclaration douanière est obligatoire pour cette destination")]
    faults = []
    if (number_at(letter, "service", "totalAmount") or 0) <= 0:
        faults.append(SlsMessage("30401", "Le montant total est obligatoire avec une déclaration douanière"))
    if text_at(declared, "contents", "category", "value") not in {"1", "2", "3", "4", "5", "6"}:
        faults.append(SlsMessage("30402", "La nature de l'envoi est incorrecte"))
    articles = value_at(declared, "contents", "article")
    if not isinstance(articles, list) or not articles:
        return [*faults, SlsMessage("30403", "Aucun article n'a été déclaré")]
    for place, article in enumerate(articles, start=1):
        faults += _article(article, place)
    units = sum(number_at(article, "quantity") or 0 for article in articles)
    weights = sum((number_at(article, "weight") or 0) * (number_at(article, "quantity") or 0) for article in articles)
    if 0 < (number_at(letter, "parcel", "weight") or 0) < weights - units * GRAM:
        faults.append(SlsMessage("30410", "Le poids des articles dépasse le poids du colis"))
    return faults


def _article(article: Any, place: int) -> list[SlsMessage]:
    checks = (
        ("30404", "description", 0 < len(text_at(article, "description")) <= 64),
        ("30405", "quantité", (number_at(article, "quantity") or 0) >= 1),
        ("30406", "poids", (number_at(article, "weight") or 0) > 0),
        ("30407", "valeur", (number_at(article, "value") or 0) > 0),
        ("30408", "code SH", bool(_HS.fullmatch(text_at(article, "hsCode")))),
        ("30409", "pays d'origine", bool(_COUNTRY.fullmatch(text_at(article, "originCountry")))),
    )
    return [SlsMessage(id, f"Article {place}: {label} incorrect") for id, label, fits in checks if not fits]
