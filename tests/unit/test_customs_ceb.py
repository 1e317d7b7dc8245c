"""The CEB messages against golden files, and what every one of them must keep to."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from contracts.base import order_stream
from contracts.customs import OrderScreened, ParcelUplifted
from sandbox.china_customs import ceb as sandbox_ceb
from services.customs.destinations.cn import ceb
from services.customs.destinations.cn.ceb import MessageType, Parties, Party
from services.customs.destinations.cn.ceb_messages import build
from services.customs.destinations.cn.shipments import Shipment, shipment
from services.customs.domain.decide import Passed, screen
from shared.ledger.facts import DecisionContext, Facts
from tests.support.customs_samples import (
    BUYER,
    CONTACT,
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
)

GOLDEN = Path(__file__).parents[1] / "golden" / "customs"
PARTIES = Parties(
    platform=Party("3105960001", "Silkpost"),
    seller=Party("3105960002", "Maison Exemple"),
    agent=Party("3105980001", "Agent"),
    logistics=Party("3105980002", "La Poste"),
    payment_code="312226T001",
    area=Party("3105960003", "Supervised place"),
    transfer_id="DXPENT0000000001",
    customs_code="2244",
    port_code="2244",
)


def facts(*more: ParcelUplifted) -> Facts:
    order = placed(lines=[line(1, "62.00", 3), line(2, "11.90", 2, "19053100")])
    boxes = packed(parcel(1, (1, 2), (2, 1)), parcel(2, (1, 1), (2, 1)))
    known = Facts(order_stream(order_id()), [order, recorded(), boxes, handed_over(1), handed_over(2), *more])
    verdict = screen(known, DecisionContext(PLACED_AT), POLICY)
    assert isinstance(verdict, Passed)
    known.add(verdict.screened)
    return known


def shipped(number: int, known: Facts | None = None) -> Shipment:
    return shipment(known or facts(), number, CONTACT, BUYER, POLICY, PLACED_AT + timedelta(days=2))


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
    read = sandbox_ceb.parse(built(message))
    assert read.kind == message
    assert read.guid == str(ceb.guid(order_id(), 1, message)).upper()


def amount(message: MessageType, field: str, number: int) -> Decimal:
    return sandbox_ceb.parse(built(message, number)).amount(field)


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
    order = sandbox_ceb.parse(built("CEB311", number))
    assert sum(Decimal(item["totalPrice"]) for item in order.lines) == order.amount("goodsValue")
    inventory = sandbox_ceb.parse(built("CEB621", number))
    waybill = sandbox_ceb.parse(built("CEB511", number))
    assert inventory.head["grossWeight"] == waybill.head["weight"]
    assert inventory.head["billNo"] == waybill.head["logisticsNo"] == f"CY00000000{number}FR"
    assert [item["gcode"] for item in inventory.lines] == ["3304990099", "1905310000"]


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
        return [sandbox_ceb.parse(built(message, number, known)).amount(field) for number in (1, 2)]

    insured = amounts("CEB621", "insuredFee")
    assert sum(insured) == Decimal("16.72")
    assert amounts("CEB511", "insuredFee") == insured
    freight = amounts("CEB621", "freight")
    assert amounts("CEB311", "freight") == [f + i for f, i in zip(freight, insured, strict=True)]
    for number in (1, 2):
        head = sandbox_ceb.parse(built("CEB311", number, known)).amount
        assert head("acturalPaid") == head("goodsValue") + head("freight") + head("taxTotal") - head("discount")


def test_the_agents_notice_names_the_flight() -> None:
    uplifted = ParcelUplifted(
        order_id=order_id(), occurred_at=PLACED_AT, parcel=1, bill_number="057-1", voyage_number="AF116"
    )
    head = sandbox_ceb.parse(built("CEB621", 1, facts(uplifted))).head
    assert (head["billNo"], head["voyageNo"]) == ("057-1", "AF116")
    assert sandbox_ceb.parse(built("CEB511", 1, facts(uplifted))).head["billNo"] == "057-1"
    assert sandbox_ceb.parse(built("CEB621", 2, facts(uplifted))).head["voyageNo"] == TABLES.codes.unknown_voyage


def test_a_waybill_names_no_bill_that_the_inventory_may_not_name() -> None:
    assert "billNo" not in sandbox_ceb.parse(built("CEB511")).head


def test_nothing_is_declared_before_the_hand_over() -> None:
    with pytest.raises(LookupError):
        shipment(Facts(order_stream(order_id()), [placed()]), 1, CONTACT, BUYER, POLICY, PLACED_AT)


def test_text_is_escaped() -> None:
    awkward = CONTACT.model_copy(update={"name": "<王> & 'Co'"})
    body = build("CEB311", shipment(facts(), 1, awkward, BUYER, POLICY, PLACED_AT), PARTIES, TABLES.codes)
    assert sandbox_ceb.parse(body).head["consignee"] == "<王> & 'Co'"


def test_a_code_of_before_codes_were_judged_is_declared_as_the_order_says_it() -> None:
    order = placed(lines=[line(1, "62.00", 2, "3304990019")])
    told = facts().get(OrderScreened)
    assert told is not None
    known = Facts(order_stream(order_id()), [order, recorded(), told, packed(), handed_over(1)])
    assert [item["gcode"] for item in sandbox_ceb.parse(built("CEB621", 1, known)).lines] == ["3304990019"]
