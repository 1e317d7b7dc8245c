"""The messages to China's single window (CEB) as they are written: order, payment, waybill, inventory, return. Pure.

Namespace and field names as the single window's; amounts in yuan to the fen, times in Beijing's, weights in kilograms.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from services.customs.destinations.cn import ceb_fields
from services.customs.destinations.cn.ceb import MessageType, Parties
from services.customs.destinations.cn.shipments import Shipment
from services.customs.domain.decide import ORIGIN
from services.customs.regimes.tables import Codes

NAMESPACE = "http://www.chinaport.gov.cn/ceb"


def build(message: MessageType, shipment: Shipment, parties: Parties, codes: Codes) -> bytes:
    """The message as it is sent, UTF-8 with a declaration."""
    write = {
        "CEB311": _order,
        "CEB411": _payment,
        "CEB511": _waybill,
        "CEB621": _inventory,
        "CEB625": _return,
    }[message]
    name = ceb_fields.guid_text(message, shipment)
    root = ET.Element(ceb_fields.tag(f"{message}Message"), {"xmlns:ceb": NAMESPACE, "guid": name, "version": "1.0"})
    write(root, shipment, parties, codes)
    ceb_fields.fill(
        ET.SubElement(root, ceb_fields.tag("BaseTransfer")),
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
    order = ET.SubElement(root, ceb_fields.tag("Order"))
    ceb_fields.fill(
        ET.SubElement(order, ceb_fields.tag("OrderHead")),
        [
            *ceb_fields.opening("CEB311", s),
            ("orderType", "I"),
            ("orderNo", s.sub_order),
            *ceb_fields.platform_and_seller(p),
            ("goodsValue", ceb_fields.money(s.sums.goods)),
            # The order has no field for insurance, and acturalPaid is the sum of the others.
            ("freight", ceb_fields.money(s.sums.freight + s.sums.insurance)),
            ("discount", ceb_fields.money(s.sums.discount)),
            ("taxTotal", ceb_fields.money(s.sums.tax)),
            ("acturalPaid", ceb_fields.money(s.sums.total)),
            ("currency", codes.currency["CNY"]),
            ("buyerRegNo", s.sub_order),
            *ceb_fields.buyer(s),
            ("payCode", p.payment_code),
            ("payName", s.contact.payment.provider),
            ("payTransactionId", s.contact.payment.transaction_id),
            ("consignee", s.contact.name),
            ("consigneeTelephone", s.contact.phone),
            ("consigneeAddress", ceb_fields.address(s.contact)),
            ("consigneeDistrict", s.contact.postcode),
        ],
    )
    for item in s.items:
        ceb_fields.fill(
            ET.SubElement(order, ceb_fields.tag("OrderList")),
            [
                ("gnum", str(item.number)),
                ("itemNo", item.sku),
                ("itemName", item.name),
                ("gmodel", item.name),
                ("unit", codes.unit["piece"]),
                ("qty", str(item.quantity)),
                ("price", str(item.price)),
                ("totalPrice", ceb_fields.money(item.total)),
                ("currency", codes.currency["CNY"]),
                ("country", ceb_fields.country_code(item.origin, codes)),
            ],
        )


def _payment(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    payment = ET.SubElement(root, ceb_fields.tag("Payment"))
    ceb_fields.fill(
        ET.SubElement(payment, ceb_fields.tag("PaymentHead")),
        [
            *ceb_fields.opening("CEB411", s),
            ("payCode", p.payment_code),
            ("payName", s.contact.payment.provider),
            ("payTransactionId", s.contact.payment.transaction_id),
            ("orderNo", s.sub_order),
            ("ebpCode", p.platform.code),
            ("ebpName", p.platform.name),
            ("payerIdType", ceb_fields.RESIDENT_ID),
            ("payerIdNumber", s.buyer.number),
            ("payerName", s.buyer.name),
            ("telephone", ceb_fields.buyers_phone(s)),
            ("amountPaid", ceb_fields.money(s.sums.total)),
            ("currency", codes.currency["CNY"]),
            ("payTime", ceb_fields.time_text(s.contact.payment.paid_at)),
        ],
    )


def _waybill(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    """Written at the hand-over, mostly before anyone names the bill: it names one only when the agent has, since the
    inventory may come to name another.
    """
    logistics = ET.SubElement(root, ceb_fields.tag("Logistics"))
    ceb_fields.fill(
        ET.SubElement(logistics, ceb_fields.tag("LogisticsHead")),
        [
            *ceb_fields.opening("CEB511", s),
            ("logisticsCode", p.logistics.code),
            ("logisticsName", p.logistics.name),
            ("logisticsNo", s.tracking_number),
            *([("billNo", s.bill_number)] if s.bill_number else []),
            ("orderNo", s.sub_order),
            ("freight", ceb_fields.money(s.sums.freight)),
            ("insuredFee", ceb_fields.money(s.sums.insurance)),
            ("currency", codes.currency["CNY"]),
            ("weight", ceb_fields.kilograms(s.gross_weight_g)),
            ("packNo", "1"),
            ("goodsInfo", "; ".join(item.name for item in s.items)[:200]),
            ("consignee", s.contact.name),
            ("consigneeAddress", ceb_fields.address(s.contact)),
            ("consigneeTelephone", s.contact.phone),
        ],
    )


def _inventory(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    """By post, where nobody names a bill, it is the parcel's own number."""
    inventory = ET.SubElement(root, ceb_fields.tag("Inventory"))
    currency, dispatch = codes.currency["CNY"], ceb_fields.country_code(ORIGIN, codes)
    ceb_fields.fill(
        ET.SubElement(inventory, ceb_fields.tag("InventoryHead")),
        [
            *ceb_fields.opening("CEB621", s),
            ("orderNo", s.sub_order),
            *ceb_fields.platform_and_seller(p),
            *ceb_fields.carriage(s, p),
            ("copNo", s.sub_order),
            ("ieFlag", "I"),
            ("declTime", ceb_fields.day_text(s.sent_at)),
            ("customsCode", p.customs_code),
            ("portCode", p.port_code),
            ("ieDate", ceb_fields.day_text(s.sent_at)),
            *ceb_fields.buyer(s),
            ("consigneeAddress", ceb_fields.address(s.contact)),
            *ceb_fields.agent(p),
            ("areaCode", p.area.code),
            ("areaName", p.area.name),
            ("tradeMode", "9610"),
            ("trafMode", codes.transport_mode["post"]),
            ("voyageNo", s.voyage_number),
            ("billNo", s.bill_number or s.tracking_number),
            ("country", dispatch),
            ("freight", ceb_fields.money(s.sums.freight)),
            ("insuredFee", ceb_fields.money(s.sums.insurance)),
            ("currency", currency),
            ("packNo", "1"),
            ("grossWeight", ceb_fields.kilograms(s.gross_weight_g)),
            ("netWeight", ceb_fields.kilograms(s.net_weight_g)),
        ],
    )
    for item in s.items:
        ceb_fields.fill(
            ET.SubElement(inventory, ceb_fields.tag("InventoryList")),
            [
                ("gnum", str(item.number)),
                ("itemNo", item.sku),
                ("itemName", item.name),
                ("gcode", item.hs10),
                ("gname", item.name),
                ("gmodel", item.name),
                ("country", ceb_fields.country_code(item.origin, codes)),
                ("currency", currency),
                ("qty", str(item.quantity)),
                ("unit", codes.unit["piece"]),
                ("qty1", ceb_fields.kilograms(item.net_weight_g)),
                ("unit1", codes.unit["kilogram"]),
                ("price", str(item.price)),
                ("totalPrice", ceb_fields.money(item.total)),
            ],
        )


def _return(root: ET.Element, s: Shipment, p: Parties, codes: Codes) -> None:
    refund = ET.SubElement(root, ceb_fields.tag("InvtRefund"))
    ceb_fields.fill(
        ET.SubElement(refund, ceb_fields.tag("InvtRefundHead")),
        [
            *ceb_fields.opening("CEB625", s),
            ("customsCode", p.customs_code),
            ("orderNo", s.sub_order),
            *ceb_fields.platform_and_seller(p),
            *ceb_fields.carriage(s, p),
            ("copNo", s.sub_order),
            *ceb_fields.buyer(s),
            *ceb_fields.agent(p),
            ("reason", "returned"),
        ],
    )
    for item in s.items:
        ceb_fields.fill(
            ET.SubElement(refund, ceb_fields.tag("InvtRefundList")),
            [
                ("gnum", str(item.number)),
                ("gcode", item.hs10),
                ("gname", item.name),
                ("qty", str(item.quantity)),
                ("unit", codes.unit["piece"]),
            ],
        )
