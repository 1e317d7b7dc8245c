"""The least PDF: one page of text, written by hand, for tests that change its bytes."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 283, 425
"""10 x 15 cm in points, a label's size."""


def page(title: str, lines: Sequence[str]) -> bytes:
    """One page with a title and lines below it. Characters that are not in Windows-1252 become question marks."""
    text = [f"BT /F1 14 Tf 20 {HEIGHT - 40} Td ({_escape(title)}) Tj ET"]
    text += [f"BT /F1 9 Tf 20 {HEIGHT - 70 - 14 * n} Td ({_escape(line)}) Tj ET" for n, line in enumerate(lines)]
    content = "\n".join(text).encode("cp1252", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R" % (WIDTH, HEIGHT)
        + b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
