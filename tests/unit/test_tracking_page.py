"""The page: three languages, each whole; the reader's place and time; nothing foreign on it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from contracts import topics
from contracts.base import Event, OrderEvent, order_stream
from contracts.carrier import LabelCreated
from contracts.carriers import CARRIERS
from contracts.cases import CaseOpened
from contracts.orders import OrderPlaced
from contracts.vocabularies import HOLD_REASONS, STATUSES, TAX_PAYERS, Flag, Outcome, Status
from contracts.warehouse import OrderWithdrawn
from services.pages.words import LANGUAGES, Language, choose_language
from services.tracking.api import page as pages
from services.tracking.api.page import Pages
from services.tracking.domain.document import derive
from services.tracking.domain.next_actions import Action, Actor, OrderState, ParcelState
from services.tracking.domain.parcels import Stage
from services.tracking.schemas import OrderTracking, PublicTracking
from shared.ledger.facts import Facts
from tests.support.tracking_samples import (
    ORDER,
    OTHERS,
    SHIPPED,
    case,
    closed,
    details,
    label,
    packed,
    placed,
    scan,
    screened,
    sets_of_facts,
    time_at,
)
from tests.support.unknown_words import WORD

PAGES = Pages("help@shop.example")
SECRET = "v1.secret"
WITHDRAWN = next(event for event in OTHERS if isinstance(event, OrderWithdrawn))


def render(events: list[Event], language: Language = "en", secret: str = SECRET, now: datetime = time_at(30)) -> str:
    derived = derive(Facts(order_stream(ORDER), events))
    assert derived is not None
    return PAGES.order(OrderTracking.model_validate_json(derived.body), derived.etag, language, secret, now).decode()


def test_each_language_has_every_word() -> None:
    readings = set(STATUSES)
    kinds = {
        event.TYPE.rpartition(".v")[0]
        for topic in topics.subscribed_by("tracking")
        for event in topic.events
        if issubclass(event, OrderEvent)
    }
    wanted = {
        "order_states": set(get_args(OrderState)),
        "outcomes": set(get_args(Outcome)),
        "parcel_states": set(get_args(ParcelState)),
        "scans": readings,
        "flags": set(get_args(Flag)),
        "flags_cleared": set(get_args(Flag)),
        "events": kinds - {"parcel-scanned", "parcel-details-reported"},
        "stages": set(get_args(Stage)),
        "carriers": set(PAGES.words["en"].table["carriers"]),
        "actors": set(get_args(Actor)),
        "actions": set(get_args(Action)),
        "import_tax": {*TAX_PAYERS, "duty_paid"},
    }
    for words in PAGES.words.values():
        for group, keys in wanted.items():
            assert set(words.table[group]) == keys, (words.language, group)
        assert {"laposte", "ems", "other"} <= set(words.table["carriers"]) <= {*CARRIERS, "other"}
        assert set(HOLD_REASONS) <= set(words.table["reasons"])
        assert set(words.table["reasons"]) == set(PAGES.words["en"].table["reasons"])
        assert set(words.headings) == set(PAGES.words["en"].headings)
        assert set(words.table["ui"]) == set(PAGES.words["en"].table["ui"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_stands_twice(language: Language) -> None:
    """Of two the second would be shown, whichever was meant."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    texts = Path(pages.__file__).parents[1] / "translations" / f"{language}.json"
    json.loads(texts.read_text(encoding="utf-8"), object_pairs_hook=once)


LATER_WORDS = (
    "state",
    "stage",
    "status",
    "flags",
    "actor",
    "action",
    "kind",
    "sets",
    "clears",
    "outcome",
    "reason",
    "tax_paid_by",
)
"""The fields of a document whose word a later version of the service may have written."""


def invent(node: Any, fields: Iterable[str]) -> Any:
    """The same document, with a word that nobody knows yet in these fields. An order's own outcome stays: it is closed
    for good."""
    if isinstance(node, list):
        return [invent(child, fields) for child in node]
    if not isinstance(node, dict):
        return node
    invented = {name: invent(child, fields) for name, child in node.items()}
    for name in fields:
        if name in node and not (name == "outcome" and "order_id" in node):
            invented[name] = [WORD] if isinstance(node[name], list) else WORD
    return invented


