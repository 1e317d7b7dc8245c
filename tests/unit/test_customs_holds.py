"""Holds and refusals of customs, as receipts or the post's scans tell them: one case each, closed by its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, order_stream
from contracts.carrier import ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportRefused
from services.customs.domain.actions import NotPossible, hold_to_answer
from services.customs.domain.cases import attention, attention_round, retried
from services.customs.domain.decide import HOLD_ANSWER, INVENTORY
from services.customs.domain.holds import hold_ended, open_hold, post_hold_answered, post_hold_to_answer
from services.customs.domain.parcels import parcel_rows
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_model import NOW, World, cleared, held, open_cases
from tests.support.customs_samples import (
    PLACED_AT,
    closed,
    delivered,
    handed_over,
    order_id,
    packed,
    placed,
    recorded,
    scanned,
)


def test_a_hold_is_a_case_until_customs_decides() -> None:
    world = World().consume(placed(), recorded(), packed(), handed_over(), held())
    (opened,) = world.facts.all(CaseOpened)
    assert (opened.kind, opened.action, opened.parcel) == ("customs_hold", "answer_customs", 1)
    assert open_hold(world.facts, 1) == held()
    world.consume(cleared())
    assert world.facts.get(CaseClosed, opened.case)
    assert open_hold(world.facts, 1) is None


def test_a_hold_after_the_release_is_open_until_customs_decides_again() -> None:
    released = cleared().model_copy(update={"released_at": held().held_at - timedelta(hours=1)})
    world = World().consume(placed(), recorded(), packed(), handed_over(), released, held())
    assert CaseClosed not in world.facts
    assert open_hold(world.facts, 1) == held()
    assert [row.state for row in parcel_rows(world.facts)] == ["import_held"]
    world.consume(holding(196))
    assert post_cases(world) == []
    world.consume(*hold_ended(world.facts, 1, "cleared", DecisionContext(PLACED_AT + timedelta(hours=195))))
    assert open_hold(world.facts, 1) is None
    assert [row.state for row in parcel_rows(world.facts)] == ["import_cleared"]
    assert post_cases(world) == [""]


@pytest.mark.parametrize("released_at", [None, timedelta(hours=1)])
def test_a_release_after_the_hold_ends_it(released_at: timedelta | None) -> None:
    release = held().held_at + released_at if released_at else None
    released = cleared().model_copy(update={"released_at": release})
    world = World().consume(placed(), recorded(), packed(), handed_over(), released, held())
    (ended,) = world.facts.all(CaseClosed)
    assert ended.resolution == "cleared"


def test_a_refusal_is_open_work_until_the_parcel_comes_back() -> None:
    context = DecisionContext(refused(0).occurred_at)
    work = attention(order_id(), INVENTORY, "1", "CEB622:100", context)
    world = World().consume(placed(), recorded(), packed(), handed_over(), refused(0), work)
    assert CaseClosed not in world.facts
    world.consume(delivered())
    (ended,) = world.facts.all(CaseClosed)
    assert ended.resolution == "parcel_ended"


def test_a_second_hold_is_a_second_case() -> None:
    world = World().consume(placed(), recorded(), packed(), held(), held(hours=5, status="503"))
    assert len(world.facts.all(CaseOpened)) == 2
    (superseded,) = world.facts.all(CaseClosed)
    assert superseded.resolution == "superseded"
    assert open_hold(world.facts, 1) == held(hours=5, status="503")


def refused(hours: float, version: int = 1) -> ImportRefused:
    refused_at = PLACED_AT + timedelta(days=8, hours=hours)
    return ImportRefused(order_id=order_id(), occurred_at=refused_at, parcel=1, reason="rejected:100", version=version)


@pytest.mark.parametrize("hours", [0, 2])
def test_a_refusal_ends_the_hold_before_it(hours: float) -> None:
    world = World().consume(placed(), recorded(), packed(), held()).consume(refused(hours))
    (ended,) = world.facts.all(CaseClosed)
    assert ended.resolution == "refused"
    assert open_hold(world.facts, 1) is None


def test_a_refusal_says_nothing_of_a_hold_after_it() -> None:
    """Declared again, and held then."""
    world = World().consume(placed(), recorded(), packed(), handed_over(), refused(-3)).consume(held())
    assert CaseClosed not in world.facts
    assert open_hold(world.facts, 1) == held()
    assert [row.state for row in parcel_rows(world.facts)] == ["import_held"]
    world.consume(cleared())
    assert open_hold(world.facts, 1) is None


def test_a_later_refusal_ends_a_hold_after_the_first() -> None:
    """Declared again, held, and refused again."""
    world = World().consume(placed(), recorded(), packed(), handed_over(), refused(-3)).consume(held())
    world.consume(refused(2, version=2))
    (ended,) = world.facts.all(CaseClosed)
    assert ended.resolution == "refused"
    assert open_hold(world.facts, 1) is None


def test_a_refusal_ends_a_hold_whose_clock_was_ahead() -> None:
    ahead = held().model_copy(update={"held_at": held().held_at + timedelta(hours=9)})
    world = World().consume(placed(), recorded(), packed(), ahead, refused(1))
    assert open_hold(world.facts, 1) is None


def test_a_refusal_says_nothing_of_a_case_after_it() -> None:
    later = attention(order_id(), INVENTORY, "1", "CEB621:minus21", DecisionContext(PLACED_AT + timedelta(days=9)))
    world = World().consume(placed(), recorded(), packed(), handed_over(), refused(0), later)
    assert CaseClosed not in world.facts


def test_a_declaration_says_nothing_of_a_case_after_it() -> None:
    """The inventory was taken, and turned down later."""
    world = World().consume(placed(), recorded(), packed(), handed_over(), scanned("arrived_destination"))
    world.answer_inventories()
    later = attention(order_id(), INVENTORY, "1", "CEB622:minus21", DecisionContext(NOW.now + timedelta(hours=1)))
    world.consume(later)
    assert CaseClosed not in world.facts


def test_every_case_has_its_day() -> None:
    opened = attention(order_id(), INVENTORY, "1", "no_answer", NOW)
    assert opened.due_at == NOW.now + timedelta(days=3)
    (hold,) = World().consume(placed(), recorded(), packed(), held()).facts.all(CaseOpened)
    assert hold.due_at == NOW.now + timedelta(days=7)


def test_work_that_fails_again_is_another_case() -> None:
    world = World().consume(placed(), recorded(), packed(), handed_over())
    for number, name in enumerate(("inventory:1", "inventory:1:2", "inventory:1:3"), start=1):
        assert attention_round(world.facts, INVENTORY, "1") == number
        opened = attention(order_id(), INVENTORY, "1", "no_answer", NOW, number)
        assert opened.case == f"needs_attention:{name}"
        world.consume(opened, opened)
        freed = retried(world.facts, INVENTORY, "1", NOW)
        assert [(case.case, case.resolution) for case in freed] == [(opened.case, "retried")]
        world.consume(*freed)
    other = attention(order_id(), INVENTORY, "12", "no_answer", NOW)
    assert retried(Facts(order_stream(order_id()), [other]), INVENTORY, "1", NOW) == []


def test_a_hold_answer_that_fails_is_a_case_by_its_hold() -> None:
    most = attention(order_id(), HOLD_ANSWER, held(99).subject, "unknown_declaration", NOW, 99)
    assert most.case == f"needs_attention:hold_answer:{held(99).subject}:99"
    assert most.parcel == 99


def holding(hours: float) -> ParcelScanned:
    return scanned(None, hours=hours, code="DO3").model_copy(update={"sets": ("customs_held",)})


def releasing(hours: float) -> ParcelScanned:
    return scanned("customs_released", hours=hours, code="DO2").model_copy(update={"clears": ("customs_held",)})


def test_what_customs_holds_with_the_post_someone_looks_into() -> None:
    world = World().consume(placed(marketplace="postal-shop"), recorded(), packed(), handed_over(), holding(100))
    (opened,) = world.facts.all(CaseOpened)
    assert (opened.kind, opened.action, opened.reason) == ("needs_attention", "look_into", "held_by_post")
    assert opened.due_at == NOW.now + timedelta(days=7)
    assert CaseClosed not in world.facts
    world.consume(releasing(90))
    assert CaseClosed not in world.facts
    world.consume(releasing(110))
    (ended,) = world.facts.all(CaseClosed)
    assert (ended.case, ended.resolution) == (opened.case, "released")
    world.consume(holding(120))
    assert len(world.facts.all(CaseOpened)) == 2
    assert len(world.facts.all(CaseClosed)) == 1
    world.consume(delivered())
    assert len(world.facts.all(CaseClosed)) == 2


def test_what_no_receipt_tells_someone_looks_into_also_where_we_declare() -> None:
    world = World().consume(placed(), recorded(), packed(), handed_over(), holding(100))
    (opened,) = world.facts.all(CaseOpened)
    assert (opened.action, opened.reason) == ("look_into", "held_by_post")
    world.consume(releasing(110))
    assert world.facts.get(CaseClosed, opened.case)


def wanting(hours: float, reason: str) -> ParcelScanned:
    return holding(hours).model_copy(update={"reason": reason, "code": "DOUFCM"})


HELD_AT_THE_POST = (placed(), recorded(), packed(), handed_over())


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        ("missing_invoice", "answer_customs"),
        ("wrong_declaration", "answer_customs"),
        ("missing_importer_id", "answer_customs"),
        ("prohibited", "look_into"),
    ],
)
def test_a_case_about_a_hold_of_the_post_says_what_is_missing_and_who_answers(reason: str, action: str) -> None:
    world = World().consume(*HELD_AT_THE_POST, wanting(100, reason))
    (opened,) = world.facts.all(CaseOpened)
    assert (opened.kind, opened.reason, opened.action) == ("needs_attention", reason, action)
    assert (opened.since, opened.due_at) == (wanting(100, reason).scanned_at, NOW.now + timedelta(days=7))


def test_what_was_answered_to_the_post_waits_for_customs_which_alone_frees_it() -> None:
    world = World().consume(*HELD_AT_THE_POST, wanting(100, "missing_invoice"))
    case = post_hold_to_answer(world.facts, 1)
    assert case is not None
    assert hold_to_answer(world.facts, 1) == case
    world.consume(*post_hold_answered(case, NOW))
    assert post_hold_to_answer(world.facts, 1) is None
    with pytest.raises(NotPossible):
        hold_to_answer(world.facts, 1)
    waiting = next(opened for opened in world.facts.all(CaseOpened) if opened.turn == 2)
    assert (waiting.action, waiting.reason, waiting.since) == ("await_customs", "missing_invoice", case.since)
    assert [closed.resolution for closed in world.facts.all(CaseClosed)] == ["answered"]
    world.consume(scanned("at_origin_exchange", hours=105, code="ET2"))
    assert world.facts.get(CaseClosed, waiting.case) is None
    world.consume(releasing(110))
    ended = world.facts.get(CaseClosed, waiting.case)
    assert ended is not None
    assert ended.resolution == "released"


def test_what_the_post_asks_for_next_is_another_case() -> None:
    world = World().consume(*HELD_AT_THE_POST, wanting(100, "missing_invoice"))
    first = post_hold_to_answer(world.facts, 1)
    assert first is not None
    world.consume(*post_hold_answered(first, NOW)).consume(wanting(120, "missing_importer_id"))
    second = post_hold_to_answer(world.facts, 1)
    assert second is not None
    assert second.reason == "missing_importer_id"
    assert {closed.resolution for closed in world.facts.all(CaseClosed)} == {"answered", "superseded"}
    assert len(world.facts.all(CaseOpened)) == 3


def test_a_hold_of_customs_own_is_answered_first_and_ends_what_waits() -> None:
    world = World().consume(*HELD_AT_THE_POST, wanting(190, "missing_invoice"))
    case = post_hold_to_answer(world.facts, 1)
    assert case is not None
    world.consume(*post_hold_answered(case, NOW)).consume(held())
    assert hold_to_answer(world.facts, 1) == held()
    assert [closed.resolution for closed in world.facts.all(CaseClosed)].count("superseded") == 1


def post_cases(world: World) -> list[str]:
    """The resolution of each case about a hold that the post's scans tell; empty of an open one."""
    closings = {case.case: case.resolution for case in world.facts.all(CaseClosed)}
    return [closings.get(case.case, "") for case in world.facts.all(CaseOpened) if case.reason == "held_by_post"]


