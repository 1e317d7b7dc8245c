"""The parts of Suivi v2's answer beside the events: the steps that a parcel has reached, and details for its addressee.
Pure.

Source: La Poste's OpenAPI "Suivi-1.0.0": `timeline` (five steps, the third is the way, the fifth the end), `estimDate`,
`estimHourMin` and `estimHourMax` (`date-time`, as in the recorded answer of hedii/colissimo-api), `product`, `url`,
`contextData.partner` (who carries the parcel abroad, with its own number), `contextData.removalPoint` (the counter
where it waits).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from services.carrier.carriers.laposte import public_words
from services.carrier.domain.details import ParcelDetails
from services.carrier.domain.s10 import is_valid

MOST_STEPS = 5
STEP_CODES: Mapping[int, str] = {1: "DR1", 2: "PC1", 3: "ET1"}
"""The code that says the same as a step that was reached, of those that say one thing only. Step 4 is out for delivery,
could not be delivered, waits at a counter or is being returned; step 5 is delivered, or back at the sender."""
_STEPS = {"DR1": 1, "DR2": 1, "PC1": 2, "PC2": 2, "MD2": 4, "ND1": 4, "AG1": 4, "RE1": 4, "DI0": 5, "DI1": 5, "DI2": 5}
LONGEST_PAGE = 200
PRODUCTS = frozenset({"colissimo", "chronopost"})
"""La Poste's products for parcels, in small letters. Any other word of `product` may be anybody's."""
_COUNTRY = re.compile(r"[A-Z]{2}")
_PARIS = ZoneInfo("Europe/Paris")
_YEARS = range(2000, 2200)
"""An event of another time is a mistake, and no deadline can be reckoned from it."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
"""One for all events: `json.dumps` with options makes one for each."""
_NO_DETAILS = ParcelDetails()
_HOST = re.compile(r"([a-z0-9-]+\.)*laposte\.fr")


def instant(text: Any) -> datetime | None:
    """ISO 8601 with offset. Without one it is French time, which La Poste uses for events abroad too."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text)
        parsed = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=_PARIS)
        year = parsed.astimezone(UTC).year
    except (ValueError, OverflowError):
        return None
    offset = parsed.utcoffset()
    return parsed if year in _YEARS and offset is not None and abs(offset.total_seconds()) <= 14 * 3600 else None


def as_kept(event: Any) -> bytes:
    """The bytes by which an event is recognised, from whichever source it comes."""
    return _ENCODER.encode(event).encode()


def is_fault(return_code: Any) -> bool:
    """Whether a return code says that La Poste could not look the parcel up, and nothing of the parcel."""
    return isinstance(return_code, int) and (return_code >= 500 or return_code in (401, 403, 429))


def details_of(shipment: Mapping[str, Any]) -> ParcelDetails | None:
    """The details of a shipment; what cannot be read is left out. None when there are none."""
    context = as_object(shipment.get("contextData"))
    partner, counter = as_object(context.get("partner")), as_object(context.get("removalPoint"))
    day = _day(shipment.get("estimDate"))
    begin, end = _hours(day, shipment.get("estimHourMin"), shipment.get("estimHourMax"))
    details = ParcelDetails(
        product=_product(shipment.get("product")),
        expected_on=day,
        expected_from=begin,
        expected_until=end,
        partner=public_words.partner(partner.get("name")),
        partner_number=partner_number(partner.get("reference")),
        pickup_point=public_words.counter(counter.get("name")),
        page=_page(shipment.get("url")),
    )
    return details if details != _NO_DETAILS else None


def reached_steps(timeline: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The steps that were reached, each with the code that says the same, for a shipment without events."""
    for step in _steps(timeline):
        number = step.get("id")
        code = STEP_CODES.get(number) if isinstance(number, int) else None
        if code is not None and step.get("status") is True and isinstance(step.get("date"), str):
            yield code, step


def step_countries(timeline: Any) -> dict[tuple[int, datetime], str]:
    """Where the latest event of each step was, by step and time of that event; its earlier ones may have been
    elsewhere."""
    countries: dict[tuple[int, datetime], str] = {}
    for step in _steps(timeline):
        number, reached_at, where = step.get("id"), instant(step.get("date")), country(step.get("country"))
        if isinstance(number, int) and reached_at is not None and where is not None:
            countries.setdefault((number, reached_at), where)
    return countries


def step_of(code: str) -> int:
    """The step to which an event of this code belongs."""
    return _STEPS.get(code, 3)


def as_object(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def country(value: Any) -> str | None:
    return _matching(_COUNTRY, value)


def partner_number(value: Any) -> str | None:
    """The number of the parcel with who carries it abroad: a post's, in the form of all posts. Anything else may be a
    phone or a name."""
    return value if isinstance(value, str) and is_valid(value) else None


def _steps(timeline: Any) -> Iterator[Mapping[str, Any]]:
    for step in timeline[:MOST_STEPS] if isinstance(timeline, list) else ():
        if isinstance(step, Mapping):
            yield step


def _matching(form: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _product(value: Any) -> str | None:
    product = value.lower() if isinstance(value, str) else ""
    return product if product in PRODUCTS else None


def _day(value: Any) -> date | None:
    """The day of `2026-12-05T00:00:00+01:00`, as La Poste states it."""
    try:
        day = datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day is not None and day.year in _YEARS else None


def _hours(day: date | None, earliest: Any, latest: Any) -> tuple[datetime | None, datetime | None]:
    """The hours of the day on which delivery is expected, UTC. Those of another day, or that end no later than they
    begin, say nothing: the recorded answer has one instant for both, three days after the estimate."""
    begin, end = instant(earliest), instant(latest)
    if begin is None or end is None or begin >= end or {begin.date(), end.date()} != {day}:
        return None, None
    return begin.astimezone(UTC), end.astimezone(UTC)


def _page(value: Any) -> str | None:
    """An address that readers are sent to is La Poste's own, and of plain characters."""
    if not isinstance(value, str) or len(value) > LONGEST_PAGE or not re.fullmatch(r"https://[!-~]+", value):
        return None
    try:
        host = urlsplit(value).netloc
    except ValueError:
        return None
    return value if _HOST.fullmatch(host) else None
