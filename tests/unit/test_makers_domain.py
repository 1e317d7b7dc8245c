"""The rules of makers: numbers, states, what is due, facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import vendor_stream
from contracts.makers import ProductApproved, ProductChanged
from services.makers.domain import facts, vendors
from services.makers.domain.accounts import AccountChange, agreed
from services.makers.domain.brands import (
    BRAND_STATES,
    BRAND_STEPS,
    BRAND_TABLE,
    MOST_BRANDS,
    authorised,
    brand_moved,
    ends_at,
    may_sell,
    require_few_brands,
    require_undecided,
)
from services.makers.domain.cases import (
    ACTIONS,
    BANK_CHANGE,
    BRAND_DECISION,
    BRAND_ENDING,
    IN_FLIGHT,
    NUMBER_LAPSED,
    PRODUCT_BARRED,
    PRODUCT_DECISION,
    VENDOR_DECISION,
    Case,
    about_product,
    opened,
    settled,
    settled_by_choice,
)
from services.makers.domain.due import KEPT_AFTER_CLOSURE, Due, due
from services.makers.domain.numbers import (
    clean_eori,
    clean_iban,
    clean_siren,
    clean_vat,
    masked_iban,
    vat_country,
)
from services.makers.domain.products import (
    PRODUCT_STATES,
    PRODUCT_STEPS,
    PRODUCT_TABLE,
    Permit,
    Verdict,
    approved,
    in_force,
    product_moved,
    stated,
)
from services.makers.domain.vendors import (
    ASK_AGAIN,
    LAPSE_DEADLINE,
    MOST_CHECKS,
    MOST_ERASURES,
    QUARTER,
    STATES,
    STEPS,
    TABLE,
    Company,
    answered,
    changed,
    checked_again,
    closed,
    moved,
    rejected,
    require_erasable,
    require_few_checks,
    require_few_erasures,
    restored,
    submitted,
    suspended,
    verified,
)
from services.refusals.refusal import Refusal, refused
from shared.ledger.facts import Facts
from tests.support.makers_samples import (
    ACCEPTED,
    BANNED,
    BRAND_ID,
    COMPANY,
    DETAILS,
    NOW,
    TODAY,
    VENDOR_ID,
    brand,
    check,
    product,
    vendor,
)


def faults(refusal: pytest.ExceptionInfo[Refusal]) -> set[tuple[str, str]]:
    return {(fault.field, fault.rule) for fault in refusal.value.faults}


@pytest.mark.parametrize(
    ("clean", "good", "compact", "bad"),
    [
        (clean_siren, "552 100 554", "552100554", ["552100555", "55210055", "A52100554"]),
        (clean_vat, "fr 96 552 100 554", "FR96552100554", ["FR27552100554", "552100554", "US123456789", "GB123456789"]),
        (clean_eori, "fr 55210055400013", "FR55210055400013", ["FR552100555", "FR1", "1234", "F", "DE" + "1" * 16]),
        (clean_eori, "DE1234567", "DE1234567", ["DE", "de-1"]),
        (clean_iban, "FR14 2004 1010 0505 0001 3M02 606", "FR1420041010050500013M02606", ["FR15", "XX00"]),
    ],
)
def test_a_number_is_kept_in_its_compact_form_or_refused(
    clean: Callable[[str], str], good: str, compact: str, bad: list[str]
) -> None:
    assert clean(good) == compact
    for text in bad:
        with pytest.raises(ValueError):  # noqa: PT011  # its words are the rule's name
            clean(text)


def test_an_account_is_shown_masked_and_greece_has_another_code() -> None:
    assert masked_iban("FR1420041010050500013M02606") == "FR14…2606"
    assert (vat_country("GR"), vat_country("FR")) == ("EL", "FR")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_a_vendor_moves_by_the_table_alone(state: Any, step: Any) -> None:
    before = vendor(state=state, since=NOW - timedelta(days=1))
    to = TABLE.get((state, step))
    if to is None:
        with pytest.raises(Refusal, match=state):
            moved(before, step, NOW)
    else:
        assert moved(before, step, NOW) == replace(before, state=to, since=before.since if to == state else NOW)


@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_whatever_is_asked_a_vendor_sells_only_after_a_person_and_never_after_its_end(steps: list[Any]) -> None:
    current, verified_once, ended = vendor(state="draft"), False, False
    for step in steps:
        try:
            current = moved(current, step, NOW)
        except Refusal:
            continue
        assert not ended
        verified_once |= step in ("verify",)
        ended = step == "close"
        assert current.state != "verified" or verified_once
    assert (current.state == "closed") == ended


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"country": "DE"}, {("vat", "vat_of_country"), ("siren", "siren_of_french")}),
        ({"siren": None}, {("siren", "siren_of_french")}),
        ({"siren": "404833048"}, {("vat", "vat_of_siren"), ("eori", "eori_of_siren")}),
        ({"eori": "FR404833048"}, {("eori", "eori_of_siren")}),
    ],
)
def test_all_numbers_must_be_one_companys(change: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    with pytest.raises(Refusal) as refusal:
        changed(vendor(state="draft"), replace(COMPANY, **change), NOW)
    assert faults(refusal) == expected


def test_a_company_is_stated_until_it_is_submitted_and_while_it_is_suspended() -> None:
    german = Company("Lindau", "Lindau", "7", "88131", "Lindau", "DE", None, "DE136695976", "FR552100554")
    assert changed(vendor(state="rejected"), german, NOW) == vendor(state="draft", company=german, stated_at=NOW)
    assert changed(vendor(state="suspended"), replace(COMPANY, eori="DE1"), NOW).state == "suspended"
    with pytest.raises(Refusal, match="verified"):
        changed(vendor(), COMPANY, NOW)
    assert changed(vendor(company=None), COMPANY, NOW) == vendor(stated_at=NOW), "a restored database has lost it"


def test_a_submission_names_all_that_is_missing() -> None:
    with pytest.raises(Refusal) as refusal:
        submitted(vendor(state="draft", company=None, account=None, people=False), NOW)
    assert faults(refusal) == {("company", "missing"), ("bank_account", "missing"), ("people", "missing")}
    after = submitted(vendor(state="draft", round=0), NOW)
    assert (after.state, after.round) == ("submitted", 1)


@pytest.mark.parametrize("change", [{"company": None}, {"state": "closed"}, {"state": "draft"}])
def test_what_has_no_number_is_not_checked(change: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        checked_again(vendor(**change))


@pytest.mark.parametrize(
    ("state", "outcome", "after", "in_days"),
    [
        ("submitted", "valid", "checking", QUARTER),
        ("submitted", "invalid", "checking", None),
        ("submitted", "unanswered", "checking", None),
        ("verified", "valid", "verified", QUARTER),
        ("verified", "invalid", "verified", ASK_AGAIN),
        ("verified", "unanswered", "verified", ASK_AGAIN),
        ("suspended", "invalid", "suspended", None),
    ],
)
def test_an_answer_moves_a_new_vendor_on_and_says_when_to_ask_again(
    state: Any, outcome: Any, after: str, in_days: timedelta | None
) -> None:
    moved_on = answered(vendor(state=state), check(outcome=outcome), NOW)
    assert (moved_on.state, moved_on.check_due_at) == (after, None if in_days is None else NOW + in_days)


@pytest.mark.parametrize("bad", [None, check(outcome="invalid"), check(outcome=None), check(vat="FR83404833048")])
@pytest.mark.parametrize(("decide", "state"), [(verified, "checking"), (restored, "suspended")])
def test_only_a_number_that_was_found_valid_as_it_is_now_sells(decide: Any, state: str, bad: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        decide(vendor(state=state), bad, NOW)
    assert faults(refusal) == {("vat", "vat_valid")}
    after = decide(vendor(state=state), check(), NOW)
    assert (after.state, after.tellings) == ("verified", 1)


def test_a_vendor_whose_people_were_erased_is_not_verified() -> None:
    with pytest.raises(Refusal) as refusal:
        verified(vendor(state="checking", people=False), check(), NOW)
    assert faults(refusal) == {("people", "missing")}


def test_a_vendor_without_a_company_is_not_verified() -> None:
    with pytest.raises(Refusal):
        verified(vendor(state="checking", company=None), check(), NOW)


def test_suspensions_are_counted_and_an_end_asks_no_more() -> None:
    assert (suspended(vendor(), NOW).state, suspended(vendor(suspensions=1), NOW).suspensions) == ("suspended", 2)
    assert closed(vendor(check_due_at=NOW), NOW).check_due_at is None
    assert rejected(vendor(state="checking", check_due_at=NOW), NOW).check_due_at is None


def test_a_second_person_must_agree_to_another_account() -> None:
    first = agreed(AccountChange(VENDOR_ID, "DE89…3000", NOW), "anna", NOW)
    assert (first.first_by, first.agreed) == ("anna", False)
    with pytest.raises(Refusal) as refusal:
        agreed(first, "anna", NOW)
    assert faults(refusal) == {("principal", "second_person")}
    with pytest.raises(Refusal) as refusal:
        agreed(first, "bruno", NOW - timedelta(seconds=1))
    assert faults(refusal) == {("asked_at", "account_changed")}
    assert agreed(first, "bruno", NOW).agreed


@pytest.mark.parametrize("state", BRAND_STATES)
@pytest.mark.parametrize("step", BRAND_STEPS)
def test_a_brand_moves_by_its_table_alone(state: Any, step: Any) -> None:
    if (to := BRAND_TABLE.get((state, step))) is None:
        with pytest.raises(Refusal, match=state):
            brand_moved(brand(state=state), step)
    else:
        assert brand_moved(brand(state=state), step) == brand(state=to)


@pytest.mark.parametrize("state", BRAND_STATES)
def test_a_brands_document_is_stated_until_a_person_has_decided(state: Any) -> None:
    if state == "stated":
        require_undecided(brand(state=state))
    else:
        with pytest.raises(Refusal, match=state):
            require_undecided(brand(state=state))


def test_a_vendor_states_so_many_brands_and_no_more() -> None:
    require_few_brands(MOST_BRANDS - 1)
    with pytest.raises(Refusal, match="too many brands"):
        require_few_brands(MOST_BRANDS)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"document_hash": None}, ("document", "missing")),
        ({"valid_to": date(2026, 11, 22)}, ("valid_to", "brand_ended")),
    ],
)
def test_a_brand_is_authorised_by_its_document_and_before_its_end(change: Any, expected: tuple[str, str]) -> None:
    with pytest.raises(Refusal) as refusal:
        authorised(brand(state="stated", **change), TODAY)
    assert faults(refusal) == {expected}
    assert authorised(brand(state="stated", valid_to=TODAY), TODAY).state == "authorised"


@pytest.mark.parametrize(
    ("stated_brand", "may"),
    [
        (None, False),
        (brand(), True),
        (brand(valid_to=TODAY), True),
        (brand(valid_to=TODAY - timedelta(days=1)), False),
        (brand(valid_from=TODAY + timedelta(days=1)), False),
        (brand(territories=("FR",)), False),
        (brand(state="stated"), False),
    ],
)
def test_a_brand_sells_in_china_from_its_first_day_to_its_last(stated_brand: Any, may: bool) -> None:
    assert may_sell(stated_brand, TODAY) is may


@pytest.mark.parametrize("state", PRODUCT_STATES)
@pytest.mark.parametrize("step", PRODUCT_STEPS)
def test_a_product_moves_by_its_table_alone(state: Any, step: Any) -> None:
    if (to := PRODUCT_TABLE.get((state, step))) is None:
        with pytest.raises(Refusal, match=state):
            product_moved(product(state=state), step)
    else:
        assert product_moved(product(state=state), step) == product(state=to)


OTHER = replace(DETAILS, net_weight_g=301)


@pytest.mark.parametrize(
    ("before", "details", "state", "version"),
    [
        (product(state="draft"), DETAILS, "draft", 1),
        (product(state="submitted"), DETAILS, "submitted", 1),
        (product(state="submitted"), OTHER, "draft", 1),
        (product(state="approved", approved_version=1), DETAILS, "approved", 1),
        (product(state="approved", approved_version=1), OTHER, "changed", 2),
        (product(state="changed", version=2, approved_version=1), OTHER, "changed", 2),
        (product(state="approved", version=2, approved_version=1), DETAILS, "changed", 2),  # refused, proposed again
        (product(state="withdrawn", approved_version=1), DETAILS, "draft", 2),
        (product(state="withdrawn"), DETAILS, "draft", 1),
    ],
)
def test_a_version_that_was_approved_is_never_edited(before: Any, details: Any, state: str, version: int) -> None:
    after = stated(before, details)
    assert (after.state, after.version, after.details) == (state, version, details)


@given(st.lists(st.sampled_from(["state", "other", *PRODUCT_STEPS[1:]]), max_size=30))
def test_whatever_is_asked_an_approved_version_stays_what_it_was(steps: list[Any]) -> None:
    current, approved_details = product(state="draft"), dict[int, Any]()
    for number, step in enumerate(steps):
        try:
            if step == "approve":
                current = approved(current, vendor(), brand(), ACCEPTED, TODAY)
                assert current.version not in approved_details
                approved_details[current.version] = current.details
            elif step in ("state", "other"):
                current = stated(
                    current, replace(DETAILS, net_weight_g=number + 1) if step == "other" else current.details
                )
            else:
                current = product_moved(current, step)
        except Refusal:
            continue
        assert approved_details.get(current.version, current.details) == current.details
        assert not in_force(current) or current.approved_version in approved_details


def test_an_approval_names_every_rule_that_forbids_it() -> None:
    with pytest.raises(Refusal) as refusal:
        approved(product(), vendor(state="suspended"), None, BANNED, TODAY)
    assert faults(refusal) == {
        ("vendor", "vendor_verified"),
        ("brand", "brand_authorised"),
        ("hs_code", "prohibited_goods"),
    }
    with pytest.raises(Refusal) as refusal:
        approved(product(), vendor(), brand(), replace(BANNED, reason=None), TODAY)
    assert faults(refusal) == {("hs_code", "customs")}


@pytest.mark.parametrize(
    ("verdict", "field", "message"),
    [
        (
            replace(BANNED, reason="tariff_code_unknown", choices=("4202210010", "4202210090")),
            "hs_code",
            "Must be a code of China's tariff in force: 4202210010 or 4202210090",
        ),
        (
            replace(BANNED, reason="licence_required", permits=(Permit("C400", "Y900"), Permit("X002", "Y901"))),
            "documents",
            "Must have C400 or the statement Y900, X002 or the statement Y901",
        ),
        (
            replace(BANNED, permits=(Permit("C400", "Y900"),)),
            "hs_code",
            "Must be goods that may be brought in, by their hs_code",
        ),
    ],
)
def test_an_approval_names_what_the_vendor_may_state_instead(verdict: Verdict, field: str, message: str) -> None:
    with pytest.raises(Refusal) as refusal:
        approved(product(), vendor(), brand(), verdict, TODAY)
    [fault] = refusal.value.faults
    assert (fault.field, fault.rule, fault.message) == (field, verdict.reason, message)


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        ("tariff_code_unknown", "ask_vendor"),
        ("licence_required", "ask_vendor"),
        ("prohibited_goods", "decide_withdrawal"),
    ],
)
def test_a_barred_product_is_its_vendors_to_mend_where_it_can(reason: str, action: str) -> None:
    assert opened(VENDOR_ID, PRODUCT_BARRED, "SAVON-200", NOW, reason=reason).action == action


def test_approved_first_then_changed_then_withdrawn_and_approved_again() -> None:
    first = approved(product(), vendor(), brand(), ACCEPTED, TODAY)
    event = facts.product_in_force(product(), first, vendor(), brand(), ACCEPTED, NOW)
    assert isinstance(event, ProductApproved)
    assert (event.turn, event.product.version, event.product.mints_serials, event.product.gtin) == (
        1,
        1,
        True,
        "03245678901236",
    )
    assert event.product.brand_document == "ab" * 32
    assert event.product.content is not None
    assert [listing.regime for listing in event.product.listings] == ["cbec_9610"]

    without = stated(first, replace(DETAILS, content_amount=None, content_unit=None))
    second = approved(without, vendor(), brand(), ACCEPTED, TODAY)
    told_again = facts.product_in_force(without, second, vendor(), brand(), ACCEPTED, NOW)
    assert isinstance(told_again, ProductChanged)
    assert (told_again.product.version, told_again.product.content) == (2, None)

    withdrawn = facts.product_withdrawn(second, "vendor", NOW)
    assert (withdrawn.turn, withdrawn.reason) == (1, "vendor")
    back = product_moved(stated(product_moved(second, "withdraw"), DETAILS), "submit")
    assert approved(back, vendor(), brand(), ACCEPTED, TODAY).approvals == 2


def test_the_facts_of_a_vendor_name_no_person() -> None:
    current = vendor(suspensions=2, tellings=3)
    event = facts.vendor_verified(current, COMPANY, NOW)
    assert (event.turn, event.owner, event.public_name, event.stream_id) == (3, "vieux-port", "Vieux-Port", VENDOR_ID)
    assert facts.vendor_suspended(current, "operator", NOW).turn == facts.vendor_restored(current, NOW).turn == 2
    assert facts.in_flight_decided(current, 1, "withdraw", NOW).choice == "withdraw"


def test_a_case_is_one_by_what_it_is_about_and_settled_once() -> None:
    case = opened(VENDOR_ID, BRAND_ENDING, str(BRAND_ID), NOW)
    assert case == opened(VENDOR_ID, BRAND_ENDING, str(BRAND_ID), NOW)
    assert (case.brand_id, case.action) == (BRAND_ID, ACTIONS[BRAND_ENDING])
    assert opened(VENDOR_ID, VENDOR_DECISION, "1", NOW).brand_id is None
    after = settled(case, "renewed", "anna", NOW)
    assert (after.closed_at, after.resolution, after.decided_by) == (NOW, "renewed", "anna")
    with pytest.raises(Refusal):
        settled(after, "renewed", "anna", NOW)


@pytest.mark.parametrize(
    ("kind", "due_at", "expected"),
    [
        (VENDOR_DECISION, None, NOW + timedelta(days=3)),
        (IN_FLIGHT, None, NOW + timedelta(days=1)),
        (NUMBER_LAPSED, NOW + timedelta(days=14), NOW + timedelta(days=14)),
    ],
)
def test_a_case_has_its_day(kind: str, due_at: datetime | None, expected: datetime) -> None:
    assert opened(VENDOR_ID, kind, "1", NOW, due_at).due_at == expected


@pytest.mark.parametrize("kind", [VENDOR_DECISION, BRAND_DECISION, PRODUCT_DECISION, BANK_CHANGE])
def test_a_case_that_an_action_settles_is_not_settled_by_a_choice(kind: str) -> None:
    case = opened(VENDOR_ID, kind, "1", NOW)
    with pytest.raises(Refusal) as raised:
        settled_by_choice(case, "done", "anna", NOW)
    assert (raised.value.kind, raised.value.detail) == ("conflict", case.action)


def test_orders_in_flight_are_settled_by_one_of_their_choices_once() -> None:
    case = opened(VENDOR_ID, IN_FLIGHT, "1", NOW)
    with pytest.raises(Refusal) as raised:
        settled_by_choice(case, "wait", "anna", NOW)
    assert faults(raised) == {("resolution", "choice")}
    after = settled_by_choice(case, "withdraw", "anna", NOW)
    assert after == replace(case, closed_at=NOW, resolution="withdraw", decided_by="anna")
    with pytest.raises(Refusal, match="settled"):
        settled_by_choice(after, "go_on", "anna", NOW)


def test_a_case_of_no_choices_is_settled_by_any_word() -> None:
    assert settled_by_choice(lapse(NOW), "renewed", "anna", NOW).resolution == "renewed"


def test_a_number_is_checked_so_often_in_a_day_and_no_more() -> None:
    require_few_checks(MOST_CHECKS - 1)
    with pytest.raises(Refusal, match="too many checks") as raised:
        require_few_checks(MOST_CHECKS)
    assert (raised.value.kind, raised.value.detail) == ("conflict", "at most 10 in a day")


def test_people_are_erased_so_often_and_then_stated_no_more() -> None:
    require_few_erasures(MOST_ERASURES - 1)
    with pytest.raises(Refusal, match="too many erasures") as raised:
        require_few_erasures(MOST_ERASURES)
    assert (raised.value.kind, raised.value.detail) == ("conflict", "people are stated 100 times anew at most")


@pytest.mark.parametrize("state", STATES)
def test_people_of_a_vendor_that_sells_are_not_erased(state: Any) -> None:
    if state in ("verified", "suspended"):
        with pytest.raises(Refusal, match=f"not while the vendor is {state}") as raised:
            require_erasable(vendor(state=state))
        assert raised.value.kind == "conflict"
    else:
        require_erasable(vendor(state=state))


def lapse(due_at: datetime | None, **changes: Any) -> Case:
    return replace(opened(VENDOR_ID, NUMBER_LAPSED, "2", NOW), due_at=due_at, **changes)


NOTHING = Due(False, None, (), (), None)
UNVERIFIED = timedelta(days=100)


def test_nothing_is_due_of_a_new_vendor() -> None:
    assert due(vendor(state="draft", people=False, account=None), (), (), NOW, UNVERIFIED) == NOTHING


def test_a_check_is_due_on_its_day() -> None:
    assert due(vendor(check_due_at=NOW), (), (), NOW, UNVERIFIED) == replace(NOTHING, check=True)
    later = NOW + timedelta(days=1)
    assert due(vendor(check_due_at=later), (), (), NOW, UNVERIFIED) == replace(NOTHING, next_at=later)


def test_a_lapse_suspends_a_vendor_that_sells_when_its_deadline_has_passed() -> None:
    deadline = NOW + LAPSE_DEADLINE
    case = lapse(deadline)
    assert due(vendor(), [case], (), NOW, UNVERIFIED) == replace(NOTHING, next_at=deadline)
    assert due(vendor(), [case], (), deadline, UNVERIFIED) == replace(NOTHING, lapsed=case)
    assert due(vendor(state="suspended"), [case], (), deadline, UNVERIFIED) == NOTHING
    assert due(vendor(), [lapse(deadline, closed_at=NOW)], (), deadline, UNVERIFIED) == NOTHING
    assert due(vendor(), [lapse(None)], (), deadline, UNVERIFIED) == NOTHING


def test_a_brand_is_warned_of_once_and_ends_after_its_last_day() -> None:
    ending = brand(valid_to=TODAY + timedelta(days=40))
    end = ends_at(ending)
    assert end is not None
    warned_at = end - timedelta(days=30)
    assert due(vendor(), (), [ending, brand(id=UUID(int=8))], NOW, UNVERIFIED) == replace(NOTHING, next_at=warned_at)
    assert due(vendor(), (), [ending], warned_at, UNVERIFIED) == replace(NOTHING, warned=(ending,), next_at=end)
    case = opened(VENDOR_ID, BRAND_ENDING, str(BRAND_ID), NOW)
    assert due(vendor(), [case], [ending], warned_at, UNVERIFIED) == replace(NOTHING, next_at=end)
    assert due(vendor(), [case], [ending], end, UNVERIFIED) == replace(NOTHING, ended=(ending,))
    closed_vendor = vendor(state="closed", people=False, account=None)
    assert due(closed_vendor, (), [ending], NOW, UNVERIFIED) == replace(NOTHING, ended=(ending,))


def test_people_and_account_are_kept_for_six_months_after_the_closure() -> None:
    over = NOW + KEPT_AFTER_CLOSURE
    for closed_vendor in (
        vendor(state="closed"),
        vendor(state="closed", people=False),
        vendor(state="closed", account=None),
    ):
        assert due(closed_vendor, (), (), NOW, UNVERIFIED) == replace(NOTHING, next_at=over)
        assert due(closed_vendor, (), (), over, UNVERIFIED) == replace(NOTHING, erase=True)
    erased_vendor = vendor(state="closed", people=False, account=None)
    assert due(erased_vendor, (), (), NOW, UNVERIFIED) == due(erased_vendor, (), (), over, UNVERIFIED) == NOTHING
    assert due(vendor(), (), (), over, UNVERIFIED) == NOTHING


@pytest.mark.parametrize("state", ["draft", "rejected"])
def test_people_and_account_of_a_vendor_that_does_not_go_on_are_kept_for_a_time(state: Any) -> None:
    over, later = NOW + UNVERIFIED, NOW + timedelta(days=7)
    for waiting_vendor in (vendor(state=state), vendor(state=state, people=False), vendor(state=state, account=None)):
        assert due(waiting_vendor, (), (), NOW, UNVERIFIED) == replace(NOTHING, next_at=over)
        assert due(waiting_vendor, (), (), over, UNVERIFIED) == replace(NOTHING, erase=True)
    gone_on = vendors.stated(vendor(state=state), later)
    assert due(gone_on, (), (), over, UNVERIFIED) == replace(NOTHING, next_at=later + UNVERIFIED)
    rejected_since = vendor(state=state, since=later, stated_at=NOW)
    assert due(rejected_since, (), (), over, UNVERIFIED) == replace(NOTHING, next_at=later + UNVERIFIED)


@pytest.mark.parametrize("state", ["submitted", "checking", "verified", "suspended"])
def test_people_are_kept_while_a_vendor_sells_or_is_judged(state: Any) -> None:
    assert due(vendor(state=state), (), (), NOW + 10 * UNVERIFIED, UNVERIFIED) == NOTHING


def test_each_erasure_is_a_fact_of_its_own() -> None:
    first = facts.people_erased(vendor(), Facts(vendor_stream("vieux-port")), NOW)
    second = facts.people_erased(vendor(), Facts(vendor_stream("vieux-port"), [first]), NOW)
    assert (first.turn, second.turn, first.id == second.id) == (1, 2, False)


def test_a_fault_of_what_was_stated_is_no_conflict() -> None:
    refusal = refused("brand_id", "own_brand", "Must be a brand of this vendor")
    assert (refusal.kind, [fault.rule for fault in refusal.faults]) == ("invalid", ["own_brand"])


def test_each_version_of_a_product_has_a_case_of_its_own() -> None:
    versions = [about_product("SAVON-200", version) for version in (1, 2)]
    assert len({opened(VENDOR_ID, PRODUCT_DECISION, about, NOW).id for about in versions}) == 2
