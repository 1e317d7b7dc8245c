"""The small parts of the sandbox: numbers, PDFs, the scheduler, signatures, the quota."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso6346

from sandbox.france_customs.mrn import is_mrn, mrn
from sandbox.laposte.callbacks import retry_wait, signed_headers
from sandbox.laposte.pdf import page
from sandbox.laposte.s10 import is_s10, s10
from sandbox.laposte.suivi import Quota
from sandbox.scheduler import Scheduler

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "number", ["RB123456785GB", "EB000717618HK", "EB000717595HK", "EW112720413FR", "CY123456785FR", "LY000000014FR"]
)
def test_s10_check_digits_of_real_numbers(number: str) -> None:
    assert is_s10(number)
    assert s10(number[:2], int(number[2:10]), number[-2:]) == number


def test_a_wrong_s10_is_told_apart() -> None:
    assert not is_s10("RB123456786US")
    assert not is_s10("6A00000000017")


@given(st.integers(0, 99_999_999))
def test_every_s10_given_out_is_valid(serial: int) -> None:
    assert is_s10(s10("CY", serial, "FR"))


def test_an_s10_serial_has_eight_digits() -> None:
    with pytest.raises(ValueError, match="eight digits"):
        s10("CY", 100_000_000, "FR")


@given(st.integers(0, 36**12 - 1), st.integers(2020, 2099))
def test_every_mrn_given_out_is_valid(serial: int, year: int) -> None:
    number = mrn(year, "FR", serial)
    assert re.fullmatch(r"[0-9]{2}[A-Z]{2}[A-Z0-9]{13}[0-9F]", number)
    assert number[-1] == str(iso6346.calc_check_digit(number[:17]))
    assert is_mrn(number)


def test_mrn_check_digits_of_published_numbers() -> None:
    assert is_mrn("99IT9876AB88901209")
    assert is_mrn("18GB0000601001EB15")
    assert not is_mrn("19GB0000601001EB15")


def test_a_page_is_a_pdf_whose_table_finds_every_object() -> None:
    made = page("CY123456785FR", ["1.2 kg", r"a (strange) \ line", "é", "丝"])
    assert made.startswith(b"%PDF-1.4")
    assert made.endswith(b"%%EOF\n")
    assert b"(CY123456785FR) Tj" in made
    start = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    entries = re.findall(rb"(\d{10}) 00000 n", made[start:])
    assert len(entries) == 5
    for number, offset in enumerate(entries, start=1):
        assert made[int(offset) :].startswith(b"%d 0 obj" % number)
    length, stream = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", made, re.DOTALL).groups()  # type: ignore[union-attr]  # it is there, or the test fails
    assert len(stream) == int(length)


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(0, 50))
def test_the_scheduler_runs_what_is_due_in_order_of_time(minutes: list[int], now: int) -> None:
    scheduler, ran = Scheduler(), list[datetime]()
    for minute in minutes:
        scheduler.schedule(NOON + timedelta(minutes=minute), ran.append)
    scheduler.run_until(NOON + timedelta(minutes=now))
    due = sorted(NOON + timedelta(minutes=minute) for minute in minutes if minute <= now)
    assert ran == due
    assert len(scheduler) == len(minutes) - len(due)


def test_what_becomes_due_meanwhile_runs_too() -> None:
    scheduler, ran = Scheduler(), list[datetime]()

    def first(at: datetime) -> None:
        scheduler.schedule(at + timedelta(minutes=1), ran.append)

    scheduler.schedule(NOON, first)
    scheduler.run_until(NOON + timedelta(hours=1))
    assert ran == [NOON + timedelta(minutes=1)]


def test_a_signature_is_the_one_of_the_contract() -> None:
    """The example of docs/webhook.md."""
    body = (
        b'{"type":"shipment.updated","timestamp":"2026-11-16T04:20:40Z","data":{"returnCode":200,"idShip":"CY123456785FR",'
        b'"shipment":{"idShip":"CY123456785FR","event":[{"code":"DO3","date":"2026-11-16T05:20:00+01:00"}]}}}'
    )
    secret = "whsec_" + base64.b64encode(b"an example of a secret: 32 bytes").decode()
    headers = signed_headers(secret, "msg_1", 1_795_000_000, body)
    assert headers["webhook-signature"] == "v1,bkWbLoLj1mP2hchY2lAjf9awXTJLvUiRu5XhZjeBrjA="


def test_retries_wait_longer_each_time_up_to_a_minute() -> None:
    for attempt in range(1, 20):
        assert 0.1 < retry_wait(attempt) <= min(60, 0.2 * 2 ** (attempt - 1))


def test_a_quota_counts_the_calls_of_any_one_second() -> None:
    at = 100.0
    quota = Quota(10, lambda: at)
    assert all(quota.admit("key") for _ in range(10))
    assert not quota.admit("key")
    assert quota.admit("another key")
    at += 1.0
    assert quota.admit("key")
    assert all(Quota(0, lambda: at).admit("key") for _ in range(100))