@pytest.mark.parametrize("fields", [*((field,) for field in LATER_WORDS), LATER_WORDS])
def test_words_of_a_later_version_leave_the_rest_of_the_page(fields: tuple[str, ...]) -> None:
    scans = [scan(1, 30, "DO3", "import_customs", "CN"), scan(2, 31, "DI1", "delivered", "CN")]
    for events in ([*SHIPPED, *scans, case("customs_hold", 1), closed("lost")], [*SHIPPED, *scans]):
        derived = derive(Facts(order_stream(ORDER), events))
        assert derived is not None
        document = invent(json.loads(derived.body), fields)
        order = OrderTracking.model_validate_json(json.dumps(document))
        for language in LANGUAGES:
            page = PAGES.order(order, derived.etag, language, SECRET, time_at(40)).decode()
            assert 'data-copy="CY123456781FR"' in page
            assert WORD not in page
            assert "Olive oil soap" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_who_pays_the_import_tax_by_the_lane(language: Language) -> None:
    texts = PAGES.words[language].table["import_tax"]
    assert isinstance(texts, dict)
    by_post, declared = screened("addressee"), screened("guarantor")
    duty_paid = [label(parcel).model_copy(update={"duty_paid": True}) for parcel in (1, 2)]
    stories: list[tuple[list[Event], str | None]] = [
        ([placed()], None),
        ([placed(), screened()], None),
        ([placed(), by_post], "addressee"),
        ([placed(), declared], "guarantor"),
        ([placed(), by_post, packed(2), label(1), duty_paid[1]], "addressee"),
        ([placed(), by_post, packed(2), *duty_paid], "duty_paid"),
        ([placed(), by_post, closed("delivered")], None),
        ([placed(), by_post, WITHDRAWN], None),
    ]
    for events, says in stories:
        page = render(events, language)
        assert [word for word, text in texts.items() if text in page] == ([says] if says else [])
        assert (PAGES.words[language].ui("import_tax") in page) == (says is not None)


def test_a_state_of_a_later_version_is_called_by_its_status_else_by_nothing() -> None:
    arrived = scan(1, 30, "ET3", "arrived_destination")
    derived = derive(Facts(order_stream(ORDER), [placed(), packed(1), label(1), arrived]))
    assert derived is not None
    for fields, headline in ((("state",), "Arrived in China"), (("state", "status"), "See the timeline")):
        order = OrderTracking.model_validate(invent(json.loads(derived.body), fields))
        order = order.model_copy(update={"state": "under_way"})
        page = PAGES.order(order, derived.etag, "en", SECRET, time_at(40)).decode()
        assert f'<h1 id="headline">{headline}</h1>' in page


def test_the_public_page_of_words_of_a_later_version() -> None:
    tracking = PublicTracking.model_validate(public().model_dump() | {"status": WORD, "flags": (WORD, "delayed")})
    for language in LANGUAGES:
        page = PAGES.parcel("CY123456781FR", tracking, language).decode()
        assert WORD not in page
        assert PAGES.words[language].of("flags", "delayed") in page
        assert f'<h1 id="headline">{PAGES.words[language].ui("unknown_state")}</h1>' in page


@settings(max_examples=30)
@given(sets_of_facts)
def test_every_document_has_its_page_in_every_language(events: list[Event]) -> None:
    if not events:
        return
    for language in LANGUAGES:
        assert "</html>" in render(events, language)


def test_times_are_the_readers() -> None:
    noon_utc: list[Event] = [placed(), case("needs_attention", None)]
    assert "2026年11月2日星期一" in render(noon_utc, "zh")
    assert "16:00" in render(noon_utc, "zh")
    assert "北京时间" in render(noon_utc, "zh")
    assert "lundi 2 novembre 2026" in render(noon_utc, "fr")
    assert "09:00" in render(noon_utc, "fr")
    assert "heure de Paris" in render(noon_utc, "fr")
    assert "16:00 (08:00 UTC)" in render(noon_utc, "en")
    summer = datetime(2026, 7, 14, 10, 0, tzinfo=UTC)
    assert PAGES.words["fr"].time(summer) == "12:00"


