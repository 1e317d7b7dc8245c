"""The messages to China's single window (CEB): order, payment, waybill, inventory, its cancellation, return. Pure.

Field names as the single window's; amounts in yuan to the fen, times in Beijing's, weights in kilograms. What is not
known is left out.
"""

from __future__ import annotations

from services.customs.destinations.cn import ceb_fields
from services.customs.destinations.cn.ceb import BusinessKeys, MessageType, Parties, Undeclarable
from services.customs.destinations.cn.ceb_fields import money
from services.customs.destinations.cn.ceb_writer import Content, require_valid, written
from services.customs.destinations.cn.shipments import Item, Shipment
from services.customs.domain.decide import ORIGIN
from services.customs.regimes.tables import Codes

_GOODS_INFO = 200
DIRECT_PURCHASE = "9610"


def build(message: MessageType, shipment: Shipment, parties: Parties, codes: Codes) -> bytes:
    """The message before it is signed. Undeclarable: something that it must have is not known, or breaks a rule."""
    body = {
        "CEB311": _order,
        "CEB411": _payment,
        "CEB511": _waybill,
        "CEB621": _inventory,
        "CEB623": _cancellation,
        "CEB625": _return,
    }[message]
    sender = parties.sender
    transfer = {
        "copCode": sender.firm.code,
        "copName": sender.firm.name,
        "dxpMode": "DXP",
        "dxpId": sender.transfer_id,
    }
    content = {**body(shipment, parties, codes), "BaseTransfer": transfer}
    document = written(message, ceb_fields.guid_text(message, shipment), content)
    require_valid(document, signed=False)
    return document


def business_keys(message: MessageType, shipment: Shipment, parties: Parties) -> BusinessKeys:
    """What the receipt to this message will name."""
    order_no, ebp_code = shipment.order_no, parties.platform.code
    carried = {"logistics_no": shipment.tracking_number, "logistics_code": parties.logistics.code}
    match message:
        case "CEB311":
            return BusinessKeys(ebp_code=ebp_code, order_no=order_no)
        case "CEB411":
            paid = shipment.contact.payment.transaction_id
            return BusinessKeys(
                ebp_code=ebp_code, order_no=order_no, pay_code=parties.payment_code, pay_transaction_id=paid
            )
        case "CEB511":
            return BusinessKeys(order_no=order_no, **carried)
    return BusinessKeys(cop_no=shipment.cop_no, ebp_code=ebp_code, order_no=order_no, **carried)


def _order(s: Shipment, p: Parties, codes: Codes) -> Content:
    """A coupon is a way to pay: the goods' value includes it."""
    head = {
        **ceb_fields.opening("CEB311", s),
        "orderType": "I",
        "orderNo": s.order_no,
        **ceb_fields.platform_and_seller(p),
        "goodsValue": money(s.sums.goods),
        # The order has no field for insurance, and acturalPaid is the sum of the others.
        "freight": money(s.sums.freight + s.sums.insurance),
        "discount": money(s.sums.discount),
        "taxTotal": money(s.sums.tax),
        "acturalPaid": money(s.sums.total),
        "currency": codes.currency["CNY"],
        # No order names the buyer's account; platforms in China know their buyers by their phone.
        "buyerRegNo": ceb_fields.buyers_phone(s),
        **ceb_fields.buyer(s),
        **ceb_fields.payment(s, p),
        **ceb_fields.consignee(s),
        "consigneeDistrict": ceb_fields.district(s.contact),
    }
    lines = [
        {
            "gnum": str(item.number),
            "itemNo": ceb_fields.item_no(item.sku),
            "itemName": item.name,
            "gmodel": item.name,
            "unit": codes.unit["piece"],
            "qty": str(item.quantity),
            "price": str(item.price),
            "totalPrice": money(item.total),
            "currency": codes.currency["CNY"],
            "country": ceb_fields.country_code(item.origin, codes, "OrderList.country"),
        }
        for item in s.items
    ]
    return {"Order": {"OrderHead": head, "OrderList": lines}}


def _payment(s: Shipment, p: Parties, codes: Codes) -> Content:
    head = {
        **ceb_fields.opening("CEB411", s),
        **ceb_fields.payment(s, p),
        "orderNo": s.order_no,
        **ceb_fields.platform(p),
        "payerIdType": ceb_fields.RESIDENT_ID,
        "payerIdNumber": s.buyer.number,
        "payerName": s.buyer.name,
        "telephone": ceb_fields.buyers_phone(s),
        "amountPaid": money(s.sums.total),
        "currency": codes.currency["CNY"],
        "payTime": ceb_fields.time_text(s.contact.payment.paid_at),
    }
    return {"Payment": {"PaymentHead": head}}


