"""The pages: of an order, and of a parcel for anyone who knows its number. Plain HTML that works without a script.

Their bytes follow from what they show, the language, and which dates have passed, so that they can be validated with an
entity tag like the document itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import get_args

from contracts.vocabularies import FINAL, RANKS, Flag
from services.pages.rendering import Templates
from services.pages.words import Language
from services.tracking.api.words import TrackingWords, load
from services.tracking.domain.parcels import Stage
from services.tracking.schemas import NextStep, OrderTracking, ParcelItem, ParcelTracking, PublicTracking, TimelineEntry

STAGES: tuple[Stage, ...] = get_args(Stage)
_FOLDER = Path(__file__).parents[1] / "templates"


@dataclass(frozen=True, slots=True)
class PageStage:
    label: str
    progress: str
    """done, current or to_come."""


@dataclass(frozen=True, slots=True)
class PageRow:
    """A row of the timeline as the page shows it."""

    at: datetime
    time: str
    text: str
    notes: tuple[str, ...]
    parcel: int | None
    code: str | None
    """The carrier's own."""
    css_class: str
    """carrier, ours, alert or end."""


@dataclass(frozen=True, slots=True)
class PageStep:
    """Who must do what, by when."""

    who: str
    what: str
    by: datetime | None
    when: str | None


PARTNER_PAGES: Mapping[str, str] = {"China Post": "https://www.ems.com.cn/"}
"""Where a partner's own number is looked up; China Post's address is from memory, and takes no number in it."""
CARRIER_PAGES: Mapping[str, str] = {"laposte": "https://www.laposte.fr/outils/suivre-vos-envois?code={number}"}
"""A carrier's own public page about a parcel (La Poste: `shipment.url` of Suivi v2)."""


class Pages:
    """Renders pages. `contact`: the address to which readers write; none when empty."""

    def __init__(self, contact: str = "") -> None:
        self.words = load()
        self._templates = Templates(_FOLDER, "track", self.words, contact)
        self.headers = self._templates.headers
        """The headers of every page."""

    def order(self, order: OrderTracking, etag: str, language: Language, secret: str, now: datetime) -> bytes:
        """The page of an order, as of the document with this entity tag; `now` in business time."""
        words = self.words[language].of_carrier(_carrier(order))
        return self._templates.render(
            "track.html",
            language,
            {"secret": secret},
            words,
            order=order,
            etag=etag,
            secret=secret,
            headline=_headline(words, order),
            since=order.parcels[0].since if len(order.parcels) == 1 else order.since,
            tone=_tone(order),
            reason=words.reason(order.reason),
            steps=lambda parcel: list(_steps(words, order, parcel, now)),
            goods=lambda item: _goods(words, item),
            carrier_page=_carrier_page,
            partner_page=lambda details: PARTNER_PAGES.get(details.partner or ""),
            expected=lambda parcel: _expected(words, parcel, now),
            stages=lambda parcel: list(_stages(words, parcel)),
            parcel_state=lambda parcel: _state_text(words, parcel.state, parcel.status),
            parcel_tone=lambda parcel: _parcel_tone(order, parcel),
            notices=lambda parcel: list(_notices(words, order, parcel)),
            days=[(day, list(rows)) for day, rows in groupby(_rows(words, order), key=lambda row: words.date(row.at))],
        )

    def parcel(self, number: str, parcel: PublicTracking, language: Language, carrier: str | None = None) -> bytes:
        """The page of a parcel for anyone who knows its number: it shows what the public answer has, and names the
        carrier whose number it is."""
        words = self.words[language].of_carrier(carrier)
        state = _public_state(parcel)
        final = RANKS.get(parcel.status) == FINAL
        return self._templates.render(
            "parcel.html",
            language,
            page_words=words,
            number=number,
            parcel=parcel,
            headline=_state_text(words, state),
            tone=_state_tone(state, parcel.status, final=final),
            notices=list(_flag_texts(words, parcel.flags, state)),
        )

    def not_found(self, language: Language) -> bytes:
        """The same page for every order that is unknown or not the reader's."""
        return self._templates.not_found(language)

    def parcel_not_found(self, language: Language) -> bytes:
        """The same page for every number of which nothing is known."""
        return self._templates.not_found(language, "parcel_not_found")