def test_the_page_says_who_must_do_what_by_when() -> None:
    page = render([*SHIPPED, scan(1, 30, "AG1", "available_for_pickup")])
    assert "<b>You</b> collect the parcel at the counter" in page
    assert "by Wednesday, 18 November 2026" in page
    assert "Parcel 1 of 2" in page
    assert "CY123456782FR" in page


def test_a_page_in_danger_of_markup_stays_text() -> None:
    order = OrderPlaced.model_validate(
        {**placed().model_dump(), "lines": [{**placed().lines[0].model_dump(), "description": "<script>x</script>"}]}
    )
    page = render([order, *SHIPPED[1:]], secret='"><script>y</script>')
    assert "<script>x" not in page
    assert "<script>y" not in page
    assert "&lt;script&gt;x" in page


def test_a_date_that_has_passed_is_said_to_have_passed() -> None:
    collect = [*SHIPPED, scan(1, 30, "AG1", "available_for_pickup")]
    assert "was due by Wednesday, 18 November 2026, which has passed" in render(collect, now=time_at(24 * 16 + 8))
    assert "which has passed" not in render(collect, now=time_at(31))
    assert "最迟 2026年11月18日星期三，现已逾期" in render(collect, "zh", now=time_at(24 * 20))
    assert "date dépassée" in render(collect, "fr", now=time_at(24 * 20))


def test_goods_are_named_in_the_readers_language_and_in_the_shops_words() -> None:
    assert '2 × 肥皂 <span class="own">Olive oil soap</span>' in render(list(SHIPPED), "zh")
    assert "2 × Savon <span" in render(list(SHIPPED), "fr")


def test_a_number_can_be_copied_followed_and_shared_without_the_secret() -> None:
    page = render(list(SHIPPED))
    assert 'data-copy="CY123456781FR"' in page
    assert 'href="https://www.laposte.fr/outils/suivre-vos-envois?code=CY123456781FR"' in page
    shared = re.findall(r'(?:href|data-share)="(/track/parcels/[^"]*)"', page)
    assert set(shared) == {"/track/parcels/CY123456781FR", "/track/parcels/CY123456782FR"}


def test_the_readers_can_write_to_us() -> None:
    assert '<a href="mailto:help@shop.example">' in render([placed()])
    assert "mailto:" not in Pages().not_found("en").decode()


def test_what_the_carrier_reports_is_shown_as_its_own() -> None:
    events = [*SHIPPED, scan(1, 30, "AG1", "available_for_pickup"), details(1)]
    page = render(events)
    assert "<dt>Delivery expected by La Poste</dt><dd>Sunday, 15 November 2026</dd>" in page
    assert "<dt>China Post number</dt>" in page
    assert 'data-copy="LY000000014CN"' in page
    assert 'href="https://www.ems.com.cn/"' in page
    assert "<dd>北京望京邮政支局</dd>" in page
    assert 'href="https://www.laposte.fr/outils/suivre-vos-envois?code=OF-LA-POSTE"' in page
    assert "<dd>Sunday, 15 November 2026 (has passed)</dd>" in render(events, now=time_at(24 * 14))
    ended = render([*events, scan(1, 50, "DI1", "delivered")])
    assert "expected by La Poste" not in ended
    assert "北京望京邮政支局" not in ended
    assert "LY000000014CN" in ended


