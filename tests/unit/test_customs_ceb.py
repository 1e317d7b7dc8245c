"""The CEB messages against golden files, and what every one of them must keep to."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from contracts.base import order_stream
from contracts.customs import OrderScreened, ParcelUplifted
from contracts.orders import OrderPlaced
from sandbox.china_customs import ceb as sandbox_ceb
from services.customs.destinations.cn import ceb
from services.customs.destinations.cn.ceb import COUNTRY_CODES, DOCUMENTS, TARIFF, MessageType, Undeclarable
from services.customs.destinations.cn.ceb_fields import address, item_no
from services.customs.destinations.cn.ceb_messages import build, business_keys
from services.customs.destinations.cn.ceb_writer import written
from services.customs.destinations.cn.shipments import Shipment, require_flight, shipment
from services.customs.domain.decide import Passed, screen
from services.customs.regimes.lanes import Lanes
from services.customs.regimes.rows import Row
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_samples import (
    BUYER,
    CONTACT,
    PARTIES,
    PLACED_AT,
    POLICY,
    TABLES,
    eur,
    handed_over,
    line,
    order_id,
    packed,
    parcel,
    placed,
    recorded,
    screened_order,
)
from tests.support.sandbox_messages import signed

INVENTORY = "22442026I000000001"
GOLDEN = Path(__file__).parents[1] / "golden" / "customs"


def facts(*more: ParcelUplifted) -> Facts:
    order = placed(lines=[line(1, "62.00", 3), line(2, "11.90", 2, "19053100")])
    boxes = packed(parcel(1, (1, 2), (2, 1)), parcel(2, (1, 1), (2, 1)))
    known = Facts(order_stream(order_id()), [order, recorded(), boxes, handed_over(1), handed_over(2), *more])
    verdict = screen(known, DecisionContext(PLACED_AT), POLICY)
    assert isinstance(verdict, Passed)
    known.add(verdict.screened)
    return known


def shipped(number: int, known: Facts | None = None) -> Shipment:
    return shipment(known or facts(), number, CONTACT, BUYER, POLICY, PLACED_AT + timedelta(days=2), INVENTORY)


def built(message: MessageType, number: int = 1, known: Facts | None = None) -> bytes:
    return build(message, shipped(number, known), PARTIES, TABLES.codes)


@pytest.mark.parametrize("message", get_args(MessageType))
def test_the_message_is_as_written_down(message: MessageType) -> None:
    """`UPDATE_GOLDEN=1` writes the files anew; the difference is then for a person to read."""
    golden = GOLDEN / f"{message}.xml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(built(message))
    assert built(message) == golden.read_bytes()


@pytest.mark.parametrize("message", get_args(MessageType))
def test_the_single_window_can_read_it(message: MessageType) -> None:
    message_read = read(built(message))
    assert message_read.kind == message
    assert message_read.guid == str(ceb.guid(order_id(), 1, message)).upper()


def read(document: bytes) -> sandbox_ceb.Message:
    """As the single window reads it, signed."""
    return sandbox_ceb.parse(signed(document))


def amount(message: MessageType, field: str, number: int) -> Decimal:
    return read(built(message, number)).amount(field)


def test_the_parcels_add_up_to_the_order() -> None:
    screened = facts().get(OrderScreened)
    assert screened is not None
    of = {
        field: sum(amount("CEB311", field, number) for number in (1, 2))
        for field in ("goodsValue", "freight", "discount", "taxTotal", "acturalPaid")
    }
    assert of["goodsValue"] + of["freight"] == screened.value_cny.amount
    assert of["goodsValue"] + of["freight"] + of["taxTotal"] - of["discount"] == of["acturalPaid"]


@pytest.mark.parametrize("number", [1, 2])
def test_the_three_documents_and_the_lines_agree(number: int) -> None:
    assert amount("CEB311", "acturalPaid", number) == amount("CEB411", "amountPaid", number)
    order = read(built("CEB311", number))
    assert sum(Decimal(item["totalPrice"]) for item in order.lines) == order.amount("goodsValue")
    inventory = read(built("CEB621", number))
    waybill = read(built("CEB511", number))
    assert inventory.head["grossWeight"] == waybill.head["weight"]
    assert inventory.head["billNo"] == waybill.head["logisticsNo"] == f"CY00000000{number}FR"
    assert [item["gcode"] for item in inventory.lines] == ["3304990099", "1905310000"]


@pytest.mark.parametrize("message", ["CEB311", "CEB411", "CEB511", "CEB621"])
def test_amounts_stay_at_the_rate_of_the_arrival_in_whatever_month_a_message_is_written(message: MessageType) -> None:
    """The payment was made then, and the four documents must agree (ADR 62)."""
    december = Row("9.9999", date(2026, 12, 1), date(2026, 12, 31), "made up", date(2026, 11, 18))
    *earlier, last = TABLES.cny_per_eur.rows
    rates = replace(TABLES.cny_per_eur, rows=(*earlier, replace(last, valid_to=date(2026, 11, 30)), december))
    policy = replace(POLICY, tables=replace(TABLES, cny_per_eur=rates))
    written_on = datetime(2026, 12, 2, tzinfo=UTC)
    assert policy.tables.cny_per_eur.row(written_on.date()) == december
    later = shipment(facts(), 1, CONTACT, BUYER, policy, written_on, INVENTORY)
    assert later.sums == shipped(1).sums
    without_times = re.compile(r"<ceb:(appTime|declTime)>\d+<")
    documents = [without_times.sub("", build(message, s, PARTIES, TABLES.codes).decode()) for s in (later, shipped(1))]
    assert documents[0] == documents[1]


def test_insurance_is_declared_beside_the_freight() -> None:
    """2.00 EUR over two parcels, by the value of their goods; the order has no field for it: it is with the freight."""
    order = placed(lines=[line(1, "62.00", 3), line(2, "11.90", 2, "19053100")])
    order = order.model_copy(update={"insurance": eur("2.00"), "total": order.total + eur("2.00")})
    boxes = packed(parcel(1, (1, 2), (2, 1)), parcel(2, (1, 1), (2, 1)))
    known = Facts(order_stream(order_id()), [order, recorded(), boxes, handed_over(1), handed_over(2)])
    verdict = screen(known, DecisionContext(PLACED_AT), POLICY)
    assert isinstance(verdict, Passed)
    known.add(verdict.screened)

    def amounts(message: MessageType, field: str) -> list[Decimal]:
        return [read(built(message, number, known)).amount(field) for number in (1, 2)]

    insured = amounts("CEB621", "insuredFee")
    assert sum(insured) == Decimal("16.72")
    assert amounts("CEB511", "insuredFee") == insured
    freight = amounts("CEB621", "freight")
    assert amounts("CEB311", "freight") == [f + i for f, i in zip(freight, insured, strict=True)]
    for number in (1, 2):
        head = read(built("CEB311", number, known)).amount
        assert head("acturalPaid") == head("goodsValue") + head("freight") + head("taxTotal") - head("discount")


def test_the_agents_notice_names_the_flight() -> None:
    uplifted = ParcelUplifted(
        order_id=order_id(), occurred_at=PLACED_AT, parcel=1, bill_number="057-1", voyage_number="AF116"
    )
    head = read(built("CEB621", 1, facts(uplifted))).head
    assert (head["billNo"], head["voyageNo"]) == ("057-1", "AF116")
    assert read(built("CEB511", 1, facts(uplifted))).head["billNo"] == "057-1"
    assert "voyageNo" not in read(built("CEB621", 2, facts(uplifted))).head


def test_an_inventory_of_direct_purchase_names_conveyance_voyage_and_bill_once_they_are_told() -> None:
    """The schema's annotations: of direct purchase all three must be stated."""
    without = ParcelUplifted(
        order_id=order_id(), occurred_at=PLACED_AT, parcel=1, bill_number="057-1", voyage_number="AF116"
    )
    complete = without.model_copy(update={"conveyance_number": "F-GSPZ"})
    head = read(built("CEB621", 1, facts(complete))).head
    assert (head["trafNo"], head["voyageNo"], head["billNo"]) == ("F-GSPZ", "AF116", "057-1")
    require_flight(shipped(1, facts(complete)))
    assert "trafNo" not in read(built("CEB621", 1, facts(without))).head
    unknown = {
        "trafNo": shipped(1, facts(without)),
        "voyageNo": replace(shipped(1, facts(complete)), voyage_number=None),
        "billNo": replace(shipped(1, facts(complete)), bill_number=None),
    }
    for field, s in unknown.items():
        with pytest.raises(Undeclarable, match=f"^InventoryHead.{field}: unknown$"):
            require_flight(s)


