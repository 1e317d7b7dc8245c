"""The pages for shoppers in a browser: axe-core finds nothing on any, in each language, on a phone and on a desktop, in
light and, since colours are the same in all, in dark in one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.base import Event, order_stream
from contracts.vocabularies import Status
from services.pages.words import LANGUAGES, Language
from services.tracking.api.page import Pages
from services.tracking.domain.document import derive
from services.tracking.schemas import OrderTracking, PublicTracking
from shared.ledger.facts import Facts
from tests.support.browser import WIDTHS, chromium, judged
from tests.support.tracking_samples import ORDER, SHIPPED, case, closed, details, placed, scan, screened, time_at

PAGES = Pages("help@shop.example")


def both(hour: float, code: str, status: Status | None, country: str, **more: Any) -> list[Event]:
    """The same scan of both parcels."""
    return [scan(parcel, hour, code, status, country).model_copy(update=more) for parcel in (1, 2)]


ARRIVED = [*SHIPPED, *both(30, "PC1", "accepted", "FR"), *both(90, "ET3", "arrived_destination", "CN")]
STORIES: dict[str, list[Event]] = {
    "just placed": [placed()],
    "comes by post": [placed(), screened("addressee")],
    "comes as retail": [placed(), screened("guarantor"), *ARRIVED[2:]],
    "on its way": [*ARRIVED, details(1)],
    "held by customs": [*ARRIVED, *both(100, "DO3", None, "CN"), case("customs_hold", 1)],
    "held for its invoice": [
        *ARRIVED,
        *both(100, "DOUFCM", None, "CN", sets=("customs_held",), reason="missing_invoice"),
    ],
    "duties at the door": [*ARRIVED, *both(100, "DOUTAX", "import_cleared", "CN", reason="duty_due")],
    "not delivered": [*ARRIVED, *both(110, "ND1", None, "CN", sets=("delivery_failed",))],
    "waits for instructions": [
        *ARRIVED,
        *both(110, "REFINS", None, "CN", sets=("problem",), reason="instructions_needed"),
    ],
    "seized": [*ARRIVED, *both(110, "SOLDDR", "seized", "CN")],
    "back with us": [*ARRIVED, *both(120, "RE1", "returning", "CN"), *both(135, "DI2", "returned", "FR")],
    "at the counter": [*ARRIVED, *both(120, "AG1", "available_for_pickup", "CN"), details(1)],
    "on its way back": [*ARRIVED, *both(120, "RE1", "returning", "CN")],
    "delivered": [*ARRIVED, *both(130, "DI1", "delivered", "CN"), closed("delivered")],
    "lost": [*ARRIVED, closed("lost", "40.00")],
}


def pages(language: Language) -> dict[str, bytes]:
    """Each story, the page of a number alone, and that of what there is not."""
    shown = {story: _order(events, language) for story, events in STORIES.items()}
    held = PublicTracking(status="import_customs", status_at=time_at(60), country="CN", flags=("customs_held",))
    shown["number alone"] = PAGES.parcel("CY123456781FR", held, language, "laposte")
    return shown | {"not found": PAGES.not_found(language)}


def _order(events: list[Event], language: Language) -> bytes:
    derived = derive(Facts(order_stream(ORDER), events))
    assert derived is not None
    order = OrderTracking.model_validate_json(derived.body)
    return PAGES.order(order, derived.etag, language, "v1.secret", time_at(140))


@pytest.mark.slow
@pytest.mark.parametrize(("language", "dark"), [*((language, False) for language in LANGUAGES), (LANGUAGES[0], True)])
async def test_axe_finds_nothing_on_any_page(tmp_path: Path, language: Language, dark: bool) -> None:
    if (browser := chromium()) is None:
        pytest.skip("no Chromium on PATH: the pages are not looked at in a browser")
    shown = pages(language)
    judgements = await judged(browser, shown, tmp_path, dark=dark)
    assert len(judgements) == len(shown) * len(WIDTHS)
    assert {page.dark for page in judgements} == {dark}
    assert min(page.passed for page in judgements) > 10, "the rules were applied"
    assert {page.page: page.violations for page in judgements if page.violations} == {}
    assert [page.page for page in judgements if page.wide] == []


async def test_axe_would_find_something(tmp_path: Path) -> None:
    if (browser := chromium()) is None:
        pytest.skip("no Chromium on PATH: the pages are not looked at in a browser")
    bad = b'<!doctype html><html><title>x</title><main><h1>x</h1><img src="data:,"><p style="width:2000px">x</p></main>'
    judgements = await judged(browser, {"bad": bad}, tmp_path, dark=False)
    assert [[violation.partition(":")[0] for violation in page.violations] for page in judgements] == [
        ["html-has-lang", "image-alt"]
    ] * 2
    assert {page.wide for page in judgements} == {True}