def _carrier(order: OrderTracking) -> str | None:
    """All parcels of an order go by the same one; None while there is no label."""
    return next((parcel.carrier for parcel in order.parcels if parcel.carrier), None)


def _headline(words: TrackingWords, order: OrderTracking) -> str:
    if order.outcome:
        return words.of("outcomes", order.outcome)
    if len(order.parcels) == 1 and order.state in ("packed", "under_way", "ending"):
        return _state_text(words, order.parcels[0].state, order.parcels[0].status)
    return words.known("order_states", order.state) or words.ui("unknown_state")


def _state_text(words: TrackingWords, state: str, status: str | None = None) -> str:
    """The name of a parcel's state; where this version does not know the state, the name of its status, if it knows
    that."""
    states = (words.known("parcel_states", word) for word in (state, _STATES.get(status or "", status)))
    return next((text for text in states if text), words.ui("unknown_state"))


def _tone(order: OrderTracking) -> str:
    """The look of the headline: good, bad, act (the reader must act), wait (our staff must act), or calm."""
    if order.outcome:
        return "good" if order.outcome == "delivered" else "bad"
    tones = [_parcel_tone(order, parcel) for parcel in order.parcels if not parcel.final]
    if order.state in ("short", "withdrawn", "refused", "out_of_stock"):
        return "bad"
    return next((tone for tone in ("act", "wait") if tone in tones), "wait" if order.cases else "calm")


def _parcel_tone(order: OrderTracking, parcel: ParcelTracking) -> str:
    if not parcel.final and any(step.parcel == parcel.parcel and step.actor == "recipient" for step in order.next):
        return "act"
    return _state_tone(parcel.state, parcel.status, final=parcel.final)


def _state_tone(state: str, status: str | None, *, final: bool) -> str:
    if final:
        return "good" if status == "delivered" else "bad"
    if state == "available_for_pickup":
        return "act"
    waiting = ("customs_held", "delivery_failed", "problem", "silent", "import_refused", "returning")
    return "wait" if state in waiting else "calm"


def _public_state(parcel: PublicTracking) -> str:
    """What the public page names: what blocks the parcel, else its status."""
    blocking: tuple[Flag, ...] = ("customs_held", "delivery_failed", "problem")
    if parcel.status == "returning":  # the flags belong to what went before
        blocking = ("customs_held",)
    return next((flag for flag in blocking if flag in parcel.flags), _STATES.get(parcel.status, parcel.status))


_STATES = {"announced": "labelled"}
"""The name of a status as a state, where the two differ."""


def _steps(words: TrackingWords, order: OrderTracking, parcel: int | None, now: datetime) -> Iterator[PageStep]:
    """Who must do what for this parcel, or for the whole order; steps of a party that this version does not know are
    left out."""
    for step in order.next:
        who = words.known("actors", step.actor)
        if who and step.parcel == parcel:
            yield _step(words, step, who, now)


def _step(words: TrackingWords, step: NextStep, who: str, now: datetime) -> PageStep:
    passed = step.by is not None and step.by < now
    when = words.ui("passed" if passed else "by", date=words.date(step.by)) if step.by else None
    return PageStep(who, words.action(step.action), step.by, when)


def _goods(words: TrackingWords, item: ParcelItem) -> tuple[str, str | None]:
    """The item in the reader's language, and in the shop's own words where these differ."""
    shop_words = item.description or item.sku
    general = words.goods(item.hs_code)
    return (general, shop_words) if general and general.casefold() != shop_words.casefold() else (shop_words, None)


