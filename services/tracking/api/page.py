"""The page an order's reader sees: plain HTML that works without a script, in zh, fr or en.

The page's bytes follow from the document and the language, so that it can be validated with an entity tag like the
document itself. Its one style and one script are allowed by their hashes (CSP level 2): a nonce would differ on every
answer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.tracking.api.words import LANGUAGES, Language, Words, load
from services.tracking.domain.parcels import Stage
from services.tracking.schemas import NextStep, OrderTracking, ParcelTracking, TimelineEntry

STAGES: tuple[Stage, ...] = get_args(Stage)
_FOLDER = Path(__file__).parents[1] / "templates"


@dataclass(frozen=True, slots=True)
class StageView:
    label: str
    place: str
    """done, current or to_come."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline."""

    at: datetime
    time: str
    text: str
    notes: tuple[str, ...]
    parcel: int | None
    weight: str
    """Its look: carrier, ours, alert or end."""


class Pages:
    """Renders pages; loads words and templates once."""

    def __init__(self) -> None:
        self.words = load()
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("track.css", "track.js"))
        self._environment.globals |= {"style": Markup(style), "script": Markup(script)}  # noqa: S704  # our own files
        self.headers = {
            "Content-Security-Policy": "; ".join(
                (
                    "default-src 'none'",
                    f"style-src '{_hash(style)}'",
                    f"script-src '{_hash(script)}'",
                    "connect-src 'self'",
                    "img-src data:",
                    "base-uri 'none'",
                    "form-action 'none'",
                    "frame-ancestors 'none'",
                )
            ),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
            "Vary": "Accept-Language",
        }
        """What every page is sent with."""

    def order(self, tracking: OrderTracking, etag: str, language: Language, secret: str) -> bytes:
        """The page of an order, as of the document with this entity tag."""
        words = self.words[language]
        template = self._environment.get_template("track.html")
        return template.render(
            w=words,
            order=tracking,
            etag=etag,
            secret=secret,
            languages=[(code, self.words[code].ui("language"), self.words[code].tag) for code in LANGUAGES],
            headline=_headline(words, tracking),
            since=tracking.parcels[0].since if len(tracking.parcels) == 1 else tracking.since,
            mood=_mood(tracking),
            reason=words.reason(tracking.reason),
            of_order=[step for step in tracking.next if step.parcel is None],
            steps_of=lambda parcel: [step for step in tracking.next if step.parcel == parcel.parcel],
            sentence=lambda step: _sentence(words, step),
            stages=lambda parcel: list(_stages(words, parcel)),
            parcel_mood=_parcel_mood,
            notices=lambda parcel: list(_notices(words, tracking, parcel)),
            days=[
                (day, list(lines))
                for day, lines in groupby(_lines(words, tracking), key=lambda line: words.date(line.at))
            ],
        ).encode()

    def not_found(self, language: Language) -> bytes:
        """The same page for every order that is unknown or not the reader's."""
        return self._environment.get_template("not_found.html").render(w=self.words[language]).encode()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _headline(words: Words, tracking: OrderTracking) -> str:
    if tracking.outcome:
        return words.of("outcomes", tracking.outcome)
    if len(tracking.parcels) == 1 and tracking.state in ("packed", "under_way", "ending"):
        return words.of("parcel_states", tracking.parcels[0].state)
    return words.of("order_states", tracking.state)


def _mood(tracking: OrderTracking) -> str:
    """good, bad, act (the reader must act), wait (a person of ours must), or calm."""
    if tracking.outcome:
        return "good" if tracking.outcome == "delivered" else "bad"
    moods = [_parcel_mood(parcel) for parcel in tracking.parcels if not parcel.final]
    if tracking.state in ("short", "withdrawn", "refused", "out_of_stock"):
        return "bad"
    return next((mood for mood in ("act", "wait") if mood in moods), "wait" if tracking.cases else "calm")


def _parcel_mood(parcel: ParcelTracking) -> str:
    if parcel.final:
        return "good" if parcel.status == "delivered" else "bad"
    if parcel.state == "available_for_pickup":
        return "act"
    waiting = ("customs_held", "delivery_failed", "problem", "silent", "import_refused", "returning")
    return "wait" if parcel.state in waiting else "calm"


def _sentence(words: Words, step: NextStep) -> tuple[str, str, str | None]:
    """Who, what, by when."""
    by = words.ui("by", date=words.date(step.by)) if step.by else None
    return words.of("actors", step.actor), words.action(step.action), by


def _stages(words: Words, parcel: ParcelTracking) -> Iterator[StageView]:
    reached = STAGES.index(parcel.stage)
    for number, stage in enumerate(STAGES):
        label = words.of("stages", stage)
        if stage == "end" and parcel.final and parcel.status:
            label = words.of("parcel_states", parcel.status)
        done = number < reached or (parcel.final and (number == reached or stage == "end"))
        yield StageView(label, "done" if done else "current" if number == reached else "to_come")


def _notices(words: Words, tracking: OrderTracking, parcel: ParcelTracking) -> Iterator[str]:
    """The flags of a parcel and the reasons of its open cases, each once, unless its state says it already."""
    for flag in parcel.flags:
        if flag != parcel.state:
            yield words.of("flags", flag)
    reasons = {words.reason(case.reason) for case in tracking.cases if case.parcel == parcel.parcel}
    yield from sorted(reason for reason in reasons if reason)


def _lines(words: Words, tracking: OrderTracking) -> Iterator[Line]:
    """The timeline, newest first."""
    split = len(tracking.parcels) > 1
    for entry in reversed(tracking.timeline):
        notes = [
            words.reason(entry.reason),
            words.of("outcomes", entry.outcome) if entry.outcome else None,
            words.country(entry.country),
            words.ui("carrier_code", code=entry.code) if entry.code else None,
        ]
        yield Line(
            entry.at,
            words.time(entry.at),
            _text(words, entry),
            tuple(note for note in notes if note),
            entry.parcel if split else None,
            _weight(entry),
        )


def _text(words: Words, entry: TimelineEntry) -> str:
    if entry.kind != "parcel-scanned":
        return words.of("events", entry.kind)
    if entry.sets:
        return words.of("flags", entry.sets[0])
    if entry.status:
        return words.of("scans", entry.status)
    return words.of("flags_cleared", entry.clears[0]) if entry.clears else words.of("unknown_scan", "")


def _weight(entry: TimelineEntry) -> str:
    if entry.outcome:
        return "end" if entry.outcome == "delivered" else "alert"
    if entry.status in ("delivered", "returned"):
        return "end"
    alerts = ("import-held", "import-refused", "order-refused", "stock-refused", "parcel-refused", "label-refused")
    ends = ("parcel-lost", "parcel-destroyed", "stock-short", "case-opened", "cancel-requested")
    if entry.sets or entry.kind in (*alerts, *ends):
        return "alert"
    return "carrier" if entry.kind == "parcel-scanned" else "ours"
