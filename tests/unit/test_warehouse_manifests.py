"""Manifests: what may be scanned on, what is handed over when they are closed, and what is on which of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event
from contracts.warehouse import MANIFEST_PARCELS, ManifestClosed, OrderWithdrawn, ParcelHandedOver
from services.refusals.refusal import Refusal
from services.warehouse.domain.actions import Measures, hand_over, repack
from services.warehouse.domain.manifests import (
    Manifest,
    ScannedParcel,
    close,
    listed_state,
    scan_off,
    scan_on,
    scanned_state,
)
from shared.ledger.facts import Facts
from tests.support.warehouse_model import NOW, WarehouseModel, cancel, closed, order_id, warehouse
from tests.support.warehouse_model import label as label_of
from tests.support.warehouse_model import packed as packed_in
from tests.support.warehouse_model import placed as placed_as
from tests.support.warehouse_model import scan as carrier_scan
from tests.support.warehouse_model import screened as screened_as
from tests.support.warehouse_samples import CLOSED, HANDED_OVER, LATER, ORDER, PACKED, WITHDRAWN, known, label

OPEN = Manifest(UUID(int=7), "laposte", NOW, None, 0)
LABELLED = (*PACKED, label(1), label(2))
BOTH = (ScannedParcel(ORDER, 1, "T1-1", NOW), ScannedParcel(ORDER, 2, "T1-2", NOW))


def refused(events: Sequence[Event], without: Sequence[str] = (), scanned: Sequence[ScannedParcel] = BOTH) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        close(OPEN, scanned, {ORDER: known(*events)}, without, LATER)
    return refusal.value


def test_a_parcel_is_scanned_on_by_the_rules_of_its_hand_over() -> None:
    assert scan_on(known(*LABELLED), 1, "T1-1", OPEN, LATER) == ScannedParcel(ORDER, 1, "T1-1", LATER)
    for facts in (known(*PACKED, label(1)), known(*LABELLED, WITHDRAWN), known(*LABELLED, HANDED_OVER)):
        with pytest.raises(Refusal) as refusal:
            scan_on(facts, 1, "T1-1", OPEN, LATER)
        assert refusal.value.kind == "conflict"


def test_a_parcel_goes_on_a_manifest_of_its_label_s_carrier_only() -> None:
    with pytest.raises(Refusal) as refusal:
        scan_on(known(*LABELLED), 1, "T1-1", replace(OPEN, carrier="dhl"), LATER)
    assert [fault.rule for fault in refusal.value.faults] == ["carrier_of_manifest"]


def test_a_full_manifest_takes_no_parcel() -> None:
    with pytest.raises(Refusal, match="full"):
        scan_on(known(*LABELLED), 1, "T1-1", replace(OPEN, parcels=MANIFEST_PARCELS), LATER)


def test_a_closed_manifest_takes_no_parcel_and_gives_none_back() -> None:
    over = replace(OPEN, closed_at=NOW)
    assert (OPEN.state, over.state) == ("open", "closed")
    with pytest.raises(Refusal, match="closed"):
        scan_on(known(*LABELLED), 1, "T1-1", over, LATER)
    with pytest.raises(Refusal, match="closed"):
        scan_off(over)
    with pytest.raises(Refusal, match="closed"):
        close(over, BOTH, {ORDER: known(*LABELLED)}, (), LATER)
    scan_off(OPEN)


def test_closing_hands_over_every_parcel_of_the_manifest() -> None:
    closing = close(OPEN, BOTH, {ORDER: known(*LABELLED)}, (), LATER)
    assert [(fact.parcel, fact.tracking_number, fact.occurred_at) for fact in closing.handed_over] == [
        (1, "T1-1", LATER),
        (2, "T1-2", LATER),
    ]
    assert [parcel.tracking_number for parcel in closing.closed.parcels] == ["T1-1", "T1-2"]
    assert (closing.closed.carrier, closing.closed.occurred_at) == ("laposte", LATER)


@pytest.mark.parametrize(("end", "rule"), [(WITHDRAWN, "withdrawn"), (CLOSED, "order_closed")])
def test_a_parcel_that_may_not_leave_is_named_and_holds_back_the_others(end: Event, rule: str) -> None:
    refusal = refused([*LABELLED, end])
    assert refusal.kind == "conflict"
    assert [(fault.field, fault.rule) for fault in refusal.faults] == [
        ("parcels.T1-1", rule),
        ("parcels.T1-2", rule),
    ]


def test_a_parcel_whose_labels_a_restored_database_lacks_is_not_ready() -> None:
    assert [fault.rule for fault in refused([*PACKED, label(1)]).faults] == ["not_ready", "not_ready"]


def test_what_stays_here_is_named_and_what_the_carrier_has_is_left_out() -> None:
    closing = close(OPEN, BOTH, {ORDER: known(*LABELLED)}, ["T1-1"], LATER)
    assert [fact.parcel for fact in closing.handed_over] == [2]
    closing = close(OPEN, BOTH, {ORDER: known(*LABELLED, HANDED_OVER)}, (), LATER)
    assert [fact.parcel for fact in closing.handed_over] == [2]
    assert [parcel.tracking_number for parcel in closing.closed.parcels] == ["T1-2"]


def test_a_manifest_from_which_nothing_leaves_is_not_closed() -> None:
    assert refused([*LABELLED], without=["T1-1", "T1-2"]).kind == "conflict"
    assert refused([], scanned=()).title == "no parcel is on the manifest that could leave"


def test_only_what_is_on_the_manifest_can_stay_here() -> None:
    refusal = refused(LABELLED, without=["T9-9", "T1-1"])
    assert (refusal.kind, [(fault.field, fault.rule) for fault in refusal.faults]) == (
        "invalid",
        [("without.T9-9", "on_manifest")],
    )


def test_the_state_of_a_parcel_is_the_same_by_facts_and_by_the_work_lists() -> None:
    assert scanned_state(known(*LABELLED), 1) == listed_state("open", "labelled", False) == "ready"
    assert scanned_state(known(*LABELLED, WITHDRAWN), 1) == listed_state("open", "withdrawn", False)
    assert scanned_state(known(*LABELLED, CLOSED), 1) == listed_state("open", "closed", False)
    assert scanned_state(known(*LABELLED, HANDED_OVER, CLOSED), 1) == listed_state("open", "closed", True)
    repacked = repack(known(*LABELLED), 1, Measures(600, 300, 200, 100), LATER)
    assert scanned_state(known(*LABELLED, repacked), 1) == listed_state("open", "packed", None) == "given_up"
    assert listed_state("open", None, None) == "not_ready"
    assert listed_state("closed", "closed", True) == "handed_over"


def test_a_box_that_was_given_up_never_leaves_with_a_manifest() -> None:
    repacked = repack(known(*LABELLED), 1, Measures(600, 300, 200, 100), LATER)
    refusal = refused([*LABELLED, repacked, label(3)])
    assert [(fault.field, fault.rule) for fault in refusal.faults] == [("parcels.T1-1", "given_up")]


ORDERS, PARCELS, MANIFESTS = range(3), (1, 2), range(2)


@dataclass
class Dock:
    """Orders of two parcels each, and manifests on which they are scanned: the rules without the database."""

    model: WarehouseModel
    on: dict[int, list[ScannedParcel]] = field(default_factory=lambda: {number: [] for number in MANIFESTS})
    closed: list[ManifestClosed] = field(default_factory=list)
    directly: set[tuple[UUID, int]] = field(default_factory=set)
    now: int = 6

    def manifest(self, number: int) -> Manifest:
        """The open one of this number: it has a successor as soon as it is closed."""
        return Manifest(UUID(int=100 * len(self.closed) + number), "laposte", NOW, None, len(self.on[number]))

    def facts(self, order: int) -> Facts:
        return self.model.sets[order_id(order)]

    def step(self, action: str, order: int, parcel: int, number: int) -> None:
        self.now += 1
        acted_at, tracking_number = NOW + timedelta(hours=self.now), f"T{order}-{parcel}"
        try:
            match action:
                case "on":
                    self.scan_on(order, parcel, number)
                case "off":
                    entries = [entry for entry in self.on[number] if entry.tracking_number != tracking_number]
                    self.on[number] = entries
                case "cancel":
                    self.model.consume([cancel(order)])
                case "end":
                    self.model.consume([closed(order)])
                case "carrier":
                    self.model.consume([carrier_scan(order, parcel)])
                case "directly":
                    fact = hand_over(self.facts(order), parcel, tracking_number, acted_at)
                    if fact.occurred_at == acted_at:
                        self.directly.add((fact.order_id, parcel))
                    self.model.consume([fact])
                case "close" | "close_without":
                    self.close(number, action == "close_without")
        except Refusal:
            pass

    def scan_on(self, order: int, parcel: int, number: int) -> None:
        scanned_at = NOW + timedelta(hours=self.now)
        entry = scan_on(self.facts(order), parcel, f"T{order}-{parcel}", self.manifest(number), scanned_at)
        if not any(entry.tracking_number == other.tracking_number for on in self.on.values() for other in on):
            self.on[number].append(entry)

    def close(self, number: int, without: bool) -> None:
        scanned, closed_at = self.on[number], NOW + timedelta(hours=self.now)
        orders = {entry.order_id: self.model.sets[entry.order_id] for entry in scanned}
        stays = [
            entry.tracking_number for entry in scanned if scanned_state(orders[entry.order_id], entry.parcel) != "ready"
        ]
        closing = close(self.manifest(number), scanned, orders, stays if without else (), closed_at)
        self.closed.append(closing.closed)
        self.model.consume(closing.handed_over)
        self.on[number] = []

    def check(self) -> None:
        listed = [(parcel.order_id, parcel.parcel) for manifest in self.closed for parcel in manifest.parcels]
        assert len(listed) == len(set(listed)), "a parcel is on two closed manifests"
        handed_over = {
            (fact.order_id, fact.parcel): fact
            for facts in self.model.sets.values()
            for fact in facts.all(ParcelHandedOver)
        }
        for manifest in self.closed:
            for parcel in manifest.parcels:
                assert handed_over[parcel.order_id, parcel.parcel].occurred_at == manifest.occurred_at
        proved = {
            key for key, fact in handed_over.items() if fact.occurred_at == NOW + timedelta(hours=5)
        }  # the hour in which the model decides
        assert set(listed) | self.directly | proved == set(handed_over)
        assert len(listed) + len(self.directly) + len(proved) == len(handed_over), "handed over in two ways"
        withdrawn = [facts.get(OrderWithdrawn) for facts in self.model.sets.values()]
        assert not {fact.order_id for fact in withdrawn if fact} & {order for order, _ in listed}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["on", "on", "on", "off", "cancel", "end", "carrier", "directly", "close", "close_without"]),
        st.sampled_from(ORDERS),
        st.sampled_from(PARCELS),
        st.sampled_from(MANIFESTS),
    ),
    max_size=40,
)


@given(STEPS)
def test_closed_manifests_are_what_was_handed_over_with_them(steps: list[tuple[str, int, int, int]]) -> None:
    dock = Dock(warehouse({"SAVON-200": 9, "MIEL-500": 9}))
    units = {"SAVON-200": 1, "MIEL-500": 1}
    for order in ORDERS:
        dock.model.consume([placed_as(order, units), screened_as(order)])
        dock.model.consume([packed_in(order, units, boxes=2)])
        dock.model.consume([label_of(order, parcel) for parcel in PARCELS])
    for step in steps:
        dock.step(*step)
        dock.check()
    dock.model.check({"SAVON-200": 9, "MIEL-500": 9})
