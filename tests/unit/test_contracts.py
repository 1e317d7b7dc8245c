"""Events: their ids, streams and versions, how one is declared, and which topic it lies on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from contracts.asyncapi import EVENT_HEADERS
from contracts.base import (
    Event,
    OrderEvent,
    Stream,
    lifted,
    name_of,
    order_stream,
    parse_fact,
    product_stream,
    unit_stream,
    utc,
    vendor_key_stream,
    vendor_stream,
)
from contracts.cases import CaseOpened
from contracts.makers import (
    InFlightDecided,
    Product,
    ProductApproved,
    ProductChanged,
    ProductWithdrawn,
    VendorKeyEnded,
    VendorKeyMade,
    VendorPeopleErased,
    VendorRestored,
    VendorSuspended,
    VendorVerified,
)
from contracts.orders import OrderPlaced
from contracts.provenance import UnitCleared, UnitFlagged
from contracts.topics import TOPICS, of_producer
from contracts.warehouse import (
    GoodsReceived,
    OrderRecalled,
    ParcelHandedOver,
    ParcelHandedOverV1,
    ReceivedLine,
    StockLevel,
    StockReserved,
    StockWrittenOff,
    UnitsReceived,
)

ORDER = UUID("6f9619ff-8b86-5d11-b42d-00cf4fc964ff")
AT = datetime(2026, 11, 11, 8, tzinfo=UTC)
V1 = ParcelHandedOverV1(order_id=ORDER, occurred_at=AT, parcel=2, tracking_number="CY123456785FR")
V2 = ParcelHandedOver(order_id=ORDER, occurred_at=AT, parcel=2, carrier="laposte", tracking_number="CY123456785FR")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_outside_the_calendar_of_utc_is_a_fault_of_the_value(text: str) -> None:
    with pytest.raises(ValidationError, match="outside the years 1 to 9999"):
        StockReserved.model_validate({"order_id": ORDER, "occurred_at": text})


def test_an_instant_is_brought_to_utc_and_refused_without_its_offset() -> None:
    assert utc(datetime.fromisoformat("2026-11-23T09:30:00+08:00")) == datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    assert utc(datetime.fromisoformat("2026-11-23T09:30:00+08:00")).tzinfo is UTC
    with pytest.raises(ValueError, match="offset"):
        utc(datetime.fromisoformat("2026-11-23T09:30:00"))


def test_a_stream_is_written_as_the_header_ce_subject() -> None:
    assert str(order_stream(ORDER)) == f"order/{ORDER}"
    assert re.search(EVENT_HEADERS["properties"]["ce_subject"]["pattern"], str(V2.stream))


def test_a_thing_without_an_id_has_the_stream_of_its_natural_key_on_every_replica() -> None:
    """Stored, so it may never change; another kind of thing of that name is another stream."""
    assert Stream.of("stock", "SAVON-200") == ("stock", UUID("564c66e6-56d0-5467-8b68-5337d528fced"))
    assert len({Stream.of(kind, key).id for kind in ("stock", "sale") for key in ("SAVON-200", "MIEL-500")}) == 4


def test_an_id_that_does_not_follow_from_the_content_is_noticed() -> None:
    assert V2.id_follows
    assert not V2.model_copy(update={"id": UUID(int=1)}).id_follows
    assert not V2.model_copy(update={"parcel": 3}).id_follows


def test_only_a_case_names_its_publisher() -> None:
    case = CaseOpened(
        order_id=ORDER, occurred_at=AT, case="x", service="customs", kind="enquiry", reason="x", action="look_into"
    )
    assert case.publisher == "customs"
    assert V2.publisher is None


VENDOR = vendor_stream("maison").id
GTIN, SERIAL = "03760123450010", "0G7K9T3V5XQ2M8ZA"
PRODUCT = Product.model_validate(
    {
        "version": 3,
        "owner": "maison",
        "vendor_id": VENDOR,
        "gtin": GTIN,
        "hs_code": "34011100",
        "origin": "FR",
        "net_weight_g": 300,
        "length_mm": 80,
        "width_mm": 60,
        "height_mm": 40,
        "unit_value": {"amount": "9.50", "currency": "EUR"},
    }
)
RECEIPT = UUID("9b1c7a3e-52f8-5d3c-8a55-6d3f0a4f9a10")
WRITTEN_OFF = StockWrittenOff(order_id=ORDER, occurred_at=AT, sku="SAVON-300", quantity=2, reason="damaged", number=1)


@pytest.mark.parametrize(
    ("event", "stream", "subject"),
    [
        (
            VendorVerified(vendor_id=VENDOR, occurred_at=AT, owner="maison", public_name="Maison", country="FR"),
            vendor_stream("maison"),
            "",
        ),
        (VendorSuspended(vendor_id=VENDOR, occurred_at=AT, turn=2, reason="operator"), vendor_stream("maison"), ":2"),
        (VendorRestored(vendor_id=VENDOR, occurred_at=AT), vendor_stream("maison"), ""),
        (VendorPeopleErased(vendor_id=VENDOR, occurred_at=AT, turn=2), vendor_stream("maison"), ":2"),
        (VendorKeyMade(vendor_id=VENDOR, occurred_at=AT, sha256="0" * 64), vendor_key_stream("0" * 64), ""),
        (
            VendorKeyEnded(vendor_id=VENDOR, occurred_at=AT, sha256="0" * 64, turn=2, ends_at=AT),
            vendor_key_stream("0" * 64),
            ":2",
        ),
        (InFlightDecided(vendor_id=VENDOR, occurred_at=AT, choice="go_on"), vendor_stream("maison"), ""),
        (ProductApproved(sku="SAVON-300", occurred_at=AT, product=PRODUCT), product_stream("SAVON-300"), ""),
        (ProductChanged(sku="SAVON-300", occurred_at=AT, product=PRODUCT), product_stream("SAVON-300"), "3"),
        (
            ProductWithdrawn(sku="SAVON-300", occurred_at=AT, turn=2, reason="vendor"),
            product_stream("SAVON-300"),
            ":2",
        ),
        (
            GoodsReceived(receipt_id=RECEIPT, occurred_at=AT, lines=(ReceivedLine(sku="SAVON-300", quantity=1),)),
            Stream("receipt", RECEIPT),
            "",
        ),
        (
            UnitsReceived(
                receipt_id=RECEIPT, occurred_at=AT, part=2, sku="SAVON-300", gtin=GTIN, minted=True, serials=(SERIAL,)
            ),
            Stream("receipt", RECEIPT),
            "2",
        ),
        (WRITTEN_OFF, Stream.of("write-off", f"{ORDER}:SAVON-300:damaged:1"), ""),
        (OrderRecalled(order_id=ORDER, occurred_at=AT, vendor_id=VENDOR), order_stream(ORDER), f"{VENDOR}:1"),
        (
            StockLevel(sku="SAVON-300", occurred_at=AT, sequence=7, available=1, reserved=0, blocked=0),
            Stream.of("stock", "SAVON-300"),
            "7",
        ),
        (
            UnitFlagged(gtin=GTIN, serial=SERIAL, occurred_at=AT, turn=2, reason="wrong_lot"),
            unit_stream(GTIN, SERIAL),
            ":2",
        ),
        (
            UnitCleared(gtin=GTIN, serial=SERIAL, occurred_at=AT, resolution="traveller"),
            unit_stream(GTIN, SERIAL),
            "",
        ),
    ],
    ids=lambda value: value.NAME if isinstance(value, Event) else "",
)
def test_a_fact_is_about_this_stream_and_this_subject(event: Event, stream: Stream, subject: str) -> None:
    assert (event.stream, event.subject) == (stream, subject)
    assert event.id_follows


def test_each_write_off_is_a_stream_of_its_own() -> None:
    """Also of one order and SKU: another reason, or another time."""
    others: list[dict[str, object]] = [{"reason": "short_pick"}, {"number": 2}, {"sku": "MIEL-500"}]
    assert len({WRITTEN_OFF.model_copy(update=other).stream_id for other in ({}, *others)}) == 4


@pytest.mark.parametrize("serial", ["", "x" * 21, "Ã", "a b", "a#b"])
def test_a_serial_has_at_most_twenty_characters_of_gs1s_set(serial: str) -> None:
    UnitCleared(gtin=GTIN, serial="aZ09!\"%&'()*+,-./:;<", occurred_at=AT, resolution="x")
    with pytest.raises(ValidationError, match="serial"):
        UnitCleared(gtin=GTIN, serial=serial, occurred_at=AT, resolution="x")


# --- versions ---------------------------------------------------------------------------------------------------


def test_a_hand_over_of_version_1_went_to_la_poste_and_back_again_loses_only_the_carrier() -> None:
    """La Poste was the only carrier when version 1 was written. Both are one fact."""
    assert lifted(V1) == V2
    assert V2.down() == V1
    assert (V1.id, V1.stream, V1.subject) == (V2.id, V2.stream, V2.subject)


def test_an_event_of_one_version_is_its_own_newest_and_oldest() -> None:
    reserved = StockReserved(order_id=ORDER, occurred_at=AT)
    assert lifted(reserved) is reserved
    assert reserved.down() is reserved
    assert lifted(V2) is V2


def test_a_body_is_read_as_the_version_that_its_type_names() -> None:
    for event in (V1, V2):
        assert parse_fact(event.TYPE, event.model_dump_json()) == event
        assert name_of(event.TYPE) == "parcel-handed-over"
    with pytest.raises(KeyError):
        parse_fact("parcel-handed-over.v3", V2.model_dump_json())


# --- how an event is declared -----------------------------------------------------------------------------------


def _with_its_type_written_out() -> None:
    class Written(OrderEvent):
        NAME: ClassVar[str] = "order-written"
        TYPE: ClassVar[str] = "order-written.v1"


def _about_no_stream() -> None:
    class Adrift(Event):
        NAME: ClassVar[str] = "adrift"


def _of_a_type_that_is_taken() -> None:
    class Again(OrderEvent):
        NAME: ClassVar[str] = "order-placed"


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (_with_its_type_written_out, "TYPE follows"),
        (_about_no_stream, "declare KIND"),
        (_of_a_type_that_is_taken, "order-placed.v1 is declared by OrderPlaced and .*Again"),
    ],
)
def test_an_event_that_is_declared_wrongly_stops_the_import(declare: Callable[[], None], why: str) -> None:
    before = dict(Event.BY_TYPE)
    with pytest.raises(TypeError, match=why):
        declare()
    assert before == Event.BY_TYPE
    assert Event.BY_TYPE["order-placed.v1"] is OrderPlaced


# --- topics -----------------------------------------------------------------------------------------------------


def test_a_service_publishes_its_facts_on_the_topic_of_its_name() -> None:
    """And the person's record on another, whose facts are erased."""
    producers = {topic.producer for topic in TOPICS}
    assert {name: of_producer(name).name for name in producers} == {name: f"{name}.events" for name in producers}
