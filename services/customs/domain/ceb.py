"""The messages to China's single window (CEB): order, payment, waybill, inventory, return. Pure.

Namespace and field names as the single window's; amounts in yuan to the fen, times in Beijing's, weights in kilograms.
A message's guid is derived, so that one sent twice is one message.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from contracts.persons import Contact
from services.customs.domain.shipments import Shipment
from services.customs.regimes.tables import Codes

NAMESPACE = "http://www.chinaport.gov.cn/ceb"
BEIJING = ZoneInfo("Asia/Shanghai")

MessageType = Literal["CEB311", "CEB411", "CEB511", "CEB621", "CEB625"]
Role = Literal["order", "payment", "waybill"]
DOCUMENTS: dict[Role, MessageType] = {"order": "CEB311", "payment": "CEB411", "waybill": "CEB511"}
"""Who sends which: the platform, the payment firm, the logistics firm. Which of them we are is a setting."""

Fields = Iterable[tuple[str, str]]
NEW, DECLARED = "1", "2"
RESIDENT_ID = "1"


@dataclass(frozen=True, slots=True)
class Party:
    """A firm as registered with China's customs."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Parties:
    platform: Party
    seller: Party
    agent: Party
    logistics: Party
    payment_code: str
    area: Party
    """Where the agent's supervised place is."""
    transfer_id: str
    """The sender's dxpId."""
    customs_code: str
    port_code: str


def guid(order_id: UUID, parcel: int, message: MessageType) -> UUID:
    return uuid5(order_id, f"{message}|{parcel}")


