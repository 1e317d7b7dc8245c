"""What may be printed: a whole PDF with a page, and nothing else, at no great cost to find out."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bad_answers import PAGE
from services.carrier.domain.documents import (
    LONGEST_DICTIONARY,
    MOST_INFLATED,
    MOST_OBJECT_STREAMS,
    ZPL,
    Document,
    is_pdf,
    is_zpl,
    read_document,
)
from services.carrier.domain.documents import PDF as PDF_TYPE
from tests.support.least_pdf import page

PDF = page("CY123456785FR", ["DOS FR -> CN"])


def compressed(objects: bytes, dictionary: bytes = b"/Type /ObjStm /N 1 /First 4") -> bytes:
    """As PDF 1.5 may write it: pages in a compressed stream of objects, and the table of objects in another."""
    packed = zlib.compress(objects)
    stream = b"<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (dictionary, len(packed), packed)
    table = b"2 0 obj\n<< /Type /XRef /Size 3 >>\nstream\n\nendstream\nendobj\n"
    body = b"%PDF-1.5\n1 0 obj\n" + stream + b"\nendobj\n"
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


@pytest.mark.parametrize(
    "document",
    [PDF, PDF.rstrip(), PDF + b"\r\n\0\0\0", PDF.replace(b"1.4", b"2.0"), compressed(b"1 0 << /Type /Page >>")],
)
def test_a_pdf(document: bytes) -> None:
    assert is_pdf(document)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PAGE, id="HTML"),
        pytest.param(b"^XA^FDlabel^FS^XZ", id="ZPL"),
        pytest.param(b"\n" + PDF, id="something before"),
        pytest.param(PDF + b"x" * 2_000, id="something behind"),
        pytest.param(PDF.replace(b"/Type /Page ", b"/Type /Pages"), id="no page"),
        pytest.param(PDF.replace(b"startxref\n", b"startxref\n9"), id="a table beyond the end"),
        pytest.param(b"%PDF-1.4\nstartxref\n0\n%%EOF\n", id="empty"),
        pytest.param(compressed(b"1 0 << /Type /Pages >>"), id="no page among compressed objects"),
        pytest.param(compressed(b"x")[:-4] + b"ROF\n", id="another end"),
    ],
)
def test_no_pdf(document: bytes) -> None:
    assert not is_pdf(document)


@given(st.integers(min_value=0, max_value=len(PDF.rstrip()) - 1))
def test_a_pdf_that_was_cut_off_is_none(length: int) -> None:
    assert not is_pdf(PDF[:length])


def test_a_pdf_laid_out_for_the_web_cut_off_at_its_first_end_is_none() -> None:
    half = PDF.replace(b"1.4\n", b"1.4\n9 0 obj\n<< /Linearized 1 /L 9999 /N 1 >>\nendobj\n", 1)
    whole = (half * 2).replace(b"/L 9999", b"/L %04d" % (2 * len(half)))
    assert is_pdf(whole)
    assert not is_pdf(whole[: len(half)])


def test_a_compressed_object_is_not_inflated_without_bound() -> None:
    bomb = compressed(bytes(200 * 1024 * 1024))
    tracemalloc.start()
    try:
        assert not is_pdf(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MOST_INFLATED


def with_object_streams(*streams: bytes) -> bytes:
    """A PDF of these streams of objects, as they stand in the file."""
    body = b"%PDF-1.5\n" + b"".join(b"<< /Type /ObjStm >>\nstream\n%s\nendstream\n" % stream for stream in streams)
    return body + b"startxref\n%d\n%%%%EOF\n" % (len(body) - 1)


HAS_PAGE, HAS_NONE = zlib.compress(b"1 0 << /Type /Page >>"), zlib.compress(b"1 0 << /Type /Font >>")


def test_a_stream_of_objects_that_is_compressed_otherwise_is_passed_over() -> None:
    assert is_pdf(with_object_streams(b"not deflated", HAS_PAGE))
    assert not is_pdf(with_object_streams(b"not deflated", HAS_NONE))


def test_the_name_of_a_stream_of_objects_without_a_stream_is_passed_over() -> None:
    named = b"%PDF-1.5\n% /ObjStm" + b" " * LONGEST_DICTIONARY + b"\n"
    assert is_pdf(with_object_streams(HAS_PAGE).replace(b"%PDF-1.5\n", named))
    assert not is_pdf(with_object_streams(HAS_NONE).replace(b"%PDF-1.5\n", named))


def test_a_page_is_looked_for_in_so_many_streams_of_objects_and_no_more() -> None:
    assert is_pdf(with_object_streams(*[HAS_NONE] * (MOST_OBJECT_STREAMS - 1), HAS_PAGE))
    assert not is_pdf(with_object_streams(*[HAS_NONE] * MOST_OBJECT_STREAMS, HAS_PAGE))


LABEL = b"^XA^CI28^FO20,20^FDlabel^FS^XZ"


@pytest.mark.parametrize(
    "document", [LABEL, LABEL + b"\r\n", LABEL * 4, b"\n" + LABEL, b"CT~~CD,~CC^~CT~\n" + LABEL, b"~JSN" + LABEL]
)
def test_zpl(document: bytes) -> None:
    assert is_zpl(document)
    assert read_document(document) == Document(document, ZPL)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PAGE, id="HTML"),
        pytest.param(PDF, id="PDF"),
        pytest.param(b"x" + LABEL, id="something before"),
        pytest.param(LABEL + b"x", id="something behind"),
        pytest.param(b"^FDlabel^FS^XZ", id="no beginning"),
        pytest.param(b"^FS^XZ^XA", id="an end alone"),
    ],
)
def test_no_zpl(document: bytes) -> None:
    assert not is_zpl(document)


@given(st.integers(min_value=0, max_value=len(LABEL) - 1))
def test_zpl_that_was_cut_off_is_none(length: int) -> None:
    assert not is_zpl(LABEL[:length])


def test_a_document_is_read_by_what_it_is() -> None:
    assert read_document(PDF) == Document(PDF, PDF_TYPE)
    assert read_document(PAGE) is None
