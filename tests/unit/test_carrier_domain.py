"""The outputs of the carrier service: rules one by one, then any shuffle, split and repetition of the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, Money, order_stream
from contracts.carrier import LabelRefused, ParcelDelivered, ParcelDestroyed, ParcelLost, ParcelReturned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import OrderScreened, ParcelRefused
from services.carrier.carriers.laposte import codes
from services.carrier.domain.decide import decide
from services.carrier.domain.labels import REPEAT, job_subject, label_case, may_get_label, parcel_and_round
from services.carrier.domain.parcels import followed_parcels
from services.carrier.domain.scans import KnownScan, scan_fact
from services.persons.facts import PersonErased
from shared.ledger.facts import DecisionContext, Facts, Job
from tests.support.carrier_samples import (
    DUTY_CODES,
    NUMBERS,
    ORDER,
    POLICY,
    START,
    closed,
    day,
    declared,
    events_among,
    handed_over,
    label,
    opened,
    outputs,
    over,
    packed,
    person,
    scan,
    withdrawn,
)
from tests.support.unknown_words import some_invented


def refused() -> LabelRefused:
    return LabelRefused(order_id=ORDER, occurred_at=START, parcel=1, reason="operator")


def jobs(events: Iterable[Event]) -> list[str]:
    return [item.subject for item in outputs(events) if isinstance(item, Job)]


class TestLabels:
    def test_one_job_a_parcel_once_packed_declared_and_addressed(self) -> None:
        assert jobs([packed(2), declared(1), declared(2), person()]) == ["1", "2"]

    def test_none_to_a_country_where_no_carrier_goes(self) -> None:
        published = outputs([packed(), declared(destination="XX"), person()])
        assert [item for item in published if isinstance(item, LabelRefused)] == published
        assert [item.reason for item in published if isinstance(item, LabelRefused)] == ["no_route"]

    def test_the_job_is_the_carrier_s_own(self) -> None:
        (job,) = outputs([packed(), declared(), person()])
        assert isinstance(job, Job)
        assert job.kind == "label.laposte"

    @pytest.mark.parametrize("missing", [0, 1, 2])
    def test_nothing_before_all_is_known(self, missing: int) -> None:
        facts: list[Event] = [packed(), declared(), person()]
        del facts[missing]
        assert jobs(facts) == []

    @pytest.mark.parametrize("end", [withdrawn(), over(), label()])
    def test_nothing_after_the_end_or_the_label(self, end: Event) -> None:
        assert jobs([packed(), declared(), person(), end]) == []

    @pytest.mark.parametrize("kind", [LabelRefused, ParcelRefused])
    def test_a_refused_parcel_stops_the_others(self, kind: type[LabelRefused | ParcelRefused]) -> None:
        refused = kind(order_id=ORDER, occurred_at=START, parcel=1, reason="sls:30204")
        assert jobs([packed(2), declared(2), person(), refused]) == []

    def test_a_label_is_published_only_of_a_parcel_that_has_none_and_of_an_order_that_goes_on(self) -> None:
        def may(*more: Event) -> bool:
            return may_get_label(Facts(order_stream(ORDER), [packed(2), *more]), 1)

        assert may()
        assert may(label(2))
        refused_by_customs = ParcelRefused(order_id=ORDER, occurred_at=START, parcel=2, reason="export:E12")
        for forbids in (label(1), withdrawn(), over(), refused(), refused_by_customs):
            assert not may(forbids)

    def test_an_erased_person_gets_no_label(self) -> None:
        erased = PersonErased(order_id=ORDER, occurred_at=START)
        (refusal,) = outputs([packed(), declared(), person(), erased])
        assert isinstance(refusal, LabelRefused)
        assert refusal.reason == "person_erased"

    def test_charges_in_cny_wait_for_the_rate(self) -> None:
        charges = Money(amount=Decimal("40.00"), currency="CNY")
        facts: list[Event] = [packed(), declared(1, charges), person()]
        assert jobs(facts) == []
        screened = OrderScreened.model_validate(
            {
                "order_id": ORDER,
                "occurred_at": START,
                "regime": "cbec_9610",
                "value_cny": {"amount": "100.00", "currency": "CNY"},
                "rate": "7.9",
                "rate_date": "2026-11-10",
            }
        )
        assert jobs([*facts, screened]) == ["1"]

    def test_an_open_case_holds_the_label_and_a_repeat_is_another_job(self) -> None:
        case = label_case("uncertain_label", 1, 1)
        facts: list[Event] = [packed(), declared(), person(), opened(case, "uncertain_label", day(0))]
        assert jobs(facts) == []
        assert jobs([*facts, closed(case, REPEAT, day(1))]) == ["1:2"]

    @pytest.mark.parametrize(
        ("end", "resolution"),
        [(label(), "label_created"), (withdrawn(), "order_closed"), (refused(), "label_refused")],
    )
    def test_a_case_about_a_label_closes_with_its_cause(self, end: Event, resolution: str) -> None:
        case = label_case("needs_attention", 1, 1)
        published = outputs([packed(), declared(), person(), opened(case, "needs_attention", day(0)), end])
        assert [item.resolution for item in published if isinstance(item, CaseClosed)] == [resolution]

    @given(st.integers(1, 99), st.integers(1, 20))
    def test_a_job_s_subject_can_be_read_back(self, parcel: int, round_: int) -> None:
        assert parcel_and_round(job_subject(parcel, round_)) == (parcel, round_)


class TestEnds:
    @pytest.mark.parametrize(
        ("code", "end"),
        [
            ("DI1", ParcelDelivered),
            ("DI0", ParcelDelivered),
            ("LIVCFM", ParcelDelivered),
            ("DI2", ParcelReturned),
            ("LIVREO", ParcelReturned),
            ("SOLMQD", ParcelLost),
            ("SOLDDR", ParcelDestroyed),
        ],
    )
    def test_an_outcome_follows_from_a_scan(self, code: str, end: type[Event]) -> None:
        published = [type(item) for item in outputs([packed(), label(), scan(code, day(9))]) if isinstance(item, Event)]
        assert published == [end]

    @pytest.mark.parametrize("code", ["DR1", "ET1", "DO1", "DO3", "RE1", "AG1", "RENAVI", "DEPGUI", "RSTTAF", "XX1"])
    def test_no_outcome_follows_from_others(self, code: str) -> None:
        assert not [item for item in outputs([packed(), label(), scan(code, day(9))]) if isinstance(item, Event)]

    def test_the_earliest_scan_dates_the_end(self) -> None:
        published = outputs([scan("DI1", day(9)), scan("DI0", day(8))])
        assert [item.delivered_at for item in published if isinstance(item, ParcelDelivered)] == [day(8)]

    def test_found_after_lost_is_published_too(self) -> None:
        lost = ParcelLost(order_id=ORDER, occurred_at=day(20), parcel=1, said_by="operator")
        published = outputs([handed_over(), lost, scan("DI1", day(25))])
        assert [type(item) for item in published if isinstance(item, Event)] == [ParcelDelivered]

    def test_published_once(self) -> None:
        known: list[Event] = [label(), scan("DI1", day(9))]
        known += [item for item in outputs(known) if isinstance(item, Event)]
        assert not [item for item in outputs([*known, scan("LIVCFM", day(10))]) if isinstance(item, Event)]


def test_what_is_followed() -> None:
    facts = Facts(
        order_stream(ORDER), [label(1), label(2), handed_over(1), scan("PC1", day(1)), scan("DI1", day(9), 2)]
    )
    for event in events_among(decide(facts, DecisionContext(START), POLICY, DUTY_CODES)):
        facts.add(event)
    assert sorted((p.parcel, p.state, p.status, p.scans) for p in followed_parcels(facts)) == [
        (1, "handed_over", "accepted", 1),
        (2, "over", "delivered", 1),
    ]
    facts.add(withdrawn())
    assert {parcel.parcel: parcel.state for parcel in followed_parcels(facts)} == {1: "given_up", 2: "over"}


CODES = sorted([*codes.OKAPI, "AN1", "LIVCFM", "DOUDDI"])
SCANS = st.lists(
    st.builds(scan, st.sampled_from(CODES), st.integers(0, 40).map(lambda n: day(n / 2)), st.sampled_from([1, 2])),
    max_size=12,
)
CONSUMED: Sequence[Event] = (
    packed(2),
    declared(1),
    declared(2),
    person(),
    label(1),
    label(2),
    handed_over(1),
)


def settle(batches: Iterable[Iterable[Event]]) -> tuple[set[UUID], set[Job]]:
    """What is known, and the jobs, after these batches, deciding after each as the ledger does."""
    facts = Facts(order_stream(ORDER))
    enqueued: set[Job] = set()
    for batch in batches:
        for event in batch:
            facts.add(event)
        fresh = True
        while fresh:
            items = decide(facts, DecisionContext(day(20)), POLICY, DUTY_CODES)
            enqueued |= {item for item in items if isinstance(item, Job)}
            fresh = sum(facts.add(event) for event in events_among(items)) > 0
    return {event.id for event in facts}, enqueued


@given(st.data(), SCANS)
def test_any_shuffle_split_and_repetition_of_the_facts_gives_one_state(data: st.DataObject, scans: list[Event]) -> None:
    each_once = {event.id: event for event in (*CONSUMED, *scans)}
    everything = data.draw(some_invented(each_once.values()))
    straight, _ = settle([everything])
    shuffled = data.draw(st.permutations(everything))
    repeated = shuffled + data.draw(st.lists(st.sampled_from(everything), max_size=5))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(repeated)), max_size=4)))
    bounds = [0, *cuts, len(repeated)]
    batches = [repeated[start:end] for start, end in pairwise(bounds)]
    assert settle(batches)[0] == straight


@given(st.data())
def test_label_jobs_are_enqueued_once_however_the_facts_arrive(data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations([packed(2), declared(1), declared(2), person()]))
    assert {job.subject for job in settle([event] for event in shuffled)[1]} == {"1", "2"}


@given(
    st.sampled_from(CODES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  # the zone is added below
    st.integers(-840, 840),
    st.integers(-840, 840),
    st.sampled_from([None, "FR", "CN"]),
    st.integers(0, 59),
)
def test_poll_and_call_back_report_one_fact(
    code: str, scanned_at: datetime, polled_offset: int, pushed_offset: int, country: str | None, second: int
) -> None:
    """Whatever offset, country or second each of them states."""
    minute = scanned_at.replace(second=0, microsecond=0, tzinfo=UTC)
    polled = KnownScan("laposte", NUMBERS[1], "poll", b"p", code, minute, polled_offset, None, ORDER, 1)
    pushed = KnownScan(
        "laposte",
        NUMBERS[1],
        "webhook",
        b"w",
        code,
        minute + timedelta(seconds=second),
        pushed_offset,
        country,
        ORDER,
        1,
    )
    assert scan_fact(polled, codes.read(code, None)).id == scan_fact(pushed, codes.read(code, country)).id


def test_the_same_code_at_another_minute_is_another_fact() -> None:
    assert scan("ET1", day(1)).id != scan("ET1", day(1) + timedelta(minutes=1)).id


class TestDuties:
    def test_a_tax_that_is_collected_again_is_a_case_once_a_parcel(self) -> None:
        taxed = [label(), declared(tax="2.16"), scan("DOUTAX", day(9)), scan("DOUTAX", day(10))]
        (case,) = [item for item in outputs(taxed) if isinstance(item, CaseOpened)]
        assert (case.case, case.reason, case.action) == ("charged_twice:1", "charged_twice", "look_into")
        assert case.since == day(9)

    @pytest.mark.parametrize(
        ("tax", "code", "labelled"), [("0.00", "DOUTAX", True), ("2.16", "DOUVIS", True), ("2.16", "DOUTAX", False)]
    )
    def test_none_where_nothing_was_paid_or_nothing_is_collected(self, tax: str, code: str, labelled: bool) -> None:
        facts: list[Event] = [declared(tax=tax), scan(code, day(9)), *([label()] if labelled else [])]
        assert [item for item in outputs(facts) if isinstance(item, CaseOpened)] == []

    def test_a_code_means_it_only_where_its_carrier_says_so(self) -> None:
        of_another = label().model_copy(update={"carrier": "other"})
        facts: list[Event] = [of_another, declared(tax="2.16"), scan("DOUTAX", day(9))]
        assert [item for item in outputs(facts) if isinstance(item, CaseOpened)] == []