def test_the_hours_of_the_estimate_are_shown_in_the_readers_time_zone() -> None:
    """18:00 to 20:00 in Paris on the 15th is the 16th in Beijing, and passed only when the hours have."""
    hours = {"expected_from": "2026-11-15T17:00:00Z", "expected_until": "2026-11-15T19:00:00Z"}
    events = [*SHIPPED, scan(1, 30, "ET3", "arrived_destination"), details(1, **hours)]
    assert "<dd>2026年11月16日星期一 01:00至03:00</dd>" in render(events, "zh")
    assert "<dd>dimanche 15 novembre 2026, de 18:00 à 20:00</dd>" in render(events, "fr")
    shown = "Monday, 16 November 2026, 01:00 to 03:00 (17:00–19:00 UTC)"
    assert f"<dd>{shown}</dd>" in render(events)
    assert f"<dd>{shown}</dd>" in render(events, now=datetime(2026, 11, 15, 18, 59, tzinfo=UTC))
    assert f"<dd>{shown} (has passed)</dd>" in render(events, now=datetime(2026, 11, 15, 19, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("carrier", "texts"),
    [
        ("laposte", ["La Poste number", "Taken in charge by La Poste", "With La Poste", "Handed over to La Poste"]),
        ("ems", ["EMS number", "Taken in charge by EMS", "With EMS", "Handed over to EMS"]),
        ("of_tomorrow", ["Tracking number", "Taken in charge by our carrier", "<b>Our carrier</b> carries the parcel"]),
    ],
)
def test_the_page_names_the_carrier_by_which_the_order_goes(carrier: str, texts: list[str]) -> None:
    facts = [
        event.model_copy(update={"carrier": carrier}) if isinstance(event, LabelCreated) else event for event in SHIPPED
    ]
    page = render([*facts, scan(1, 30, "PC1", "accepted")])
    assert all(text in page for text in texts)
    tracking = PublicTracking(status="accepted", status_at=time_at(60))
    assert f"{texts[0]} " in PAGES.parcel("CY123456781FR", tracking, "en", carrier).decode()
    for other in {"La Poste", "EMS"} - {texts[0].removesuffix(" number")}:
        assert other not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_with_a_place_for_the_carrier(language: Language) -> None:
    for table in PAGES.words[language].by_carrier.values():
        assert "{carrier}" not in json.dumps(table)


@pytest.mark.parametrize(
    ("language", "place"), [("en", "Shanghai, China"), ("fr", "Shanghai, Chine"), ("zh", "中国 Shanghai")]
)
def test_the_city_stands_beside_the_country(language: Language, place: str) -> None:
    scanned = scan(1, 30, "ET3", "arrived_destination", "CN").model_copy(update={"city": "Shanghai"})
    page = render([*SHIPPED, scanned], language)
    assert page.count(f" · {place}</p>") == 1
    assert f'<span class="notes">{place} <small' in page


def test_a_city_without_a_country_stands_alone() -> None:
    words = PAGES.words["en"]
    assert [
        words.place(None, "Shanghai"),
        words.place("XX", "Lagos"),
        words.place("CN", None),
        words.place(None, None),
    ] == [
        "Shanghai",
        "Lagos",
        "China",
        None,
    ]


def test_a_code_of_the_carrier_is_small_print() -> None:
    assert '<small class="code">code ET2</small>' in render([*SHIPPED, scan(1, 30, "ET2", "at_origin_exchange", "FR")])


def public(**changes: Any) -> PublicTracking:
    return PublicTracking(status="import_customs", status_at=time_at(60), country="CN").model_copy(update=changes)


def test_the_page_of_a_number_shows_a_hold_as_a_hold_and_nothing_of_the_order() -> None:
    held = PAGES.parcel("CY123456781FR", public(flags=("customs_held",)), "zh").decode()
    assert '<h1 id="headline">海关暂未放行</h1>' in held
    assert 'class="hero wait"' in held
    assert "中国海关清关中" in PAGES.parcel("CY123456781FR", public(), "zh").decode()
    assert "secret" not in held
    assert "TM-1" not in held


def test_a_parcel_on_its_way_back_is_said_to_be_whatever_failed_before() -> None:
    back = PAGES.parcel("CY123456781FR", public(status="returning", flags=("delivery_failed",)), "en").decode()
    assert (
        back.partition("</h1>")[0]
        == PAGES.parcel("CY123456781FR", public(status="returning"), "en").decode().partition("</h1>")[0]
    )


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"customs", "customs_released"}))
def test_every_status_has_its_page_of_a_number(status: str) -> None:
    for language in LANGUAGES:
        assert "</html>" in PAGES.parcel("CY123456781FR", public(status=status), language).decode()


