"""Where one parcel is: a status and its flags, derived from the carrier's scans.

The canonical statuses, their ranks and the rules are in the glossary. The answer is a function of the set of facts:
they are sorted by event time (tie: rank, then id), so lateness and repetition change nothing. Which status replaces
which is in `services.parcel_status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.base import CountryCode, Event
from contracts.carrier import LabelCreated, ParcelScanned
from contracts.customs import ImportCleared, ImportDeclared, ImportHeld, ImportRefused, ParcelUplifted
from contracts.orders import OrderAmended, OrderClosed, ParcelEnd
from contracts.vocabularies import FINAL, RANKS, Flag, Status, known_status, with_the_carrier
from contracts.warehouse import OrderWithdrawn, ParcelHandedOver
from services.parcel_status import ORIGIN, Step, end_step, in_order, replaces

_NO_CORRECTION = {("seized", "destroyed"), *((known, "lost") for known, rank in RANKS.items() if rank == FINAL)}
"""`destroyed` includes `seized`."""
_DEPARTED, _ARRIVED, _CLEARED = RANKS["departed_origin"], RANKS["arrived_destination"], RANKS["import_cleared"]
_LAST_MILE, _LAST_MILE_END = RANKS["at_delivery_office"], RANKS["available_for_pickup"]


_SHORTEST_FLIGHT = timedelta(hours=10)
"""Paris to Beijing without a stop. A parcel that arrives sooner after a customs scan was not in French customs then, or
one of the two times is not exact."""


@dataclass(frozen=True, slots=True)
class Journey:
    """The state that follows from the facts of one parcel."""

    status: Status | None = None
    """None: the carrier knows nothing of the parcel yet."""
    status_at: datetime | None = None
    """When the status became what it is."""
    seen_at: datetime | None = None
    """The latest scan of any kind: silence counts from here."""
    country: CountryCode | None = None
    city: str | None = None
    """Where in the country; None where the latest scan does not say."""
    flags: tuple[Flag, ...] = ()
    reason: str | None = None
    """Why the carrier says that the parcel is held, or what is due at the door."""
    scan_statuses: tuple[tuple[UUID, Status], ...] = ()
    """The status that each scan stands for, by its fact's id, once its side of the border is known."""

    @property
    def rank(self) -> int:
        return RANKS[self.status] if self.status else 0

    @property
    def final(self) -> bool:
        return self.rank == FINAL


def derive_journey(
    facts: Sequence[Event],
    *,
    destination: CountryCode | None = None,
    end: tuple[OrderClosed, ParcelEnd] | None = None,
    withdrawn: OrderWithdrawn | None = None,
) -> Journey:
    """Derives the journey from the facts of one parcel. `end` and `withdrawn` are what its order's facts say of it."""
    steps = list(_steps(facts))
    if end:
        steps.append(Step(end[0].occurred_at, end[0], end[1].outcome, corrects=True))
    if withdrawn and not handed_to_carrier(facts):
        steps.append(Step(withdrawn.occurred_at, withdrawn, "cancelled"))
    steps = _resolve(in_order(steps), destination)
    status: Status | None = None
    status_at = seen_at = None
    country: CountryCode | None = None
    city: str | None = None
    closed = False
    for step in steps:
        counts = _counts(status, step, closed)
        closed = closed or step.corrects
        if isinstance(step.fact, ParcelScanned):
            seen_at = step.at
            if counts or status is None or RANKS[status] < FINAL:
                country = step.fact.country or _country_of(step.status, destination) or country
                city = step.fact.city
        if counts and step.status:
            status, status_at = step.status, step.at
            if not isinstance(step.fact, ParcelScanned):
                country, city = _country_of(status, destination) or country, None
    flags = () if status and RANKS[status] == FINAL else _flags(steps)
    return Journey(
        status=status,
        status_at=status_at,
        seen_at=seen_at,
        country=country,
        city=city,
        flags=flags,
        reason=None if status and RANKS[status] >= RANKS["returning"] else _reason(steps, flags),
        scan_statuses=tuple((s.fact.id, s.status) for s in steps if s.status and isinstance(s.fact, ParcelScanned)),
    )


def handed_to_carrier(facts: Iterable[Event]) -> bool:
    """Whether the parcel was handed over; a scan of the carrier proves it."""
    return any(
        isinstance(fact, ParcelHandedOver) or (isinstance(fact, ParcelScanned) and with_the_carrier(fact.status))
        for fact in facts
    )


def _steps(facts: Iterable[Event]) -> Iterator[Step]:
    for fact in facts:
        match fact:
            case ParcelScanned():
                yield Step(fact.scanned_at, fact, known_status(fact.status))
            case LabelCreated():
                yield Step(fact.occurred_at, fact, "announced")
            case ImportHeld():
                yield Step(fact.held_at, fact)
            case ImportCleared() | ImportRefused() | ImportDeclared() | ParcelUplifted():
                yield Step(fact.occurred_at, fact)
            case OrderAmended():
                yield Step(fact.occurred_at, fact, fact.outcome, corrects=True)
            case _ if end := end_step(fact):
                yield end


