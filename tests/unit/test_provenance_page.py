"""What the page of a unit rests on: Digital Links, the unit's way, makers and products, languages, and its script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import product_stream, vendor_stream
from contracts.makers import ProductChanged, ProductWithdrawn, VendorRestored, VendorSuspended
from contracts.warehouse import UnitKey
from services.pages.words import LANGUAGES
from services.provenance.api.looking import ONCE_SECONDS, REMEMBERED, Recent
from services.provenance.domain import epcis
from services.provenance.domain.catalogue import product_of, vendor_of
from services.provenance.domain.digital_links import DigitalLink, parse_link
from services.provenance.domain.way import is_ours, step_of, unit_state
from shared.ledger.facts import Facts
from tests.support.provenance_pages import PAGES, of_longest, of_units, others, steps, unit
from tests.support.provenance_samples import AT, GTIN, PLACE, SERIAL, every_event, unit_log
from tests.support.provenance_service import NOW, OWNER, SKU, approved, verified

AI_82 = """!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"""
text_82 = st.text(AI_82, min_size=1, max_size=20)
LARGEST = 24 * 1024
"""Bytes of a page, uncompressed, with its style and its script."""


@given(serial=text_82, lot=st.none() | text_82, variant=st.none() | text_82)
def test_every_link_that_we_could_write_is_read(serial: str, lot: str | None, variant: str | None) -> None:
    parts = [("22", variant), ("10", lot), ("21", serial)]
    path = f"/01/{GTIN}" + "".join(f"/{key}/{quote(value, safe='')}" for key, value in parts if value)
    link = parse_link(path)
    assert link == DigitalLink(gtin=GTIN, variant=variant, lot=lot, serial=serial)
    assert link.path == path
    assert link.unit == UnitKey(gtin=GTIN, serial=serial)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/01",
        "/01/",
        f"/01/{GTIN}/",
        f"/01/{GTIN}/21",
        f"/01/{GTIN}/21/",
        f"/01/{GTIN}/21/A/10/B",  # out of order
        f"/01/{GTIN}/21/A/21/A",
        f"/01/{GTIN}/99/A",
        f"/01/{GTIN}/235/A/21/A",
        f"/01/{GTIN}/10/A/235/A",
        f"/01/{GTIN}/235/{'A' * 29}",
        f"/01/{GTIN}/21/A/B",
        f"/01/{GTIN}/21/%",
        f"/01/{GTIN}/21/%2",
        f"/01/{GTIN}/21/%E9",  # not UTF-8
        f"/01/{GTIN}/21/%C3%A9",  # not of AI 21
        f"/01/{GTIN}/21/{'A' * 21}",
        "/01/3012345678900/21/A",
        f"/00/{GTIN}",
        f"/{GTIN}/01/21/A",
    ],
)
def test_what_is_no_link_is_none(path: str) -> None:
    assert parse_link(path) is None


def test_a_link_to_a_product_or_a_lot_is_to_no_unit() -> None:
    assert parse_link(f"/01/{GTIN}") == DigitalLink(gtin=GTIN)
    third = f"/01/{GTIN}/235/{'A' * 28}"
    assert parse_link(third) == DigitalLink(gtin=GTIN, third_party="A" * 28)
    assert (parse_link(third) or DigitalLink(gtin="0" * 14)).path == third
    assert (parse_link(f"/01/{GTIN}/10/L") or DigitalLink(gtin="0" * 14, serial="A")).unit is None


def test_a_units_state_follows_from_its_way() -> None:
    received = unit_state(steps("commissioning", "packing", "shipping"))
    assert (received.delivered, received.since, received.ended_at) == (False, AT, None)
    with_buyer = unit_state(steps("commissioning", "packing", "shipping", "arriving"))
    assert (with_buyer.delivered, with_buyer.since) == (True, AT + timedelta(days=3))
    back = unit_state(steps("commissioning", "arriving", "unpacking", "receiving"))
    assert (back.delivered, back.since) == (False, AT + timedelta(days=3))
    ended = unit_state(steps("commissioning", "decommissioning", "packing"))
    assert ended.ended_at == AT + timedelta(days=1)


def test_only_our_own_word_counts_and_not_what_was_declared_wrong() -> None:
    received, ended = steps("commissioning", "decommissioning")
    assert not is_ours([replace(received, said_by="maison")])
    way = [received, replace(ended, said_by="maison")]
    assert is_ours(way)
    assert unit_state(way).ended_at is None
    assert unit_state([received, ended, replace(ended, wrong=True)]).ended_at is None
    assert unit_state([received, ended]).ended_at == ended.happened_at


def test_an_event_says_its_place_or_none() -> None:
    here = {event["bizStep"]: step_of(event, "proven", PLACE).here for event in every_event()}
    assert here == {**dict.fromkeys(here, True), "arriving": False}
    event = epcis.commissioned(PLACE, AT, GTIN, SERIAL)
    assert not step_of(event, "proven", PLACE, "maison").here, "others do not speak of our place"
    assert step_of(epcis.declared_wrong(event, AT, "did_not_occur"), "proven", PLACE).wrong
    step = step_of(event, "waiting", PLACE)
    assert (step.happened_at, step.step, step.proof) == (AT, "commissioning", "waiting")


def test_a_vendor_is_as_makers_says_before_what_was_stated() -> None:
    stream = vendor_stream(OWNER)
    assert vendor_of(Facts(stream)) is None
    stated = verified(stated_to_warehouse=True, public_name="stated")
    again = verified(turn=2, public_name="Maison Durand et fils")
    only_stated = vendor_of(Facts(stream, [stated]))
    assert only_stated is not None
    assert (only_stated.name, only_stated.stated) == ("stated", True)
    vendor = vendor_of(Facts(stream, [again, stated, verified()]))
    assert vendor is not None
    assert (vendor.name, vendor.stated, vendor.suspended) == ("Maison Durand et fils", False, False)
    suspended = VendorSuspended(vendor_id=stream.id, occurred_at=NOW, reason="operator")
    restored = VendorRestored(vendor_id=stream.id, occurred_at=NOW)
    for facts, is_suspended in (([suspended], True), ([restored, suspended], False)):
        shown = vendor_of(Facts(stream, [verified(), *facts]))
        assert shown is not None
        assert shown.suspended is is_suspended


def test_a_product_is_its_highest_version_of_its_first_vendor() -> None:
    stream = product_stream(SKU)
    assert product_of(Facts(stream)) is None
    changed = ProductChanged(sku=SKU, occurred_at=NOW, product=approved(version=2, brand="Autre").product)
    stranger = approved(turn=2, version=9, owner="stranger", brand="Stolen").model_copy(update={"occurred_at": NOW})
    product = product_of(Facts(stream, [stranger, changed, approved()]))
    assert product is not None
    assert (product.brand, product.since, product.stated, product.withdrawn) == ("Autre", NOW, False, False)
    stated = approved(stated_to_warehouse=True, version=7, brand="Stated")
    before = product_of(Facts(stream, [stated, approved()]))
    assert before is not None
    assert before.brand == "Vieux-Port"
    withdrawn = ProductWithdrawn(sku=SKU, occurred_at=NOW, reason="vendor")
    for turn, is_withdrawn in ((None, True), (2, False)):
        facts = [approved(), withdrawn, *([approved(turn=turn)] if turn else [])]
        shown = product_of(Facts(stream, facts))
        assert shown is not None
        assert shown.withdrawn is is_withdrawn


def test_every_language_has_every_word() -> None:
    tables = {language: words.table for language, words in PAGES.words.items()}
    assert set(tables) == set(LANGUAGES)
    for table in tables.values():
        for group in ("ui", "steps"):
            assert set(table[group]) == set(tables["en"][group])
        places = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in dict(table["ui"]).items()}  # type: ignore[arg-type]
        assert places == {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in dict(tables["en"]["ui"]).items()}  # type: ignore[arg-type]
    assert set(tables["en"]["steps"]) == {event["bizStep"] for event in every_event()}


def test_french_texts_have_french_apostrophes_and_spaces() -> None:
    for text in re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(PAGES.words["fr"].table, ensure_ascii=False)):
        assert "'" not in text, text
        assert not re.search("[^\u00a0\u202f][:;?!](?![A-Za-z0-9_{])", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_renders_whatever_is_known(language: Any) -> None:
    pages = [*of_units(language).values(), *others(language).values(), *of_longest(language).values()]
    assert len(set(pages)) == len(pages)
    for page in pages:
        assert page.decode().rstrip().endswith("</html>")
        assert b"<B" not in page, "what is shown is text"
        assert b"<L" not in page
        assert len(page) <= LARGEST, "it is read on a phone, abroad"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_its_script_the_page_says_that_nothing_was_checked(language: Any) -> None:
    page = re.sub(r"<(script|style)>.*?</\1>", "", PAGES.unit(unit(), language).decode(), flags=re.DOTALL)
    read, words = unescape(re.sub("<[^>]*>", "", page)), PAGES.words[language]
    assert read.count(words.ui("check_off")) == 1
    for text in ("checked", "check_running", "check_bad", "check_none", "check_impossible"):
        assert words.ui(text) not in read, "the script alone says so"
    assert words.of("ui", "check_good").partition("{")[2].partition("}")[2].partition("{")[0] not in read


class Fetched(HTMLParser):
    """What a browser asks for besides a page, by its attributes and its style."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.fetches: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.fetches += [
            f"{tag} {name}={value}"
            for name, value in attributes
            if (name in FETCHING or (name == "href" and tag in ("link", "base", "use")))
            and not (value or "").startswith("data:")
        ]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.fetches += re.findall(r"@import|url\(", data)