def test_a_waybill_names_no_bill_that_the_inventory_may_not_name() -> None:
    assert "billNo" not in read(built("CEB511")).head


def test_nothing_is_declared_before_the_hand_over() -> None:
    with pytest.raises(LookupError):
        shipment(Facts(order_stream(order_id()), [placed()]), 1, CONTACT, BUYER, POLICY, PLACED_AT)


def test_text_is_escaped() -> None:
    awkward = CONTACT.model_copy(update={"name": "<王> & 'Co'"})
    body = build("CEB311", shipment(facts(), 1, awkward, BUYER, POLICY, PLACED_AT), PARTIES, TABLES.codes)
    assert read(body).head["consignee"] == "<王> & 'Co'"


def test_amounts_agree_and_a_coupon_is_part_of_the_goods_value() -> None:
    order = read(built("CEB311"))
    paid = order.amount("goodsValue") + order.amount("freight") + order.amount("taxTotal") - order.amount("discount")
    assert order.amount("discount") > 0
    assert order.amount("acturalPaid") == paid
    assert order.amount("goodsValue") == sum(Decimal(item["totalPrice"]) for item in order.lines)


def test_the_district_is_the_divisions_number_and_not_the_postcode() -> None:
    assert read(built("CEB311")).head["consigneeDistrict"] == "440305"


