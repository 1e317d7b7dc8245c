"""Forty bad vendors, brands and products, each with the field that is at fault and the rule that it breaks."""

from __future__ import annotations

import csv
import io
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.makers.domain.vendors import changed
from services.makers.schemas.goods import BrandBody, ProductBody, details_body
from services.makers.schemas.product_list import LIST_BYTES, MOST_ROWS, MOST_SEPARATORS, read_list, write_list
from services.makers.schemas.vendors import AccountBody, CompanyBody, PeopleBody, VendorBody
from services.refusals.refusal import Refusal
from shared.text import begins_formula
from tests.support.makers_samples import DETAILS, NOW, product, vendor
from tests.support.makers_service import BRAND, COMPANY, IBAN, PEOPLE, product_body

PRODUCT = product_body("00000000-0000-0000-0000-000000000007")
TWICE = "https://a.fr/1.jpg"
BAD: list[tuple[type[BaseModel], dict[str, Any], str, Any, str, str]] = [
    (VendorBody, {"owner": "vieux-port"}, "owner", "vieux port", "owner", "string_pattern_mismatch"),
    (VendorBody, {"owner": "vieux-port"}, "owner", "", "owner", "string_pattern_mismatch"),
    (CompanyBody, COMPANY, "name", " Savonnerie", "name", "trimmed"),
    (CompanyBody, COMPANY, "name", "Savon\nnerie", "name", "printable"),
    (CompanyBody, COMPANY, "name", "", "name", "string_too_short"),
    (CompanyBody, COMPANY, "public_name", "A" * 101, "public_name", "string_too_long"),
    (CompanyBody, COMPANY, "postcode", "1" * 17, "postcode", "string_too_long"),
    (CompanyBody, COMPANY, "country", "FX", "country", "country"),
    (CompanyBody, COMPANY, "country", "France", "country", "string_pattern_mismatch"),
    (CompanyBody, COMPANY, "siren", "552100555", "siren", "siren"),
    (CompanyBody, COMPANY, "siren", "55210055", "siren", "siren"),
    (CompanyBody, COMPANY, "vat", "FR27552100554", "vat", "vat"),
    (CompanyBody, COMPANY, "vat", "GB123456789", "vat", "vat"),
    (CompanyBody, COMPANY, "eori", "FR552100555", "eori", "eori"),
    (CompanyBody, COMPANY, "eori", "55210055400013", "eori", "eori"),
    (CompanyBody, COMPANY, "phone", "1", "phone", "extra_forbidden"),
    (AccountBody, {"iban": IBAN}, "iban", "FR1420041010050500013M02607", "iban", "iban"),
    (AccountBody, {"iban": IBAN}, "iban", None, "iban", "string_type"),
    (PeopleBody, PEOPLE, "contacts", [], "contacts", "too_short"),
    (PeopleBody, PEOPLE, "contacts", [PEOPLE["contacts"][0]] * 11, "contacts", "too_long"),  # type: ignore[index]
    (PeopleBody, PEOPLE, "contacts.0.email", "export@", "contacts.0.email", "email"),
    (PeopleBody, PEOPLE, "contacts.0.phone", "0491900001", "contacts.0.phone", "phone"),
    (PeopleBody, PEOPLE, "contacts.0.phone", "+3349", "contacts.0.phone", "phone"),
    (PeopleBody, PEOPLE, "representative", None, "representative", "model_type"),
    (BrandBody, BRAND, "office", "USPTO", "office", "literal_error"),
    (BrandBody, BRAND, "territories", [], "territories", "too_short"),
    (BrandBody, BRAND, "territories", ["CN", "CN"], "territories", "repeated"),
    (BrandBody, BRAND, "valid_to", "2019-12-31", "", "brand_period"),
    (BrandBody, BRAND, "valid_to", "9999-12-31", "valid_to", "less_than_equal"),
    (BrandBody, BRAND, "valid_from", "0001-01-01", "valid_from", "greater_than_equal"),
    (BrandBody, BRAND, "number", "no. 1", "number", "string_pattern_mismatch"),
    (ProductBody, PRODUCT, "gtin", "3245678901237", "gtin", "gtin"),
    (ProductBody, PRODUCT, "gtin", "324567890123", "gtin", "gtin"),
    (ProductBody, PRODUCT, "names.zh", "Olive soap", "names.zh", "chinese"),
    (ProductBody, PRODUCT, "names.en", "A" * 65, "names.en", "string_too_long"),
    (ProductBody, PRODUCT, "names.fr", "=HYPERLINK(1)", "names.fr", "formula"),
    (ProductBody, PRODUCT, "names.fr", "＝HYPERLINK(1)", "names.fr", "formula"),
    (ProductBody, PRODUCT, "names.en", "＋33491900001", "names.en", "formula"),
    (ProductBody, PRODUCT, "names.zh", "－橄榄皂", "names.zh", "formula"),
    (ProductBody, PRODUCT, "hs_code", "3401", "hs_code", "string_pattern_mismatch"),
    (ProductBody, PRODUCT, "origin", "EU", "origin", "country"),
    (ProductBody, PRODUCT, "composition", "@SUM", "composition", "formula"),
    (ProductBody, PRODUCT, "composition", "＠SUM", "composition", "formula"),
    (ProductBody, PRODUCT, "net_weight_g", 30_001, "net_weight_g", "less_than_equal"),
    (ProductBody, PRODUCT, "net_weight_g", "300", "net_weight_g", "int_type"),
    (ProductBody, PRODUCT, "length_mm", 0, "length_mm", "greater_than_equal"),
    (ProductBody, PRODUCT, "unit_value.amount", "9.505", "unit_value.amount", "amount_form"),
    (ProductBody, PRODUCT, "unit_value.amount", "0.00", "unit_value.amount", "greater_than"),
    (ProductBody, PRODUCT, "unit_value.currency", "USD", "unit_value.currency", "literal_error"),
    (ProductBody, PRODUCT, "images", ["http://a.fr/1.jpg"], "images.0", "string_pattern_mismatch"),
    (ProductBody, PRODUCT, "images", [TWICE, TWICE], "images", "repeated"),
    (ProductBody, PRODUCT, "documents.0.type", "C4", "documents.0.type", "string_pattern_mismatch"),
    (ProductBody, PRODUCT, "identity", "batch", "identity", "literal_error"),
    (ProductBody, PRODUCT, "brand_id", "mine", "brand_id", "uuid_parsing"),
]


