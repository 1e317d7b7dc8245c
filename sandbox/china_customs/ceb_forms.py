"""The forms of China e-port's CEB messages: required fields, names of the receipts, and the fields repeated there.

Names are those of the single window's public samples; which fields are required follows its specification as far as
that is public.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """Of a kind of message: its required fields, the name of its receipt, and the fields that the receipt repeats."""

    head: str
    required: tuple[str, ...]
    line_fields: tuple[str, ...]
    receipt: str
    wrapper: str
    echoed: tuple[str, ...]


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FORMS: dict[str, Form] = {
    "CEB311": Form(
        "OrderHead",
        words(
            "guid appType appTime appStatus orderType orderNo ebpCode ebcCode goodsValue freight discount taxTotal"
            " acturalPaid currency buyerName buyerIdType buyerIdNumber consignee consigneeTelephone"
            " consigneeAddress"
        ),
        words("gnum itemName qty price totalPrice"),
        "CEB312",
        "OrderReturn",
        words("ebpCode ebcCode orderNo"),
    ),
    "CEB411": Form(
        "PaymentHead",
        words(
            "guid appType appTime appStatus payCode payTransactionId orderNo ebpCode payerIdType payerIdNumber"
            " payerName amountPaid currency payTime"
        ),
        (),
        "CEB412",
        "PaymentReturn",
        words("payCode payTransactionId"),
    ),
    "CEB511": Form(
        "LogisticsHead",
        words("guid appType appTime appStatus logisticsCode logisticsNo orderNo freight weight packNo consignee"),
        (),
        "CEB512",
        "LogisticsReturn",
        words("logisticsCode logisticsNo"),
    ),
    "CEB621": Form(
        "InventoryHead",
        words(
            "guid appType appTime appStatus orderNo copNo ieFlag declTime customsCode ieDate agentCode tradeMode"
            " trafMode voyageNo billNo country grossWeight netWeight"
        ),
        words("gcode gname qty price"),
        "CEB622",
        "InventoryReturn",
        words("customsCode ebpCode ebcCode agentCode copNo preNo invtNo"),
    ),
    "CEB625": Form(
        "InvtRefundHead",
        words("guid appType appTime appStatus copNo"),
        (),
        "CEB626",
        "InvtRefundReturn",
        words("customsCode agentCode ebpCode ebcCode copNo preNo invtNo"),
    ),
}
NUMBERS = frozenset(
    words(
        "goodsValue freight discount taxTotal acturalPaid amountPaid weight grossWeight netWeight qty price totalPrice"
    )
)
PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    "guid": (re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"), "36 位 UUID"),
    "appType": (re.compile(r"[123]"), "1, 2, 3"),
    "appTime": (re.compile(r"\d{14}"), "YYYYMMDDhhmmss"),
    "payTime": (re.compile(r"\d{14}"), "YYYYMMDDhhmmss"),
    "declTime": (re.compile(r"\d{8}(\d{6})?"), "YYYYMMDD"),
    "ieDate": (re.compile(r"\d{8}(\d{6})?"), "YYYYMMDD"),
    "orderType": (re.compile(r"I"), "I"),
    "ieFlag": (re.compile(r"I"), "I"),
    "currency": (re.compile(r"142"), "142"),
    "buyerIdType": (re.compile(r"[12]"), "1, 2"),
    "tradeMode": (re.compile(r"9610|1210|1239"), "9610, 1210, 1239"),
    "customsCode": (re.compile(r"\d{4}"), "4 位数字"),
    "gcode": (re.compile(r"\d{10}"), "10 位数字"),
}
