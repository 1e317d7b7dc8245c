"""Bad bodies: each is answered with the field and the rule, all its faults at once, and nothing of it is stored."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.orders.domain.intake import MAX_AGE
from services.orders.schemas.body import OrderBody
from services.orders.schemas.intake import check
from tests.support.order_body import NAME, PHONE, RESIDENT_ID, STREET, good_body
from tests.support.orders_service import OrdersService

Body = dict[str, Any]
Change = Callable[[Body], object]
REMOVED = object()


def change_at(path: str, value: object) -> Change:
    """A change of one place, e.g. `lines.0.quantity`."""

    def change(body: Body) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        target: Any = body
        for part in way:
            target = target[part]
        if value is REMOVED:
            del target[last]
        else:
            target[last] = value

    return change


def together(*changes: Change) -> Change:
    def change(body: Body) -> None:
        for single_change in changes:
            single_change(body)

    return change


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def hundred_lines(body: Body) -> None:
    body["lines"] = [dict(body["lines"][0], sku=f"SKU-{n}") for n in range(100)]


ADDRESS = "consignee.address"
TABLE: list[tuple[str, Change, set[tuple[str, str]]]] = [
    ("no number", change_at("number", REMOVED), {("number", "missing")}),
    ("number with a slash", change_at("number", "A/1"), {("number", "string_pattern_mismatch")}),
    ("number too long for a sub-order", change_at("number", "A" * 41), {("number", "string_pattern_mismatch")}),
    ("number not text", change_at("number", 17), {("number", "string_type")}),
    ("placed in the future", change_at("placed_at", in_days(1)), {("placed_at", "in_future")}),
    ("placed long ago", change_at("placed_at", in_days(-MAX_AGE.days - 1)), {("placed_at", "too_old")}),
    ("placed without offset", change_at("placed_at", "2026-11-23T09:30:00"), {("placed_at", "instant_form")}),
    ("placed as a number", change_at("placed_at", 1763890000), {("placed_at", "instant_form")}),
    ("placed on no day", change_at("placed_at", "2026-02-30T09:30:00Z"), {("placed_at", "instant_form")}),
    ("no buyer", change_at("buyer", REMOVED), {("buyer", "missing")}),
    ("buyer a list", change_at("buyer", [NAME]), {("buyer", "model_type")}),
    ("buyer's name blank", change_at("buyer.name", "  "), {("buyer.name", "blank")}),
    ("buyer's name of two lines", change_at("buyer.name", "王\n小明"), {("buyer.name", "control_character")}),
    ("buyer's name with a zero byte", change_at("buyer.name", "王\0"), {("buyer.name", "control_character")}),
    ("buyer's name too long", change_at("buyer.name", "王" * 61), {("buyer.name", "string_too_long")}),
    ("buyer's phone French", change_at("buyer.phone", "+33 6 12 34 56 78"), {("buyer.phone", "phone_country")}),
    ("buyer's phone of words", change_at("buyer.phone", "call me"), {("buyer.phone", "phone_invalid")}),
    (
        "resident id too short",
        change_at("buyer.resident_id", "36042619910101"),
        {("buyer.resident_id", "resident_id_length")},
    ),
    (
        "resident id with letters",
        change_at("buyer.resident_id", "36042619910101OO7X"),
        {("buyer.resident_id", "resident_id_form")},
    ),
    (
        "resident id mistyped",
        change_at("buyer.resident_id", "360426199101010072"),
        {("buyer.resident_id", "resident_id_checksum")},
    ),
    (
        "resident id born on no day",
        change_at("buyer.resident_id", "360426199102300070"),
        {("buyer.resident_id", "resident_id_component")},
    ),
    (
        "resident id not yet born",
        change_at("buyer.resident_id", "360426209901010076"),
        {("buyer.resident_id", "resident_id_component")},
    ),
    ("no consignee's phone", change_at("consignee.phone", REMOVED), {("consignee.phone", "missing")}),
    ("consignee's phone too short", change_at("consignee.phone", "+86 1380"), {("consignee.phone", "phone_invalid")}),
    (
        "consignee's phone in no range",
        change_at("consignee.phone", "+8610000000000"),
        {("consignee.phone", "phone_invalid")},
    ),
    (
        "phone with an extension",
        change_at("consignee.phone", "010-65529988转801"),
        {("consignee.phone", "phone_extension")},
    ),
    ("phone with letters", change_at("buyer.phone", "138OO138OOO"), {("buyer.phone", "phone_invalid")}),
    ("province of nowhere", change_at(f"{ADDRESS}.province", "Bavaria"), {(f"{ADDRESS}.province", "province_unknown")}),
    ("Hong Kong", change_at(f"{ADDRESS}.province", "香港"), {(f"{ADDRESS}.province", "destination_not_served")}),
    ("Taiwan", change_at(f"{ADDRESS}.province", "CN-TW"), {(f"{ADDRESS}.province", "destination_not_served")}),
    ("city of another province", change_at(f"{ADDRESS}.city", "Hangzhou"), {(f"{ADDRESS}.city", "city_unknown")}),
    ("code of a city elsewhere", change_at(f"{ADDRESS}.city", "330100"), {(f"{ADDRESS}.city", "city_unknown")}),
    (
        "code of a district elsewhere",
        change_at(f"{ADDRESS}.district", "440106"),
        {(f"{ADDRESS}.district", "district_unknown")},
    ),
    ("district a number", change_at(f"{ADDRESS}.district", 440305), {(f"{ADDRESS}.district", "string_type")}),
    ("district too long", change_at(f"{ADDRESS}.district", "区" * 61), {(f"{ADDRESS}.district", "string_too_long")}),
    (
        "street too long in form C",
        change_at(f"{ADDRESS}.street", "\u0344" * 61),
        {(f"{ADDRESS}.street", "string_too_long")},
    ),
    ("no street", change_at(f"{ADDRESS}.street", ""), {(f"{ADDRESS}.street", "blank")}),
    (
        "postcode of five digits",
        change_at(f"{ADDRESS}.postcode", "75001"),
        {(f"{ADDRESS}.postcode", "string_pattern_mismatch")},
    ),
    (
        "postcode in other digits",
        change_at(f"{ADDRESS}.postcode", "٥١٨٠٥٧"),
        {(f"{ADDRESS}.postcode", "string_pattern_mismatch")},
    ),
    ("another country", change_at(f"{ADDRESS}.country", "FR"), {(f"{ADDRESS}.country", "destination_not_served")}),
    ("country in small letters", change_at(f"{ADDRESS}.country", "cn"), {(f"{ADDRESS}.country", "country_unknown")}),
    ("no lines", change_at("lines", []), {("lines", "too_short")}),
    ("lines not a list", change_at("lines", {"sku": "A1"}), {("lines", "list_type")}),
    ("a hundred lines", hundred_lines, {("lines", "too_long")}),
    ("SKU in small letters", change_at("lines.0.sku", "serum-30"), {("lines[0].sku", "string_pattern_mismatch")}),
    ("SKU repeated", change_at("lines.1.sku", "SERUM-30"), {("lines[1].sku", "sku_repeated")}),
    ("description blank", change_at("lines.0.description", " "), {("lines[0].description", "blank")}),
    (
        "description too long for a CN23",
        change_at("lines.0.description", "x" * 65),
        {("lines[0].description", "string_too_long")},
    ),
    (
        "HS code of seven digits",
        change_at("lines.0.hs_code", "3304990"),
        {("lines[0].hs_code", "string_pattern_mismatch")},
    ),
    ("HS code of a reserved chapter", change_at("lines.0.hs_code", "770100"), {("lines[0].hs_code", "hs_chapter")}),
    ("HS code a number", change_at("lines.0.hs_code", 330499), {("lines[0].hs_code", "string_type")}),
    ("origin of nowhere", change_at("lines.0.origin", "XX"), {("lines[0].origin", "country_unknown")}),
    ("origin in three letters", change_at("lines.0.origin", "FRA"), {("lines[0].origin", "country_unknown")}),
    ("quantity zero", change_at("lines.0.quantity", 0), {("lines[0].quantity", "greater_than_equal")}),
    ("quantity negative", change_at("lines.0.quantity", -2), {("lines[0].quantity", "greater_than_equal")}),
    ("quantity beyond bounds", change_at("lines.0.quantity", 1000), {("lines[0].quantity", "less_than_equal")}),
    ("quantity and a half", change_at("lines.0.quantity", 1.5), {("lines[0].quantity", "int_type")}),
    ("quantity as text", change_at("lines.0.quantity", "2"), {("lines[0].quantity", "int_type")}),
    ("quantity true", change_at("lines.0.quantity", True), {("lines[0].quantity", "int_type")}),
    ("price zero", change_at("lines.0.unit_price.amount", "0.00"), {("lines[0].unit_price.amount", "greater_than")}),
    (
        "price negative",
        change_at("lines.0.unit_price.amount", "-39.90"),
        {("lines[0].unit_price.amount", "amount_form")},
    ),
    (
        "price with three decimals",
        change_at("lines.0.unit_price.amount", "39.901"),
        {("lines[0].unit_price.amount", "amount_form")},
    ),
    (
        "price with an exponent",
        change_at("lines.0.unit_price.amount", "1e2"),
        {("lines[0].unit_price.amount", "amount_form")},
    ),
    (
        "price with a comma",
        change_at("lines.0.unit_price.amount", "39,90"),
        {("lines[0].unit_price.amount", "amount_form")},
    ),
    (
        "price a list",
        change_at("lines.0.unit_price.amount", ["39.90"]),
        {("lines[0].unit_price.amount", "amount_type")},
    ),
    (
        "price beyond bounds",
        change_at("lines.0.unit_price.amount", "1000000.01"),
        {("lines[0].unit_price.amount", "less_than_equal")},
    ),
    (
        "price without currency",
        change_at("lines.0.unit_price.currency", REMOVED),
        {("lines[0].unit_price.currency", "missing")},
    ),
    (
        "price in dollars",
        change_at("lines.0.unit_price.currency", "USD"),
        {("lines[0].unit_price.currency", "literal_error")},
    ),
    ("two currencies", change_at("freight.currency", "CNY"), {("freight.currency", "currency_mixed")}),
    ("no freight", change_at("freight", REMOVED), {("freight", "missing")}),
    ("discount negative", change_at("discount.amount", "-5.00"), {("discount.amount", "amount_form")}),
    ("discount above all else", change_at("discount.amount", "500.00"), {("discount.amount", "discount_exceeds")}),
    (
        "total a cent off",
        together(change_at("total.amount", "107.57"), change_at("payment.amount.amount", "107.57")),
        {("total.amount", "sum_mismatch")},
    ),
    ("total nothing", change_at("total.amount", "0"), {("total.amount", "greater_than")}),
    ("paid a cent less", change_at("payment.amount.amount", "107.55"), {("payment.amount.amount", "payment_mismatch")}),
    ("payment without its id", change_at("payment.transaction_id", REMOVED), {("payment.transaction_id", "missing")}),
    ("paid in the future", change_at("payment.paid_at", in_days(2)), {("payment.paid_at", "in_future")}),
    ("payment long ago", change_at("payment.paid_at", in_days(-400)), {("payment.paid_at", "too_old")}),
    ("language unknown", change_at("language", "de"), {("language", "literal_error")}),
    ("a field that we do not know", change_at("gift_wrap", True), {("gift_wrap", "extra_forbidden")}),
    ("an unknown field within a line", change_at("lines.1.color", "red"), {("lines[1].color", "extra_forbidden")}),
    (
        "many faults in many places",
        together(
            change_at("number", ""),
            change_at("buyer.resident_id", "1"),
            change_at("consignee.phone", "1"),
            change_at(f"{ADDRESS}.city", "Lyon"),
            change_at("lines.0.quantity", 0),
            change_at("lines.1.hs_code", "1"),
            change_at("tax.currency", "CNY"),
            change_at("payment.paid_at", "now"),
        ),
        {
            ("number", "string_pattern_mismatch"),
            ("buyer.resident_id", "resident_id_length"),
            ("consignee.phone", "string_too_short"),
            (f"{ADDRESS}.city", "city_unknown"),
            ("lines[0].quantity", "greater_than_equal"),
            ("lines[1].hs_code", "string_pattern_mismatch"),
            ("tax.currency", "currency_mixed"),
            ("payment.paid_at", "instant_form"),
        },
    ),
]
IDS = [name for name, _, _ in TABLE]
PERSONAL = (NAME, PHONE, RESIDENT_ID, STREET)


def bad_body(change: Change) -> Body:
    body = copy.deepcopy(good_body())
    change(body)
    return body


@pytest.mark.parametrize(("change", "faults"), [row[1:] for row in TABLE], ids=IDS)
def test_every_fault_is_named_with_its_field_and_rule(change: Change, faults: set[tuple[str, str]]) -> None:
    result = check(bad_body(change), datetime.now(UTC))
    assert isinstance(result, list)
    assert {(fault.field, fault.rule) for fault in result} == faults
    assert not any(part in f"{fault.field} {fault.message}" for fault in result for part in PERSONAL)
    assert all(fault.message.startswith("Must ") for fault in result)


def test_the_table_is_long_enough_and_the_good_body_good() -> None:
    assert len(TABLE) >= 40
    assert isinstance(check(good_body(), datetime.now(UTC)), OrderBody)


@pytest.mark.parametrize("body", [None, [], "order", 7, True])
def test_a_body_that_is_no_object_is_one_fault(body: object) -> None:
    result = check(body, datetime.now(UTC))
    assert isinstance(result, list)
    assert [(fault.field, fault.rule) for fault in result] == [("body", "model_type")]


def test_the_order_is_normalised() -> None:
    body = good_body()
    body["buyer"]["resident_id"] = "11010519491231002x"
    body["consignee"]["phone"] = "0086 138-0013-8000"
    body["consignee"]["address"] |= {"province": "Guangdong", "city": "440300", "district": "Nanshan Qu"}
    body["freight"]["amount"], body["tax"]["amount"] = Decimal("1.2E+1"), Decimal("7.260")
    order = check(body, datetime.now(UTC))
    assert isinstance(order, OrderBody)
    address = order.consignee.address
    assert order.buyer.resident_id == "11010519491231002X"
    assert (order.consignee.phone, order.province) == ("+8613800138000", "CN-GD")
    assert (address.province, address.city, address.district) == ("广东省", "深圳市", "南山区")
    assert (str(order.freight.amount), str(order.tax.amount)) == ("12.00", "7.26")


@pytest.mark.parametrize(
    ("province", "city", "code"),
    [
        ("CN-GD", "Shenzhen", "CN-GD"),
        ("Shaanxi", "Xi'an", "CN-SN"),
        ("陕西", "西安", "CN-SN"),
        ("Beijing", "Beijing", "CN-BJ"),
        ("上海市", "浦东新区", "CN-SH"),
        ("Inner Mongolia", "Hohhot", "CN-NM"),
        ("Xinjiang", "Urumqi", "CN-XJ"),
        ("广西壮族自治区", "南宁市", "CN-GX"),
        ("Sichuan Sheng", "Chengdu Shi", "CN-SC"),
        ("440000", "440300", "CN-GD"),
        ("北京市", "市辖区", "CN-BJ"),
        ("湖北", "潜江", "CN-HB"),
    ],
)
def test_places_are_known_by_their_usual_names(province: str, city: str, code: str) -> None:
    body = good_body()
    body["consignee"]["address"] |= {"province": province, "city": city}
    order = check(body, datetime.now(UTC))
    assert isinstance(order, OrderBody), order
    assert order.province == code


# --- over HTTP --------------------------------------------------------------------------------------------------


async def stored(orders: OrdersService) -> list[int]:
    """How much the service holds of its own, whatever it consumes meanwhile of other orders."""
    consumed = "exists (select from facts where facts.stream_id = streams.id and not published)"
    tables = (
        *("orders", "outbox", "persons", "fingerprints", "idempotency_keys"),
        *("facts where published", f"streams where not {consumed}"),
    )
    return [await orders.count(table) for table in tables]


@pytest.mark.parametrize(("change", "faults"), [row[1:] for row in TABLE], ids=IDS)
async def test_a_bad_body_is_refused_and_leaves_nothing(
    orders: OrdersService, change: Change, faults: set[tuple[str, str]]
) -> None:
    before = await stored(orders)
    answer = await orders.post("/orders", bad_body(change), **{"Idempotency-Key": "once"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {(fault["field"], fault["rule"]) for fault in answer.json()["errors"]} == faults
    assert not any(part in answer.text for part in PERSONAL)
    assert await stored(orders) == before


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"\xff\xfe", "json"),
        (b'{"number": NaN}', "json"),
        (b"[" * 100_000, "values"),
        (b"[" * 4900, "depth"),
        (b'{"number": ' + b"9" * 5000 + b"}", "number"),
        (b'{"total": 1e9999999999999999999}', "number"),
        (b'{"\\ud800": 1, "number": "\\udfff"}', "unicode"),
    ],
    ids=["empty", "cut off", "not UTF-8", "no number", "too much", "too deep", "digits", "exponent", "half characters"],
)
async def test_what_is_not_json_is_said_to_be_none(orders: OrdersService, raw: bytes, rule: str) -> None:
    answer = await orders.http.post("/orders", content=raw, headers=orders.bearer("maison"))
    assert answer.status_code == 400
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [("body", rule)]


async def test_a_name_that_stands_twice_is_refused_and_named(orders: OrdersService) -> None:
    raw = json.dumps(good_body()).encode()
    twice = raw[:-1] + b', "buyer": {}}'
    answer = await orders.http.post("/orders", content=twice, headers=orders.bearer("maison"))
    assert answer.status_code == 400
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [("buyer", "name_repeated")]


async def test_lines_are_counted_before_any_is_judged(orders: OrdersService) -> None:
    """Of 2,000 empty lines only their number is a fault."""
    answer = await orders.post("/orders", {**good_body(), "lines": [{}] * 2000})
    assert answer.status_code == 422
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [("lines", "too_long")]


@pytest.mark.parametrize("number", [b"1e99999999999999999999", b"-1e99999999999999999999", b"1e-99999999999999999999"])
async def test_a_number_beyond_what_can_be_held_is_the_clients_fault(orders: OrdersService, number: bytes) -> None:
    raw = b'{"freight": {"amount": ' + number + b', "currency": "EUR"}}'
    answer = await orders.http.post("/orders", content=raw, headers=orders.bearer("maison"))
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"]


async def test_strange_names_and_sizes_break_nothing(orders: OrdersService) -> None:
    huge = await orders.http.post("/orders", content=b" " * 600_000, headers=orders.bearer("maison"))
    assert huge.status_code == 413
    unknown = {f"field_{n}": n for n in range(5000)}
    answer = await orders.post("/orders", unknown)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= 200
