"""Hidden codes: read as typed, kept as keyed hashes, tried with waits that end; printed once, as machines read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader

from contracts.warehouse import UnitKey
from services.provenance.api.sheet_pages import COLUMNS, ROWS, Label, sheet
from services.provenance.domain.hidden_codes import (
    FREE_TRIES,
    LONGEST_WAIT,
    HiddenCode,
    Outcome,
    fits,
    keyed,
    read_code,
    tried,
    wait_after,
    waits,
)
from tests.support.provenance_samples import GTIN, PLACE, SERIAL

UNIT, OTHER = UnitKey(gtin=GTIN, serial=SERIAL), UnitKey(gtin=GTIN, serial="OTHER")
OLD, NEW = {b"\x02v1": b"1" * 32}, {b"\x02v2": b"2" * 32, b"\x02v1": b"1" * 32}
NOW, REAL = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("012345", "012345"),
        (" 012 345\n", "012345"),
        ("０１２３４５", "012345"),
        ("12345", None),
        ("1234567", None),
        ("12345a", None),
        ("٠١٢٣٤٥", None),
        ("", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert read_code(typed) == code


def test_a_code_fits_its_unit_by_any_key_that_made_it() -> None:
    keyed_code = keyed(UNIT, "012345", OLD)
    assert keyed_code.startswith(b"\x02v1")
    assert b"012345" not in keyed_code
    assert fits(UNIT, "012345", keyed_code, OLD)
    assert fits(UNIT, "012345", keyed_code, NEW)
    assert keyed(UNIT, "012345", NEW).startswith(b"\x02v2")
    assert not fits(UNIT, "012346", keyed_code, NEW)
    assert not fits(OTHER, "012345", keyed_code, NEW)
    assert not fits(UNIT, "012345", keyed_code, {b"\x02v1": b"3" * 32})


def test_waits_double_up_to_an_hour_and_never_lock() -> None:
    minutes = [wait_after(wrong) // timedelta(minutes=1) for wrong in range(FREE_TRIES + 9)]
    assert minutes == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert wait_after(10**9) == LONGEST_WAIT


def test_wrong_tries_make_the_next_wait() -> None:
    hidden = HiddenCode(b"")
    assert waits(hidden, REAL) == 0
    for number in range(1, FREE_TRIES + 1):
        hidden, outcome = tried(hidden, False, NOW, REAL)
        assert (outcome.kind, outcome.seconds) == ("wrong", 60 if number == FREE_TRIES else 0)
    assert waits(hidden, REAL + timedelta(seconds=59, milliseconds=1)) == 1
    assert waits(hidden, REAL + timedelta(seconds=60)) == 0
    after, outcome = tried(hidden, True, NOW, REAL + timedelta(seconds=60))
    assert outcome == Outcome("first", revealed_at=NOW)
    assert after.wrong == FREE_TRIES, "who has the code does not make it easier to try others"


def test_the_first_success_is_dated_and_later_ones_say_when_it_was() -> None:
    hidden, _ = tried(HiddenCode(b""), True, NOW, REAL)
    later = NOW + timedelta(days=3)
    assert tried(hidden, True, later, REAL) == (hidden, Outcome("again", revealed_at=NOW))


@pytest.mark.parametrize("count", [1, COLUMNS * ROWS, COLUMNS * ROWS + 1])
def test_machines_read_a_sheet_back(count: int) -> None:
    serials = ["A/B%", *(f"{number:016d}" for number in range(count - 1))]
    labels = [Label(PLACE.unit(GTIN, serial), GTIN, serial, f"{n:06d}") for n, serial in enumerate(serials)]
    pdf = sheet(labels)
    pages = [page.render(scale=3).to_pil() for page in pypdfium2.PdfDocument(pdf)]
    assert len(pages) == -(-count // (COLUMNS * ROWS))
    read = {code.text for page in pages for code in zxingcpp.read_barcodes(page)}
    assert read == {label.link for label in labels}
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert re.findall(r"^\d{6}$", text, re.MULTILINE) == [label.code for label in labels], "each code once"
