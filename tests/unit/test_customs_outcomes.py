"""What follows from the authorities' answers, and what is sent again: the rules alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from contracts.base import CODE_PATTERN, Event, order_stream
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportCleared, ImportHeld, ImportRefused, ImportReturned, ParcelDeclared, ParcelRefused
from services.customs.destinations.cn import ceb
from services.customs.destinations.cn.messages import MessageStatus, derived_messages, rejected, taken_in
from services.customs.destinations.cn.polling import LONGEST_WAIT_SECONDS, seconds_after_failure
from services.customs.destinations.cn.receipt_events import inventory_events, receipt_events, receipt_rounds
from services.customs.destinations.cn.receipt_statuses import meaning
from services.customs.destinations.cn.receipts import (
    CustomsReceipt,
    PolledReceipt,
    ReceiptKeys,
    SentMessage,
    UnreadableReceipt,
)
from services.customs.domain.cases import last_refusal
from services.customs.domain.decide import DOCUMENTS, EXPORT, INVENTORY, RETURN, parcels_declared
from services.customs.domain.export import Refused, Released
from services.customs.domain.export_outcome import export_outcome
from services.customs.domain.retention import keep_until
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_samples import PLACED_AT, POLICY, TABLES, order_id, packed, placed

NOW = DecisionContext(PLACED_AT)
MRN = "26FR00000012345678"


def deemed() -> ParcelDeclared:
    return parcels_declared(placed(), packed(), NOW, POLICY)[1]


def test_a_released_parcel_is_declared_with_its_mrn() -> None:
    valid = next(f"{MRN[:17]}{digit}" for digit in "0123456789" if _is_declared(f"{MRN[:17]}{digit}"))
    outcome = export_outcome(Released(valid), deemed(), NOW, 1)
    assert (outcome.outcome, outcome.mrn) == ("released", valid)
    assert outcome.published == deemed().model_copy(update={"export": "declared", "mrn": valid})


def _is_declared(mrn: str) -> bool:
    return isinstance(export_outcome(Released(mrn), deemed(), NOW, 1).published, ParcelDeclared)


def test_an_invalid_mrn_is_a_case_and_no_declaration() -> None:
    outcome = export_outcome(Released("no-mrn"), deemed(), NOW, 2)
    assert (outcome.outcome, outcome.mrn) == ("bad_mrn", None)
    assert isinstance(outcome.published, CaseOpened)
    assert (outcome.published.case, outcome.published.reason) == ("needs_attention:export:1:2", "bad_mrn")


def test_a_refused_export_names_its_code() -> None:
    outcome = export_outcome(Refused("E12"), deemed(), NOW, 1)
    assert (outcome.outcome, outcome.mrn) == ("refused:E12", None)
    assert isinstance(outcome.published, ParcelRefused)
    assert outcome.published.reason == "export:E12"


@pytest.mark.parametrize(
    ("receipt", "types"),
    [
        (CustomsReceipt("120", None), ["import-declared"]),
        (CustomsReceipt("800", None), ["import-declared", "import-cleared"]),
        (CustomsReceipt("500", None), ["import-declared", "import-held"]),
        (CustomsReceipt("700", None), ["import-refused"]),
        (CustomsReceipt("-21", None), []),
        (CustomsReceipt("777", None), []),
        (CustomsReceipt("800", None, format_error=True), []),
    ],
)
def test_the_events_of_the_inventorys_receipt(receipt: CustomsReceipt, types: Sequence[str]) -> None:
    events = inventory_events(order_id(), 1, receipt, TABLES.codes.hold_reasons, NOW)
    assert [event.TYPE.partition(".")[0] for event in events] == types


def later_events(message: ceb.MessageType, answer: str, status: str) -> list[Event]:
    """What follows from this receipt of a message of the first parcel, which is packed and under way."""
    receipt = PolledReceipt("1", 0, True, ReceiptKeys(cop_no="TM1-1"), answer, status, PLACED_AT, "")
    sent = SentMessage(ceb.guid(order_id(), 1, message), order_id(), 1, message, PLACED_AT)
    facts = Facts(order_stream(order_id()), [placed(), packed()])
    return receipt_events(receipt, sent, facts, TABLES.codes.hold_reasons, NOW)


@pytest.mark.parametrize(
    ("message", "answer", "status", "case", "reason", "action"),
    [
        ("CEB311", "CEB312", "-301010", "needs_attention:import_documents:1", "CEB312:order_exists", "retry"),
        ("CEB411", "CEB412", "100", "needs_attention:import_documents:1", "CEB412:100", "retry"),
        ("CEB511", "CEB512", "4", "needs_attention:import_documents:1", "CEB512:4", "retry"),
        ("CEB621", "CEB622", "-621005", "needs_attention:inventory:1", "CEB622:over_transaction_limit", "retry"),
        ("CEB621", "CEB622", "4", "needs_attention:clearance:1", "CEB622:4", "look_into"),
        ("CEB625", "CEB626", "100", "needs_attention:return:1", "CEB626:100", "retry"),
        ("CEB625", "CEB626", "-625209", "needs_attention:return:1", "CEB626:item_not_in_inventory", "retry"),
    ],
)
def test_a_later_receipt_that_turns_a_message_down_is_a_case_for_the_work_that_sent_it(
    message: ceb.MessageType, answer: str, status: str, case: str, reason: str, action: str
) -> None:
    """Nothing sent again mends an inventory that e-port could not hand on to customs: someone looks into it."""
    (opened,) = later_events(message, answer, status)
    assert isinstance(opened, CaseOpened)
    assert (opened.case, opened.reason, opened.action) == (case, reason, action)


@pytest.mark.parametrize("status", ["2", "3", "120"])
@pytest.mark.parametrize(
    ("message", "answer"),
    [("CEB311", "CEB312"), ("CEB411", "CEB412"), ("CEB511", "CEB512"), ("CEB621", "CEB622"), ("CEB625", "CEB626")],
)
def test_a_later_receipt_of_a_message_under_way_moves_nothing(
    message: ceb.MessageType, answer: str, status: str
) -> None:
    assert later_events(message, answer, status) == []


def test_a_receipt_that_cannot_be_read_is_a_case_of_the_parcel_that_it_names() -> None:
    bad = UnreadableReceipt("1", True, "dtd", b"", 0, (ReceiptKeys(cop_no="TM1-1"),))
    sent = SentMessage(ceb.guid(order_id(), 1, "CEB621"), order_id(), 1, "CEB621", PLACED_AT)
    (opened,) = receipt_events(bad, sent, Facts(order_stream(order_id())), {}, NOW)
    assert isinstance(opened, CaseOpened)
    assert (opened.case, opened.reason, opened.action) == ("needs_attention:receipt:1", "receipt:dtd", "look_into")


@pytest.mark.parametrize("status", ["100", "700"])
def test_a_refusal_is_work_too(status: str) -> None:
    refused, opened = later_events("CEB621", "CEB622", status)
    assert isinstance(refused, ImportRefused)
    assert isinstance(opened, CaseOpened)
    assert (opened.case, opened.reason, opened.action) == ("needs_attention:inventory:1", f"CEB622:{status}", "retry")
    assert opened.due_at == NOW.now + timedelta(days=3)


def test_each_refused_version_of_the_declaration_is_a_fact() -> None:
    first = ImportRefused(order_id=order_id(), occurred_at=PLACED_AT, parcel=1, reason="sent_back:700")
    facts = Facts(order_stream(order_id()), [first])
    again = SentMessage(ceb.guid(order_id(), 1, "CEB621", 2), order_id(), 1, "CEB621", NOW.now, version=2)
    refusal = PolledReceipt("1", 0, True, ReceiptKeys(cop_no="TM1-1"), "CEB622", "100", None, "")
    refused, opened = receipt_events(refusal, again, facts, {}, NOW)
    assert isinstance(refused, ImportRefused)
    assert (refused.subject, refused.version, refused.reason) == ("1:2", 2, "rejected:100")
    assert isinstance(opened, CaseOpened)
    facts.add(refused)
    assert last_refusal(facts, 1) == refused
    assert last_refusal(facts, 2) is None
    (repeated,) = receipt_events(refusal, again, facts, {}, NOW)
    assert repeated in facts


def test_a_release_after_a_hold_after_the_release_ends_that_hold() -> None:
    """Of a second release there is no fact: what it ends is the hold."""
    released = ImportCleared(order_id=order_id(), occurred_at=PLACED_AT, parcel=1, released_at=PLACED_AT)
    hold = ImportHeld(
        order_id=order_id(),
        occurred_at=PLACED_AT + timedelta(hours=2),
        parcel=1,
        reason="inspection",
        status="500",
        held_at=PLACED_AT + timedelta(hours=1),
    )
    receipt = PolledReceipt("1", 0, True, ReceiptKeys(), "CEB622", "800", PLACED_AT + timedelta(hours=3), "")
    sent = SentMessage(ceb.guid(order_id(), 1, "CEB621"), order_id(), 1, "CEB621", PLACED_AT)
    facts = Facts(order_stream(order_id()), [placed(), packed(), released])
    assert receipt_events(receipt, sent, facts, {}, NOW) == []
    facts.add(hold)
    (closed,) = receipt_events(receipt, sent, facts, {}, NOW)
    assert isinstance(closed, CaseClosed)
    assert (closed.case, closed.resolution) == ("customs_hold:" + hold.subject, "cleared")


def test_a_return_ends_with_399_and_gives_the_year_back() -> None:
    """The single window's specification knows no 800 of a return; of an inventory 399 is a step on the way."""
    (returned,) = later_events("CEB625", "CEB626", "399")
    assert isinstance(returned, ImportReturned)
    assert (returned.parcel, meaning("399", "CEB626")) == (1, "approved")
    assert later_events("CEB621", "CEB622", "399") == []
    assert meaning("399") == "under_way"