def _carrier_page(parcel: ParcelTracking) -> str | None:
    """The page that the carrier names, else the one that its number leads to."""
    if parcel.details and parcel.details.page:
        return parcel.details.page
    page = CARRIER_PAGES.get(parcel.carrier or "")
    return page.format(number=parcel.tracking_number) if page else None


def _expected(words: TrackingWords, parcel: ParcelTracking, now: datetime) -> str | None:
    """The carrier's estimate; none for a parcel that has ended or is on its way back. With its hours, in the reader's
    time zone, where it tells them: the day is then the one on which they begin there."""
    details = parcel.details
    if details is None or details.expected_on is None or parcel.final or parcel.status == "returning":
        return None
    begin, end = details.expected_from, details.expected_until
    if begin and end:
        text, passed = words.span(begin, end), end < now
    else:
        text, passed = words.calendar_day(details.expected_on), details.expected_on < now.date()
    return words.ui("expected_passed", date=text) if passed else text


def _stages(words: TrackingWords, parcel: ParcelTracking) -> Iterator[PageStage]:
    """All stages; none for a parcel in a stage that this version does not know."""
    if parcel.stage not in STAGES:
        return
    reached = STAGES.index(parcel.stage)
    for number, stage in enumerate(STAGES):
        label = words.of("stages", stage)
        if stage == "end" and parcel.final and parcel.status:
            label = words.known("parcel_states", parcel.status) or label
        done = number < reached or (parcel.final and (number == reached or stage == "end"))
        yield PageStage(label, "done" if done else "current" if number == reached else "to_come")


def _notices(words: TrackingWords, order: OrderTracking, parcel: ParcelTracking) -> Iterator[str]:
    """The flags of a parcel that its state does not name, and the reasons that the carrier and its open cases state,
    each once."""
    yield from _flag_texts(words, parcel.flags, parcel.state)
    reasons = {words.reason(case.reason) for case in order.cases if case.parcel == parcel.parcel}
    reasons.add(words.reason(parcel.reason))
    yield from sorted(reason for reason in reasons if reason)


def _flag_texts(words: TrackingWords, flags: Sequence[str], state: str) -> Iterator[str]:
    """The flags that the state does not name, those that this version does not know left out."""
    for flag in flags:
        text = words.known("flags", flag)
        if text and flag != state:
            yield text


def _rows(words: TrackingWords, order: OrderTracking) -> Iterator[PageRow]:
    """The timeline, newest first, without entries for which this version has no text."""
    split = len(order.parcels) > 1
    for entry in reversed(order.timeline):
        text = _text(words, entry)
        if text is None:
            continue
        notes = [
            words.reason(entry.reason),
            words.known("outcomes", entry.outcome),
            words.place(entry.country, entry.city),
        ]
        yield PageRow(
            entry.at,
            words.time(entry.at),
            text,
            tuple(note for note in notes if note),
            entry.parcel if split else None,
            entry.code,
            _css_class(entry),
        )


def _text(words: TrackingWords, entry: TimelineEntry) -> str | None:
    if entry.kind != "parcel-scanned":
        return words.known("events", entry.kind)
    texts = (
        *(words.known("flags", flag) for flag in entry.sets),
        words.known("scans", entry.status),
        *(words.known("flags_cleared", flag) for flag in entry.clears),
    )
    return next((text for text in texts if text), words.of("unknown_scan", ""))


_ALERTS = frozenset(
    {
        "import-held",
        "import-refused",
        "order-refused",
        "stock-refused",
        "parcel-refused",
        "label-refused",
        "parcel-lost",
        "parcel-destroyed",
        "stock-short",
        "case-opened",
        "cancel-requested",
        "order-recalled",
    }
)


def _css_class(entry: TimelineEntry) -> str:
    if entry.outcome:
        return "end" if entry.outcome == "delivered" else "alert"
    if entry.status in ("delivered", "returned"):
        return "end"
    if entry.sets or entry.kind in _ALERTS:
        return "alert"
    return "carrier" if entry.kind == "parcel-scanned" else "ours"
