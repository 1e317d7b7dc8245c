"""Labels and CN23s in ZPL II, for printers of 203 or 300 dpi."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandbox.laposte.printed import PrintedParcel

LINE = 0.4
"""Centimetres from one line to the next."""
BARS = 2.0
"""Height of the barcode, in centimetres."""


def label(parcel: PrintedParcel, size: str, dpi: int, *, with_cn23: bool = False) -> bytes:
    """One format. `with_cn23`: both in it."""
    lines = [
        f"COLISSIMO  {parcel.product}  FR > {parcel.destination}",
        f"Exp. {', '.join(parcel.sender)}",
        f"{parcel.weight_kg} kg   Ref. {parcel.reference}",
        *parcel.addressee,
        f"Tel. {parcel.phone}",
    ]
    height = {"10x15": 15.0, "10x10": 10.0}[size]
    behind = list(_cn23_lines(parcel, "")) if with_cn23 else []
    return _format(lines, dpi, height, barcode=parcel.number, spaced=parcel.spaced_number, behind=behind)


def cn23(parcel: PrintedParcel, dpi: int) -> bytes:
    """A format a copy."""
    copies = (f"{copy}/{parcel.copies}" for copy in range(1, parcel.copies + 1))
    return b"".join(_format(list(_cn23_lines(parcel, copy)), dpi, 12.0) for copy in copies)


def _cn23_lines(parcel: PrintedParcel, copy: str) -> Iterator[str]:
    yield f"CN 23 {copy}  {parcel.spaced_number}"
    yield f"From {', '.join(parcel.sender)}"
    yield f"To {', '.join(parcel.addressee)}"
    for article in parcel.articles:
        yield f"{article.quantity} x {article.description}"
        yield f"HS {article.hs_code} {article.origin} {article.weight_kg} kg {article.value:.2f} {article.currency}"
    yield f"Total {parcel.weight_kg} kg {parcel.total}"


def _format(
    lines: list[str],
    dpi: int,
    height_cm: float,
    *,
    barcode: str = "",
    spaced: str = "",
    behind: Sequence[str] = (),
) -> bytes:
    def dots(cm: float) -> int:
        return round(cm / 2.54 * dpi)

    commands = [f"^XA^CI28^PW{dots(10)}^LL{dots(height_cm)}"]
    y = 0.5

    def write(text: str) -> None:
        nonlocal y
        commands.append(f"^FO{dots(0.5)},{dots(y)}^A0N,{dots(0.3)}^FD{_data(text)}^FS")
        y += LINE

    for line in lines:
        write(line)
    if barcode:
        bar = 3 if dpi < 300 else 4
        commands.append(f"^FO{dots(1)},{dots(y)}^BY{bar}^BCN,{dots(BARS)},N,N,N,A^FD{_data(barcode)}^FS")
        y += BARS + 0.2
        write(spaced)
    for line in behind:
        write(line)
    return ("\n".join([*commands, "^XZ"]) + "\n").encode()


def _data(text: str) -> str:
    """As a field may hold it: the characters that begin commands become blanks."""
    return text.translate({ord("^"): " ", ord("~"): " "})