@pytest.mark.parametrize(
    ("code", "status", "flags", "reason", "notice", "tone"),
    [
        ("DOUFCM", None, ("customs_held",), "missing_invoice", "the invoice is missing", "wait"),
        ("DOUTAX", "import_cleared", (), "duty_due", "duty is due", "act"),
        ("REFINS", None, ("problem",), "instructions_needed", "the recipient has to say what is to be done", "act"),
        ("DOUPAR", "in_transit", (), "partly_seized", "customs kept a part of it", "calm"),
    ],
)
def test_why_a_parcel_waits_stands_beside_its_state_and_in_the_colour_of_who_must_act(
    code: str, status: Status | None, flags: tuple[Flag, ...], reason: str, notice: str, tone: str
) -> None:
    """Before anybody has opened a case."""
    scanned = scan(1, 60, code, status, "CN").model_copy(update={"sets": flags, "reason": reason})
    page = render([*SHIPPED, scan(1, 30, "ET3", "arrived_destination", "CN"), scanned])
    assert f'<p class="notice">{notice}</p>' in page
    assert f'<section class="parcel card {tone}" aria-labelledby="parcel-1">' in page


def test_who_waits_for_our_staff_is_not_asked_to_act() -> None:
    """Duties that the shopper has paid already."""
    due = scan(1, 60, "DOUTAX", "import_cleared", "CN").model_copy(update={"reason": "duty_due"})
    page = render([*SHIPPED, due, case("needs_attention", 1)])
    assert '<section class="parcel card calm" aria-labelledby="parcel-1">' in page


def test_only_what_is_detained_is_called_detained() -> None:
    def texts(node: Any) -> Iterator[tuple[str, str]]:
        for key, value in node.items():
            yield from texts(value) if isinstance(value, dict) else [(key, value)]

    assert {key for key, text in texts(PAGES.words["zh"].table) if "扣留" in text} == {"seized"}


def test_french_texts_have_french_apostrophes_and_spaces() -> None:
    table = json.dumps(PAGES.words["fr"].table, ensure_ascii=False)
    goods = " | ".join(PAGES.words["fr"].headings.values())
    for text in (*re.findall(r'"((?:[^"\\]|\\.)*)"', table), goods):
        assert "'" not in text, text
        assert not re.search("[^\u00a0\u202f][:;?!](?![A-Za-z0-9_{])", text) or text.startswith("http"), text
        assert not re.search(" [:;?!»]|« ", text), text


def test_a_reason_without_a_word_is_kept_to_ourselves() -> None:
    odd = CaseOpened(
        order_id=ORDER, occurred_at=time_at(9), case="needs_attention:1", service="customs", kind="needs_attention",
        parcel=1, reason="ValidationError", action="look_into",
    )  # fmt: skip
    assert "ValidationError" not in render([*SHIPPED, odd])


def test_nothing_foreign_is_loaded_and_only_our_script_runs() -> None:
    page = render([*SHIPPED, *OTHERS, closed("delivered")])
    without_links = re.sub(r"<a [^>]*>", "", page)
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"'(]?\s*(?:https?:)?//", without_links)
    policy = PAGES.headers["Content-Security-Policy"]
    for tag in ("script", "style"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "style=" not in page
    assert "default-src 'none'" in policy
    assert PAGES.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("requested", "header", "preferred", "chosen"),
    [
        ("fr", "zh-CN", "zh", "fr"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        (None, "fr-CH, fr;q=0.9, en;q=0.8", "zh", "fr"),
        (None, "de, en-GB;q=0.7, fr;q=0.3", "zh", "en"),
        (None, "de, fr;q=0.3, zh;q=0.7", None, "zh"),
        (None, "de", "zh", "zh"),
        (None, "", "zh", "zh"),
        (None, "", None, "en"),
        ("tlh", "en", None, "en"),
        (None, ";;q=,,fr;q=x,*;q=0.1", None, "en"),
        (None, "zh;q=0, fr", None, "fr"),
        (None, "en; q=0.5, fr; q=0.9", "zh", "fr"),
    ],
)
def test_the_readers_language(requested: str | None, header: str, preferred: str | None, chosen: Language) -> None:
    assert choose_language(requested, header, preferred) == chosen
