"""How values are written in the CEB messages, and the groups of fields that they share. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from contracts.ceb_fields import longest
from contracts.persons import Contact
from services.addresses.division_codes import division_code
from services.customs.destinations.cn.ceb import BEIJING, COUNTRY_CODES, MessageType, Parties, Undeclarable, guid
from services.customs.destinations.cn.shipments import Shipment
from services.customs.regimes.tables import Codes

Values = Mapping[str, str | None]
"""Of an element, by field; None where nothing is known. In which order they are written is in the rows."""
NEW, CHANGE = "1", "2"
DECLARED = "2"
RESIDENT_ID = "1"
_ITEM_NO = longest("InventoryList", "itemNo")
_ADDRESS = longest("InventoryHead", "consigneeAddress")


def opening(message: MessageType, s: Shipment) -> Values:
    return {
        "guid": guid_text(message, s),
        "appType": CHANGE if s.changes else NEW,
        "appTime": time_text(s.sent_at),
        "appStatus": DECLARED,
    }


def platform(p: Parties) -> Values:
    return {"ebpCode": p.platform.code, "ebpName": p.platform.name}


def platform_and_seller(p: Parties) -> Values:
    return {**platform(p), "ebcCode": p.seller.code, "ebcName": p.seller.name}


def carriage(s: Shipment, p: Parties) -> Values:
    return {
        "logisticsNo": s.tracking_number,
        "logisticsCode": p.logistics.code,
        "logisticsName": p.logistics.name,
    }


def agent(p: Parties) -> Values:
    return {"agentCode": p.agent.code, "agentName": p.agent.name}


def payment(s: Shipment, p: Parties) -> Values:
    paid = s.contact.payment
    return {"payCode": p.payment_code, "payName": paid.provider, "payTransactionId": paid.transaction_id}


def buyer(s: Shipment) -> Values:
    return {
        "buyerIdType": RESIDENT_ID,
        "buyerIdNumber": s.buyer.number,
        "buyerName": s.buyer.name,
        "buyerTelephone": buyers_phone(s),
    }


def buyers_phone(s: Shipment) -> str:
    """The consignee's, where the record names none of the buyer's own."""
    return s.buyer.phone or s.contact.phone


def consignee(s: Shipment) -> Values:
    return {
        "consignee": s.contact.name,
        "consigneeTelephone": s.contact.phone,
        "consigneeAddress": address(s.contact),
    }


def guid_text(message: MessageType, s: Shipment) -> str:
    return str(guid(s.order_id, s.parcel, message, s.version)).upper()


def address(contact: Contact) -> str:
    """From the province to the room. One that is too long is without its city and province, which the division's number
    states; the same in every message."""
    whole = (contact.province, contact.city, contact.district, contact.street)
    texts = ("".join(whole[start:]) for start in range(len(whole)))
    return next((text for text in texts if len(text) <= _ADDRESS), contact.street[-_ADDRESS:])


def district(contact: Contact) -> str | None:
    return division_code(contact.province, contact.city, contact.district)


def item_no(sku: str) -> str:
    """The article's number within 20 characters: its own, or as much of it as fits and a part of its hash."""
    if len(sku) <= _ITEM_NO:
        return sku
    digest = base64.b32encode(hashlib.sha256(sku.encode()).digest()).decode()[:8]
    return f"{sku[: _ITEM_NO - 9]}-{digest}"


def country_code(country: str, codes: Codes, field: str) -> str:
    """Undeclarable: customs' table has no code for this country."""
    try:
        return codes.country[country]
    except KeyError:
        raise Undeclarable(field, "unknown", COUNTRY_CODES) from None


def office(s: Shipment, configured: str) -> str:
    """The lane's, where it names one, else that of the settings."""
    return s.lane.office if s.lane.office.isdecimal() else configured


def transport_mode(s: Shipment, codes: Codes) -> str:
    """By the lane. Undeclarable: customs' table has no code for it."""
    try:
        return codes.transport_mode[s.lane.transport_mode]
    except KeyError:
        raise Undeclarable("InventoryHead.trafMode", "unknown") from None


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def quantity(amount: Decimal) -> str:
    """Without the zeros at its end."""
    return f"{amount.normalize():f}"


def kilograms(grams: int) -> str:
    return f"{Decimal(grams).scaleb(-3):.3f}"


def time_text(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y%m%d%H%M%S}"


def day_text(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y%m%d}"
