"""Labels, CN23s and bordereaux as PDFs: the number of a label as Code 128, which a scanner reads."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import cm, inch
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from sandbox.laposte.printed import PrintedParcel

LABEL_SIZES = {"10x15": (10 * cm, 15 * cm), "10x10": (10 * cm, 10 * cm), "A4": A4}
CN23_SIZES = {"10x12": (10 * cm, 12 * cm), "A4": A4}
BAR = 3 * inch / 203
"""Width of the narrowest bar: three dots of a printer of 203 dpi, four and a half of one of 300."""
MARGIN = 0.5 * cm
WIDEST = 0.7
"""No text is wider than so much of its size a character, on average."""
SHORT_LIST = 3
"""So many articles a page with label and CN23 names; its totals are of all."""


def label(parcel: PrintedParcel, size: str, *, with_cn23: bool = False) -> bytes:
    """One page; on A4 the label lies in the upper left corner. `with_cn23`: both on the page."""
    width, height = LABEL_SIZES[size]
    out, canvas = _canvas(width, height)
    top = height
    short = with_cn23 or size == "10x10"
    bottom = _draw_label(canvas, parcel, top, short=short)
    if with_cn23:
        _draw_cn23(canvas, parcel, bottom - MARGIN, most=SHORT_LIST)
    return _finished(out, canvas)


def cn23(parcel: PrintedParcel, size: str) -> bytes:
    """A page a copy."""
    width, height = CN23_SIZES[size]
    out, canvas = _canvas(width, height)
    canvas.beginForm("cn23", upperx=width, uppery=height)
    _draw_cn23(canvas, parcel, height, most=len(parcel.articles))
    canvas.endForm()
    for copy in range(1, parcel.copies + 1):
        if copy > 1:
            canvas.showPage()
        canvas.doForm("cn23")
        canvas.setFont("Helvetica", 6.5)
        canvas.drawRightString(10 * cm - MARGIN, height - 14, f"{copy}/{parcel.copies}")
    return _finished(out, canvas)


def text_page(title: str, lines: Sequence[str]) -> bytes:
    """One page, A4, with a title and at most fifty lines below it."""
    out, canvas = _canvas(*A4)
    text = canvas.beginText(2 * cm, A4[1] - 2 * cm)
    text.setFont("Helvetica", 14)
    text.textLine(title)
    text.setFont("Helvetica", 9)
    for line in lines:
        text.textLine(line)
    canvas.drawText(text)
    return _finished(out, canvas)


def _canvas(width: float, height: float) -> tuple[BytesIO, Canvas]:
    out = BytesIO()
    return out, Canvas(out, pagesize=(width, height), pageCompression=0, invariant=1)


def _finished(out: BytesIO, canvas: Canvas) -> bytes:
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw_label(canvas: Canvas, parcel: PrintedParcel, top: float, *, short: bool) -> float:
    """Ten centimetres wide, from the top of the page. Returns where it ends."""
    right, bar_height = 10 * cm - MARGIN, (1.4 if short else 2.4) * cm
    y = top - MARGIN
    canvas.setLineWidth(1)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(MARGIN, y - 14, "COLISSIMO")
    canvas.drawRightString(right, y - 14, f"{parcel.product}  FR > {parcel.destination}")
    y -= 22
    canvas.line(MARGIN, y, right, y)
    y = _text(canvas, MARGIN, y, (f"Exp. {', '.join(parcel.sender)}",), 6.5)
    details = [f"{parcel.weight_kg} kg", f"Ref. {parcel.reference}"]
    y = _text(canvas, MARGIN, y, ("   ".join(details),), 7.5) - 4
    canvas.line(MARGIN, y, right, y)
    y = _text(canvas, MARGIN, y, ("DESTINATAIRE",), 6.5)
    y = _text(canvas, MARGIN + 6, y, parcel.addressee, 9.5 if short else 11.5)
    y = _text(canvas, MARGIN + 6, y, (f"Tel. {parcel.phone}",), 9) - 4
    canvas.line(MARGIN, y, right, y)
    bars = Code128(parcel.number, barWidth=BAR, barHeight=bar_height, quiet=False)
    y -= bar_height + 8
    bars.drawOn(canvas, (10 * cm - bars.width) / 2, y)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawCentredString(5 * cm, y - 14, parcel.spaced_number)
    canvas.setFont("Helvetica", 6)
    canvas.drawCentredString(5 * cm, y - 23, parcel.number)
    y -= 28
    canvas.line(MARGIN, y, right, y)
    return y


def _draw_cn23(canvas: Canvas, parcel: PrintedParcel, top: float, *, most: int) -> None:
    """Ten centimetres wide, from `top`."""
    right, y = 10 * cm - MARGIN, top - 4
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawString(MARGIN, y - 10, "CN 23")
    canvas.setFont("Helvetica", 6.5)
    canvas.drawString(MARGIN + 46, y - 10, "DECLARATION EN DOUANE / CUSTOMS DECLARATION")
    y = _text(canvas, MARGIN, y - 12, (parcel.spaced_number, f"De / From: {', '.join(parcel.sender)}"), 6.5)
    y = _text(canvas, MARGIN, y, (f"A / To: {', '.join(parcel.addressee)}", f"Tel. {parcel.phone}"), 6.5) - 3
    canvas.line(MARGIN, y, right, y)
    for article in parcel.articles[:most]:
        first = f"{article.quantity} x {article.description}"
        second = (
            f"HS {article.hs_code}  {article.origin}  {article.weight_kg} kg  {article.value:.2f} {article.currency}"
        )
        y = _text(canvas, MARGIN, y, (first, second), 6.5) - 2
    canvas.line(MARGIN, y, right, y)
    weight = f"{parcel.weight_kg} kg"
    _text(canvas, MARGIN, y, (f"Total {weight}  {parcel.total}", f"Facture / Invoice {parcel.invoice}"), 7)


def _text(canvas: Canvas, x: float, y: float, lines: Sequence[str], size: float) -> float:
    """The lines below `y`, parted at blanks where the label ends. Returns where they end. Of characters the fonts of
    every reader have those of Windows-1252; others become question marks."""
    canvas.setFont("Helvetica", size)
    width = 10 * cm - MARGIN - x
    for line in lines:
        encoded = line.encode("cp1252", "replace").decode("cp1252")
        short = len(encoded) * size * WIDEST < width
        for part in [encoded] if short else simpleSplit(encoded, "Helvetica", size, width):
            y -= size * 1.25
            canvas.drawString(x, y, part)
    return y