@pytest.mark.parametrize(("kind", "good", "path", "value", "field", "rule"), BAD)
def test_a_fault_names_its_field_and_its_rule(
    kind: type[BaseModel], good: dict[str, Any], path: str, value: Any, field: str, rule: str
) -> None:
    kind.model_validate(good)
    body: Any = deepcopy(good)
    *outer, last = path.split(".")
    inside = body
    for name in outer:
        inside = inside[int(name) if name.isdigit() else name]
    inside[last] = value
    with pytest.raises(ValidationError) as wrong:
        kind.model_validate(body)
    named = {(".".join(map(str, fault["loc"])), fault["type"]) for fault in wrong.value.errors()}
    assert named == {(field, rule)}


@pytest.mark.parametrize("name", ["𱍐", "\U000323b0某", "\U00033479", "葛\U000e0100", "龘", "Zoë"])
def test_a_name_in_rare_characters_is_taken_on_every_python(name: str) -> None:
    """Whether a character is assigned depends on the interpreter: 3.11 knows none of the first three."""
    people = deepcopy(PEOPLE)
    people["representative"] = {"name": name, "role": "gérante"}
    assert PeopleBody.model_validate(people).representative.name == name


@pytest.mark.parametrize("name", ["a\u202eb", "a\u200bb", "\ue000", "\ufffe", "a\u2028b"])
def test_what_nobody_sees_is_no_name(name: str) -> None:
    people = deepcopy(PEOPLE) | {"representative": {"name": name, "role": "gérante"}}
    with pytest.raises(ValidationError):
        PeopleBody.model_validate(people)


def test_there_are_forty() -> None:
    assert len(BAD) >= 40


def test_a_company_whose_numbers_are_anothers_is_refused() -> None:
    company = CompanyBody.model_validate(COMPANY | {"siren": "404833048"}).company()
    with pytest.raises(Refusal) as refusal:
        changed(vendor(state="draft"), company, NOW)
    assert {fault.rule for fault in refusal.value.faults} == {"vat_of_siren", "eori_of_siren"}


@pytest.mark.parametrize(
    ("gtin", "stored_gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("3245678901236", "03245678901236"),
        ("13245678901233", "13245678901233"),
    ],
)
def test_a_gtin_is_kept_in_14_digits(gtin: str, stored_gtin: str) -> None:
    assert ProductBody.model_validate(PRODUCT | {"gtin": gtin}).gtin == stored_gtin


