"""The slip beside a label as a page of 10 x 15 cm, with the font of its characters in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path

from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT = Path(__file__).parents[1] / "data" / "DroidSansFallbackFull.ttf"
"""All Chinese characters of Unicode 1 and of extension A, and no Latin letter: those are in Helvetica."""
HAN, LATIN = "DroidSansFallback", "Helvetica"
WIDTH, HEIGHT, MARGIN = 10 * cm, 15 * cm, 0.7 * cm
SIZES = (20, 18, 16, 14, 12, 10, 9, 8, 7, 6)
"""In points: the largest that fits."""
LEADING = 1.35


class NoGlyph(ValueError):
    """A character that the font does not have: the page would leave it out."""

    def __init__(self) -> None:
        super().__init__("a character of the slip is not in the font")


def slip_page(lines: Sequence[str]) -> bytes:
    """A PDF of one page with these lines, each parted where the page ends. Raises NoGlyph."""
    glyphs = _glyphs()
    if any(not _is_latin(character) and ord(character) not in glyphs for line in lines for character in line):
        raise NoGlyph
    size = next((size for size in SIZES if _fits(lines, size)), SIZES[-1])
    out = BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    y = HEIGHT - MARGIN
    for part in _all_parted(lines, size):
        y -= size * LEADING
        x = MARGIN
        for font, run in _runs(part):
            canvas.setFont(font, size)
            canvas.drawString(x, y, run)
            x += pdfmetrics.stringWidth(run, font, size)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _fits(lines: Sequence[str], size: float) -> bool:
    return len(_all_parted(lines, size)) * size * LEADING <= HEIGHT - 2 * MARGIN


def _all_parted(lines: Sequence[str], size: float) -> list[str]:
    return [part for line in lines for part in _parted(line, size)]


@cache
def _glyphs() -> frozenset[int]:
    """The characters of the font, which is read at its first use."""
    font = TTFont(HAN, FONT)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _is_latin(character: str) -> bool:
    """Of Windows-1252, which every reader of PDF has."""
    return character.isprintable() and bool(character.encode("cp1252", "ignore"))


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Font and text of each run of characters in one font."""
    for latin, characters in groupby(text, _is_latin):
        yield LATIN if latin else HAN, "".join(characters)


def _width(text: str, size: float) -> float:
    return sum(pdfmetrics.stringWidth(run, font, size) for font, run in _runs(text))


def _parted(line: str, size: float) -> Iterator[str]:
    """The line in parts that fit on the page: between any two characters, but not within a number or word that fits."""
    most, part = WIDTH - 2 * MARGIN, ""
    for piece in _pieces(line, most, size):
        if part and _width(part + piece, size) > most:
            yield part
            part = ""
        part += piece
    yield part


def _pieces(line: str, most: float, size: float) -> Iterator[str]:
    """Chinese characters one by one, words of Latin letters and figures whole where they fit on a line."""
    for font, run in _runs(line):
        words = [word + " " for word in run.split(" ")] if font == LATIN else []
        if words:
            words[-1] = words[-1][:-1]
        yield from words if words and all(_width(word, size) <= most for word in words) else run
