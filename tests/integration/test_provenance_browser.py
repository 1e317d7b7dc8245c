"""The pages to which a code on a pack leads, in a browser: axe-core finds nothing on any, in each language, on a phone
and on a desktop, in light and, since colours are the same in all, in dark in one; their script checks a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from services.pages.words import LANGUAGES, Language
from services.provenance.domain.way import step_of
from tests.support.browser import WIDTHS, Judged, chromium, judged
from tests.support.provenance_pages import PAGES, delivered, of_longest, of_units, others
from tests.support.provenance_samples import GTIN, PLACE, SERIAL, every_event, unit_log

OTHER = "ANOTHER"
BUNDLES = {f"/units/{GTIN}/{serial}/bundle": unit_log().bundle() for serial in (SERIAL, OTHER)}
"""Of a unit whose page shows what is in it, and of one whose page shows more."""


def checked(language: Language) -> dict[str, bytes]:
    """The page of a unit whose bundle proves its way, and of one whose bundle does not."""
    more = [step_of(event, "proven", PLACE) for event in every_event()]
    return {
        "check_good": PAGES.unit(delivered(SERIAL), language),
        "check_bad": PAGES.unit(delivered(OTHER, way=more), language),
    }


def pages(language: Language) -> dict[str, bytes]:
    return checked(language) | of_units(language) | others(language) | of_longest(language)


async def look(shown: Mapping[str, bytes], profile: Path, *, dark: bool) -> list[Judged]:
    """What is found, once nothing is found amiss."""
    if (browser := chromium()) is None:
        pytest.skip("no Chromium on PATH: the pages are not looked at in a browser")
    seen = await judged(browser, shown, profile, dark=dark, answers=BUNDLES)
    assert len(seen) == len(shown) * len(WIDTHS)
    assert {page.dark for page in seen} == {dark}
    assert min(page.passed for page in seen) > 10, "the rules were applied"
    assert {page.page: page.violations for page in seen if page.violations} == {}
    assert [page.page for page in seen if page.wide] == []
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(("language", "dark"), [*((language, False) for language in LANGUAGES), (LANGUAGES[0], True)])
async def test_axe_finds_nothing_on_any_page(tmp_path: Path, language: Language, dark: bool) -> None:
    await look(pages(language), tmp_path, dark=dark)


async def test_axe_finds_nothing_on_a_page_whose_script_has_checked_its_bundle(tmp_path: Path) -> None:
    words = PAGES.words["en"]
    for page in await look(checked("en"), tmp_path, dark=False):
        text = words.of("ui", page.page.partition(",")[0])
        assert page.said == [text.format(count=4, size=unit_log().log.edge.size)]
