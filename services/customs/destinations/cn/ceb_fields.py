"""Groups of fields that the CEB messages share, and how values are written in them. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.persons import Contact
from services.customs.destinations.cn.ceb import MessageType, Parties, guid
from services.customs.destinations.cn.shipments import Shipment
from services.customs.regimes.tables import Codes

BEIJING = ZoneInfo("Asia/Shanghai")
Fields = Iterable[tuple[str, str]]
NEW, DECLARED = "1", "2"
RESIDENT_ID = "1"


def opening(message: MessageType, s: Shipment) -> Sequence[tuple[str, str]]:
    return [
        ("guid", guid_text(message, s)),
        ("appType", NEW),
        ("appTime", time_text(s.sent_at)),
        ("appStatus", DECLARED),
    ]


def platform_and_seller(p: Parties) -> Sequence[tuple[str, str]]:
    return [
        ("ebpCode", p.platform.code),
        ("ebpName", p.platform.name),
        ("ebcCode", p.seller.code),
        ("ebcName", p.seller.name),
    ]


def carriage(s: Shipment, p: Parties) -> Sequence[tuple[str, str]]:
    return [
        ("logisticsNo", s.tracking_number),
        ("logisticsCode", p.logistics.code),
        ("logisticsName", p.logistics.name),
    ]


def agent(p: Parties) -> Sequence[tuple[str, str]]:
    return [("agentCode", p.agent.code), ("agentName", p.agent.name)]


def buyer(s: Shipment) -> Sequence[tuple[str, str]]:
    return [
        ("buyerIdType", RESIDENT_ID),
        ("buyerIdNumber", s.buyer.number),
        ("buyerName", s.buyer.name),
        ("buyerTelephone", buyers_phone(s)),
    ]


def buyers_phone(s: Shipment) -> str:
    """The consignee's, where the record names none of the buyer's own."""
    return s.buyer.phone or s.contact.phone


def guid_text(message: MessageType, s: Shipment) -> str:
    return str(guid(s.order_id, s.parcel, message)).upper()


def address(contact: Contact) -> str:
    return "".join((contact.province, contact.city, contact.district, contact.street))


def country_code(country: str, codes: Codes) -> str:
    return codes.country.get(country, codes.unknown_country)


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def kilograms(grams: int) -> str:
    return f"{Decimal(grams).scaleb(-3):.3f}"


def time_text(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y%m%d%H%M%S}"


def day_text(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y%m%d}"


def tag(name: str) -> str:
    # Written as it stands: ElementTree's own prefixes are one table for the whole process.
    return f"ceb:{name}"


def fill(parent: ET.Element, fields: Fields) -> None:
    for name, text in fields:
        ET.SubElement(parent, tag(name)).text = text
