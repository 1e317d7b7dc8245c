"""Parcels of which nothing is seen for too long: an enquiry, and what ends it."""

from __future__ import annotations

import pytest

from contracts.base import Event, order_stream
from contracts.carrier import ParcelLost
from contracts.cases import CaseClosed, CaseOpened
from services.carrier.carriers.laposte.silence import SILENCE_RULES
from services.carrier.domain.enquiries import ANSWERED_FOUND
from services.carrier.domain.silence import SilencePolicy
from shared.ledger.facts import Timer
from tests.support.carrier_samples import (
    ORDER,
    POLICY,
    START,
    closed,
    day,
    events_among,
    handed_over,
    label,
    opened,
    outputs,
    over,
    packed,
    scan,
)


class TestSilence:
    FACTS = (packed(), label(), handed_over(), scan("PC1", day(0.2)), scan("ET2", day(2)))

    def test_a_timer_is_set_for_the_end_of_the_silence(self) -> None:
        assert outputs(self.FACTS, day(3)) == [Timer(order_stream(ORDER), day(16))]

    def test_no_case_before_all_was_consumed(self) -> None:
        assert outputs(self.FACTS, day(17)) == [Timer(order_stream(ORDER), day(16))]

    def test_an_enquiry_once_the_silence_is_too_long(self) -> None:
        (case,) = outputs(self.FACTS, day(16), caught_up=True)
        assert isinstance(case, CaseOpened)
        assert (case.case, case.kind, case.action) == ("enquiry:1:2026-11-13", "enquiry", "search_with_carrier")
        assert case.due_at == day(30)

    def test_no_case_before_the_hand_over_or_after_an_end(self) -> None:
        assert outputs([packed(), label(), scan("DR1", day(0))], day(60), caught_up=True) == []
        facts: list[Event] = [*self.FACTS, scan("DI1", day(9))]
        facts += [item for item in outputs(facts) if isinstance(item, Event)]
        assert outputs(facts, day(60), caught_up=True) == []
        assert outputs([*self.FACTS, over()], day(60), caught_up=True) == []

    def test_a_new_scan_closes_it_and_the_wait_begins_anew(self) -> None:
        known = [*self.FACTS, *events_among(outputs(self.FACTS, day(16), caught_up=True)), scan("ET3", day(18))]
        published = outputs(known, day(18.1))
        assert [(item.case, item.resolution) for item in published if isinstance(item, CaseClosed)] == [
            ("enquiry:1:2026-11-13", "found")
        ]
        assert outputs([*known, *events_among(published)], day(19)) == [
            Timer(order_stream(ORDER), SILENCE_RULES[0].enquire_at(day(0), day(18)))
        ]

    def test_an_older_scan_that_comes_late_does_not_close_it(self) -> None:
        known = [*self.FACTS, *events_among(outputs(self.FACTS, day(16), caught_up=True)), scan("ET1", day(1))]
        assert outputs(known, day(17), caught_up=True) == []

    def test_the_end_of_another_case_is_no_sign_of_the_parcel(self) -> None:
        known = [*self.FACTS, *events_among(outputs(self.FACTS, day(16), caught_up=True))]
        known += [opened("dead_letter:1", "dead_letter", day(17), None), closed("dead_letter:1", "replayed", day(18))]
        assert outputs(known, day(19), caught_up=True) == []

    def test_a_loss_closes_it(self) -> None:
        known = [*self.FACTS, *events_among(outputs(self.FACTS, day(16), caught_up=True))]
        lost = ParcelLost(order_id=ORDER, occurred_at=day(17), parcel=1, said_by="operator")
        published = outputs([*known, lost], day(17))
        assert [item.resolution for item in published if isinstance(item, CaseClosed)] == ["lost"]

    def test_the_carrier_s_answer_counts_as_a_sign(self) -> None:
        case = outputs(self.FACTS, day(16), caught_up=True)[0]
        assert isinstance(case, CaseOpened)
        known = [*self.FACTS, case, closed(case.case, ANSWERED_FOUND, day(17))]
        assert outputs(known, day(17), caught_up=True) == [
            Timer(order_stream(ORDER), SILENCE_RULES[0].enquire_at(day(0), day(17)))
        ]

    @pytest.mark.parametrize("parcel", [1, None])
    def test_it_rests_while_another_case_about_the_parcel_is_open(self, parcel: int | None) -> None:
        hold = opened("customs_hold:1", "customs_hold", day(3), parcel)
        assert outputs([*self.FACTS, hold], day(40), caught_up=True) == []
        known = [*self.FACTS, hold, closed("customs_hold:1", "released", day(12))]
        assert outputs(known, day(12), caught_up=True) == [
            Timer(order_stream(ORDER), SILENCE_RULES[0].enquire_at(day(0), day(12)))
        ]

    def test_a_case_about_the_other_parcel_does_not_hold_it(self) -> None:
        hold = opened("customs_hold:2", "customs_hold", day(3), 2)
        assert [type(item) for item in outputs([*self.FACTS, hold], day(16), caught_up=True)] == [CaseOpened]

    @pytest.mark.parametrize(
        ("last", "asks"),
        [
            (0, 14),
            (12, 26),
            (16, 27),  # three days before the claim ends, rather than fourteen after the scan
            (22, 29),  # though never for less than seven days of silence
            (31, 45),  # nothing left to hurry for
        ],
    )
    def test_it_asks_before_the_claim_ends(self, last: float, asks: float) -> None:
        assert SILENCE_RULES[0].enquire_at(day(0), day(last)) == day(asks)

    def test_the_operator_s_own_days(self) -> None:
        rule = SilencePolicy({"laposte": SILENCE_RULES}, 5).rule("laposte", START)
        assert rule is not None
        assert rule.enquire_at(day(0), day(1)) == day(6)

    def test_of_a_carrier_that_is_not_known_nobody_enquires(self) -> None:
        assert POLICY.rule("chronopost", START) is None
        other = handed_over().model_copy(update={"carrier": "chronopost"})
        assert outputs([label(), other], day(60), caught_up=True) == []