def test_what_is_stated_is_kept_and_shown_as_stated() -> None:
    assert details_body(DETAILS).details() == DETAILS
    body = ProductBody.model_validate(details_body(DETAILS).model_dump())
    assert body.details() == DETAILS


@pytest.mark.parametrize("sign", list("=+-@＝＋－＠"))
def test_no_cell_of_a_list_begins_a_formula(sign: str) -> None:
    """Whatever the column: it is refused, or written without the sign."""
    headings, good = csv.reader(io.StringIO(write_list([product()])))
    for place in range(len(headings)):
        cells = [*good[:place], sign + good[place], *good[place + 1 :]]
        sent = io.StringIO()
        csv.writer(sent).writerows([headings, cells])
        rows, faults, _ = read_list(sent.getvalue().encode())
        assert rows or faults
        written = [product(sku=row.sku, details=row.body.details()) for row in rows]
        for line in csv.reader(io.StringIO(write_list(written))):
            assert not any(map(begins_formula, line))


def test_a_list_is_read_back_as_it_was_written() -> None:
    products = [product(), product(sku="SAVON-2", details=ProductBody.model_validate(PRODUCT).details())]
    rows, faults, count = read_list(write_list(products).encode())
    assert (faults, count) == ([], 2)
    assert [(row.sku, row.body.details()) for row in rows] == [(written.sku, written.details) for written in products]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\xff", (0, "", "utf8")),
        (b'"', (0, "", "csv")),
        (b"sku,sku\n", (0, "", "column_repeated")),
        (b"colour\n", (0, "", "unknown_column")),
        (b"", (0, "gtin", "missing")),
        (b"\n" * LIST_BYTES, (0, "", "separators")),
        (b"\r" * LIST_BYTES, (0, "", "separators")),
        (b"," * LIST_BYTES, (0, "", "separators")),
    ],
)
def test_what_is_no_list_is_told(text: bytes, expected: tuple[int, str, str]) -> None:
    _, faults, _ = read_list(text)
    assert expected in {(fault.row, fault.column, fault.rule) for fault in faults}


def test_rows_are_counted_before_they_are_read() -> None:
    text = write_list([product()]).encode()
    head, row = text.split(b"\r\n", 1)
    _, faults, count = read_list(head + b"\r\n" + row * (MOST_ROWS + 1))
    assert (count, [fault.rule for fault in faults]) == (MOST_ROWS + 1, ["rows"])


def test_no_more_rows_are_made_than_may_be() -> None:
    """A count of half a million empty lines would stall all others for a second."""
    head = write_list([]).encode()
    _, faults, count = read_list(head + b"\n" * (MOST_SEPARATORS - head.count(b",") - 2))
    assert (count, [fault.rule for fault in faults]) == (MOST_ROWS + 1, ["rows"])
    _, faults, count = read_list(head + b"a" * (LIST_BYTES - len(head)))
    assert (count, [fault.rule for fault in faults]) == (0, ["csv"])


@pytest.mark.parametrize("column", ["images", "documents"])
def test_what_one_cell_holds_is_counted_before_it_is_judged(column: str) -> None:
    """60,000 images in a cell made 60,000 faults: a list of four such rows kept a core busy for seconds."""
    headings, good = csv.reader(io.StringIO(write_list([product()])))
    cells = [" ".join(["x"] * 60_000) if name == column else cell for name, cell in zip(headings, good, strict=True)]
    sent = io.StringIO()
    csv.writer(sent).writerows([headings, cells])
    _, faults, _ = read_list(sent.getvalue().encode())
    assert [(fault.row, fault.column, fault.rule) for fault in faults] == [(1, column, "too_long")]


def test_a_list_is_written_in_pieces() -> None:
    first, second = product(), product(sku="SAVON-2")
    assert write_list([first]) + write_list([second], headings=False) == write_list([first, second])


def test_a_row_is_judged_cell_by_cell() -> None:
    text = write_list([product(), product()]).replace(",300,", ",heavy,", 1) + "SAVON-9,short\r\n"
    rows, faults, _ = read_list(text.encode())
    assert [row.number for row in rows] == [2]
    assert {(fault.row, fault.column, fault.rule) for fault in faults} == {
        (1, "net_weight_g", "int_type"),
        (3, "", "cells"),
    }
    _, faults, _ = read_list(write_list([product(), product()]).encode())
    assert [(fault.row, fault.rule) for fault in faults] == [(2, "sku_repeated")]