@pytest.mark.parametrize("message", get_args(MessageType))
def test_nothing_unknown_is_made_up(message: MessageType) -> None:
    head = read(built(message)).head
    assert head.keys().isdisjoint({"ieDate", "voyageNo", "trafNo", "areaCode", "areaName"})
    assert all(head.values())


@pytest.mark.parametrize(
    ("hs_code", "description", "code", "units"),
    [
        ("330499", "Face cream", "3304990099", {"035": "0.4", "011": "2"}),
        ("33049100", "Powder", "3304910090", {"035": "0.4", "011": "2"}),
        ("33030000", "Perfume", "3303000020", {"035": "0.4", "011": "2"}),
        ("22082000", "Cognac 0,7 l", "2208200090", {"095": "1.4", "035": "0.4"}),
        ("22042100", "Château 2019 75 cl", "2204210000", {"095": "1.5", "035": "0.4"}),
        ("22042100", "Wine 75 cl", "2204210000", {"095": "1.5", "035": "0.4"}),
        ("42022100", "Handbag", "4202210090", {"011": "2", "035": "0.4"}),
        ("61051000", "Shirt", "6105100090", {"011": "2", "035": "0.4"}),
        ("150920", "Olive oil 500 ml", "1509200000", {"035": "0.4"}),
        ("3304990029", "Balm", "3304990029", {"035": "0.4", "011": "2"}),
        ("3406000000", "Candle", "3406000000", {"035": "0.4"}),
    ],
)
def test_goods_are_declared_under_a_code_of_the_tariff_in_its_units(
    hs_code: str, description: str, code: str, units: dict[str, str]
) -> None:
    order = placed(lines=[line(hs_code=hs_code).model_copy(update={"description": description})])
    [item] = read(built("CEB621", known=departed(order))).lines
    assert item["gcode"] == code
    assert {item[f"unit{n}"]: item[f"qty{n}"] for n in (1, 2) if f"unit{n}" in item} == units


