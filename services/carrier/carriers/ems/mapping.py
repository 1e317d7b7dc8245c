"""Files of EMS events: what they mean. Pure.

The codes are those of EMSEVT, the UPU's messages between posts. The text of the standard (M40) is not public, so the
form of the file is ours (docs/services/carrier.md): ASCII, a record a line, fields parted by semicolons.

    EMSEVT;1;<sender>;<number of the file>;<time of writing>
    <code>;<item>;<time>;<country>;<office>;<reason>
    END;<number of records>

Times are ISO 8601 with their offset; country, office and reason may be empty. With the last line the file is complete.
A record that cannot be read affects its item only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from services.carrier.carriers.codes import EMSEVT, RELEASED
from services.carrier.domain.carrier import CarrierEvent, CodeMeaning
from services.carrier.domain.feeds import FaultyRecord, FeedFile, Unfinished, UnreadableFile
from services.carrier.domain.s10 import is_valid

MOST_BYTES = 4 * 1024 * 1024
MOST_RECORDS = 20_000
LONGEST_LINE = 300
FIELDS = ("code", "item", "time", "country", "office", "reason")
UNKNOWN_CODE = "unknown"
"""Published in place of a code that is in no table, since the code might be anybody's words."""
ORIGIN = "FR"
_HEAD = re.compile(rb"EMSEVT;1;[A-Za-z0-9]{1,16};[0-9]{1,14};[0-9T:.+\-Z]{1,35}")
_END = re.compile(rb"END;([0-9]{1,9})")
_CODE = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"(?:[A-Z]{2})?")
_OFFICE = re.compile(r"[A-Z0-9]{0,10}")
_REASON = re.compile(r"[A-Z0-9]{0,10}")
_YEARS = range(2000, 2200)
"""An event of another time is a mistake, and no deadline can be reckoned from it."""
_BACK = CodeMeaning("returned", clears=RELEASED)
_UNKNOWN = CodeMeaning(None)


def meaning(code: str, country: str | None) -> CodeMeaning:
    """What the code means. Delivered in France, from where we send, is back at the sender. A code in no table changes
    nothing and never fails."""
    if (code, country) == ("EMI", ORIGIN):
        return _BACK
    return EMSEVT.get(code, _UNKNOWN)


def read_file(content: bytes) -> FeedFile:
    """The events of a file. Raises Unfinished when its last line is missing, UnreadableFile when nothing of it
    counts."""
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    end = _END.fullmatch(lines[-2]) if len(lines) > 1 and not lines[-1] else None
    if len(lines) > 1 and not _HEAD.fullmatch(lines[0]):
        raise UnreadableFile("head")
    if end is None:
        raise Unfinished
    records = lines[1:-2]
    if len(records) > MOST_RECORDS:
        raise UnreadableFile("too_many_records")
    if len(records) != int(end[1]):
        raise UnreadableFile("record_count")
    events: list[CarrierEvent] = []
    faulty: list[FaultyRecord] = []
    for line, record in enumerate(records, start=2):
        read = _record(record)
        if isinstance(read, CarrierEvent):
            events.append(read)
            continue
        field, item = read
        faulty.append(FaultyRecord(line, field, "form"))
        if item is not None:
            events.append(_unreadable(item, record))
    return FeedFile(tuple(events), tuple(faulty), len(records))


def _record(record: bytes) -> CarrierEvent | tuple[str, str | None]:
    """The event, or the field at fault and the item if that can be read."""
    if len(record) > LONGEST_LINE or not record.isascii():
        return "line", None
    fields = record.decode("ascii").split(";")
    if len(fields) != len(FIELDS):
        return "line", None
    code, item, time, country, office, reason = fields
    if not is_valid(item):
        return "item", None
    scanned_at = _instant(time)
    if not _CODE.fullmatch(code):
        return "code", item
    if scanned_at is None:
        return "time", item
    for name, form, value in (("country", _COUNTRY, country), ("office", _OFFICE, office), ("reason", _REASON, reason)):
        if not form.fullmatch(value):
            return name, item
    offset = scanned_at.utcoffset()
    return CarrierEvent(
        tracking_number=item,
        raw=_canonical(fields),
        code=code if code in EMSEVT else UNKNOWN_CODE,
        scanned_at=scanned_at.astimezone(UTC),
        utc_offset_minutes=round(offset.total_seconds() / 60) if offset is not None else 0,
        country=country or None,
    )


def _unreadable(item: str, record: bytes) -> CarrierEvent:
    raw = _canonical(record.decode("ascii").split(";"))
    return CarrierEvent(item, raw, code=None, scanned_at=None, utc_offset_minutes=0, country=None)


def _canonical(fields: Sequence[str]) -> bytes:
    return json.dumps(dict(zip(FIELDS, fields, strict=True)), separators=(",", ":")).encode()


def _instant(text: str) -> datetime | None:
    """None for what is no time, or has no offset."""
    try:
        instant = datetime.fromisoformat(text)
        instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant.tzinfo is not None and instant.year in _YEARS else None