def test_where_customs_itself_tells_the_posts_hold_is_no_case() -> None:
    start = (placed(), recorded(), packed(), handed_over())
    for scan in (holding(190), holding(195)):  # held() is of hour 192
        assert post_cases(World().consume(*start, held(), scan)) == []
        world = World().consume(*start, scan)
        assert post_cases(world) == [""]
        world.consume(held())
        assert post_cases(world) == ["superseded"]
        assert open_hold(world.facts, 1) == held()
        world.consume(cleared(), releasing(220))
        assert post_cases(world) == ["superseded"]


def test_the_posts_hold_after_customs_had_decided_is_a_case() -> None:
    start = (placed(), recorded(), packed(), handed_over(), held())
    assert post_cases(World().consume(*start, cleared(), holding(217))) == [""]  # cleared() is of hour 216
    assert post_cases(World().consume(*start, cleared(), holding(216))) == []
    assert post_cases(World().consume(*start, refused(2), holding(195))) == [""]
    again = World().consume(placed(), recorded(), packed(), handed_over(), refused(-3), held(), holding(196))
    assert post_cases(again) == []
    again.consume(*hold_ended(again.facts, 1, "refused", DecisionContext(PLACED_AT + timedelta(hours=195))))
    assert post_cases(again) == [""]


@given(data=st.data())
def test_whenever_scans_come_the_same_hold_is_open(data: st.DataObject) -> None:
    """Customs' receipts are consumed in their order; a scan comes at any time after it was made."""
    hours = st.integers(150, 260)
    receipts = (held(), held(hours=9, status="503"), cleared())[: data.draw(st.integers(0, 3))]
    scans = [holding(hour) for hour in data.draw(st.sets(hours, max_size=3))]
    scans += [releasing(hour) for hour in data.draw(st.sets(hours, max_size=2))]
    start = (placed(), recorded(), packed(), handed_over())
    straight = World().consume(*start, *receipts, *scans)
    consumed: list[Event] = [*receipts]
    for scan in data.draw(st.permutations(scans)):
        earliest = sum(receipt.occurred_at < scan.scanned_at for receipt in receipts)
        after = consumed.index(receipts[earliest - 1]) + 1 if earliest else 0
        consumed.insert(data.draw(st.integers(after, len(consumed))), scan)
    shuffled = World().consume(*start)
    for event in consumed:
        shuffled.consume(event, event)
    assert open_cases(shuffled) == open_cases(straight)


@pytest.mark.parametrize("end", [delivered(), closed()])
def test_the_end_of_the_parcel_ends_its_hold(end: Event) -> None:
    world = World().consume(placed(), recorded(), packed(), held()).consume(end)
    assert open_hold(world.facts, 1) is None
