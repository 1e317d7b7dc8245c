"""What a GS1 Digital Link resolves to, without a server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from services.pages.words import LANGUAGES
from services.provenance.domain.digital_links import DigitalLink
from services.provenance.domain.resolver import (
    DEFAULT,
    EVENTS,
    HTML,
    JSON,
    PRODUCT,
    WAY,
    Level,
    description,
    levels_of,
    link_type_of,
    linkset,
    of_type,
    page_of,
    read_request,
)
from tests.support.provenance_samples import GTIN

ROOT = "https://id.silkpost.example"
UNIT = DigitalLink(gtin=GTIN, lot="L/1", serial="A/1")
GTINS = {"96385074": "00000096385074", "614141000036": "00614141000036", "4006381333931": "04006381333931"}


@pytest.mark.parametrize(("gtin", "whole"), [*GTINS.items(), (GTIN, GTIN)])
def test_a_gtin_of_any_length_is_read_with_14_digits(gtin: str, whole: str) -> None:
    assert read_request(f"/01/{gtin}") == DigitalLink(gtin=whole)
    assert read_request(f"/01/{gtin}/21/96385074") == DigitalLink(gtin=whole, serial="96385074")


@pytest.mark.parametrize(
    "path",
    [
        "/01/",
        f"/01/{GTIN[:-1]}{(int(GTIN[-1]) + 1) % 10}",  # its check digit
        f"/01/{GTIN[:-1]}",
        "/01/9638507",
        f"/01/{GTIN}//",
        f"/01/{GTIN}/foo",
        f"/01/{GTIN}/17/261231",  # an attribute, which stands in the query
        f"/01/{GTIN}/21/A/10/B",
        f"/01/{GTIN}/21/%C3%A9",
    ],
)
def test_what_is_no_digital_link_is_none(path: str) -> None:
    assert read_request(path) is None


def test_one_slash_at_the_end_changes_nothing() -> None:
    assert read_request(f"/01/{GTIN}/") == DigitalLink(gtin=GTIN)
    assert read_request(f"/01/{GTIN}/10/L%2F1/21/A%2F1/") == UNIT


@pytest.mark.parametrize("text", ["gs1:pip", *(f"https://{host}gs1.org/voc/pip" for host in ("ref.", "www.", ""))])
def test_a_link_type_is_named_by_curie_or_uri(text: str) -> None:
    assert link_type_of(text) == PRODUCT


@pytest.mark.parametrize("text", ["", "pip", "schema:url", "gs1:", "gs1:a b", "https://gs1.org.example/voc/pip"])
def test_other_link_types_are_none_of_gs1(text: str) -> None:
    assert link_type_of(text) is None


def test_a_link_leads_to_the_page_of_exactly_this_unless_a_third_party_gave_the_serial() -> None:
    assert page_of(UNIT) == f"/page/01/{GTIN}/10/L%2F1/21/A%2F1"
    assert page_of(DigitalLink(gtin=GTIN, third_party="X")) == f"/page/01/{GTIN}"


def by_anchor(levels: Sequence[Level]) -> Mapping[str, set[str]]:
    return {level.anchor: set(level.links) for level in levels}


PRODUCT_LEVEL = {f"{ROOT}/01/{GTIN}": {DEFAULT, PRODUCT, EVENTS}}
LOT_LEVEL = {f"{ROOT}/01/{GTIN}/10/L%2F1": {DEFAULT, PRODUCT}}
UNIT_LEVEL = {f"{ROOT}/01/{GTIN}/21/A%2F1": {DEFAULT, WAY, EVENTS}}


def test_what_is_known_of_each_level_up_to_the_product_is_listed() -> None:
    assert by_anchor(levels_of(UNIT, ROOT, "Soap", known=True)) == {**UNIT_LEVEL, **LOT_LEVEL, **PRODUCT_LEVEL}
    assert by_anchor(levels_of(UNIT, ROOT, None, known=True)) == UNIT_LEVEL, "whatever its product is"
    assert by_anchor(levels_of(UNIT, ROOT, "Soap", known=False)) == {**LOT_LEVEL, **PRODUCT_LEVEL}
    assert levels_of(UNIT, ROOT, None, known=False) == []
    assert set(by_anchor(levels_of(UNIT, ROOT, None, known=False, lot=True))) == set(LOT_LEVEL), (
        "what was told of a lot"
    )
    alone = DigitalLink(gtin=GTIN, serial="A/1")
    assert by_anchor(levels_of(alone, ROOT, "Soap", known=True)) == {**UNIT_LEVEL, **PRODUCT_LEVEL}
    assert by_anchor(levels_of(alone, ROOT, "Soap", known=False)) == PRODUCT_LEVEL


@pytest.mark.parametrize("link", [DigitalLink(gtin=GTIN, lot="L"), DigitalLink(gtin=GTIN, variant="V")])
def test_a_lot_or_a_variant_of_a_known_product_has_its_page(link: DigitalLink) -> None:
    level = {f"{ROOT}{link.path}": {DEFAULT, PRODUCT}}
    assert by_anchor(levels_of(link, ROOT, "Soap", known=False)) == {**level, **PRODUCT_LEVEL}
    assert levels_of(link, ROOT, None, known=False) == []


def test_a_serial_of_a_third_party_is_the_products() -> None:
    assert by_anchor(levels_of(DigitalLink(gtin=GTIN, third_party="X"), ROOT, "Soap", known=False)) == PRODUCT_LEVEL


def test_each_level_has_one_default_link_with_a_title_and_no_more() -> None:
    for entry in linkset(levels_of(UNIT, ROOT, "Soap", known=True))["linkset"]:
        [default] = entry[DEFAULT]
        assert default == {"href": entry["anchor"].replace(ROOT, f"{ROOT}/page"), "title": default["title"]}


def test_pages_are_there_in_each_language_and_the_bundle_beside_them() -> None:
    [unit, lot, product] = linkset(levels_of(UNIT, ROOT, "Soap", known=True))["linkset"]
    assert (unit["itemDescription"], lot["itemDescription"]) == ("Soap, serial number A/1", "Soap, lot L/1")
    page = f"{ROOT}/page/01/{GTIN}/21/A%2F1"
    pages = [(link["hreflang"], link["href"]) for link in unit[WAY] if link["type"] == HTML]
    assert pages == [([code], f"{page}?lang={code}") for code in LANGUAGES]
    [bundle] = [link for link in unit[WAY] if link["type"] == JSON]
    assert bundle["href"] == f"{ROOT}/units/{GTIN}/A%2F1/bundle"
    [events] = unit[EVENTS]
    assert events["href"] == f"{ROOT}/epcs/https%3A%2F%2Fid.silkpost.example%2F01%2F{GTIN}%2F21%2FA%252F1/events"
    assert {link["hreflang"][0] for link in product[PRODUCT]} == set(LANGUAGES)
    assert len({link["title"] for link in (*unit[WAY], *product[PRODUCT])}) == 7


def test_links_of_a_type_are_those_of_the_finest_level_that_has_any() -> None:
    levels = levels_of(UNIT, ROOT, "Soap", known=True)
    [unit, lot, _] = levels
    assert of_type(levels, EVENTS) == unit.links[EVENTS]
    assert of_type(levels, PRODUCT) == lot.links[PRODUCT]
    assert of_type(levels, "https://ref.gs1.org/voc/verificationService") == ()


def test_the_description_names_what_is_supported() -> None:
    made = description(ROOT)
    assert made["resolverRoot"] == ROOT
    assert made["supportedPrimaryKeys"] == ["01"]
    [kind] = made["supportedLinkType"]
    assert DEFAULT.startswith(kind["namespace"])
    assert re.fullmatch(r"[a-zA-Z_][A-Za-z0-9_-]*?:", kind["prefix"])
