"""The warehouse's decisions: who gets the stock, whether an order may still be withdrawn, which goods move.

The arbiter is here because the goods are. An order can be withdrawn until its first parcel is handed over, and whoever
asks (the shopper, a deadline, a refused parcel or label, a shortage) gets the same answer: withdrawn, or too late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from contracts.base import Event, Parcel
from contracts.carrier import LabelCreated, LabelRefused, ParcelScanned
from contracts.customs import OrderRefused, OrderScreened, ParcelRefused
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.vocabularies import with_the_carrier
from contracts.warehouse import (
    CancelTooLate,
    OrderPacked,
    OrderWithdrawn,
    ParcelHandedOver,
    ParcelReceivedBack,
    Shortage,
    StockRefused,
    StockReserved,
    StockShort,
)
from services.warehouse.domain.stock import Levels, Movement, on_pile
from shared.ledger.facts import DecisionContext, Facts, Timer

LOOK_AGAIN = timedelta(minutes=1)
"""After a restore: an order that waits for goods is decided again after this, in business time."""

Stage = Literal["waiting", "reserved", "packed", "labelled", "handed_over", "refused", "withdrawn", "closed"]


def decide(facts: Facts, context: DecisionContext) -> list[Event]:
    """What follows from the facts of the order alone, whatever the stock: proved hand-overs, and the answers to those
    who want the order withdrawn."""
    proved = _proved_hand_overs(facts, context.now)
    return [*proved, *_answers(facts, gone=bool(proved) or ParcelHandedOver in facts, now=context.now)]


def _proved_hand_overs(facts: Facts, now: datetime) -> list[Event]:
    """A carrier's scan proves the hand-over, even if nobody said so, even if the order was withdrawn."""
    if ParcelScanned not in facts:
        return []
    proofs = {scan.parcel: scan for scan in reversed(facts.all(ParcelScanned)) if with_the_carrier(scan.status)}
    return [
        ParcelHandedOver(
            order_id=facts.order_id, occurred_at=now, parcel=number, tracking_number=proofs[number].tracking_number
        )
        for number in sorted(packed_parcels(facts))
        if number in proofs and facts.get(ParcelHandedOver, number) is None
    ]


def _answers(facts: Facts, *, gone: bool, now: datetime) -> list[Event]:
    """One withdrawal answers all who asked; after the first hand-over each reason is told that it comes too late."""
    reasons = _reasons(facts)
    if not reasons or OrderWithdrawn in facts:
        return []
    if not gone:
        return [OrderWithdrawn(order_id=facts.order_id, occurred_at=now, reason=reasons[0])]
    return [
        CancelTooLate(order_id=facts.order_id, occurred_at=now, reason=reason)
        for reason in reasons
        if facts.get(CancelTooLate, reason) is None
    ]


def _reasons(facts: Facts) -> list[str]:
    """Why the order should be withdrawn, the earliest first, each once."""
    asked: list[tuple[Event, str]] = [
        *((event, event.reason) for event in facts.all(CancelRequested)),
        *((event, "parcel_refused") for event in facts.all(ParcelRefused)),
        *((event, "label_refused") for event in facts.all(LabelRefused)),
        *((event, "stock_short") for event in facts.all(StockShort)),
    ]
    asked.sort(key=lambda item: (item[0].occurred_at, item[0].id.int))
    return list(dict.fromkeys(reason for _, reason in asked))


def wants_reservation(facts: Facts) -> bool:
    """Placed and screened, and nothing decided yet: the decision on the stock is taken once."""
    return (OrderPlaced in facts and OrderScreened in facts) and not any(
        end in facts for end in (StockReserved, StockRefused, OrderWithdrawn, OrderRefused, OrderClosed)
    )


def wanted(facts: Facts) -> dict[str, int]:
    """The order's units by SKU; a SKU may be on several lines."""
    placed = facts.get(OrderPlaced)
    return _by_sku((line.sku, line.quantity) for line in placed.lines) if placed else {}


def packed_parcels(facts: Facts) -> dict[int, Parcel]:
    """The parcels of the plan, by number; none before packing."""
    packed = facts.get(OrderPacked)
    return {parcel.parcel: parcel for parcel in packed.parcels} if packed else {}


@dataclass(frozen=True, slots=True)
class Work:
    """An order as the warehouse sees it: what is known, and which goods have moved for it."""

    facts: Facts
    moved: Sequence[Movement] = ()

    def held(self) -> dict[str, int]:
        """The units set aside for the order, by SKU."""
        return on_pile(self.moved, "reserved")


