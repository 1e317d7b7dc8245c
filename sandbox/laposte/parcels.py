"""La Poste: labels announced, parcels deposited, scans that come when their business time has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.china_customs.customs import Decision, Port
from sandbox.identifiers import s10
from sandbox.laposte.event_codes import FINAL
from sandbox.scenarios import Scan, Story, StoryBook, Until, Wait
from sandbox.scheduler import Agenda

POSTAL_CLEARANCE = timedelta(hours=60)
"""A parcel of which the Chinese gateway has heard nothing by then is cleared at the counter, as a personal article."""
NEXT_SCAN = timedelta(minutes=20)
"""Two scans of a story are at least so far apart."""
DOORSTEP = frozenset({"MD2", "ND1", "AG1", "DI1", "DI2"})
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
    """Oldest first: they happen in order of time."""
    deposited_at: datetime | None = None
    story: Story | None = None
    position: int = 0
    waiting: Until | None = None
    waiting_since: datetime | None = None

    @property
    def first_scan_at(self) -> datetime | None:
        """When the parcel itself was first seen; its announcement is no scan."""
        return next((event.at for event in self.events if event.code != "DR1"), None)

    @property
    def final(self) -> bool:
        return bool(self.events) and self.events[-1].code in FINAL


class Post:
    def __init__(self, agenda: Agenda, book: StoryBook, port: Port, first_serial: int) -> None:
        self._agenda = agenda
        self._book = book
        self._port = port
        self._serial = first_serial
        self.parcels: dict[str, Parcel] = {}
        self.on_event: Callable[[Parcel, Event], None] = lambda parcel, event: None

    def announce(self, sub_order: str, destination: str, now: datetime) -> Parcel:
        """A label: a new number each time it is asked for, as La Poste knows no idempotency key."""
        parcel = Parcel(s10("CY", self._serial, "FR"), sub_order, destination, now)
        self._serial += 1
        self.parcels[parcel.number] = parcel
        self._record(parcel, Event("DR1", now, "FR"))
        return parcel

    def deposit(self, number: str, now: datetime) -> bool:
        """The parcel lies at La Poste and its story starts; False when it lay there already. KeyError: unknown."""
        parcel = self.parcels[number]
        if parcel.deposited_at is not None:
            return False
        parcel.deposited_at = now
        parcel.story = self._book.of(parcel.sub_order)
        self._go_on(parcel, now, now)
        return True

    def scan(self, number: str, code: str, country: str | None, now: datetime) -> Event:
        """A scan from outside the story; one that waits for a `step` goes on. KeyError: unknown."""
        parcel = self.parcels[number]
        event = Event(code, now, country)
        self._record(parcel, event)
        if parcel.waiting == "step":
            self._resume(parcel, now)
        return event

    def _go_on(self, parcel: Parcel, anchor: datetime, now: datetime) -> None:
        """Schedules the next step of the story; hours count from the anchor."""
        story = parcel.story
        if story is None or parcel.position >= len(story.steps):
            return
        match story.steps[parcel.position]:
            case Scan() as scan:
                due = anchor + timedelta(hours=scan.after_hours * story.pace(parcel.sub_order))
                if story.paced:
                    due = _opening_hours(max(due, parcel.events[-1].at + NEXT_SCAN), scan)

                def happen(at: datetime) -> None:
                    self._record(parcel, Event(scan.code, at, scan.country))
                    parcel.position += 1
                    self._go_on(parcel, anchor, at)

                self._agenda.at(max(due, now), happen)
            case Wait(until):
                self._wait(parcel, until, now)

    def _wait(self, parcel: Parcel, until: Until, now: datetime) -> None:
        parcel.waiting, parcel.waiting_since = until, now
        if until == "step":
            return
        decision: Decision = until
        if self._port.decided_at(parcel.sub_order, decision) is not None:
            self._resume(parcel, now)
            return

        def decided(what: Decision, at: datetime) -> None:
            if parcel.waiting == what:
                self._resume(parcel, at)

        def unheard_of(at: datetime) -> None:
            if parcel.waiting == decision and not self._port.heard_of(parcel.sub_order):
                self._resume(parcel, at)

        self._port.watch(parcel.sub_order, decided)
        self._agenda.at(now + POSTAL_CLEARANCE, unheard_of)

    def _resume(self, parcel: Parcel, at: datetime) -> None:
        parcel.waiting = parcel.waiting_since = None
        parcel.position += 1
        self._go_on(parcel, at, at)

    def _record(self, parcel: Parcel, event: Event) -> None:
        parcel.events.append(event)
        self.on_event(parcel, event)


def _opening_hours(due: datetime, scan: Scan) -> datetime:
    """Nobody rings at night: a scan at the door or the counter moves to the next hours of daylight."""
    zone = ZONES.get(scan.country or "")
    if zone is None or scan.code not in DOORSTEP:
        return due
    local = due.astimezone(zone)
    if OPEN <= local.time() < SHUT:
        return due
    day = local.date() + timedelta(days=1 if local.time() >= SHUT else 0)
    opened = datetime.combine(day, OPEN, zone) + timedelta(minutes=local.minute)
    return opened.astimezone(due.tzinfo)