def _resolve(steps: list[Step], destination: CountryCode | None) -> list[Step]:
    """Decides, for scans that name no side of the border, the side that follows from the facts before them."""
    departed = min((s.at for s in steps if _proves_departure(s, destination)), default=None)
    arrival = min((s.at for s in steps if s.status and _ARRIVED <= RANKS[s.status] <= _LAST_MILE_END), default=None)
    arrived: datetime | None = None
    returning = False
    resolved: list[Step] = []
    for step in steps:
        status = step.status
        if status in ("customs", "customs_released"):
            if _in_third_country(step, destination):
                status = "in_transit_country"
            elif _undecidable(step, departed, arrival):
                pass
            elif _is_import(step, departed):
                status = "import_customs" if status == "customs" else "import_cleared"
            else:
                status = "export_customs" if status == "customs" else "export_cleared"
        elif status == "in_transit" and arrived is not None and step.at > arrived and not returning:
            status = "in_destination_network"
        if arrived is None and status and _ARRIVED <= RANKS[status] <= _LAST_MILE_END:
            arrived = step.at
        if status:
            returning = status == "returning" or (returning and not _LAST_MILE <= RANKS[status] <= _LAST_MILE_END)
        resolved.append(step if status == step.status else Step(step.at, step.fact, status, step.corrects))
    return resolved


def _in_third_country(step: Step, destination: CountryCode | None) -> bool:
    """Whether the scan was made in a third country: its customs are neither side."""
    if destination is None or not isinstance(step.fact, ParcelScanned):
        return False
    return step.fact.country not in (None, ORIGIN, destination)


def _undecidable(step: Step, departed: datetime | None, arrival: datetime | None) -> bool:
    """Whether a scan without a country lies before all that proves a departure, but too shortly before the arrival."""
    if isinstance(step.fact, ParcelScanned) and step.fact.country is not None:
        return False
    before = arrival is not None and timedelta() < arrival - step.at < _SHORTEST_FLIGHT
    return before and (departed is None or departed > step.at)


def _is_import(step: Step, departed: datetime | None) -> bool:
    """The scan's country decides; without one, whether the parcel had left by then."""
    if isinstance(step.fact, ParcelScanned) and step.fact.country is not None:
        return step.fact.country != ORIGIN
    return departed is not None and departed <= step.at


def _proves_departure(step: Step, destination: CountryCode | None) -> bool:
    if isinstance(step.fact, ParcelUplifted | ImportDeclared):
        return True
    if not isinstance(step.fact, ParcelScanned) or step.status is None:
        return False
    if step.status in ("customs", "customs_released"):
        return step.fact.country is not None and step.fact.country == destination
    return _DEPARTED <= RANKS[step.status] <= _LAST_MILE_END


def _counts(current: Status | None, step: Step, closed: bool) -> bool:
    """Whether the step's status replaces the current one. Once the order is closed only `orders` changes an end; that
    a parcel which was seen somewhere is lost it cannot say."""
    if step.status is None or step.status == current:
        return False
    if step.corrects:
        return current is None or RANKS[current] < FINAL or (current, step.status) not in _NO_CORRECTION
    return replaces(current, step.status) and not (closed and current and RANKS[current] == FINAL)


def _flags(steps: list[Step]) -> tuple[Flag, ...]:
    """The flags beside the status. A hold that customs declared lasts through scans made before its release."""
    flags: set[Flag] = set()
    held_by_customs = False
    for step in steps:
        match step.fact:
            case ImportHeld():
                held_by_customs = True
            case ImportCleared() | ImportRefused():
                held_by_customs = False
                flags.discard("customs_held")
            case ParcelScanned():
                if step.status is not None:
                    flags -= {"problem", "delayed"}
                    if step.fact.status not in ("customs", "export_customs", "import_customs"):
                        flags.discard("customs_held")
                    if step.status in ("out_for_delivery", "available_for_pickup", "delivered"):
                        flags.discard("delivery_failed")
                    if RANKS[step.status] >= _CLEARED:
                        held_by_customs = False
                if "customs_held" in step.fact.clears:
                    held_by_customs = False
                flags.difference_update(step.fact.clears)
                flags.update(step.fact.sets)
    if held_by_customs:
        flags.add("customs_held")
    return tuple(sorted(flags))


def _reason(steps: list[Step], flags: tuple[Flag, ...]) -> str | None:
    """The reason that the latest scan with one states, or with a hold; that of a hold only while its flag is set."""
    for step in reversed(steps):
        scan = step.fact
        if not isinstance(scan, ParcelScanned) or not (scan.reason or "customs_held" in scan.sets):
            continue
        if set(scan.sets) <= set(flags):
            return scan.reason
    return None


def _country_of(status: Status | None, destination: CountryCode | None) -> CountryCode | None:
    """Where a parcel of this status is, when the scan does not say."""
    if status is None or status in ("departed_origin", "in_transit_country", "in_transit", "returning"):
        return None
    if status == "returned" or RANKS[status] < _DEPARTED:
        return ORIGIN
    return destination if RANKS[status] < FINAL or status == "delivered" else None