@dataclass(slots=True)
class Settlement:
    """What a batch of orders does to the stock. `levels` holds every SKU that was looked at."""

    levels: dict[str, Levels]
    movements: list[Movement] = field(default_factory=list)
    published: list[Event] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    booked: list[UUID] = field(default_factory=list)
    """Orders whose forgotten reservation is in the books now."""
    unbooked: dict[UUID, Sequence[str]] = field(default_factory=dict)
    """Orders whose forgotten reservation still is not, with its SKUs: none while its lines are not known."""

    def move(self, *movements: Movement) -> None:
        for sku in {movement.sku for movement in movements}:
            self.levels[sku] = self.levels[sku].after(*(movement for movement in movements if movement.sku == sku))
        self.movements += movements

    def available(self, sku: str) -> int:
        """0 for a SKU that nobody knows."""
        return self.levels[sku].available if sku in self.levels else 0


def touched(works: Iterable[Work]) -> set[str]:
    """The SKUs whose stock rows these orders need, to be locked before `settle`."""
    skus: set[str] = set()
    for work in works:
        skus.update(movement.sku for movement in due(work))
        if wants_reservation(work.facts) or _forgotten(work):
            skus.update(wanted(work.facts))
    return skus


def settle(
    works: Sequence[Work],
    levels: Mapping[str, Levels],
    now: datetime,
    unbooked: Mapping[UUID, Sequence[str]] | None = None,
) -> Settlement:
    """Moves what is due, then reserves for those who wait, the order that arrived first before the others: all its
    lines or none. `levels` are the locked rows of `touched`; `unbooked` are all orders with a forgotten reservation, as
    in `Settlement.unbooked`. While one of those lacks its goods, a newcomer gets none of them and looks again later."""
    result = Settlement(levels=dict(levels), unbooked=dict(unbooked or {}))
    for work in works:
        if not _forgotten(work):
            _move_due(work, result)
    for work in works:
        if _forgotten(work):
            _book(work, result, now)
    claimed = {sku for skus in result.unbooked.values() for sku in skus}
    all_known = all(result.unbooked.values())
    waiting = [work.facts for work in works if wants_reservation(work.facts)]
    for facts in sorted(waiting, key=_by_arrival):
        if all_known and claimed.isdisjoint(wanted(facts)):
            _reserve(facts, result, now)
        else:
            result.timers.append(Timer(facts.order_id, now + LOOK_AGAIN))
    return result


def _move_due(work: Work, result: Settlement) -> None:
    before = len(result.movements)
    for movement in _left(work):
        result.move(_capped(movement, result))
    for movement in _returned(work.facts, [*work.moved, *result.movements[before:]]):
        result.move(movement)


def _forgotten(work: Work) -> bool:
    """A reservation that was said and has moved nothing: our database was restored, and took the fact over from our
    own topic."""
    return StockReserved in work.facts and not any(movement.kind == "reserved" for movement in work.moved)


def _book(work: Work, result: Settlement, now: datetime) -> None:
    """Sets the goods of a forgotten reservation aside, and with them moves all that has befallen them since: at once
    or not at all. What the order did not give back must be free, which it may not be before products and receipts that
    the backup lacks are entered again. Until then nothing moves, so that nothing is booked as less than it was."""
    order_id, lines = work.facts.order_id, wanted(work.facts)
    reserved = [Movement(sku, "reserved", units, order_id=order_id) for sku, units in sorted(lines.items())]
    since = [*reserved, *due(replace(work, moved=reserved))]
    free = {sku: result.available(sku) + change for sku, change in on_pile(since, "available").items()}
    if lines and all(sku in result.levels and units >= 0 for sku, units in free.items()):
        result.move(*since)
        result.booked.append(order_id)
        result.unbooked.pop(order_id, None)
    else:
        result.unbooked[order_id] = sorted(lines)
        result.timers.append(Timer(order_id, now + LOOK_AGAIN))


def _by_arrival(facts: Facts) -> tuple[datetime, int]:
    return facts.all(OrderPlaced)[0].occurred_at, facts.order_id.int


def _capped(movement: Movement, result: Settlement) -> Movement:
    """Goods that were given back and yet left with the carrier may have been set aside for another order meanwhile.
    Only what is still free is taken; that order's picker will find its unit missing and report it."""
    if movement.kind != "shipped_after_release":
        return movement
    return replace(movement, quantity=min(movement.quantity, result.available(movement.sku)))


def _reserve(facts: Facts, result: Settlement, now: datetime) -> None:
    lines = wanted(facts)
    shortages = tuple(
        Shortage(sku=sku, wanted=units, available=result.available(sku))
        for sku, units in sorted(lines.items())
        if result.available(sku) < units
    )
    if shortages:
        result.published.append(StockRefused(order_id=facts.order_id, occurred_at=now, shortages=shortages))
        return
    for sku, units in sorted(lines.items()):
        result.move(Movement(sku, "reserved", units, order_id=facts.order_id))
    result.published.append(StockReserved(order_id=facts.order_id, occurred_at=now))


def due(work: Work) -> list[Movement]:
    """The movements that follow from the facts and have not happened: shipped with its parcel, given back when the
    order is withdrawn or closed, booked in when the parcel came back."""
    left = _left(work)
    return [*left, *_returned(work.facts, [*work.moved, *left])]


