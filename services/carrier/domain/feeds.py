"""Files in which a carrier reports events of many parcels, and what is wrong with them. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from services.carrier.domain.carrier import CarrierEvent


@dataclass(frozen=True, slots=True)
class FaultyRecord:
    """A record that cannot be read; the others of its file count. Holds nothing of its content."""

    line: int
    """In the file, from 1."""
    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class FeedFile:
    """What a whole file reports."""

    events: tuple[CarrierEvent, ...]
    """Also those of faulty records whose parcel can be read: they have neither code nor time."""
    faulty: tuple[FaultyRecord, ...]
    records: int


class Unfinished(Exception):
    """The end of the file is missing: whoever writes it may not be done."""


class UnreadableFile(Exception):
    """No record of the file counts; `rule` is one token."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule
