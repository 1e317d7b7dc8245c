"""What a well-behaved client sends to the stand-ins, and a business clock that a test moves by hand."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from contracts.ceb_fields import fields_by_element
from services.customs.destinations.cn.ceb import SIGNED, MessageType
from services.customs.destinations.cn.signing import SoftwareSigner
from services.customs.destinations.cn.transport import Outgoing, Route, envelope

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
NAMESPACE = "http://www.chinaport.gov.cn/ceb"
BUYER = ("张伟", "11010519491231002X")
OKAPI = {"X-Okapi-Key": "key", "Accept": "application/json"}


class HandClock:
    """Business time stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_hours(self, hours: float) -> None:
        self.now += timedelta(hours=hours)


def label_request(sub_order: str = "TM-1-1", **changes: Any) -> dict[str, Any]:
    """A request SLS takes. A change is named by its path: `letter__parcel__weight=40`."""
    request: dict[str, Any] = {
        "contractNumber": "900001",
        "password": "secret",
        "outputFormat": {"x": 0, "y": 0, "outputPrintingType": "PDF_10x15_300dpi"},
        "letter": {
            "service": {
                "productCode": "DOS",
                "depositDate": "2026-11-16",
                "totalAmount": 1500,
                "orderNumber": sub_order,
            },
            "parcel": {"weight": 1.2},
            "customsDeclarations": {
                "includeCustomsDeclarations": True,
                "contents": {
                    "article": [
                        {
                            "description": "Silk scarf (90 cm)",
                            "quantity": 2,
                            "weight": 0.5,
                            "value": 120.0,
                            "hsCode": "62141000",
                            "originCountry": "FR",
                            "currency": "EUR",
                        }
                    ],
                    "category": {"value": 3},
                },
            },
            "sender": {
                "senderParcelRef": sub_order[:17],
                "address": _address("FR", "Silkpost", "1 rue de la Soie", "69001"),
            },
            "addressee": {
                "address": {
                    **_address("CN", "Zhang Wei", "Shennan Dadao 1", "518057"),
                    "mobileNumber": "+8613900000000",
                }
            },
        },
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner = request
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return request


def _address(country: str, name: str, street: str, postcode: str) -> dict[str, str]:
    return {"lastName": name, "line2": street, "city": "Ville", "zipCode": postcode, "countryCode": country}


def parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart/related answer by Content-ID."""
    boundary = content_type.split('boundary="')[1].split('"')[0].encode()
    contents = {}
    for chunk in body.split(b"--" + boundary)[1:-1]:
        head, _, content = chunk.partition(b"\r\n\r\n")
        name = head.split(b"Content-ID: ")[1].split(b"\r\n")[0].decode()
        contents[name] = content.removesuffix(b"\r\n")
    return contents


def parcel_number(content_type: str, body: bytes) -> str:
    answer: dict[str, Any] = json.loads(parts(content_type, body)["<jsonInfos>"])
    number: str = answer["labelV2Response"]["parcelNumber"]
    return number


def declaration(lrn: str = "LRN1", **changes: Any) -> dict[str, Any]:
    """An export declaration the French gateway releases."""
    article = {
        "description": "Silk scarf",
        "hs_code": "62141000",
        "origin": "FR",
        "quantity": 2,
        "net_weight_g": 1000,
        "value": {"amount": "1240.00", "currency": "EUR"},
    }
    body: dict[str, Any] = {
        "lrn": lrn,
        "eori": "FR732829320",
        "sub_order": "TM-1-1",
        "consignee_country": "CN",
        "total": {"amount": "1240.00", "currency": "EUR"},
        "carriage": {"amount": "18.00", "currency": "EUR"},
        "gross_weight_g": 1200,
        "articles": [article],
    }
    return {**body, **changes}


def ceb(kind: str, sub_order: str = "TM-1-1", guid: str | None = None, **changes: str) -> bytes:
    """A CEB message the Chinese gateway takes; a change replaces a field of its head, an empty one removes it."""
    wrapper, head, fields, lines = _CEB[kind]
    guid = guid or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}|{sub_order}")).upper()
    opening = {"guid": guid, "appType": "1", "appTime": "20261116170000", "appStatus": "2"}
    filled = {name: text.format(sub_order=sub_order) for name, text in fields.items()}
    inner = _elements(head, {**opening, **filled, **changes})
    list_name = f"{head.removesuffix('Head')}List"
    listed = "".join(f"<ceb:{list_name}>{_elements(list_name, line)}</ceb:{list_name}>" for line in lines)
    node = f"<ceb:{head}>{inner}</ceb:{head}>{listed}"
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<ceb:{kind}Message guid="{guid}" version="1.0" xmlns:ceb="{NAMESPACE}">'
        f"{node if wrapper == head else f'<ceb:{wrapper}>{node}</ceb:{wrapper}>'}"
        f"<ceb:BaseTransfer>{_elements('BaseTransfer', _TRANSFER)}</ceb:BaseTransfer></ceb:{kind}Message>"
    ).encode()
    return signed(document) if kind in SIGNED else document


@cache
def signer() -> SoftwareSigner:
    return SoftwareSigner.generate()


def signed(document: bytes) -> bytes:
    return signer().sign(document)


def enveloped(document: bytes, kind: MessageType = "CEB311") -> bytes:
    """As it is handed to the data exchange."""
    return envelope(Outgoing(kind, uuid.UUID(int=1), document, START), Route("DXPENT0000000001", "DXPEDCCEB0000002"))


def _elements(name: str, fields: dict[str, str]) -> str:
    """In the order of the rows; what these do not have stands at the end."""
    order = [field.name for field in fields_by_element()[name]]
    named = sorted(fields, key=lambda field: order.index(field) if field in order else len(order))
    return "".join(f"<ceb:{field}>{fields[field]}</ceb:{field}>" for field in named if fields[field])


_TRANSFER = {"copCode": "3301962BCD", "copName": "平台", "dxpMode": "DXP", "dxpId": "DXPENT0000000001"}
_PLATFORM = {"ebpCode": "3301962BCD", "ebpName": "平台"}
_FIRMS = {**_PLATFORM, "ebcCode": "3301962EFG", "ebcName": "企业"}
_BUYER = {"buyerIdType": "1", "buyerIdNumber": BUYER[1], "buyerName": BUYER[0], "buyerTelephone": "+8613900000000"}
_CONSIGNEE = {"consignee": BUYER[0], "consigneeTelephone": "+8613900000000", "consigneeAddress": "广东省深圳市"}
_CARRIAGE = {"logisticsCode": "3120980105", "logisticsName": "物流", "logisticsNo": "CY123456785FR"}
_PRICE = {"qty": "2", "unit": "011", "price": "936.00000", "totalPrice": "1872.00", "currency": "142", "country": "305"}
_WEIGHT = {"qty1": "1", "unit1": "035"}
_OF_INVENTORY = {
    "orderNo": "{sub_order}",
    "copNo": "{sub_order}",
    **_FIRMS,
    **_CARRIAGE,
    **_BUYER,
    "customsCode": "2244",
    "agentCode": "3122480063",
    "agentName": "报关",
}
_CEB: dict[str, tuple[str, str, dict[str, str], list[dict[str, str]]]] = {
    "CEB311": (
        "Order",
        "OrderHead",
        {
            "orderType": "I",
            "orderNo": "{sub_order}",
            **_FIRMS,
            "goodsValue": "1872.00",
            "freight": "117.00",
            "discount": "0.00",
            "taxTotal": "180.99",
            "acturalPaid": "2169.99",
            "currency": "142",
            "buyerRegNo": "13900000000",
            **_BUYER,
            **_CONSIGNEE,
        },
        [{"gnum": "1", "itemName": "丝巾", "gmodel": "丝巾", **_PRICE}],
    ),
    "CEB411": (
        "Payment",
        "PaymentHead",
        {
            "payCode": "312226T001",
            "payName": "支付",
            "payTransactionId": "T1",
            "orderNo": "{sub_order}",
            **_PLATFORM,
            "payerIdType": "1",
            "payerIdNumber": BUYER[1],
            "payerName": BUYER[0],
            "amountPaid": "2169.99",
            "currency": "142",
            "payTime": "20261116100000",
        },
        [],
    ),
    "CEB511": (
        "Logistics",
        "LogisticsHead",
        {
            **_CARRIAGE,
            "orderNo": "{sub_order}",
            "freight": "117.00",
            "currency": "142",
            "weight": "1.200",
            "packNo": "1",
            **_CONSIGNEE,
        },
        [],
    ),
    "CEB621": (
        "Inventory",
        "InventoryHead",
        {
            **_OF_INVENTORY,
            "assureCode": "3122480063",
            "ieFlag": "I",
            "declTime": "20261121",
            "portCode": "2244",
            "consigneeAddress": "广东省深圳市",
            "tradeMode": "9610",
            "trafMode": "6",
            "billNo": "99912345675",
            "country": "305",
            "freight": "117.00",
            "insuredFee": "0.00",
            "currency": "142",
            "packNo": "1",
            "grossWeight": "1.200",
            "netWeight": "1.000",
        },
        [
            {
                "gnum": "1",
                "gcode": "6214100010",
                "gname": "丝巾",
                "gmodel": "丝巾",
                **_PRICE,
                "qty1": "1",
                "unit1": "035",
            }
        ],
    ),
    "CEB623": (
        "InvtCancel",
        "InvtCancel",
        {**_OF_INVENTORY, "invtNo": "22442026I000000001", "reason": "cancelled"},
        [],
    ),
    "CEB625": (
        "InvtRefund",
        "InvtRefundHead",
        {**_OF_INVENTORY, "invtNo": "22442026I000000001", "reason": "returned"},
        [{"gnum": "1", "gcode": "6214100010", "gname": "丝巾", "qty": "2", "unit": "011"}],
    ),
}