def _left(work: Work) -> list[Movement]:
    held = Counter(work.held())
    if not held and ParcelHandedOver not in work.facts:
        return []
    return [*_shipped(work, held), *_released(work, held)]


def _shipped(work: Work, held: Counter[str]) -> Iterator[Movement]:
    parcels = packed_parcels(work.facts)
    gone = {movement.subject for movement in work.moved if movement.kind in ("shipped", "shipped_after_release")}
    for handed in work.facts.all(ParcelHandedOver):
        if handed.subject in gone or handed.parcel not in parcels:
            continue
        for sku, units in sorted(_contents(parcels[handed.parcel]).items()):
            ours = min(units, held[sku])
            held[sku] -= ours
            if ours:
                yield Movement(sku, "shipped", ours, order_id=work.facts.order_id, subject=handed.subject)
            if units > ours:
                yield Movement(
                    sku, "shipped_after_release", units - ours, order_id=work.facts.order_id, subject=handed.subject
                )


def _released(work: Work, held: Counter[str]) -> Iterator[Movement]:
    if OrderWithdrawn in work.facts or OrderClosed in work.facts:
        for sku, units in sorted(held.items()):
            if units:
                yield Movement(sku, "released", units, order_id=work.facts.order_id)


def _returned(facts: Facts, moved: Sequence[Movement]) -> Iterator[Movement]:
    """Never more than left with the parcel by our books: see `_capped`. The rest, if a count finds any, is a goods
    receipt."""
    booked = {movement.subject for movement in moved if movement.kind in ("returned_sound", "returned_damaged")}
    for back in facts.all(ParcelReceivedBack):
        if back.subject in booked:
            continue
        left = Counter(on_pile((movement for movement in moved if movement.subject == back.subject), "shipped"))
        sound = _by_sku((content.sku, content.quantity) for content in back.sound)
        damaged = _by_sku((content.sku, content.quantity) for content in back.written_off)
        for sku in sorted({*sound, *damaged}):
            whole = min(sound.get(sku, 0), left[sku])
            broken = min(damaged.get(sku, 0), left[sku] - whole)
            if whole:
                yield Movement(sku, "returned_sound", whole, order_id=facts.order_id, subject=back.subject)
            if broken:
                yield Movement(sku, "returned_damaged", broken, order_id=facts.order_id, subject=back.subject)


def shortage(
    work: Work, sku: str, quantity: int, reason: Literal["short_pick", "damaged"], levels: Levels, now: datetime
) -> tuple[list[Movement], StockShort | None]:
    """Units set aside for the order are missing or broken: they are written off. Others replace them if enough are
    available; else the order is short. ValueError when the order does not hold that many."""
    if quantity > work.held().get(sku, 0):
        raise ValueError(f"the order does not hold {quantity} of {sku}")
    order_id = work.facts.order_id
    before = sum(1 for movement in work.moved if movement.kind == "written_off" and movement.sku == sku)
    subject = str(before + 1)
    lost = Movement(sku, "written_off", quantity, order_id=order_id, subject=subject)
    if levels.available >= quantity:
        return [lost, Movement(sku, "replaced", quantity, order_id=order_id, subject=subject)], None
    missing = quantity - levels.available
    return [lost], StockShort(order_id=order_id, occurred_at=now, sku=sku, missing=missing, reason=reason)


def stage(facts: Facts) -> tuple[Stage, datetime]:
    """Where the order stands in the warehouse, and since when. ValueError for an order of which nothing is known."""
    for kind, name in _ENDS:
        if end := facts.get(kind):
            return name, end.occurred_at
    if packed := facts.get(OrderPacked):
        handed, labels = facts.all(ParcelHandedOver), facts.all(LabelCreated)
        if len(handed) >= len(packed.parcels):
            return "handed_over", handed[-1].occurred_at
        if all(facts.get(LabelCreated, parcel.parcel) for parcel in packed.parcels):
            return "labelled", labels[-1].occurred_at
        return "packed", packed.occurred_at
    for kind, name in _BEFORE_PACKING:
        if fact := facts.get(kind):
            return name, fact.occurred_at
    return "waiting", min(event.occurred_at for event in facts)


_ENDS: tuple[tuple[type[Event], Stage], ...] = ((OrderClosed, "closed"), (OrderWithdrawn, "withdrawn"))
_BEFORE_PACKING: tuple[tuple[type[Event], Stage], ...] = (
    (StockReserved, "reserved"),
    (StockRefused, "refused"),
    (OrderRefused, "refused"),
)


def _contents(parcel: Parcel) -> dict[str, int]:
    return _by_sku((content.sku, content.quantity) for content in parcel.contents)


def _by_sku(units: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for sku, quantity in units:
        total[sku] += quantity
    return dict(total)