@pytest.mark.parametrize("message", get_args(MessageType))
def test_the_keys_of_a_message_are_the_fields_that_its_receipt_repeats(message: MessageType) -> None:
    keys, head = business_keys(message, shipped(1), PARTIES), read(built(message)).head
    stated = {name: value for name, value in asdict(keys).items() if value is not None}
    named = {re.sub("_(.)", lambda part: part.group(1).upper(), name): value for name, value in stated.items()}
    assert named.items() <= head.items()
    repeated = {
        "CEB311": {"ebpCode", "orderNo"},
        "CEB411": {"payCode", "payTransactionId"},
        "CEB511": {"logisticsCode", "logisticsNo"},
    }
    assert named.keys() >= repeated.get(message, {"copNo"})


def test_a_field_that_no_row_has_is_not_written() -> None:
    with pytest.raises(KeyError, match="areaCod"):
        written("CEB411", "G", {"Payment": {"PaymentHead": {"areaCod": "1"}}})


def test_an_order_in_one_box_goes_by_its_own_number_unless_its_payment_is_split() -> None:
    of_one = shipment(departed(), 1, CONTACT, BUYER, POLICY, PLACED_AT, split=False)
    documents: tuple[MessageType, ...] = (*DOCUMENTS, "CEB621")
    assert {read(build(message, of_one, PARTIES, TABLES.codes)).head["orderNo"] for message in documents} == {"TM1"}
    assert {read(built(message)).head["orderNo"] for message in documents} == {"TM1-1"}


def test_an_order_in_two_boxes_needs_its_payment_split() -> None:
    with pytest.raises(Undeclarable, match="split_required"):
        shipment(facts(), 1, CONTACT, BUYER, POLICY, PLACED_AT, split=False)


NO_VOLUME = ("InventoryList.qty1", "unknown", None)
"""Of a bottle whose content is not stated, or not in one way only."""


@pytest.mark.parametrize(
    ("changes", "field", "rule", "lacks"),
    [
        ({"origin": "AQ"}, "OrderList.country", "unknown", COUNTRY_CODES),
        ({"hs_code": "150910"}, "InventoryList.gcode", "ended", TARIFF),
        ({"hs_code": "1509100000"}, "InventoryList.gcode", "ended", TARIFF),
        ({"hs_code": "3304990000"}, "InventoryList.gcode", "unknown", TARIFF),
        ({"hs_code": "999999"}, "InventoryList.gcode", "unknown", TARIFF),
        ({"hs_code": "22082000"}, *NO_VOLUME),
        ({"hs_code": "22082000", "description": "Cognac 0 ml"}, *NO_VOLUME),
        (
            {"hs_code": "22082000", "description": "Cognac, two of 70 cl and 5 cl"},
            "InventoryList.qty1",
            "unknown",
            None,
        ),
        ({"hs_code": "22082000", "description": "Cognac 6 x 70 cl"}, *NO_VOLUME),
        (
            {"hs_code": "22082000", "description": "Cognac (6 bouteilles de 70cl)"},
            "InventoryList.qty1",
            "unknown",
            None,
        ),
        ({"hs_code": "22082000", "description": "Cognac 1.000 ml"}, *NO_VOLUME),
    ],
)
def test_what_cannot_be_stated_is_named_and_nothing_is_built(
    changes: dict[str, str], field: str, rule: str, lacks: str | None
) -> None:
    order = placed(lines=[line().model_copy(update=changes)])
    with pytest.raises(Undeclarable) as refused:
        built("CEB311", known=departed(order))
    assert (refused.value.field, refused.value.rule, refused.value.lacks) == (field, rule, lacks)


def test_a_value_that_breaks_a_rule_is_named_without_the_value() -> None:
    nameless = CONTACT.model_copy(update={"name": ""})
    with pytest.raises(Undeclarable) as refused:
        build("CEB311", shipment(departed(), 1, nameless, BUYER, POLICY, PLACED_AT), PARTIES, TABLES.codes)
    assert (refused.value.field, refused.value.rule) == ("OrderHead.consignee", "length")


