"""What follows in customs: rule by rule, then any shuffle, split and repetition of the facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Event, order_stream
from contracts.carrier import ParcelDestroyed, ParcelLost, ParcelReturned, ParcelScanned
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import (
    ImportCleared,
    ImportRefused,
    ImportReturned,
    OrderRefused,
    OrderScreened,
    ParcelDeclared,
    ParcelUplifted,
)
from contracts.warehouse import OrderPacked, OrderWithdrawn
from services.customs.destinations import import_regimes
from services.customs.destinations.cn.shipments import shipment
from services.customs.domain import quota
from services.customs.domain.cases import CANCELLATION, POST_HOLD, attention
from services.customs.domain.decide import DOCUMENTS, EXPORT, INVENTORY, RETURN, Passed, Policy, screen, tax_by_parcel
from services.customs.domain.parcels import parcel_rows
from services.customs.regimes.rows import Amounts
from services.customs.regimes.tables import PositiveList
from shared.ledger.facts import Facts
from tests.support.customs_model import NOW, TWO_PARCELS, World, cleared, held, open_cases
from tests.support.customs_samples import (
    BUYER,
    CONTACT,
    PLACED_AT,
    POLICY,
    closed,
    delivered,
    erased,
    handed_over,
    line,
    names,
    order_id,
    packed,
    parcel,
    placed,
    recorded,
    scanned,
)
from tests.support.unknown_words import some_invented


def test_screening_waits_for_the_order_and_the_person() -> None:
    assert OrderScreened not in World().consume(placed()).facts
    assert OrderScreened not in World().consume(recorded()).facts
    screened = World().consume(recorded(), placed()).facts.get(OrderScreened)
    assert screened is not None
    # (124.00 + 18.00) EUR, each sum at 8.3591 to the fen; the coupon of 5.00 is not taken off
    assert str(screened.value_cny.amount) == "1186.99"
    assert (screened.regime, screened.rate) == ("cbec_9610", Decimal("8.3591"))


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (placed(lines=[line(price="480.00", quantity=2)]), "over_transaction_limit"),
        (placed(lines=[line(hs_code="33030010")]), "dangerous_goods"),
        (placed(lines=[line(hs_code="84713000")]), "not_on_positive_list"),
        (placed(lines=[line(price="130.00", quantity=2)], marketplace="postal-shop"), "over_postal_limit"),
    ],
)
def test_refusals(order: Event, reason: str) -> None:
    refused = World().consume(order, recorded()).facts.get(OrderRefused)
    assert refused is not None
    assert refused.reason == reason


def test_the_buyers_year() -> None:
    world = World(year_left="1186.98").consume(placed(), recorded())
    refused = world.facts.get(OrderRefused)
    assert refused is not None
    assert refused.reason == "over_yearly_limit"
    assert OrderScreened in World(year_left="1186.99").consume(placed(), recorded()).facts
    assert OrderScreened in World(year_left="0.00").consume(placed(marketplace="postal-shop"), recorded()).facts


def test_an_order_counts_in_the_year_of_its_arrival_and_has_that_days_rate() -> None:
    """Whatever the marketplace says of when the shopper placed it."""
    arrived = placed(arrived_at=datetime(2027, 1, 3, tzinfo=UTC))
    backdated = arrived.model_copy(update={"placed_at": datetime(2026, 12, 30, tzinfo=UTC)})
    verdicts = [
        screen(Facts(order_stream(order.order_id), [order, recorded()]), NOW, POLICY) for order in (arrived, backdated)
    ]
    assert verdicts[0] == verdicts[1]
    assert isinstance(verdicts[0], Passed)
    assert verdicts[0].year == 2027


@pytest.mark.parametrize("marketplace", ["shop", "postal-shop"])
def test_a_discount_that_pays_the_tax_too_is_not_taken_off(marketplace: str) -> None:
    """The marketplace may take off as much as goods, carriage and tax together."""
    order = placed(lines=[line(price="1.00", quantity=2)], freight="0.50", tax="1.00", discount="3.50")
    order = order.model_copy(update={"marketplace": marketplace})
    world = World().consume(order, recorded(), TWO_PARCELS)
    screened = world.facts.get(OrderScreened)
    assert screened is not None
    assert str(screened.value_cny.amount) == ("20.90" if marketplace == "shop" else "16.72")
    assert [str(event.total.amount) for event in world.facts.all(ParcelDeclared)] == ["0.00", "0.00"]
    for number in (1, 2) if marketplace == "shop" else ():  # by post nothing is told to the single window
        message = shipment(world.consume(handed_over(number)).facts, number, CONTACT, BUYER, POLICY, NOW.now)
        assert message.sums.total == 0
        assert all(item.total >= 0 for item in message.items)


def test_an_erased_person_is_refused_before_screening_and_only_then() -> None:
    refused = World().consume(placed(), erased()).facts.get(OrderRefused)
    assert refused is not None
    assert refused.reason == "person_erased"
    assert OrderRefused not in World().consume(placed(), recorded()).consume(erased()).facts


def test_nothing_is_screened_that_has_ended() -> None:
    assert len(World().consume(closed(), placed(), recorded()).facts) == 3


def test_each_parcel_is_declared_with_its_share() -> None:
    world = World().consume(placed(), recorded(), TWO_PARCELS)
    declared = world.facts.all(ParcelDeclared)
    assert {event.sub_order for event in declared} == {"TM1-1", "TM1-2"}
    assert {event.export for event in declared} == {"deemed"}
    assert sum(event.total.amount for event in declared) == placed().total.amount
    assert not world.jobs


def test_above_the_threshold_every_parcel_needs_its_number_however_small() -> None:
    order = placed(lines=[line(price="1000.01", quantity=1), line(2, "1.00", 1)], freight="0.00", discount="0.00")
    world = World(replace(POLICY, default_regime="cbec_9610"))
    screened = OrderScreened.model_validate(
        {
            "order_id": order_id(),
            "occurred_at": PLACED_AT,
            "regime": "cbec_9610",
            "value_cny": {"amount": "4000.00", "currency": "CNY"},
            "rate": "8",
            "rate_date": "2026-01-01",
        }
    )
    world.consume(order, screened, packed(parcel(1, (1, 1)), parcel(2, (2, 1))))
    assert world.has(EXPORT, "1")
    assert world.has(EXPORT, "2")
    assert ParcelDeclared not in world.facts


ONE_PARCEL = replace(POLICY, split_marketplaces=frozenset())


def test_a_second_box_of_an_order_that_customs_takes_in_one_parcel_asks_for_the_split_when_it_is_packed() -> None:
    world = World(ONE_PARCEL).consume(placed(), recorded(), TWO_PARCELS)
    payment_case = world.facts.get(CaseOpened, "needs_attention:split_payment:2")
    assert payment_case is not None
    assert (payment_case.reason, payment_case.action) == ("split_required", "look_into")
    assert open_cases(world) == {payment_case.case}
    world.consume(handed_over(1), handed_over(2), scanned("departed_origin", 2)).answer_inventories()
    assert open_cases(world) == set()


def test_a_withdrawn_order_asks_for_no_split() -> None:
    world = World(ONE_PARCEL).consume(placed(), recorded(), TWO_PARCELS)
    world.consume(OrderWithdrawn(order_id=order_id(), occurred_at=NOW.now, reason="shopper"))
    assert open_cases(world) == set()


@pytest.mark.parametrize(
    ("policy", "marketplace", "boxes"),
    [
        (ONE_PARCEL, "shop", packed()),
        (ONE_PARCEL, "postal-shop", TWO_PARCELS),
        (replace(POLICY, split_marketplaces=frozenset({"shop"})), "shop", TWO_PARCELS),
    ],
    ids=["one box", "by post", "the payment is split"],
)
def test_no_split_is_asked_for_of_what_customs_takes(policy: Policy, marketplace: str, boxes: OrderPacked) -> None:
    assert open_cases(World(policy).consume(placed(marketplace=marketplace), recorded(), boxes)) == set()


def test_excise_goods_are_declared_whatever_their_value() -> None:
    world = World().consume(placed(lines=[line(price="12.00", hs_code="22042100")]), recorded(), packed())
    assert world.has(EXPORT)


def test_a_withdrawn_order_is_not_declared() -> None:
    withdrawn = OrderWithdrawn(order_id=order_id(), occurred_at=NOW.now, reason="shopper")
    world = World().consume(placed(), recorded(), withdrawn, packed())
    assert ParcelDeclared not in world.facts


def test_documents_after_the_hand_over_the_inventory_after_the_departure() -> None:
    world = World().consume(placed(), recorded(), packed())
    assert not world.jobs
    world.consume(handed_over())
    assert world.has(DOCUMENTS)
    assert not world.has(INVENTORY)
    for status in ("accepted", "in_transit", "at_origin_exchange", "customs", "customs_released", "returning", None):
        world.consume(scanned(status))
    assert not world.has(INVENTORY)
    world.consume(scanned("arrived_destination"))
    assert world.has(INVENTORY)


def declared_parcel() -> World:
    world = World().consume(placed(), recorded(), packed(), handed_over(), scanned("departed_origin"))
    world.answer_inventories()
    return world


def returned(days: float = 20) -> ParcelReturned:
    returned_at = PLACED_AT + timedelta(days=days)
    return ParcelReturned(
        order_id=order_id(), occurred_at=returned_at, parcel=1, returned_at=returned_at, reason="undelivered"
    )


LOST = ParcelLost(order_id=order_id(), occurred_at=PLACED_AT + timedelta(days=40), parcel=1, said_by="operator")
DESTROYED = ParcelDestroyed(order_id=order_id(), occurred_at=PLACED_AT + timedelta(days=40), parcel=1, reason="seized")
WITHDRAWN = OrderWithdrawn(order_id=order_id(), occurred_at=NOW.now, reason="shopper")


@pytest.mark.parametrize(
    ("end", "cancelled"),
    [(returned(), True), (LOST, True), (WITHDRAWN, True), (DESTROYED, False), (delivered(), False)],
)
def test_the_inventory_of_a_parcel_that_never_comes_is_cancelled(end: Event, cancelled: bool) -> None:
    assert declared_parcel().consume(end).has(CANCELLATION) is cancelled


def test_an_inventory_is_cancelled_only_while_it_is_declared_and_not_released() -> None:
    assert not World().consume(placed(), recorded(), packed(), handed_over(), LOST).has(CANCELLATION)
    assert not declared_parcel().consume(cleared(), returned()).has(CANCELLATION)


@pytest.mark.parametrize(
    ("events", "applied_for"),
    [
        ((returned(),), True),
        ((LOST,), False),
        ((), False),
        ((returned(), ImportReturned(order_id=order_id(), occurred_at=NOW.now, parcel=1)), False),
    ],
)
def test_a_released_parcel_that_is_back_is_declared_as_a_return(events: tuple[Event, ...], applied_for: bool) -> None:
    world = World().consume(placed(), recorded(), packed(), handed_over(), scanned("departed_origin"))
    world.answer_inventories()
    assert world.consume(*reversed(events), cleared()).has(RETURN) is applied_for


def test_a_return_is_not_declared_when_its_time_is_over() -> None:
    released = ImportCleared(order_id=order_id(), occurred_at=NOW.now - timedelta(days=31), parcel=1)
    assert not declared_parcel().consume(released, returned()).has(RETURN)


def test_customs_of_a_third_country_are_behind_the_border() -> None:
    world = World().consume(placed(), recorded(), packed(), handed_over())
    world.consume(scanned("customs", hours=50).model_copy(update={"country": "FR"}))
    assert not world.has(INVENTORY)
    world.consume(scanned("customs", hours=60).model_copy(update={"country": "DE"}))
    assert world.has(INVENTORY)


def test_the_agents_notice_is_a_departure_too() -> None:
    uplifted = ParcelUplifted(
        order_id=order_id(), occurred_at=NOW.now, parcel=1, bill_number="MAWB1", voyage_number="AF116"
    )
    assert World().consume(placed(), recorded(), packed(), handed_over(), uplifted).has(INVENTORY)


def test_of_an_erased_person_nothing_more_is_sent() -> None:
    world = World().consume(placed(), recorded(), packed())
    assert not world.consume(erased(), handed_over(), scanned("arrived_destination")).jobs


def test_by_post_nothing_is_sent_and_the_scans_clear() -> None:
    world = World().consume(placed(marketplace="postal-shop"), recorded(), packed(), handed_over())
    world.consume(scanned("customs_released", hours=50), scanned("arrived_destination", hours=100))
    assert ImportCleared not in world.facts
    world.consume(scanned("customs_released", hours=110))
    assert world.facts.get(ImportCleared, 1)
    assert not world.jobs


@pytest.mark.parametrize(
    ("kind", "settles"),
    [
        ("inventory", cleared()),
        ("import_documents", cleared()),
        ("clearance", cleared()),
        ("return", ImportReturned(order_id=order_id(), occurred_at=NOW.now, parcel=1)),
        ("export", closed()),
        ("hold_answer", cleared()),
    ],
)
def test_what_needs_attention_until_it_is_settled(kind: str, settles: Event) -> None:
    opened = attention(order_id(), kind, "1", "no_answer", NOW)
    world = World().consume(placed(), recorded(), packed(), handed_over(), opened)
    if kind != "export":  # declared by leaving, here
        assert world.facts.get(CaseClosed, opened.case) is None
    world.consume(settles)
    assert world.facts.get(CaseClosed, opened.case)


@pytest.mark.parametrize("kind", ["inventory", "import_documents"])
def test_a_declaration_that_was_taken_settles_what_stood_before_it(kind: str) -> None:
    opened = attention(order_id(), kind, "1", "no_answer", NOW)
    world = World().consume(placed(), recorded(), packed(), handed_over(), scanned("arrived_destination"), opened)
    world.answer_inventories()
    closing = world.facts.get(CaseClosed, opened.case)
    assert closing is not None
    assert closing.resolution == "answered"


def test_an_order_that_is_not_packed_has_no_parcels_in_the_list() -> None:
    assert parcel_rows(World().consume(placed(), recorded()).facts) == []
    assert parcel_rows(World().consume(packed()).facts) == []


def test_the_list_of_parcels_shows_how_far_each_has_come() -> None:
    world = World().consume(placed(), recorded(), TWO_PARCELS, handed_over(1), handed_over(2), held(1))
    assert [row.state for row in parcel_rows(world.facts)] == ["import_held", "handed_over"]
    world.consume(cleared(1))
    assert [row.state for row in parcel_rows(world.facts)] == ["import_cleared", "handed_over"]


def share(world: World) -> tuple[str, str]:
    quota_share = quota.share(world.facts)
    return str(quota_share.held), str(quota_share.used)


def test_the_share_of_the_year_through_an_orders_life() -> None:
    world = World().consume(placed(), recorded())
    assert share(world) == ("1186.99", "0.00")
    world.consume(TWO_PARCELS, handed_over(1), handed_over(2), cleared(1))
    assert share(world) == ("593.49", "593.50")
    world.consume(closed())
    assert share(world) == ("0.00", "593.50")
    world.consume(delivered(2))
    assert share(world) == ("0.00", "1186.99")
    world.consume(ImportReturned(order_id=order_id(), occurred_at=NOW.now, parcel=1))
    assert share(world) == ("0.00", "593.49")


def test_an_order_that_was_not_screened_takes_nothing_of_the_year() -> None:
    assert share(World().consume(placed())) == ("0.00", "0.00")
    assert share(World(year_left="0.00").consume(placed(), recorded())) == ("0.00", "0.00")


def test_a_person_is_a_keyed_hash_of_the_identity_number_alone() -> None:
    """Whoever writes the name otherwise has one year all the same; without the key nobody is told from it."""
    key = {b"k1": b"k" * 32}
    [person] = quota.years_of(BUYER, 2026, key)
    assert [person] == list(
        quota.years_of(BUYER.model_copy(update={"name": "WANG XIAOMING", "phone": None}), 2026, key)
    )
    assert [person] != list(quota.years_of(BUYER.model_copy(update={"number": "44030119900101123X"}), 2026, key))
    assert [person] != list(quota.years_of(BUYER, 2026, {b"k1": b"l" * 32}))
    assert (person.person[:2], len(person.person)) == (b"k1", 34)


def test_a_refused_parcel_uses_nothing() -> None:
    world = World().consume(placed(), recorded(), packed())
    world.consume(ImportRefused(order_id=order_id(), occurred_at=NOW.now, parcel=1, reason="sent_back:700"), closed())
    assert share(world) == ("0.00", "0.00")


def test_the_end_before_packing_gives_everything_back() -> None:
    assert share(World().consume(placed(), recorded()).consume(closed())) == ("0.00", "0.00")


def _scans(number: int) -> list[ParcelScanned]:
    return [
        scanned("accepted", number, 3),
        scanned("in_transit", number, 10),
        scanned("customs", number, 44),
        scanned(None, number, 119, "DO3").model_copy(update={"sets": ("customs_held",)}),
        scanned("arrived_destination", number, 118),
        scanned("customs_released", number, 140).model_copy(update={"clears": ("customs_held",)}),
        scanned("delivered", number, 280),
    ]


FIRST = [placed(), recorded(), TWO_PARCELS]
LATER: list[Event] = [
    *(handed_over(1), handed_over(2), *_scans(1), *_scans(2)),
    *(held(1), held(1, hours=3, status="503"), cleared(1), held(2)),
    *(ImportRefused(order_id=order_id(), occurred_at=NOW.now, parcel=2, reason="sent_back:700"), delivered(1)),
]


def state(world: World) -> object:
    """A hold that the post told before customs did has had a case, which is closed."""
    known = {(type_, subject) for type_, subject in names(list(world.facts)) if POST_HOLD not in subject}
    rows = [(row.parcel, row.state) for row in parcel_rows(world.facts)]
    return known, open_cases(world), rows, share(world)


@pytest.mark.parametrize("marketplace", ["shop", "postal-shop"])
@given(data=st.data())
def test_any_shuffle_split_and_repetition_gives_one_state(marketplace: str, data: st.DataObject) -> None:
    events = data.draw(some_invented([placed(marketplace=marketplace), *FIRST[1:], *LATER]))
    shuffled = data.draw(st.permutations(events))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(events), max_size=6))]
    # The end follows from what customs itself has said, so that it is never consumed before the screening.
    earliest = max(shuffled.index(event) for event in events[:3]) + 1
    end = data.draw(st.integers(earliest, len(repeated)))
    world = World()
    for part in (repeated[:end], [closed(), *repeated[end:]]):
        while part:
            size = data.draw(st.integers(1, len(part)))
            world.consume(*part[:size])
            part = part[size:]
            if data.draw(st.booleans()):
                world.answer_inventories()
    world.answer_inventories()
    straight = World().consume(*events)
    straight.answer_inventories()
    straight.consume(closed())
    assert state(world) == state(straight)


@given(
    st.lists(st.tuples(st.integers(1, 400_000), st.integers(1, 4), st.booleans()), min_size=1, max_size=8),
    st.integers(0, 2_600_000),
)
def test_a_year_is_never_exceeded_and_adds_up(orders: list[tuple[int, int, bool]], start: int) -> None:
    limit, amount_used = Decimal(26_000), Decimal(start).scaleb(-2)
    shares: list[quota.Share] = []
    for cents, quantity, ends in orders:
        price = f"{Decimal(cents).scaleb(-2):.2f}"
        world = World(year_left=str(limit - amount_used))
        world.consume(placed(lines=[line(price=price, quantity=quantity)], discount="0.00"), recorded())
        if ends and OrderScreened in world.facts:
            world.consume(packed(parcel(1, (1, quantity))), cleared(1), closed())
        share = quota.share(world.facts)
        assert share.held + share.used == (
            screened.value_cny.amount if (screened := world.facts.get(OrderScreened)) else Decimal(0)
        )
        shares.append(share)
        amount_used += share.held + share.used
    assert amount_used <= limit
    assert amount_used == Decimal(start).scaleb(-2) + sum(share.held + share.used for share in shares)


def test_the_tax_of_the_parcels_is_the_tax_of_the_order() -> None:
    world = World().consume(placed(tax="12.92"), recorded())
    assert tax_by_parcel(world.facts, POLICY) == {}
    world.consume(TWO_PARCELS)
    screened = world.facts.get(OrderScreened)
    assert screened is not None
    assert screened.tax_cny is not None
    assert sum(tax_by_parcel(world.facts, POLICY).values()) == screened.tax_cny.amount
    assert sorted(tax_by_parcel(world.facts, POLICY)) == [1, 2]


def test_of_an_order_that_was_screened_without_a_tax_none_is_told() -> None:
    world = World().consume(placed(), recorded())
    screened = world.facts.get(OrderScreened)
    assert screened is not None
    older = Facts(
        order_stream(order_id()), [placed(), recorded(), screened.model_copy(update={"tax_cny": None}), packed()]
    )
    assert tax_by_parcel(older, POLICY) == {}


def test_of_an_order_that_the_rules_of_its_day_refuse_by_now_no_tax_is_told() -> None:
    """A release may change a day that has passed."""
    world = World().consume(placed(tax="12.92"), recorded(), TWO_PARCELS)

    def under(**changed: object) -> Policy:
        rules = replace(POLICY.tables, **changed)  # type: ignore[arg-type]
        return replace(POLICY, tables=rules, imports=import_regimes(rules))

    assert tax_by_parcel(world.facts, under(positive_list=PositiveList.of(()))) == {}
    assert tax_by_parcel(world.facts, under(cbec_transaction=Amounts("cbec_transaction_cny", ()))) == {}