@pytest.mark.parametrize(("message", "answer"), [("CEB311", "CEB312"), ("CEB511", "CEB512")])
def test_no_receipt_of_a_document_decides_about_the_parcel(message: ceb.MessageType, answer: str) -> None:
    assert later_events(message, answer, "399") == []


@pytest.mark.parametrize(
    ("message", "answer", "status"),
    [
        ("CEB311", "CEB312", "800"),
        ("CEB511", "CEB512", "500"),
        ("CEB621", "CEB622", "777"),
        ("CEB625", "CEB626", "800"),
        ("CEB625", "CEB626", "300"),
        ("CEB621", "CEB622", "unreadable"),
    ],
)
def test_a_status_that_the_specification_does_not_have_for_a_receipt_is_a_case(
    message: ceb.MessageType, answer: str, status: str
) -> None:
    (opened,) = later_events(message, answer, status)
    assert isinstance(opened, CaseOpened)
    assert (opened.case, opened.reason, opened.action) == (
        "needs_attention:receipt:1",
        f"{answer}:{status}",
        "look_into",
    )


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        (CustomsReceipt("100", None), "100"),
        (CustomsReceipt("-621018", None), "over_yearly_limit"),
        (CustomsReceipt("2", None, format_error=True), "format"),
    ],
)
def test_the_reason_of_a_case_is_a_code_whatever_the_status(receipt: CustomsReceipt, reason: str) -> None:
    assert receipt.reason == reason
    assert re.fullmatch(CODE_PATTERN, f"CEB621:{receipt.reason}")