def build(message: MessageType, shipment: Shipment, parties: Parties, codes: Codes) -> bytes:
    """The message as it is sent, UTF-8 with a declaration."""
    write = {
        "CEB311": _order,
        "CEB411": _payment,
        "CEB511": _waybill,
        "CEB621": _inventory,
        "CEB625": _return,
    }[message]
    name = _guid(message, shipment)
    root = ET.Element(_tag(f"{message}Message"), {"xmlns:ceb": NAMESPACE, "guid": name, "version": "1.0"})
    write(root, shipment, parties, codes)
    _fill(
        ET.SubElement(root, _tag("BaseTransfer")),
        [
            ("copCode", parties.platform.code),
            ("copName", parties.platform.name),
            ("dxpMode", "DXP"),
            ("dxpId", parties.transfer_id),
        ],
    )
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _order(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    order = ET.SubElement(root, _tag("Order"))
    _fill(
        ET.SubElement(order, _tag("OrderHead")),
        [
            *_opening("CEB311", s),
            ("orderType", "I"),
            ("orderNo", s.sub_order),
            *_platform_and_seller(p),
            ("goodsValue", _money(s.sums.goods)),
            ("freight", _money(s.sums.freight)),
            ("discount", _money(s.sums.discount)),
            ("taxTotal", _money(s.sums.tax)),
            ("acturalPaid", _money(s.sums.total)),
            ("currency", codes.currency["CNY"]),
            ("buyerRegNo", s.sub_order),
            *_buyer(s),
            ("payCode", p.payment_code),
            ("payName", s.contact.payment.provider),
            ("payTransactionId", s.contact.payment.transaction_id),
            ("consignee", s.contact.name),
            ("consigneeTelephone", s.contact.phone),
            ("consigneeAddress", _address(s.contact)),
            ("consigneeDistrict", s.contact.postcode),
        ],
    )
    for item in s.items:
        _fill(
            ET.SubElement(order, _tag("OrderList")),
            [
                ("gnum", str(item.number)),
                ("itemNo", item.sku),
                ("itemName", item.name),
                ("gmodel", item.name),
                ("unit", codes.unit["piece"]),
                ("qty", str(item.quantity)),
                ("price", str(item.price)),
                ("totalPrice", _money(item.total)),
                ("currency", codes.currency["CNY"]),
                ("country", _country(item.origin, codes)),
            ],
        )


def _payment(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    payment = ET.SubElement(root, _tag("Payment"))
    _fill(
        ET.SubElement(payment, _tag("PaymentHead")),
        [
            *_opening("CEB411", s),
            ("payCode", p.payment_code),
            ("payName", s.contact.payment.provider),
            ("payTransactionId", s.contact.payment.transaction_id),
            ("orderNo", s.sub_order),
            ("ebpCode", p.platform.code),
            ("ebpName", p.platform.name),
            ("payerIdType", RESIDENT_ID),
            ("payerIdNumber", s.buyer.number),
            ("payerName", s.buyer.name),
            ("telephone", _buyers_phone(s)),
            ("amountPaid", _money(s.sums.total)),
            ("currency", codes.currency["CNY"]),
            ("payTime", _time(s.contact.payment.paid_at)),
        ],
    )


def _waybill(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    """Written at the hand-over, mostly before anyone names the bill: it names one only when the agent has, since the
    inventory may come to name another.
    """
    logistics = ET.SubElement(root, _tag("Logistics"))
    _fill(
        ET.SubElement(logistics, _tag("LogisticsHead")),
        [
            *_opening("CEB511", s),
            ("logisticsCode", p.logistics.code),
            ("logisticsName", p.logistics.name),
            ("logisticsNo", s.tracking_number),
            *([("billNo", s.bill_number)] if s.bill_number else []),
            ("orderNo", s.sub_order),
            ("freight", _money(s.sums.freight)),
            ("insuredFee", "0.00"),
            ("currency", codes.currency["CNY"]),
            ("weight", _kilograms(s.gross_weight_g)),
            ("packNo", "1"),
            ("goodsInfo", "; ".join(item.name for item in s.items)[:200]),
            ("consignee", s.contact.name),
            ("consigneeAddress", _address(s.contact)),
            ("consigneeTelephone", s.contact.phone),
        ],
    )


def _inventory(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    """By post, where nobody names a bill, it is the parcel's own number."""
    inventory = ET.SubElement(root, _tag("Inventory"))
    currency, dispatch = codes.currency["CNY"], _country(s.dispatch_country, codes)
    _fill(
        ET.SubElement(inventory, _tag("InventoryHead")),
        [
            *_opening("CEB621", s),
            ("orderNo", s.sub_order),
            *_platform_and_seller(p),
            *_carried(s, p),
            ("copNo", s.sub_order),
            ("ieFlag", "I"),
            ("declTime", _day(s.sent_at)),
            ("customsCode", p.customs_code),
            ("portCode", p.port_code),
            ("ieDate", _day(s.sent_at)),
            *_buyer(s),
            ("consigneeAddress", _address(s.contact)),
            *_agent(p),
            ("areaCode", p.area.code),
            ("areaName", p.area.name),
            ("tradeMode", "9610"),
            ("trafMode", codes.transport_mode["post"]),
            ("voyageNo", s.voyage_number),
            ("billNo", s.bill_number or s.tracking_number),
            ("country", dispatch),
            ("freight", _money(s.sums.freight)),
            ("insuredFee", "0.00"),
            ("currency", currency),
            ("packNo", "1"),
            ("grossWeight", _kilograms(s.gross_weight_g)),
            ("netWeight", _kilograms(s.net_weight_g)),
        ],
    )
    for item in s.items:
        _fill(
            ET.SubElement(inventory, _tag("InventoryList")),
            [
                ("gnum", str(item.number)),
                ("itemNo", item.sku),
                ("itemName", item.name),
                ("gcode", item.hs10),
                ("gname", item.name),
                ("gmodel", item.name),
                ("country", _country(item.origin, codes)),
                ("currency", currency),
                ("qty", str(item.quantity)),
                ("unit", codes.unit["piece"]),
                ("qty1", _kilograms(item.net_weight_g)),
                ("unit1", codes.unit["kilogram"]),
                ("price", str(item.price)),
                ("totalPrice", _money(item.total)),
            ],
        )


def _return(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    refund = ET.SubElement(root, _tag("InvtRefund"))
    _fill(
        ET.SubElement(refund, _tag("InvtRefundHead")),
        [
            *_opening("CEB625", s),
            ("customsCode", p.customs_code),
            ("orderNo", s.sub_order),
            *_platform_and_seller(p),
            *_carried(s, p),
            ("copNo", s.sub_order),
            *_buyer(s),
            *_agent(p),
            ("reason", "returned"),
        ],
    )
    for item in s.items:
        _fill(
            ET.SubElement(refund, _tag("InvtRefundList")),
            [
                ("gnum", str(item.number)),
                ("gcode", item.hs10),
                ("gname", item.name),
                ("qty", str(item.quantity)),
                ("unit", codes.unit["piece"]),
            ],
        )


def _opening(message: MessageType, s: Shipment) -> Sequence[tuple[str, str]]:
    return [
        ("guid", _guid(message, s)),
        ("appType", NEW),
        ("appTime", _time(s.sent_at)),
        ("appStatus", DECLARED),
    ]


def _platform_and_seller(p: Parties) -> Sequence[tuple[str, str]]:
    return [
        ("ebpCode", p.platform.code),
        ("ebpName", p.platform.name),
        ("ebcCode", p.seller.code),
        ("ebcName", p.seller.name),
    ]


def _carried(s: Shipment, p: Parties) -> Sequence[tuple[str, str]]:
    return [
        ("logisticsNo", s.tracking_number),
        ("logisticsCode", p.logistics.code),
        ("logisticsName", p.logistics.name),
    ]


def _agent(p: Parties) -> Sequence[tuple[str, str]]:
    return [("agentCode", p.agent.code), ("agentName", p.agent.name)]


def _buyer(s: Shipment) -> Sequence[tuple[str, str]]:
    return [
        ("buyerIdType", RESIDENT_ID),
        ("buyerIdNumber", s.buyer.number),
        ("buyerName", s.buyer.name),
        ("buyerTelephone", _buyers_phone(s)),
    ]


def _buyers_phone(s: Shipment) -> str:
    """The consignee's, where the record names none of the buyer's own."""
    return s.buyer.phone or s.contact.phone


def _guid(message: MessageType, s: Shipment) -> str:
    return str(guid(s.order_id, s.parcel, message)).upper()


def _address(contact: Contact) -> str:
    return "".join((contact.province, contact.city, contact.district, contact.street))


def _country(country: str, codes: Codes) -> str:
    return codes.country.get(country, codes.unknown_country)


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _kilograms(grams: int) -> str:
    return f"{Decimal(grams).scaleb(-3):.3f}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y%m%d%H%M%S}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y%m%d}"


def _tag(name: str) -> str:
    # Written as it stands: ElementTree's own prefixes are one table for the whole process.
    return f"ceb:{name}"


def _fill(parent: ET.Element, fields: Fields) -> None:
    for name, text in fields:
        ET.SubElement(parent, _tag(name)).text = text
