"""What may be printed: a whole PDF of at least one page, or whole ZPL. Pure.

The checks fail for a cut-off file, a page of HTML or a few stray bytes, and pass for the documents of every known
producer; a printer judges the rest. Nothing is inflated beyond a bound.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Paper = Literal["label", "cn23"]
PDF = "application/pdf"
ZPL = "application/vnd.zebra-zpl"
"""As printers name it over IPP; nothing is registered."""
MOST_INFLATED = 4 * 1024 * 1024
MOST_OBJECT_STREAMS = 100
LONGEST_DICTIONARY = 500
_TAIL = 1024
"""The end is looked for in so many bytes: producers and transports add blank ones (ISO 32000-1, annex H.3.18)."""
_HEAD = re.compile(rb"%PDF-[12]\.[0-9]")
_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*\0*\s*\Z")
_PAGE = re.compile(rb"/Type\s{0,16}/Page(?![A-Za-z0-9])")
_STREAM = re.compile(rb"\bstream\r?\n")
_ZPL_HEAD = re.compile(rb"\s*(?:[\^~]|CT~~)")
"""Formats begin with `^XA`; a driver may put commands that set the printer up before the first."""
_ZPL_END = re.compile(rb"\^XZ\s*\Z")
_LINEARIZED = re.compile(
    rb"/Linearized\b[^>]{0,200}?/L\s+([0-9]{1,10})\b|/L\s+([0-9]{1,10})\b[^>]{0,200}?/Linearized\b"
)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document, for the printer that takes its media type."""

    content: bytes
    media_type: str


def read_document(content: bytes) -> Document | None:
    """The document, recognised by its content; None when it may not be printed."""
    if is_pdf(content):
        return Document(content, PDF)
    return Document(content, ZPL) if is_zpl(content) else None


def is_zpl(document: bytes) -> bool:
    """Whether it begins with a command of ZPL, holds a format, and ends as one does (ZPL II, `^XA` and `^XZ`)."""
    begins, ends = document.find(b"^XA"), _ZPL_END.search(document, max(0, len(document) - _TAIL))
    return _ZPL_HEAD.match(document) is not None and ends is not None and 0 <= begins < ends.start()


def is_pdf(document: bytes) -> bool:
    """Whether it begins and ends as a PDF does, points to a table of its objects, and holds a page."""
    end = _END.search(document, max(0, len(document) - _TAIL))
    if not _HEAD.match(document) or end is None or int(end[1]) >= len(document):
        return False
    return not _cut_short(document) and _has_page(document)


def _cut_short(document: bytes) -> bool:
    """A file laid out for the web has two ends, and names its length: it may have been cut off at the first."""
    named = _LINEARIZED.search(document, 0, _TAIL)
    return named is not None and int(named[1] or named[2]) > len(document)


def _has_page(document: bytes) -> bool:
    """Plain, or in an object stream (PDF 1.5), as far as these are compressed as they nearly always are."""
    if _PAGE.search(document):
        return True
    return any(_PAGE.search(objects) for objects in _object_streams(document))


def _object_streams(document: bytes) -> Iterator[bytes]:
    whole, room, start = memoryview(document), MOST_INFLATED, 0
    for _ in range(MOST_OBJECT_STREAMS):
        start = document.find(b"/ObjStm", start) + 1
        begins = _STREAM.search(document, start, start + LONGEST_DICTIONARY)
        if not start or room <= 0:
            return
        if begins is None:
            continue
        try:
            objects = zlib.decompressobj().decompress(whole[begins.end() :], room)
        except zlib.error:
            continue
        room -= len(objects)
        yield objects