def _waybill(s: Shipment, p: Parties, codes: Codes) -> Content:
    """Written at the hand-over, mostly before anyone names the bill: it names one only when the agent has, since the
    inventory may come to name another.
    """
    head = {
        **ceb_fields.opening("CEB511", s),
        **ceb_fields.carriage(s, p),
        "billNo": s.bill_number,
        "orderNo": s.order_no,
        "freight": money(s.sums.freight),
        "insuredFee": money(s.sums.insurance),
        "currency": codes.currency["CNY"],
        "weight": ceb_fields.kilograms(s.gross_weight_g),
        "packNo": "1",
        "goodsInfo": "; ".join(item.name for item in s.items)[:_GOODS_INFO],
        **ceb_fields.consignee(s),
    }
    return {"Logistics": {"LogisticsHead": head}}


def _inventory(s: Shipment, p: Parties, codes: Codes) -> Content:
    """By post, where nobody names a bill or knows the flight, the bill is the parcel's own number. On which day the
    goods enter is not known either, and areas are for bonded goods. Undeclarable: a change of what customs has, while
    its number there is not known."""
    if s.changes and s.inventory_number is None:
        raise Undeclarable("invtNo", "unknown")
    head = {
        **ceb_fields.opening("CEB621", s),
        "orderNo": s.order_no,
        **ceb_fields.platform_and_seller(p),
        **ceb_fields.carriage(s, p),
        "copNo": s.cop_no,
        "invtNo": s.inventory_number if s.changes else None,
        "assureCode": p.guarantor.code,
        "ieFlag": "I",
        "declTime": ceb_fields.day_text(s.sent_at),
        "customsCode": p.customs_code,
        "portCode": p.port_code,
        **ceb_fields.buyer(s),
        "consigneeAddress": ceb_fields.address(s.contact),
        **ceb_fields.agent(p),
        "tradeMode": DIRECT_PURCHASE,
        "trafMode": codes.transport_mode["post"],
        "trafNo": s.conveyance_number,
        "voyageNo": s.voyage_number,
        "billNo": s.bill_number or s.tracking_number,
        "country": ceb_fields.country_code(ORIGIN, codes, "InventoryHead.country"),
        "freight": money(s.sums.freight),
        "insuredFee": money(s.sums.insurance),
        "currency": codes.currency["CNY"],
        "packNo": "1",
        "grossWeight": ceb_fields.kilograms(s.gross_weight_g),
        "netWeight": ceb_fields.kilograms(s.net_weight_g),
    }
    return {"Inventory": {"InventoryHead": head, "InventoryList": [_inventory_line(item, codes) for item in s.items]}}


def _inventory_line(item: Item, codes: Codes) -> Content:
    (first, quantity), *second = item.statutory
    line = {
        "gnum": str(item.number),
        "itemNo": ceb_fields.item_no(item.sku),
        "itemName": item.name,
        "gcode": item.hs10,
        "gname": item.name,
        "gmodel": item.name,
        "barCode": "无",
        "country": ceb_fields.country_code(item.origin, codes, "InventoryList.country"),
        "currency": codes.currency["CNY"],
        "qty": str(item.quantity),
        "unit": codes.unit["piece"],
        "qty1": ceb_fields.quantity(quantity),
        "unit1": first,
        "price": str(item.price),
        "totalPrice": money(item.total),
    }
    for unit, amount in second:
        line |= {"qty2": ceb_fields.quantity(amount), "unit2": unit}
    return line


def _change_head(message: MessageType, s: Shipment, p: Parties, reason: str) -> Content:
    """Of a message about an inventory that customs has numbered."""
    if s.inventory_number is None:
        raise Undeclarable("invtNo", "unknown")
    return {
        **ceb_fields.opening(message, s),
        "customsCode": p.customs_code,
        "orderNo": s.order_no,
        **ceb_fields.platform_and_seller(p),
        **ceb_fields.carriage(s, p),
        "copNo": s.cop_no,
        "invtNo": s.inventory_number,
        **ceb_fields.buyer(s),
        **ceb_fields.agent(p),
        "reason": reason,
    }


def _cancellation(s: Shipment, p: Parties, codes: Codes) -> Content:
    return {"InvtCancel": _change_head("CEB623", s, p, "cancelled")}


def _return(s: Shipment, p: Parties, codes: Codes) -> Content:
    lines = [
        {
            "gnum": str(item.number),
            "gcode": item.hs10,
            "gname": item.name,
            "qty": str(item.quantity),
            "unit": codes.unit["piece"],
        }
        for item in s.items
    ]
    return {"InvtRefund": {"InvtRefundHead": _change_head("CEB625", s, p, "returned"), "InvtRefundList": lines}}
