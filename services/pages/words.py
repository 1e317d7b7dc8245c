"""The three languages of the pages: texts, dates, times and countries; and which of them a reader gets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time

Language = Literal["zh", "fr", "en"]
CalendarDay: TypeAlias = date
"""The type `date`, which within `Words` is the name of a method."""
LANGUAGES: tuple[Language, ...] = get_args(Language)

_LOCALES: Mapping[Language, str] = {"zh": "zh_Hans_CN", "fr": "fr_FR", "en": "en_GB"}
_TAGS: Mapping[Language, str] = {"zh": "zh-Hans", "fr": "fr", "en": "en"}
_ZONES: Mapping[Language, ZoneInfo] = {
    "zh": ZoneInfo("Asia/Shanghai"),
    "fr": ZoneInfo("Europe/Paris"),
    "en": ZoneInfo("Asia/Shanghai"),
}
"""The reader's time zone. English is read in any zone: it shows Beijing's time with UTC beside it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language."""

    language: Language
    table: Mapping[str, Mapping[str, str] | str]

    @property
    def tag(self) -> str:
        """The language tag (BCP 47)."""
        return _TAGS[self.language]

    def of(self, group: str, key: str) -> str:
        """The text of this key. Raises KeyError when the language lacks it."""
        words = self.table[group]
        return words if isinstance(words, str) else words[key]

    def known(self, group: str, key: str | None) -> str | None:
        """The text of this key, or None for one that this version does not know."""
        return cast(Mapping[str, str], self.table[group]).get(key or "")

    def ui(self, key: str, **values: object) -> str:
        """A text of the page itself."""
        return self.of("ui", key).format(**values)

    def country(self, code: str | None) -> str | None:
        return self.locale.territories.get(code) if code else None

    def place(self, country: str | None, city: str | None) -> str | None:
        """`Shanghai, China`, in Chinese the country first."""
        name = self.country(country)
        if not (name and city):
            return name or city
        return f"{name} {city}" if self.language == "zh" else f"{city}, {name}"

    def date(self, instant: datetime) -> str:
        """`Friday 27 November 2026` in the reader's time zone."""
        return format_date(instant.astimezone(self._zone), "full", self.locale)

    def calendar_day(self, day: CalendarDay) -> str:
        """A day that is no instant, as a carrier states it."""
        return format_date(day, "full", self.locale)

    def month(self, instant: datetime) -> str:
        """`November 2026` in the reader's time zone."""
        return format_skeleton("yMMMM", instant.astimezone(self._zone), locale=self.locale)

    def time(self, instant: datetime) -> str:
        """`14:05`; in English with UTC beside it."""
        local = format_time(instant, "short", self._zone, self.locale)
        return (
            f"{local} ({format_datetime(instant, 'HH:mm', UTC, self.locale)} UTC)" if self.language == "en" else local
        )

    def span(self, begin: datetime, end: datetime) -> str:
        """Day and hours, e.g. `Saturday 5 December 2026, 09:00 to 12:00`; in English with UTC beside them."""
        hours = {"begin": format_time(begin, "short", self._zone, self.locale)}
        hours["end"] = format_time(end, "short", self._zone, self.locale)
        text = self.ui("span", date=self.date(begin), **hours)
        if self.language != "en":
            return text
        return (
            f"{text} ({'–'.join(format_datetime(instant, 'HH:mm', UTC, self.locale) for instant in (begin, end))} UTC)"
        )

    def instant(self, instant: datetime) -> str:
        """Day and time, e.g. `12 Nov 2026, 14:05`."""
        local = format_datetime(instant, "medium", self._zone, self.locale).rpartition(":")[0]
        return (
            f"{local} ({format_datetime(instant, 'HH:mm', UTC, self.locale)} UTC)" if self.language == "en" else local
        )

    @property
    def locale(self) -> Locale:
        return _LOCALE_OBJECTS[self.language]

    @property
    def _zone(self) -> ZoneInfo:
        return _ZONES[self.language]


_LOCALE_OBJECTS = {language: Locale.parse(name) for language, name in _LOCALES.items()}


def tables(folder: Path) -> dict[Language, Mapping[str, Mapping[str, str] | str]]:
    """The texts of all languages, from a page's own files `<language>.json`."""
    return {language: json.loads((folder / f"{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES}


def choose_language(requested: str | None, accept_language: str, fallback: str | None = None) -> Language:
    """The reader's language: the requested one, else what the browser prefers (RFC 9110), else `fallback`, else en."""
    if requested in LANGUAGES:
        return requested
    accepted = negotiate_locale(_preferred(accept_language), LANGUAGES, sep="-")
    if accepted in LANGUAGES:
        return accepted
    return fallback if fallback in LANGUAGES else "en"


def _preferred(header: str) -> Sequence[str]:
    """The languages of an `Accept-Language`, best first; parts that cannot be read are left out."""
    weighted: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, parameter = (word.strip() for word in part.partition(";"))
        name, _, quality = (word.strip() for word in parameter.partition("="))
        try:
            weight = float(quality) if name.lower() == "q" else 1.0
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((-weight, tag))
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0])]
