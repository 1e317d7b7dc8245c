"""A receipt that was given at once and polled later stands once among the texts of its parcel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.customs.destinations.cn.receipt_parsing import cursor_of
from services.customs.destinations.cn.receipt_store import answer_key, is_at_once
from services.customs.destinations.cn.receipts import CustomsReceipt, PolledReceipt, ReceiptKeys
from services.customs.destinations.destination import ReceiptText
from services.customs.schemas.views import receipt_texts

GIVEN = datetime(2026, 11, 23, 9, tzinfo=UTC)
STORED = datetime(2026, 11, 23, 10, tzinfo=UTC)


def receipt(
    status: str = "100",
    *,
    at_once: bool = False,
    kind: str = "CEB622",
    returned_at: datetime | None = GIVEN,
    recorded_at: datetime = STORED,
) -> ReceiptText:
    return ReceiptText(kind, status, returned_at, recorded_at, b"sealed", "place", at_once)


@pytest.mark.parametrize("returned_at", [GIVEN, None])
def test_a_receipt_that_was_given_at_once_and_polled_stands_once_as_it_was_polled(returned_at: datetime | None) -> None:
    answer = receipt(at_once=True, returned_at=returned_at)
    polled = receipt(recorded_at=STORED + timedelta(minutes=1))
    [shown] = receipt_texts([(polled, "words"), (answer, "words")])
    assert (shown.returned_at, shown.recorded_at, shown.text) == (GIVEN, polled.recorded_at, "words")


@pytest.mark.parametrize(
    ("polled", "text"),
    [
        (receipt("500"), "words"),
        (receipt(kind="CEB900"), "words"),
        (receipt(returned_at=GIVEN + timedelta(hours=1)), "words"),
        (receipt(), "other words"),
        (receipt(at_once=True), "words"),
    ],
)
def test_receipts_that_differ_stand_each_by_itself(polled: ReceiptText, text: str) -> None:
    assert len(receipt_texts([(polled, text), (receipt(at_once=True), "words")])) == 2


def test_a_polled_receipt_stands_for_one_answer_only() -> None:
    """Two versions of a message were refused alike, and only the first refusal was polled so far."""
    second = receipt(at_once=True, recorded_at=STORED + timedelta(hours=1))
    polled, first = receipt(recorded_at=STORED + timedelta(minutes=1)), receipt(at_once=True)
    shown = receipt_texts([(second, "words"), (polled, "words"), (first, "words")])
    assert [text.recorded_at for text in shown] == [second.recorded_at, polled.recorded_at]


def test_a_receipt_without_words_has_none() -> None:
    [shown] = receipt_texts([(receipt(), "")])
    assert shown.text is None


def test_the_key_says_whether_an_answer_was_given_at_once() -> None:
    assert is_at_once(answer_key(UUID(int=1), CustomsReceipt("100", None)))
    for place in (0, 1):
        polled = PolledReceipt(cursor_of("answer"), place, True, ReceiptKeys(), "CEB622", "100", GIVEN, "")
        assert not is_at_once(polled.key)