FETCHING = ("src", "srcset", "data", "poster", "background", "http-equiv")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_shown_after_one_request(language: Any) -> None:
    """Style and script stand in it, and nothing else is waited for: neither of ours nor of any other host."""
    for page in (*of_units(language).values(), *others(language).values(), *of_longest(language).values()):
        assert Fetched(page).fetches == []


@pytest.mark.parametrize(
    "page",
    ["<script src=a>", "<link href=a>", "<img src=a>", "<style>@import 'a'</style>", "<style>a{b:url(c)}</style>"],
)
def test_what_a_page_would_fetch_is_found(page: str) -> None:
    assert Fetched(page.encode()).fetches


def test_nothing_foreign_is_loaded_and_only_our_script_runs() -> None:
    page = PAGES.unit(unit(), "en").decode()
    assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"'(]?\s*(?:https?:)?//", page)
    policy = PAGES.headers["Content-Security-Policy"]
    for tag in ("script", "style"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "style=" not in page


def test_a_clients_looks_within_the_hour_are_one_as_far_as_is_remembered() -> None:
    now = 0.0
    recent = Recent(lambda: now)
    assert recent.is_new("a", "unit")
    assert not recent.is_new("a", "unit")
    assert recent.is_new("b", "unit")
    now = ONCE_SECONDS
    assert recent.is_new("a", "unit")
    for number in range(REMEMBERED):
        assert recent.is_new(str(number))
    assert recent.is_new("a", "unit")


NODE = shutil.which("node") or ""
RUNNER = """
const [bundle, rows] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const check = { dataset: { bundle: "/b", good: "good {count} {size}", bad: "bad", none: "none",
  impossible: "impossible", running: "running", checked: "checked" } };
const shown = rows.map((dataset) => ({ dataset, querySelector: () => ({ textContent: "" }) }));
globalThis.window = globalThis;
globalThis.isSecureContext = true;
globalThis.document = { getElementById: () => check, querySelectorAll: () => shown };
globalThis.fetch = async () => ({ ok: bundle !== null, json: async () => bundle });
process.on("beforeExit", () => { console.log(check.textContent); process.exit(); });
"""


def run_script(bundle: Any, rows: list[dict[str, str]]) -> str:
    """What the page's script says of this bundle, on a page with these proven rows."""
    script = (Path(__file__).parents[2] / "services/provenance/templates/unit.js").read_text(encoding="utf-8")
    ended = subprocess.run(
        [NODE, "-e", RUNNER + script],
        input=json.dumps([bundle, rows]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout.strip()


@pytest.mark.skipif(not NODE, reason="no Node.js here")
def test_the_script_finds_events_in_the_tree_and_nothing_else() -> None:
    log = unit_log()
    bundle = json.loads(log.bundle())
    rows = [
        {"event": event["eventID"], "step": event["bizStep"], "at": event["eventTime"].replace("Z", "+00:00")}
        for event in (json.loads(base64.urlsafe_b64decode(jws.split(".")[1] + "==")) for _, jws, _ in log.events)
    ]
    size = log.log.edge.size
    assert run_script(bundle, rows) == f"good {len(rows)} {size}"
    assert run_script(bundle, []) == "none"
    assert run_script(None, rows) == "impossible"
    assert run_script({**bundle, "events": bundle["events"][1:]}, rows) == "bad", "an event of the page is missing"
    assert run_script(bundle, [{**rows[0], "step": "arriving"}]) == "bad"
    assert run_script(bundle, [{**rows[0], "at": "2020-01-01T00:00:00+00:00"}]) == "bad"

    def changed(field: str, old: str, new: str) -> Any:
        event = bundle["events"][0]
        assert old in event[field]
        return {**bundle, "events": [{**event, field: event[field].replace(old, new, 1)}, *bundle["events"][1:]]}

    salt, jws = bundle["events"][0]["salt"], bundle["events"][0]["jws"]
    assert run_script(changed("salt", salt[:2], "00" if salt[:2] != "00" else "01"), rows) == "bad"
    assert run_script(changed("jws", jws[-2:], "AA" if jws[-2:] != "AA" else "BB"), rows) == "bad"
    assert run_script(changed("proof", "index ", "index 1"), rows) == "bad"
    lines = bundle["checkpoint"].split("\n")
    other = base64.b64encode(bytes(32)).decode()
    assert run_script({**bundle, "checkpoint": "\n".join([*lines[:2], other, *lines[3:]])}, rows) == "bad"


@pytest.mark.skipif(not NODE, reason="no Node.js here")
@pytest.mark.parametrize("before", [0, 1, 2, 3, 7])
def test_the_script_knows_trees_of_any_shape(before: int) -> None:
    log = unit_log()
    for number in range(before):
        log.log.append([f"another {number}".encode()])
    bundle = json.loads(log.bundle())
    event = json.loads(base64.urlsafe_b64decode(log.events[-1][1].split(".")[1] + "=="))
    row = {"event": event["eventID"], "step": event["bizStep"], "at": event["eventTime"]}
    assert run_script(bundle, [row]).startswith("good")
