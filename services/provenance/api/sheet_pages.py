"""Labels of units on sheets of 3 x 8 labels of 70 x 37 mm, as PDF. Pure.

On each are the Digital Link as a QR code, and the hidden code in a frame, over which the scratch layer goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

COLUMNS, ROWS = 3, 8
WIDTH, HEIGHT = 70 * mm, 37 * mm
TOP = (A4[1] - ROWS * HEIGHT) / 2
CODE_SIDE = 27 * mm
QUIET_MODULES = 4
"""Around a QR code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Label:
    link: str
    gtin: str
    serial: str
    code: str


def sheet(labels: Sequence[Label]) -> bytes:
    """A PDF with these labels, row by row."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for number, label in enumerate(labels):
        place = number % (COLUMNS * ROWS)
        if number and place == 0:
            canvas.showPage()
        row, column = divmod(place, COLUMNS)
        _draw(canvas, label, column * WIDTH, A4[1] - TOP - (row + 1) * HEIGHT)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, label: Label, x: float, y: float) -> None:
    modules = list(segno.make(label.link, error="m", micro=False).matrix)
    side = CODE_SIDE / (len(modules) + 2 * QUIET_MODULES)
    left, top = x + 3 * mm, y + (HEIGHT + CODE_SIDE) / 2
    for across, down, length in _runs(modules):
        canvas.rect(
            left + (across + QUIET_MODULES) * side,
            top - (down + QUIET_MODULES + 1) * side,
            length * side,
            side,
            stroke=0,
            fill=1,
        )
    text = x + 3 * mm + CODE_SIDE + 2 * mm
    canvas.setFont("Helvetica", 6)
    canvas.drawString(text, y + 29 * mm, f"GTIN {label.gtin}")
    canvas.drawString(text, y + 26 * mm, f"SN {label.serial}")
    canvas.rect(text, y + 9 * mm, 33 * mm, 10 * mm, stroke=1, fill=0)
    canvas.setFont("Courier-Bold", 16)
    canvas.drawCentredString(text + 16.5 * mm, y + 12 * mm, label.code)


def _runs(modules: Iterable[Iterable[int]]) -> Iterable[tuple[int, int, int]]:
    """Column, row and length of each run of dark modules: drawn in one piece, without hair lines between them."""
    for down, row in enumerate(modules):
        begin: int | None = None
        for across, dark in enumerate((*row, 0)):
            if dark and begin is None:
                begin = across
            elif not dark and begin is not None:
                yield begin, down, across - begin
                begin = None
