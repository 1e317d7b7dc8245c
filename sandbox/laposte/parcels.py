"""La Poste: parcels that are announced by a label, deposited, and scanned as their scenario says, in business time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.china_customs.customs import ChinaCustoms, Decision
from sandbox.laposte.event_codes import FINAL
from sandbox.laposte.s10 import s10
from sandbox.scenarios import AssignedScenarios, ParcelScenario, Scan, Until, Wait
from sandbox.scheduler import Scheduler

POSTAL_CLEARANCE = timedelta(hours=60)
"""A parcel that nobody has declared to Chinese customs by then is cleared as a personal article."""
MIN_SCAN_GAP = timedelta(minutes=20)
"""Between two scans of a named scenario."""
AT_THE_DOOR = frozenset({"MD2", "ND1", "AG1", "DI1", "DI2"})
OPEN, SHUT = time(8), time(19)
ZONES = {"FR": ZoneInfo("Europe/Paris"), "CN": ZoneInfo("Asia/Shanghai")}


@dataclass(frozen=True, slots=True)
class Event:
    code: str
    at: datetime
    country: str | None


@dataclass(slots=True)
class Parcel:
    number: str
    sub_order: str
    destination: str
    announced_at: datetime
    events: list[Event] = field(default_factory=list)
    """Oldest first."""
    deposited_at: datetime | None = None
    scenario: ParcelScenario | None = None
    position: int = 0
    waiting: Until | None = None

    @property
    def first_scan_at(self) -> datetime | None:
        """The first scan of the parcel itself; its announcement is none."""
        return next((event.at for event in self.events if event.code != "DR1"), None)

    @property
    def final(self) -> bool:
        return bool(self.events) and self.events[-1].code in FINAL


class LaPoste:
    def __init__(
        self, scheduler: Scheduler, scenarios: AssignedScenarios, customs: ChinaCustoms, first_serial: int
    ) -> None:
        self._scheduler = scheduler
        self._scenarios = scenarios
        self._customs = customs
        self._serial = self._first_list = first_serial
        self.parcels: dict[str, Parcel] = {}
        self.bordereaux: dict[int, tuple[str, ...]] = {}
        """Lists of parcels that were handed over together, by number."""
        self.on_event: Callable[[Parcel, Event], None] = lambda parcel, event: None

    def announce(self, sub_order: str, destination: str, now: datetime) -> Parcel:
        """Makes a label: each request gets a new number, since La Poste has no idempotency key."""
        parcel = Parcel(s10("CY", self._serial, "FR"), sub_order, destination, now)
        self._serial += 1
        self.parcels[parcel.number] = parcel
        self._record(parcel, Event("DR1", now, "FR"))
        return parcel

    def deposit(self, number: str, now: datetime) -> bool:
        """La Poste has the parcel and its scenario starts; False when it had it already. KeyError: unknown."""
        parcel = self.parcels[number]
        if parcel.deposited_at is not None:
            return False
        parcel.deposited_at = now
        parcel.scenario = self._scenarios.of(parcel.sub_order)
        self._schedule_next(parcel, now, now)
        return True

    def list_together(self, numbers: Sequence[str]) -> int:
        """Makes a list of these parcels; its number. Each request makes a new one."""
        number = self._first_list + len(self.bordereaux)
        self.bordereaux[number] = tuple(numbers)
        return number

    def scan(self, number: str, code: str, country: str | None, now: datetime) -> Event:
        """A scan that is no part of the scenario; ends a wait for a `step`. KeyError: unknown."""
        parcel = self.parcels[number]
        event = Event(code, now, country)
        self._record(parcel, event)
        if parcel.waiting == "step":
            self._resume(parcel, now)
        return event

    def _schedule_next(self, parcel: Parcel, anchor: datetime, now: datetime) -> None:
        """Schedules the next step of the scenario; its hours count from the anchor."""
        scenario = parcel.scenario
        if scenario is None or parcel.position >= len(scenario.steps):
            return
        match scenario.steps[parcel.position]:
            case Scan() as scan:
                due = anchor + timedelta(hours=scan.after_hours * scenario.time_factor(parcel.sub_order))
                if scenario.scaled:
                    due = _opening_hours(max(due, parcel.events[-1].at + MIN_SCAN_GAP), scan)

                def record_scan(scanned_at: datetime) -> None:
                    self._record(parcel, Event(scan.code, scanned_at, scan.country))
                    parcel.position += 1
                    self._schedule_next(parcel, anchor, scanned_at)

                self._scheduler.schedule(max(due, now), record_scan)
            case Wait(until):
                self._wait(parcel, until, now)

    def _wait(self, parcel: Parcel, until: Until, now: datetime) -> None:
        parcel.waiting = until
        if until == "step":
            return
        decision: Decision = until
        if self._customs.decided_at(parcel.sub_order, decision) is not None:
            self._resume(parcel, now)
            return

        def resume_after(decided: Decision, now: datetime) -> None:
            if parcel.waiting == decided:
                self._resume(parcel, now)

        def clear_as_postal(now: datetime) -> None:
            if parcel.waiting == decision and not self._customs.has_declaration(parcel.sub_order):
                self._resume(parcel, now)

        self._customs.on_decision(parcel.sub_order, resume_after)
        self._scheduler.schedule(now + POSTAL_CLEARANCE, clear_as_postal)

    def _resume(self, parcel: Parcel, now: datetime) -> None:
        parcel.waiting = None
        parcel.position += 1
        self._schedule_next(parcel, now, now)

    def _record(self, parcel: Parcel, event: Event) -> None:
        parcel.events.append(event)
        self.on_event(parcel, event)


def _opening_hours(due: datetime, scan: Scan) -> datetime:
    """A scan at the door or the counter is moved to the next time of day when somebody may be there."""
    zone = ZONES.get(scan.country or "")
    if zone is None or scan.code not in AT_THE_DOOR:
        return due
    local = due.astimezone(zone)
    if OPEN <= local.time() < SHUT:
        return due
    day = local.date() + timedelta(days=1 if local.time() >= SHUT else 0)
    opened = datetime.combine(day, OPEN, zone) + timedelta(minutes=local.minute)
    return opened.astimezone(due.tzinfo)
