"""What a GS1 Digital Link resolves to: links by type, at each level from the request up to the product (GS1's resolver
standard 1.2.0), as linksets (RFC 9264) have them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from contracts.warehouse import UnitKey
from services.provenance.domain.digital_links import DigitalLink, parse_link
from services.provenance.domain.gs1_uris import good_check_digit

VOCABULARY: Final = "https://ref.gs1.org/voc/"
CONTEXT: Final = "https://ref.gs1.org/standards/resolver/linkset-context"
"""By which a linkset in JSON is read as JSON-LD."""
PAGE: Final = "/page"
"""Stands before the path of a link in the path of its page."""
HTML, JSON = "text/html", "application/json"
DEFAULT, PRODUCT, WAY, EVENTS = (VOCABULARY + name for name in ("defaultLink", "pip", "traceability", "epcis"))
"""The link types that we have links of."""
_TITLES: Mapping[str, Mapping[str, str]] = {
    PRODUCT: {"zh": "商品", "fr": "Le produit", "en": "The product"},
    WAY: {"zh": "这件商品的经历", "fr": "Le parcours de l’article", "en": "The way of the unit"},
}
"""Of pages, by the language that they are in."""
_SHORT_GTIN = re.compile(r"^/01/([0-9]{8}|[0-9]{12,13})(?=/|$)")
_LINK_TYPE = re.compile(r"(?:gs1:|https?://(?:ref\.|www\.)?gs1\.org/voc/)(?P<name>[A-Za-z0-9]{1,60})")


@dataclass(frozen=True, slots=True)
class Link:
    """A target of some type."""

    href: str
    """Absolute."""
    title: str
    media_type: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """The links of one thing: a unit, a lot, a variant or a product."""

    anchor: str
    """Its Digital Link."""
    description: str
    links: Mapping[str, Sequence[Link]]
    """By link type."""


def read_request(path: str) -> DigitalLink | None:
    """Of a path as it came: as `parse_link`, but with a GTIN of 8, 12, 13 or 14 digits and its check digit, and with
    one slash at the end or none."""
    link = parse_link(_SHORT_GTIN.sub(lambda match: f"/01/{match[1].zfill(14)}", path.removesuffix("/")))
    return link if link and good_check_digit(link.gtin) else None


def link_type_of(text: str) -> str | None:
    """The URI of a link type that a request names by CURIE or URI of GS1's Web vocabulary; None for any other text."""
    match = _LINK_TYPE.fullmatch(text)
    return VOCABULARY + match["name"] if match else None


def page_of(link: DigitalLink) -> str:
    """The path of the page to which this link leads by default. A serial of a third party is none of ours: the page is
    the product's."""
    return PAGE + link.model_copy(update={"third_party": None}).path


def levels_of(link: DigitalLink, root: str, product: str | None, known: bool, *, lot: bool = False) -> Sequence[Level]:
    """The levels with links, from the unit up to the product; empty where nothing is known. `root`: where links lead,
    `https://id.example`; `product`: its name, None when it is not known; `known`: whether the unit is; `lot`: whether
    any event of the lot is."""
    name = product or f"GTIN {link.gtin}"
    finest_first = []
    if known and (unit := link.unit) is not None:
        finest_first.append(_unit(unit, root, f"{name}, serial number {unit.serial}"))
    if (product is not None or lot) and (link.variant or link.lot):
        part = link.model_copy(update={"serial": None})
        kind = f"lot {link.lot}" if link.lot else f"variant {link.variant}"
        finest_first.append(Level(root + part.path, f"{name}, {kind}", _page(part, root, PRODUCT)))
    if product is not None:
        whole = DigitalLink(gtin=link.gtin)
        finest_first.append(
            Level(root + whole.path, name, {**_page(whole, root, PRODUCT), EVENTS: [_events(whole, root)]})
        )
    return finest_first


def _unit(unit: UnitKey, root: str, description: str) -> Level:
    """By GTIN and serial alone: no link of a unit may depend on its lot or variant."""
    link = DigitalLink(gtin=unit.gtin, serial=unit.serial)
    bundle = f"{root}/units/{unit.gtin}/{quote(unit.serial, safe='')}/bundle"
    links = _page(link, root, WAY)
    links[WAY].append(Link(bundle, "What was logged of the unit, with its proof", JSON))
    return Level(root + link.path, description, {**links, EVENTS: [_events(link, root)]})


def _page(link: DigitalLink, root: str, link_type: str) -> dict[str, list[Link]]:
    """Its page by default, where the reader's language decides; and in each language."""
    href = root + page_of(link)
    titles = _TITLES[link_type]
    return {
        DEFAULT: [Link(href, titles["en"])],
        link_type: [Link(f"{href}?lang={language}", title, HTML, language) for language, title in titles.items()],
    }


def _events(link: DigitalLink, root: str) -> Link:
    href = f"{root}/epcs/{quote(root + link.path, safe='')}/events"
    return Link(href, "Events in EPCIS 2.0, for holders of a key", JSON)


def of_type(levels: Sequence[Level], link_type: str) -> Sequence[Link]:
    """The links of this type of the finest level that has any; none where no level has."""
    return next((level.links[link_type] for level in levels if link_type in level.links), ())


def linkset(levels: Sequence[Level]) -> dict[str, Any]:
    """In the JSON form of RFC 9264, with the members that GS1's schema knows."""
    return {
        "linkset": [
            {
                "anchor": level.anchor,
                "itemDescription": level.description,
                **{link_type: [_target(link) for link in links] for link_type, links in level.links.items()},
            }
            for level in levels
        ]
    }


def _target(link: Link) -> dict[str, Any]:
    target: dict[str, Any] = {"href": link.href, "title": link.title}
    if link.media_type:
        target["type"] = link.media_type
    if link.language:
        target["hreflang"] = [link.language]
    return target


def description(root: str) -> dict[str, Any]:
    """What `/.well-known/gs1resolver` says, by GS1's schema of it."""
    return {
        "name": "Silkpost",
        "resolverRoot": root,
        "supportedPrimaryKeys": ["01"],
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "linkTypeDefaultCanBeLinkset": False,
        "jsonLdContextLocation": CONTEXT,
    }
