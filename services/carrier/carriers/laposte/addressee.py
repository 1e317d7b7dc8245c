"""The addressee as a label has it: in Latin letters, split and shortened to what the label service takes.

Nothing is refused for its length: a street is split over four lines at a blank, and loses its middle when it does not
fit; the characters as the shop gave them stay in the person's record.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from contracts.persons import Contact
from contracts.sls_limits import longest
from services.addresses import latin
from services.addresses.letters import ascii_only
from services.addresses.places import LatinPlace, place

ADDRESS = "letter.addressee.address"
LINES = ("line0", "line1", "line2", "line3")
"""In the order in which a label shows them. The street is in the third, `line2`, at any rate."""
_LINE = longest(f"{ADDRESS}.line2")
_REMARK = re.compile(r"[(（【\[].*?[)）】\]]")


def address(contact: Contact, changes: list[str]) -> dict[str, str]:
    """The address of a request. To `changes` is added what is not as the shop gave it."""
    where = place(contact.province, contact.city, contact.district)
    return {
        **_name(contact, changes),
        **_lines(contact, where, changes),
        "zipCode": contact.postcode,
        "city": _city(where, changes),
        "countryCode": contact.country,
        # E.164, with the country's prefix; `phoneNumber` has no room for it.
        "mobileNumber": contact.phone,
    }


def _name(contact: Contact, changes: list[str]) -> dict[str, str]:
    """The shop's own spelling, or the surname and the given name by their readings."""
    stated = contact.name_latin
    spelt = latin.LatinName(ascii_only(stated)) if stated else latin.name(contact.name)
    last = shortened(spelt.surname, longest(f"{ADDRESS}.lastName"))
    first = shortened(spelt.given, longest(f"{ADDRESS}.firstName"))
    if contact.name not in (last, f"{last} {first}"):
        changes.append("lastName:latin")
    if (last, first) != (spelt.surname, spelt.given):
        changes.append("lastName:shortened")
    return {"lastName": last, "firstName": first}


def _city(where: LatinPlace, changes: list[str]) -> str:
    """The city, with its province when both fit."""
    most = longest(f"{ADDRESS}.city")
    whole = ", ".join(part for part in (where.city, where.province) if part)
    if len(whole) <= most:
        return whole
    changes.append("city:shortened")
    return shortened(where.city, most)


def _lines(contact: Contact, where: LatinPlace, changes: list[str]) -> dict[str, str]:
    """The district in `line3`, the street above it; without a district a street that fits ends in `line2`."""
    district = [shortened(where.district, _LINE)] if where.district else []
    room = len(LINES) - len(district)
    street = wrapped(latin.words(contact.street))
    if len(street) > room:
        street = wrapped(latin.words(_without_repetition(contact)))
        changes.append("line2:shortened")
    if len(street) > room:
        street = without_middle(street, room)
    if not contact.street.isascii():
        changes.append("line2:latin")
    if len(street) > 1:
        changes.append("line2:split")
    lines = [*street, *district]
    end = len(LINES) if district or len(street) == len(LINES) else len(LINES) - 1
    return dict(zip(LINES[end - len(lines) : end], lines, strict=True))


def _without_repetition(contact: Contact) -> str:
    """The street without the province, city and district before it, which have fields of their own, and without
    remarks in brackets, as long as something is left."""
    street = contact.street
    for part in (contact.province, contact.city, contact.district):
        street = street.removeprefix(part)
    street = _REMARK.sub(" ", street)
    return street if latin.words(street) else contact.street


def wrapped(words: Sequence[str]) -> list[str]:
    """The words in lines that fit, parted at blanks; a word that fits on no line is cut."""
    return textwrap.wrap(" ".join(words), _LINE, break_on_hyphens=False)


def without_middle(street: Sequence[str], lines: int) -> list[str]:
    """So many lines of a street that needs more: its beginning, which names it, and its end, where the door is."""
    first, *rest = street
    words = " ".join(rest).split()
    end: list[str] = []
    while words and len(wrapped([words[-1], *end])) < lines:
        end.insert(0, words.pop())
    return [first, *wrapped(end)]


def shortened(text: str, most: int) -> str:
    """The text cut at its last blank that fits, or else where it must."""
    if len(text) <= most:
        return text
    return textwrap.shorten(text, most, placeholder="") or text[:most]