def test_only_messages_of_the_job_that_were_answered_and_not_accepted_are_written_anew() -> None:
    def message(kind: ceb.MessageType, status: str | None, parcel: int = 1) -> MessageStatus:
        return MessageStatus(ceb.guid(order_id(), parcel, kind), parcel, kind, status)

    sent = [
        message("CEB311", "-5"),
        message("CEB511", "120"),
        message("CEB621", "700"),
        message("CEB625", None),
        message("CEB311", "-5", parcel=2),
    ]
    guids = {kind: ceb.guid(order_id(), 1, kind) for kind in ("CEB311", "CEB621")}
    assert [message.guid for message in rejected(sent, DOCUMENTS, 1)] == [guids["CEB311"]]
    assert [message.guid for message in rejected(sent, INVENTORY, 1)] == [guids["CEB311"], guids["CEB621"]]
    assert rejected(sent, RETURN, 1) == rejected(sent, EXPORT, 1) == []


@pytest.mark.parametrize(
    ("status", "number", "change"),
    [
        ("100", "22442026I000000001", False),
        ("700", "22442026I000000001", False),
        ("-21", None, False),
        ("-21", "B20261124000000001", False),
        ("-21", "22442026I000000001", True),
        ("-301010", None, True),
        ("-621005", None, False),
    ],
)
def test_what_was_refused_is_declared_anew_and_what_was_taken_in_is_changed(
    status: str, number: str | None, change: bool
) -> None:
    assert taken_in(status, number) is change
    sent = MessageStatus(ceb.guid(order_id(), 1, "CEB621"), 1, "CEB621", status, number)
    (again,) = rejected([sent], INVENTORY, 1)
    assert (again.taken_in, again.number) == (change, number)


def test_each_version_of_a_message_has_a_guid_of_its_own() -> None:
    guids = [ceb.guid(order_id(), 1, "CEB621", version) for version in (1, 2, 3)]
    assert len(set(guids)) == 3
    assert guids[0] == ceb.guid(order_id(), 1, "CEB621")


def test_a_guid_tells_its_parcel_and_message_without_the_stored_message() -> None:
    derived = derived_messages([(order_id(), 2)])
    assert derived[ceb.guid(order_id(), 2, "CEB621")] == SentMessage(
        ceb.guid(order_id(), 2, "CEB621"), order_id(), 2, "CEB621", None
    )
    assert ceb.guid(order_id(), 1, "CEB621") not in derived


def test_receipts_of_one_order_are_judged_one_after_the_other() -> None:
    def receipt(cursor: str, order: str) -> tuple[PolledReceipt, SentMessage]:
        polled = PolledReceipt(cursor, 0, True, ReceiptKeys(), "CEB622", "120", None, "")
        return polled, SentMessage(ceb.guid(order_id(order), 1, "CEB621"), order_id(order), 1, "CEB621", None)

    page = [receipt("1", "a"), receipt("2", "a"), receipt("3", "b"), receipt("4", "a")]
    rounds = [[polled.cursor for polled, _ in part] for part in receipt_rounds(page)]
    assert rounds == [["1", "3"], ["2"], ["4"]]


def test_the_gateway_is_asked_less_often_while_it_fails() -> None:
    waits = [seconds_after_failure(failures, 1.0, None) for failures in (1, 2, 3, 6, 100)]
    assert waits == [2, 4, 8, LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS]
    assert seconds_after_failure(1, 1.0, 300.0) == 300


def test_papers_are_kept_for_four_years_to_the_day() -> None:
    assert keep_until(datetime(2026, 11, 20, tzinfo=UTC)) == datetime(2030, 11, 20, tzinfo=UTC)
    assert keep_until(datetime(2096, 2, 29, tzinfo=UTC)) == datetime(2100, 2, 28, tzinfo=UTC)