@pytest.mark.parametrize("message", ["CEB623", "CEB625"])
def test_an_inventory_without_a_number_is_neither_cancelled_nor_returned(message: MessageType) -> None:
    unnumbered = shipment(departed(), 1, CONTACT, BUYER, POLICY, PLACED_AT)
    with pytest.raises(Undeclarable, match="invtNo: unknown"):
        build(message, unnumbered, PARTIES, TABLES.codes)


def test_an_inventory_without_a_number_is_not_changed() -> None:
    unnumbered = replace(shipment(departed(), 1, CONTACT, BUYER, POLICY, PLACED_AT), changes=True)
    with pytest.raises(Undeclarable, match="invtNo: unknown"):
        build("CEB621", unnumbered, PARTIES, TABLES.codes)
    known = replace(unnumbered, inventory_number="22442026I000000001")
    assert read(build("CEB621", known, PARTIES, TABLES.codes)).head["invtNo"] == "22442026I000000001"


def test_a_long_article_number_is_short_in_every_message_and_its_own() -> None:
    long = {"A" * 40, "A" * 39 + "B", "A" * 21}
    short = {item_no(sku) for sku in long}
    assert len(short) == len(long)
    assert {len(number) for number in short} == {20}
    assert item_no("A" * 20) == "A" * 20
    order = placed(lines=[line(sku="A" * 40)])
    numbers = {read(built(message, known=departed(order))).lines[0]["itemNo"] for message in ("CEB311", "CEB621")}
    assert numbers == {item_no("A" * 40)}


@pytest.mark.parametrize(
    ("district", "street", "beginning"),
    [("南山区", 180, "广东省"), ("区" * 60, 134, "深圳市"), ("区" * 60, 136, "区" * 60)],
)
def test_a_long_address_goes_without_what_the_divisions_number_says(district: str, street: int, beginning: str) -> None:
    contact = CONTACT.model_copy(update={"district": district, "street": "路" * street + "603"})
    whole = address(contact)
    assert len(whole) <= 200
    assert whole.startswith(beginning)
    assert whole.endswith("路603")


def test_of_an_address_beyond_all_bounds_the_end_counts() -> None:
    assert address(CONTACT.model_copy(update={"street": "路" * 300 + "603"})) == "路" * 197 + "603"


def departed(order: OrderPlaced | None = None, *, own_numbers: bool = True) -> Facts:
    """Of an order in one parcel, all of it of 200 g a unit."""
    order = order or placed()
    box = parcel(1, *((item.line, item.quantity) for item in order.lines))
    known = Facts(order_stream(order_id()), [order, recorded(), packed(box), handed_over(1)])
    known.add(screened_order(own_numbers=own_numbers))
    return known


def on_lane(**changes: Any) -> bytes:
    """The inventory of the first parcel, on a lane that is otherwise."""
    shipped_so = shipped(1)
    return build("CEB621", replace(shipped_so, lane=replace(shipped_so.lane, **changes)), PARTIES, TABLES.codes)


def test_a_lane_decides_the_transport_mode_and_may_name_the_office() -> None:
    inventory = read(on_lane(office="4600"))
    assert (inventory.head["customsCode"], inventory.head["portCode"]) == ("4600", "4600")
    assert read(built("CEB621")).head["customsCode"] == PARTIES.customs_code
    with pytest.raises(Undeclarable, match="trafMode: unknown"):
        on_lane(transport_mode="balloon")


def test_without_a_lane_of_the_orders_day_nothing_is_declared() -> None:
    known, tables = facts(), replace(TABLES, lanes=Lanes(()))
    policy = replace(POLICY, tables=tables)
    with pytest.raises(Undeclarable, match="trafMode: no_lane"):
        shipment(known, 1, CONTACT, BUYER, policy, PLACED_AT, INVENTORY)
