"""The sandbox's papers: what a scanner and a reader find on them."""

from __future__ import annotations

import re
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL.Image import Image

from sandbox.laposte import pdf, zpl
from sandbox.laposte.printed import PrintedParcel, printed_parcel
from services.carrier.domain.documents import is_pdf, is_zpl
from tests.support.sandbox_messages import label_request

NUMBER = "CY123456785FR"


def parcel(**changes: Any) -> PrintedParcel:
    return printed_parcel(NUMBER, "TM-1-1", label_request(**changes))


def rasters(document: bytes, dpi: int) -> list[Image]:
    """Its pages as a printer of so many dots an inch prints them: black and white, with no grey."""
    pages = pypdfium2.PdfDocument(document)
    images = [page.render(scale=dpi / 72).to_pil().convert("L") for page in pages]
    pages.close()
    return [image.point(lambda shade: 255 if shade > 127 else 0) for image in images]


def barcodes(document: bytes, dpi: int) -> list[tuple[str, str]]:
    """Format and text of each, on every page."""
    return [(code.format.name, code.text) for page in rasters(document, dpi) for code in zxingcpp.read_barcodes(page)]


def text(document: bytes) -> str:
    pages = pypdfium2.PdfDocument(document)
    words = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    pages.close()
    return words


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize(("size", "with_cn23"), [("10x15", False), ("10x10", False), ("A4", False), ("10x15", True)])
def test_the_number_is_read_from_the_label_as_it_is_printed(size: str, with_cn23: bool, dpi: int) -> None:
    label = pdf.label(parcel(), size, with_cn23=with_cn23)
    assert is_pdf(label)
    assert barcodes(label, dpi) == [("Code128", NUMBER)]


def test_a_label_names_the_addressee() -> None:
    words = text(pdf.label(parcel(), "10x15"))
    for line in ("Zhang Wei", "Shennan Dadao 1", "518057 Ville", "+8613900000000", "CY 123 456 785 FR", "TM-1-1"):
        assert line in words
    assert "CN 23" not in words


def test_on_one_page_are_label_and_cn23() -> None:
    label = pdf.label(parcel(), "10x15", with_cn23=True)
    assert len(rasters(label, 72)) == 1
    assert "DESTINATAIRE" in text(label)
    assert "HS 62141000" in text(label)


@pytest.mark.parametrize(("copies", "pages"), [(None, 4), (1, 1), (3, 3)])
def test_a_cn23_has_as_many_pages_as_copies(copies: int | None, pages: int) -> None:
    document = pdf.cn23(parcel(letter__customsDeclarations__numberOfCopies=copies), "10x12")
    assert len(rasters(document, 72)) == pages
    assert text(document).count("2 x Silk scarf (90 cm)") == pages
    assert "Total 1.2 kg 240.00 EUR" in re.sub(" +", " ", text(document))


def test_a_character_that_no_reader_has_is_a_question_mark() -> None:
    words = text(pdf.label(parcel(letter__addressee__address__lastName="张 é"), "10x15"))
    assert "? é" in words


@pytest.mark.parametrize("dpi", [203, 300])
def test_zpl_has_the_same_and_its_size_in_dots(dpi: int) -> None:
    label = zpl.label(parcel(letter__addressee__address__lastName="Zhang^XZ~Wei"), "10x15", dpi, with_cn23=True)
    assert is_zpl(label)
    assert label.count(b"^XZ") == 1
    assert f"^PW{round(10 / 2.54 * dpi)}^LL{round(15 / 2.54 * dpi)}".encode() in label
    for part in (b"^BCN", NUMBER.encode(), b"Shennan Dadao 1", b"HS 62141000"):
        assert part in label
    assert zpl.cn23(parcel(), dpi).count(b"^XA") == 4
