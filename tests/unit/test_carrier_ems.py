"""EMS: ranges of numbers, labels printed here, and files of events, judged record by record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Parcel
from contracts.carriers import BY_NAME, EMS, LAPOSTE, route_to
from contracts.customs import ParcelDeclared
from contracts.persons import Contact
from services.carrier.carriers.codes import EMSEVT
from services.carrier.carriers.ems import CARRIER, client
from services.carrier.carriers.ems.mapping import LONGEST_LINE, MOST_RECORDS, meaning, read_file
from services.carrier.carriers.ems.settings import EmsSettings
from services.carrier.domain.carrier import LabelMade, LabelOrder, LabelPossible, OperationRefused, Sender
from services.carrier.domain.documents import is_pdf
from services.carrier.domain.feeds import FeedFile, Unfinished, UnreadableFile
from services.carrier.domain.number_ranges import InvalidRange, read_ranges
from services.carrier.domain.s10 import is_valid
from services.routing import Routing
from shared.http.client import Counterpart

SAMPLE = json.loads((Path(__file__).parents[1] / "golden" / "laposte" / "label-order.json").read_text())
NOW = {"order_id": "00000000-0000-0000-0000-000000000001", "occurred_at": "2026-11-24T09:00:00Z"}
ITEM, OTHER = "EE100000003FR", "EE100000017FR"
AT = "2026-11-24T05:12:00+08:00"
HEAD = "EMSEVT;1;FRA;42;2026-11-24T06:00:00+01:00"
SENDER = Sender("Silkpost", "1 rue de la Soie", "69001", "Lyon", "+33400000000", "x@silkpost.example")
ORDER = LabelOrder(
    declared=ParcelDeclared.model_validate({**SAMPLE["declared"], **NOW, "parcel": 1, "sub_order": "T-1"}),
    box=Parcel.model_validate({**SAMPLE["box"], "parcel": 1}),
    contact=Contact.model_validate(SAMPLE["contact"]),
    product="EMS",
    duty_paid=False,
    deposit_on=date(2026, 11, 24),
)


def file(*records: str, head: str = HEAD, end: str | None = None, line_end: str = "\n") -> bytes:
    lines = (head, *records, f"END;{len(records)}" if end is None else end)
    return "".join(line + line_end for line in lines).encode()


def record(code: str = "EMA", item: str = ITEM, time: str = AT, rest: str = "CN;CNPVGA;") -> str:
    return f"{code};{item};{time};{rest}"


def faults(read: FeedFile) -> Sequence[tuple[int, str]]:
    return [(fault.line, fault.field) for fault in read.faulty]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_record_is_an_event_with_its_own_time_and_place(line_end: str) -> None:
    read = read_file(file(record(), record("XQZ", OTHER, rest=";;"), line_end=line_end))
    first, second = read.events
    assert (read.records, read.faulty) == (2, ())
    assert (first.tracking_number, first.code, first.country, first.utc_offset_minutes) == (ITEM, "EMA", "CN", 480)
    assert first.scanned_at == datetime(2026, 11, 23, 21, 12, tzinfo=UTC)
    assert json.loads(first.raw)["office"] == "CNPVGA"
    assert (second.code, second.country) == ("unknown", None)


@pytest.mark.parametrize(
    ("broken", "field", "names_item"),
    [
        (record(item=ITEM[:-3] + "0FR"), "item", False),
        (record(item="6A00000000017"), "item", False),
        (record("ema"), "code", True),
        (record("EM"), "code", True),
        (record(time="2026-11-24T05:12:00"), "time", True),
        (record(time="yesterday"), "time", True),
        (record(time="1999-11-24T05:12:00Z"), "time", True),
        (record(time="0001-01-01T00:00:00+14:00"), "time", True),
        (record(rest="China;;"), "country", True),
        (record(rest="CN;cnpvga;"), "office", True),
        (record(rest="CN;;12345678901"), "reason", True),
        (record(rest="CN;"), "line", False),
        (record() + ";", "line", False),
        (record(rest="CN;;ü"), "line", False),
        ("", "line", False),
        (record(rest="CN;" + "A" * LONGEST_LINE + ";"), "line", False),
    ],
)
def test_a_faulty_record_concerns_its_item_alone(broken: str, field: str, names_item: bool) -> None:
    read = read_file(file(record(), broken, record(item=OTHER)))
    assert faults(read) == [(3, field)]
    assert [event.code for event in read.events if event.scanned_at] == ["EMA", "EMA"]
    assert [event.tracking_number for event in read.events if event.code is None] == ([ITEM] if names_item else [])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (file(record(), head="<html>login</html>"), "head"),
        (file(record(), head="EMSEVT;2;FRA;42;2026-11-24"), "head"),
        (file(record(), head=""), "head"),
        (b"\nEND;0\n", "head"),
        (b"\x00\xff\n", "head"),
        (file(record(), end="END;2"), "record_count"),
        (file(record(), end="END;0"), "record_count"),
        (file(*[record()] * (MOST_RECORDS + 1)), "too_many_records"),
    ],
)
def test_a_file_of_which_nothing_counts(content: bytes, rule: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_file(content)
    assert caught.value.rule == rule


def test_a_file_counts_only_once_it_is_whole() -> None:
    whole = file(record(), record(item=OTHER))
    for length in range(len(whole)):
        with pytest.raises(Unfinished):
            read_file(whole[:length])
    assert read_file(whole).records == 2
    assert read_file(file()).events == ()


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_judged(content: bytes) -> None:
    try:
        read = read_file(content)
    except (Unfinished, UnreadableFile):
        return
    assert read.records == len(read.faulty) + sum(event.code is not None for event in read.events)


def test_delivered_in_france_is_back_at_the_sender() -> None:
    assert meaning("EMI", "FR").status == "returned"
    assert meaning("EMI", "CN").status == meaning("EMI", None).status == "delivered"
    assert meaning("unknown", "CN").status is None
    assert {code: meaning(code, "CN") for code in EMSEVT} == EMSEVT


def test_ranges_are_read_in_their_order_and_numbers_have_their_check_digit() -> None:
    first, second = read_ranges(" EE10000000-10009999FR, EA00000000-00000001CH,")
    assert (first.name, second.name) == ("EE10000000-10009999FR", "EA00000000-00000001CH")
    assert first.number(10000000) == ITEM
    assert all(is_valid(second.number(serial)) for serial in (0, 1))
    assert read_ranges("") == ()


@pytest.mark.parametrize(
    "written",
    [
        "EE10000000",
        "EE1-2FR",
        "ee10000000-10009999FR",
        "EE10000009-10000000FR",
        "EE10000000-10000009FR,EE10000009-10000010FR",
    ],
)
def test_what_is_no_range_is_refused_at_the_start(written: str) -> None:
    with pytest.raises(InvalidRange, match="E"):
        read_ranges(written)
    with pytest.raises(ValueError, match=r"EMS_RANGES|ems_ranges"):
        EmsSettings(ems_ranges=written)


async def test_a_label_bears_its_number_as_a_bar_code_and_says_nothing_in_characters() -> None:
    calls = client.connect(EmsSettings(), SENDER, Counterpart("carrier.ems", httpx.AsyncClient()))
    order = replace(ORDER, number=ITEM)
    assert await calls.check_label(order) == LabelPossible()
    made = await calls.make_label(order)
    assert isinstance(made, LabelMade)
    assert made.cn23 is not None
    assert made.tracking_number == ITEM
    assert made.changes == ("lastName:latin",)
    texts = []
    for paper in (made.label, made.cn23):
        assert is_pdf(paper.content)
        page = pypdfium2.PdfDocument(paper.content)[0]
        texts.append(page.get_textpage().get_text_range())
    image = pypdfium2.PdfDocument(made.label.content)[0].render(scale=203 / 72).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [ITEM]
    assert order.contact.phone in texts[0]
    assert "CN 23" in texts[1]
    assert order.declared.cn23.articles[0].hs_code in texts[1]
    assert all(text.isascii() for text in texts)


def lines_of(pdf: bytes) -> list[list[tuple[str, float]]]:
    """Of each page: each line, and how high above its lower edge it stands, in points."""
    pages = []
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage()
        boxes = [text.get_rect(n) for n in range(text.count_rects())]
        pages.append([(text.get_text_bounded(*box), box[1]) for box in boxes])
    return pages


@pytest.mark.parametrize(
    ("articles", "words", "pages"),
    [(12, "x", 1), (20, "x", 2), (30, "x" * 64, 2), (30, "\u7d72\u8857" * 32, 4)],
    ids=["one page", "two pages", "long words", "words of several lines"],
)
async def test_a_cn23_lists_every_article_and_goes_on_on_further_pages(articles: int, words: str, pages: int) -> None:
    calls = client.connect(EmsSettings(), SENDER, Counterpart("carrier.ems", httpx.AsyncClient()))
    article = ORDER.declared.cn23.articles[0]
    listed = tuple(
        article.model_copy(update={"quantity": 100 + place, "description": words}) for place in range(articles)
    )
    cn23 = ORDER.declared.cn23.model_copy(update={"articles": listed})
    declared = ORDER.declared.model_copy(update={"cn23": cn23, "mrn": "26FR0000601001EB14"})
    made = await calls.make_label(replace(ORDER, number=ITEM, declared=declared))
    assert isinstance(made, LabelMade)
    assert made.cn23 is not None
    assert is_pdf(made.cn23.content)
    read = lines_of(made.cn23.content)
    assert len(read) == pages
    whole = [line for page in read for line, _ in page]
    assert [line.split()[0] for line in whole if " x " in line] == [str(100 + place) for place in range(articles)]
    assert sum(f"HS {article.hs_code}" in line for line in whole) == articles
    assert all(height > 0 for page in read for _, height in page)
    assert all(any("EE 100 000 003 FR" in line for line, _ in page) for page in read)
    for once in ("Date: 2026-11-24", "MRN 26FR0000601001EB14", "Gross weight"):
        assert [once in " ".join(line for line, _ in page) for page in read] == [False] * (pages - 1) + [True]


async def test_a_name_of_the_shops_own_spelling_is_on_the_cn23() -> None:
    calls = client.connect(EmsSettings(), SENDER, Counterpart("carrier.ems", httpx.AsyncClient()))
    contact = ORDER.contact.model_copy(update={"name": "Wang", "name_latin": "WANG Xiaoming"})
    made = await calls.make_label(replace(ORDER, number=ITEM, contact=contact))
    assert isinstance(made, LabelMade)
    assert made.cn23 is not None
    assert made.changes == ()
    text = pypdfium2.PdfDocument(made.cn23.content)[0].get_textpage().get_text_range()
    assert "WANG Xiaoming" in text


async def test_without_a_number_no_parcel_is_to_blame() -> None:
    calls = client.connect(EmsSettings(), SENDER, Counterpart("carrier.ems", httpx.AsyncClient()))
    refused = OperationRefused("ems:no_number", "EMS_RANGES")
    assert await calls.make_label(ORDER) == await calls.check_label(ORDER) == refused
    assert calls.track is None
    assert CARRIER.callbacks is None


def test_the_default_stays_la_poste_and_a_route_names_another() -> None:
    to_china = route_to("CN")
    assert to_china is not None
    assert to_china.carrier == LAPOSTE
    by_ems = route_to("CN", EMS)
    assert by_ems is not None
    assert by_ems.product == "EMS"
    assert route_to("JP", EMS) is route_to("CN", "nobody") is None
    assert BY_NAME[EMS].limits_on(date(2026, 11, 24)).max_weight_g == 30_000


def test_a_marketplace_counts_more_than_its_country() -> None:
    routing = Routing({"CN": EMS, "CN:maison": LAPOSTE})
    assert routing.carrier("CN", "tmall") == EMS
    assert routing.carrier("CN", "maison") == LAPOSTE
    assert routing.carrier("JP", "maison") is Routing().carrier("CN", "tmall") is None


@pytest.mark.parametrize(
    ("routes", "says"),
    [({"China": EMS}, "a country"), ({"CN": "dhl"}, "no such carrier"), ({"JP": EMS}, "does not go there")],
)
def test_a_route_that_leads_nowhere_is_refused_at_the_start(routes: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Routing(routes)
