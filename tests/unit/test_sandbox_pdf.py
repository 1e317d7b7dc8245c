"""The sandbox's PDFs."""

from __future__ import annotations

import re

from sandbox.laposte.pdf import page


def test_a_page_is_a_pdf_whose_table_finds_every_object() -> None:
    made = page("CY123456785FR", ["1.2 kg", r"a (strange) \ line", "é", "丝"])
    assert made.startswith(b"%PDF-1.4")
    assert made.endswith(b"%%EOF\n")
    assert b"(CY123456785FR) Tj" in made
    start = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    entries = re.findall(rb"(\d{10}) 00000 n", made[start:])
    assert len(entries) == 5
    for number, offset in enumerate(entries, start=1):
        assert made[int(offset) :].startswith(b"%d 0 obj" % number)
    length, stream = re.search(rb"/Length (\d+) >>\nstream\n(.*)\nendstream", made, re.DOTALL).groups()  # type: ignore[union-attr]  # it is there, or the test fails
    assert len(stream) == int(length)
