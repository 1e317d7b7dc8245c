"""A box that is given up before its hand-over, as every service sees it: another has its place, and it never leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, Parcel, order_stream
from contracts.carrier import LabelCreated
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ExportExited, ExportInvalidated, ParcelDeclared
from contracts.orders import OrderClosed, OrderPlaced
from contracts.vocabularies import Outcome
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver, ParcelRepacked, live_plan
from services.carrier.domain.labels import may_get_label, would_be_published
from services.carrier.domain.parcels import follow_state, parcels_of
from services.customs.domain import quota
from services.customs.domain.actions import has_parcel, job_subject
from services.customs.domain.cases import attention, exit_unproven
from services.customs.domain.decide import EXPORT, decide, shares_of
from services.customs.domain.export_ends import can_have_left, never_leaves, reason_of
from services.customs.domain.parcels import parcel_rows
from services.orders.domain.outcomes import planned_parcels
from services.orders.domain.status import order_status
from services.plans import is_given_up, plan_of, plan_with
from services.refusals.refusal import Refusal
from services.tracking.domain.document import document_of
from services.warehouse.domain.actions import LAST_PARCEL, Measures, hand_over, repack
from services.warehouse.domain.decisions import decide as decide_hand_overs
from services.warehouse.domain.orders import packed_parcels, stage
from services.warehouse.domain.orders import parcel_rows as work_rows
from shared.ledger.facts import DecisionContext, Facts, Job, Output, Timer
from tests.support import carrier_samples, customs_samples, orders_samples, tracking_samples, warehouse_samples
from tests.support.customs_model import TWO_PARCELS, World
from tests.support.warehouse_samples import CLOSED, HANDED_OVER, LATER, NOW, PACKED, WITHDRAWN, known, label

SIZES = Measures(900, 310, 210, 110)
LABELLED = (*PACKED, label(1), label(2))


def repacked(events: Sequence[Event], parcel: int = 1, measures: Measures = SIZES) -> ParcelRepacked:
    return repack(known(*events), parcel, measures, LATER)


def replaced(packed: OrderPacked, parcel: int, by: int) -> ParcelRepacked:
    """The same contents in another box, a second later than the last fact of its kind."""
    [old] = [box for box in packed.parcels if box.parcel == parcel]
    box = old.model_copy(update={"parcel": by, "weight_g": old.weight_g + 50})
    repacked_at = packed.occurred_at + timedelta(hours=by)
    return ParcelRepacked(order_id=packed.order_id, occurred_at=repacked_at, parcel=parcel, box=box)


def test_a_box_that_was_given_up_stands_in_the_plan_of_its_time() -> None:
    packed = known(*PACKED).get(OrderPacked)
    assert packed is not None
    first = replaced(packed, 1, by=3)
    second = ParcelRepacked(
        order_id=packed.order_id, occurred_at=LATER, parcel=3, box=first.box.model_copy(update={"parcel": 4})
    )
    facts = known(*PACKED, first, second)
    plans = {box: plan_with(facts, box) for box in (1, 3, 4)}
    others = [box.parcel for box in packed.parcels[1:]]
    assert {box: [box_in_plan.parcel for box_in_plan in plan.parcels] for box, plan in plans.items() if plan} == {
        box: [box, *others] for box in plans
    }
    assert plan_with(known(), 1) is None


def refusal(events: Sequence[Event], parcel: int = 1, measures: Measures = SIZES) -> Refusal:
    with pytest.raises(Refusal) as refused:
        repack(known(*events), parcel, measures, LATER)
    return refused.value


# --- the plan ---


def test_a_new_box_has_the_place_and_the_contents_of_the_old() -> None:
    fact = repacked(PACKED)
    plan = plan_of(known(*PACKED, fact))
    packed = known(*PACKED).get(OrderPacked)
    assert plan is not None
    assert packed is not None
    assert [box.parcel for box in plan.parcels] == [3, 2]
    assert plan.parcels[0].contents == packed.parcels[0].contents
    assert (plan.parcels[0].weight_g, plan.parcels[0].height_mm) == (900, 110)
    assert plan_of(known()) is None
    assert live_plan(packed, ()) is packed


@given(st.lists(st.integers(0, 5), max_size=12), st.randoms())
def test_whatever_is_repacked_in_whatever_order_the_goods_stay_in_the_plan(which: list[int], chance: object) -> None:
    facts = known(*PACKED)
    for index in which:
        live = sorted(packed_parcels(facts))
        facts.add(repack(facts, live[index % len(live)], SIZES, LATER))
    before, plan = facts.get(OrderPacked), plan_of(facts)
    assert before is not None
    assert plan is not None
    assert [box.contents for box in plan.parcels] == [box.contents for box in before.parcels]
    given_up = {fact.parcel for fact in facts.all(ParcelRepacked)}
    assert not given_up & {box.parcel for box in plan.parcels}
    numbers = [box.parcel for box in before.parcels] + [fact.box.parcel for fact in facts.all(ParcelRepacked)]
    assert len(set(numbers)) == len(numbers), "a number is used twice"


# --- the warehouse ---


def test_the_same_again_is_the_same_and_otherwise_a_conflict() -> None:
    fact = repacked(LABELLED)
    assert repack(known(*LABELLED, fact), 1, SIZES, LATER + timedelta(hours=1)) is fact
    assert refusal([*LABELLED, fact], measures=Measures(901, 310, 210, 110)).kind == "conflict"
    again = repacked([*LABELLED, fact], parcel=3)
    assert (again.parcel, again.box.parcel) == (3, 4)


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ((), "unknown"),
        ((*LABELLED, HANDED_OVER), "conflict"),
        ((*LABELLED, HANDED_OVER.model_copy(update={"parcel": 2})), "conflict"),  # another of the order
        ((*LABELLED, WITHDRAWN), "conflict"),
        ((*LABELLED, CLOSED), "conflict"),
    ],
)
def test_only_a_box_that_is_here_is_repacked(events: Sequence[Event], kind: str) -> None:
    assert refusal(events).kind == kind
    assert refusal(LABELLED, parcel=9).kind == "unknown"


def test_the_new_box_keeps_the_limits_of_the_carrier() -> None:
    refused = refusal(LABELLED, measures=Measures(30_001, 1_001, 800, 100))
    assert {(fault.field, fault.rule) for fault in refused.faults} == {
        ("weight_g", "carrier_max_weight"),
        ("length_mm", "carrier_max_length"),
        ("body", "carrier_max_size"),
    }
    assert [fault.rule for fault in refusal(LABELLED, measures=Measures(399, 300, 200, 100)).faults] == [
        "at_least_net_weight"
    ]


def test_the_numbers_of_an_order_end() -> None:
    last = repacked(LABELLED)
    last = last.model_copy(update={"box": last.box.model_copy(update={"parcel": LAST_PARCEL})})
    assert refusal([*LABELLED, last], parcel=2).title == "the order has too many parcels"


def test_a_box_given_up_is_in_no_list_and_is_never_handed_over() -> None:
    facts = known(*LABELLED, repacked(LABELLED))
    assert stage(facts) == ("packed", LATER)
    assert [row.parcel for row in work_rows(facts)] == [3, 2]
    with pytest.raises(Refusal, match="no such parcel"):
        hand_over(facts, 1, "T1-1", LATER)
    with pytest.raises(Refusal, match="labels are missing"):
        hand_over(facts, 2, "T1-2", LATER)
    facts.add(label(3))
    assert stage(facts)[0] == "labelled"
    assert hand_over(facts, 3, "T1-3", LATER).parcel == 3
    scan = carrier_samples.scan("PC1", LATER).model_copy(update={"order_id": warehouse_samples.ORDER})
    assert decide_hand_overs(known(*facts, scan), DecisionContext(NOW)) == []


# --- customs ---


def declared_world() -> World:
    """An order whose two parcels are declared."""
    return World().consume(customs_samples.recorded(), customs_samples.placed(), TWO_PARCELS)


MRN = f"26FR{13 * '0'}F"
DAYS_LATER = DecisionContext(customs_samples.PLACED_AT + timedelta(days=2))


def test_the_new_box_is_declared_with_the_share_of_the_old_and_no_other_changes() -> None:
    world = declared_world()
    before = {event.parcel: event for event in world.facts.all(ParcelDeclared)}
    world.consume(replaced(TWO_PARCELS, 1, by=3))
    after = {event.parcel: event for event in world.facts.all(ParcelDeclared)}
    assert after[2] == before[2]
    assert (after[3].total, after[3].freight, after[3].tax) == (before[1].total, before[1].freight, before[1].tax)
    assert after[3].sub_order == "TM1-3"
    assert after[3].cn23.gross_weight_g == before[1].cn23.gross_weight_g + 50
    assert [row.parcel for row in parcel_rows(world.facts)] == [3, 2]
    assert not has_parcel(world.facts, 1)
    without = Facts(world.facts.stream, [event for event in world.facts if not isinstance(event, ParcelRepacked)])
    assert quota.share(world.facts) == quota.share(without)


def with_mrn(*events: Event) -> Facts:
    """Two parcels of wine, the first of which is declared with an MRN."""
    world = declared_world()
    declared = world.facts.get(ParcelDeclared, 1)
    assert declared is not None
    mrn = declared.model_copy(update={"export": "declared", "mrn": MRN})
    dear = customs_samples.placed(lines=customs_samples.WINE)
    rest = [event for event in world.facts if not isinstance(event, (ParcelDeclared, OrderPlaced))]
    return Facts(world.facts.stream, [dear, *rest, mrn, *events])


def after(facts: Facts, context: DecisionContext = DAYS_LATER) -> list[Output]:
    return decide(facts, context, customs_samples.POLICY)


def jobs(outputs: Sequence[Output]) -> set[tuple[str, str]]:
    return {(output.kind, output.subject) for output in outputs if isinstance(output, Job)}


def test_an_mrn_of_a_box_that_was_given_up_is_invalidated_before_the_new_box_is_declared() -> None:
    box = replaced(TWO_PARCELS, 1, by=3)
    assert jobs(after(with_mrn())) == {("export", "2")}
    assert jobs(after(with_mrn(box))) == {("export", "2"), ("invalidation", "1")}
    invalidated = ExportInvalidated(order_id=box.order_id, occurred_at=DAYS_LATER.now, parcel=1, mrn=MRN)
    assert jobs(after(with_mrn(box, invalidated))) == {("export", "2"), ("export", "3")}
    assert reason_of(with_mrn(box), 1) == "repacked"
    assert has_parcel(with_mrn(box), 1)


def test_a_refused_invalidation_is_settled_by_a_person() -> None:
    box = replaced(TWO_PARCELS, 1, by=3)
    case = attention(box.order_id, "invalidation", "1", "refused:goods_have_left", DAYS_LATER)
    assert case.action == "retry"
    waiting = with_mrn(box, case)
    assert ("export", "3") not in jobs(after(waiting))
    retried = case.closed(DAYS_LATER.now, "retried")
    assert ("export", "3") not in jobs(after(with_mrn(box, case, retried)))
    assert ("export", "3") in jobs(after(with_mrn(box, case, case.closed(DAYS_LATER.now, "done"))))
    invalidated = ExportInvalidated(order_id=box.order_id, occurred_at=DAYS_LATER.now, parcel=1, mrn=MRN)
    ends = [output for output in after(with_mrn(box, case, invalidated)) if isinstance(output, CaseClosed)]
    assert [(end.case, end.resolution) for end in ends] == [("needs_attention:invalidation:1", "answered")]


def test_an_mrn_of_an_order_that_was_withdrawn_is_invalidated() -> None:
    withdrawn = OrderWithdrawn(order_id=TWO_PARCELS.order_id, occurred_at=DAYS_LATER.now, reason="shopper")
    facts = with_mrn(withdrawn)
    assert jobs(after(facts)) == {("invalidation", "1")}
    assert reason_of(facts, 1) == "withdrawn"
    jobs_after_hand_over = jobs(after(with_mrn(withdrawn, customs_samples.handed_over(1))))
    assert "invalidation" not in {kind for kind, _ in jobs_after_hand_over}


def closed(outcome: Outcome) -> OrderClosed:
    return customs_samples.closed().model_copy(update={"outcome": outcome})


@pytest.mark.parametrize("outcome", ["delivered", "partly_delivered", "returned", "lost", "destroyed"])
def test_goods_that_have_left_keep_their_declaration_though_the_hand_over_is_not_known_yet(outcome: Outcome) -> None:
    departure = customs_samples.scanned("departed_origin")
    seen = (departure, customs_samples.scanned("import_customs", hours=50), customs_samples.delivered())
    facts = with_mrn(*seen, closed(outcome))
    assert jobs(after(facts)) == set()
    assert not never_leaves(facts, 1)


@pytest.mark.parametrize("outcome", ["refused", "out_of_stock", "cancelled"])
def test_an_order_that_ended_before_anything_left_keeps_no_declaration(
    outcome: Outcome,
) -> None:
    assert jobs(after(with_mrn(closed(outcome)))) == {("invalidation", "1")}
    assert not never_leaves(with_mrn(closed(outcome), customs_samples.handed_over(1)), 1)


def test_a_box_that_was_put_into_another_twice_is_declared_when_the_first_is_invalidated() -> None:
    first = replaced(TWO_PARCELS, 1, by=3)
    second = first.model_copy(update={"parcel": 3, "box": first.box.model_copy(update={"parcel": 4})})
    assert jobs(after(with_mrn(second, first))) == {("export", "2"), ("invalidation", "1")}
    invalidated = ExportInvalidated(order_id=first.order_id, occurred_at=DAYS_LATER.now, parcel=1, mrn=MRN)
    assert jobs(after(with_mrn(first, second, invalidated))) == {("export", "2"), ("export", "4")}


def test_the_proof_of_exit_is_asked_for_when_the_goods_have_left_and_after_90_and_150_days() -> None:
    first_hand_over = customs_samples.handed_over(1)
    departure = customs_samples.scanned("departed_origin")
    declared_at = next(event.occurred_at for event in with_mrn().all(ParcelDeclared) if event.mrn)

    def proofs_and_timers(days: float, *events: Event) -> tuple[set[str], list[int]]:
        context = DecisionContext(declared_at + timedelta(days=days))
        outputs = after(with_mrn(first_hand_over, *events), context)
        timers = [(output.at - declared_at).days for output in outputs if isinstance(output, Timer)]
        return {subject for kind, subject in jobs(outputs) if kind == "exit_proof"}, timers

    assert proofs_and_timers(1) == (set(), [90])
    assert proofs_and_timers(3, departure) == ({"1:left"}, [90])
    assert proofs_and_timers(90, departure) == ({"1:left", "1:90"}, [150])
    assert proofs_and_timers(150, departure) == ({"1:left", "1:90", "1:150"}, [])
    exited = ExportExited(
        order_id=TWO_PARCELS.order_id, occurred_at=DAYS_LATER.now, parcel=1, mrn=MRN, exited_at=DAYS_LATER.now
    )
    assert proofs_and_timers(150, departure, exited) == (set(), [])


@pytest.mark.parametrize(
    ("days", "possible"), [(-1.01, False), (-1, True), (0, True), (30, True), (31, True), (31.01, False)]
)
def test_an_exit_is_proven_only_for_a_time_at_which_the_goods_can_have_left(days: float, possible: bool) -> None:
    """From their release until now, thirty days later, and a day more on both sides."""
    facts = with_mrn()
    released = next(event.occurred_at for event in facts.all(ParcelDeclared) if event.parcel == 1)
    now = released + timedelta(days=30)
    assert can_have_left(facts, 1, released + timedelta(days=days), now) == possible
    assert not can_have_left(facts, 1, datetime(2126, 1, 1, tzinfo=UTC), now)
    assert can_have_left(facts, 9, released - timedelta(days=900), now), "its release is not known"


def test_the_case_of_a_missing_proof_of_exit_ends_with_the_next_one_or_with_the_proof() -> None:
    first_hand_over, later = customs_samples.handed_over(1), DecisionContext(DAYS_LATER.now + timedelta(days=60))
    within = timedelta(days=60)
    first = exit_unproven(TWO_PARCELS.order_id, "1:90", "exit_not_confirmed", DAYS_LATER, within)
    second = exit_unproven(TWO_PARCELS.order_id, "1:150", "export_invalid", later, within)
    assert (first.case, first.action) == ("needs_attention:exit_proof:1:90", "look_into")

    def ends(*events: Event) -> list[tuple[str, str]]:
        outputs = after(with_mrn(first_hand_over, *events), later)
        return [(end.case, end.resolution) for end in outputs if isinstance(end, CaseClosed)]

    assert ends(first) == []
    assert ends(first, second) == [(first.case, "superseded")]
    exited = ExportExited(order_id=TWO_PARCELS.order_id, occurred_at=later.now, parcel=1, mrn=MRN, exited_at=later.now)
    assert ends(first, exited) == [(first.case, "answered")]
    assert job_subject(with_mrn(first_hand_over, first), 1, "exit_proof") == "1:90"
    assert job_subject(with_mrn(first_hand_over), 1, "exit_proof") == "1"


def test_an_export_that_failed_is_wanted_no_more_once_the_box_is_given_up() -> None:
    world = declared_world()
    undeclared = [event for event in world.facts if not isinstance(event, ParcelDeclared)]
    case = attention(TWO_PARCELS.order_id, EXPORT, "1", "no_answer", DAYS_LATER)
    facts = Facts(world.facts.stream, [*undeclared, case, replaced(TWO_PARCELS, 1, by=3)])
    outputs = decide(facts, DAYS_LATER, customs_samples.POLICY)
    assert [(end.case, end.resolution) for end in outputs if isinstance(end, CaseClosed)] == [(case.case, "given_up")]


def test_the_shares_of_the_parcels_are_those_of_before() -> None:
    placed, packed = (
        customs_samples.placed(),
        customs_samples.packed(customs_samples.parcel(1, (1, 1)), customs_samples.parcel(2, (1, 1))),
    )
    plan = live_plan(packed, [replaced(packed, 1, by=3)])
    assert plan is not None
    assert [share for _, share in shares_of(placed, plan)] == [share for _, share in shares_of(placed, packed)]


# --- carrier ---


CARRIER = (carrier_samples.packed(2), carrier_samples.person())
BOX = replaced(carrier_samples.packed(2), 1, by=3)


def test_the_new_box_gets_a_label_and_the_old_one_none() -> None:
    facts = [*CARRIER, *(carrier_samples.declared(parcel) for parcel in (1, 2, 3))]
    jobs = [output.subject for output in carrier_samples.outputs([*facts, BOX]) if isinstance(output, Job)]
    assert jobs == ["3", "2"]
    known_here = Facts(order_stream(carrier_samples.ORDER), [*facts, BOX])
    assert (may_get_label(known_here, 1), may_get_label(known_here, 3)) == (False, True)
    assert parcels_of(known_here) == [2, 3]


def test_a_label_case_of_a_box_that_was_given_up_is_closed() -> None:
    case = carrier_samples.opened("uncertain_label:1:label-1", "uncertain_label", carrier_samples.START)
    outputs = carrier_samples.outputs([*CARRIER, case, BOX])
    assert [(end.case, end.resolution) for end in outputs if isinstance(end, CaseClosed)] == [(case.case, "given_up")]


def test_a_label_that_was_made_while_the_box_was_given_up_is_followed() -> None:
    facts = Facts(order_stream(carrier_samples.ORDER), [*CARRIER, carrier_samples.declared(1), BOX])
    assert (would_be_published(facts, 1), may_get_label(facts, 1)) == (True, False)
    facts.add(carrier_samples.withdrawn())
    assert not would_be_published(facts, 1)


def test_a_scan_of_the_old_label_is_a_case_and_its_announcement_is_none() -> None:
    facts = [*CARRIER, carrier_samples.label(1), BOX]
    known_here = Facts(order_stream(carrier_samples.ORDER), facts)
    assert follow_state(known_here, 1) == "given_up"
    scanned_at = carrier_samples.day(2)
    for code, cases in (("DR1", []), ("PC1", ["given_up_box:1"])):
        outputs = carrier_samples.outputs([*facts, carrier_samples.scan(code, scanned_at)], scanned_at)
        assert [case.case for case in outputs if isinstance(case, CaseOpened)] == cases
    before = [event for event in facts if event is not BOX]
    outputs = carrier_samples.outputs([*before, carrier_samples.scan("PC1", scanned_at)], scanned_at)
    assert [case.case for case in outputs if isinstance(case, CaseOpened)] == []


# --- orders ---


def test_an_order_ends_when_its_live_parcels_have() -> None:
    packed = orders_samples.packed(2)
    facts = orders_samples.until("handed_over")
    facts = Facts(facts.stream, [event for event in facts if not isinstance(event, (ParcelHandedOver, LabelCreated))])
    facts.add(replaced(packed, 1, by=3))
    assert planned_parcels(facts) == (2, 3)
    for parcel in (1, 2):
        facts.add(orders_samples.delivered(parcel))
    assert not any(isinstance(event, OrderClosed) for event in orders_samples.settle(facts, orders_samples.time_at(40)))
    facts.add(orders_samples.delivered(3))
    [end] = [
        event for event in orders_samples.settle(facts, orders_samples.time_at(40)) if isinstance(event, OrderClosed)
    ]
    assert [part.parcel for part in end.parcels] == [2, 3]


def test_the_time_to_the_papers_counts_from_the_new_box() -> None:
    facts = orders_samples.until("labelled")
    status = order_status(facts)
    assert status is not None
    assert status.state == "labelled"
    fact = replaced(orders_samples.packed(2), 1, by=3)
    facts.add(fact)
    status = order_status(facts)
    assert status is not None
    assert (status.state, status.since) == ("packed", fact.occurred_at)


def test_a_scan_of_the_old_label_hands_nothing_over() -> None:
    facts = orders_samples.until("labelled")
    facts.add(replaced(orders_samples.packed(2), 1, by=3))
    facts.add(orders_samples.delivered(1))
    status = order_status(facts)
    assert status is not None
    assert not status.too_late_to_withdraw


# --- tracking ---


def test_the_page_shows_the_new_box_in_the_place_of_the_old() -> None:
    packed = tracking_samples.packed(2)
    stream = order_stream(tracking_samples.ORDER)
    facts: list[Event] = [tracking_samples.placed(), packed, tracking_samples.label(1)]
    document = document_of(Facts(stream, [*facts, replaced(packed, 1, by=3)]))
    assert document is not None
    assert [parcel.parcel for parcel in document.parcels] == [2, 3]
    assert "parcel-repacked" in {entry.kind for entry in document.timeline}


def test_a_box_is_given_up_by_its_own_fact_only() -> None:
    box: Parcel = repacked(PACKED).box
    facts = known(*PACKED, repacked(PACKED))
    assert (is_given_up(facts, 1), is_given_up(facts, box.parcel), is_given_up(facts, 2)) == (True, False, False)
    assert not any(isinstance(output, Timer) for output in carrier_samples.outputs([*CARRIER, BOX]))
