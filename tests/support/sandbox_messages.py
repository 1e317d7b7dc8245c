"""What a well-behaved client sends to the stand-ins, and a business clock that a test moves by hand."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
NAMESPACE = "http://www.chinaport.gov.cn/ceb"
BUYER = ("张伟", "11010519491231002X")
OKAPI = {"X-Okapi-Key": "key", "Accept": "application/json"}


class HandClock:
    """Business time stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_hours(self, hours: float) -> None:
        self.at += timedelta(hours=hours)


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
    found = {}
    for chunk in body.split(b"--" + boundary)[1:-1]:
        head, _, content = chunk.partition(b"\r\n\r\n")
        name = head.split(b"Content-ID: ")[1].split(b"\r\n")[0].decode()
        found[name] = content.removesuffix(b"\r\n")
    return found


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
    inner = _elements({**opening, **filled, **changes})
    listed = "".join(
        f"<ceb:{head.removesuffix('Head')}List>{_elements(line)}</ceb:{head.removesuffix('Head')}List>"
        for line in lines
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<ceb:{kind}Message guid="{guid}" version="1.0" xmlns:ceb="{NAMESPACE}"><ceb:{wrapper}>'
        f"<ceb:{head}>{inner}</ceb:{head}>{listed}</ceb:{wrapper}></ceb:{kind}Message>"
    ).encode()


def _elements(fields: dict[str, str]) -> str:
    return "".join(f"<ceb:{name}>{text}</ceb:{name}>" for name, text in fields.items() if text)


_FIRMS = {"ebpCode": "3301962BCD", "ebpName": "平台", "ebcCode": "3301962EFG", "ebcName": "企业"}
_BUYER = {"buyerIdType": "1", "buyerIdNumber": BUYER[1], "buyerName": BUYER[0]}
_ITEM = {"gnum": "1", "itemName": "丝巾", "qty": "2", "price": "936.00000", "totalPrice": "1872.00"}
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
            **_BUYER,
            "consignee": BUYER[0],
            "consigneeTelephone": "+8613900000000",
            "consigneeAddress": "广东省深圳市",
        },
        [_ITEM],
    ),
    "CEB411": (
        "Payment",
        "PaymentHead",
        {
            "payCode": "312226T001",
            "payTransactionId": "T1",
            "orderNo": "{sub_order}",
            "ebpCode": "3301962BCD",
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
            "logisticsCode": "3120980105",
            "logisticsNo": "CY123456785FR",
            "orderNo": "{sub_order}",
            "freight": "117.00",
            "weight": "1.200",
            "packNo": "1",
            "consignee": BUYER[0],
        },
        [],
    ),
    "CEB621": (
        "Inventory",
        "InventoryHead",
        {
            "orderNo": "{sub_order}",
            "copNo": "{sub_order}",
            **_FIRMS,
            "ieFlag": "I",
            "declTime": "20261121",
            "customsCode": "2244",
            "portCode": "2244",
            "ieDate": "20261121",
            **_BUYER,
            "agentCode": "3122480063",
            "tradeMode": "9610",
            "trafMode": "6",
            "voyageNo": "CA934",
            "billNo": "99912345675",
            "country": "305",
            "grossWeight": "1.200",
            "netWeight": "1.000",
        },
        [{"gnum": "1", "gcode": "6214100010", "gname": "丝巾", "qty": "2", "price": "936.00000"}],
    ),
    "CEB625": (
        "InvtRefund",
        "InvtRefundHead",
        {"copNo": "{sub_order}", "orderNo": "{sub_order}", "reason": "returned"},
        [],
    ),
}
