"""What China e-port's receipts to the CEB messages are called, and which fields of the message they repeat."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """Of a kind of message: the element with its fields, the name of its receipt, and the fields that this repeats."""

    head: str
    receipt: str
    wrapper: str
    echoed: tuple[str, ...]


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_OF_INVENTORY = words("customsCode agentCode ebpCode ebcCode copNo preNo invtNo")
FORMS: dict[str, Form] = {
    "CEB311": Form("OrderHead", "CEB312", "OrderReturn", words("ebpCode ebcCode orderNo")),
    "CEB411": Form("PaymentHead", "CEB412", "PaymentReturn", words("payCode payTransactionId")),
    "CEB511": Form("LogisticsHead", "CEB512", "LogisticsReturn", words("logisticsCode logisticsNo")),
    "CEB621": Form(
        "InventoryHead",
        "CEB622",
        "InventoryReturn",
        words("customsCode ebpCode ebcCode agentCode copNo preNo invtNo"),
    ),
    "CEB623": Form("InvtCancel", "CEB624", "InvtCancelReturn", _OF_INVENTORY),
    "CEB625": Form("InvtRefundHead", "CEB626", "InvtRefundReturn", _OF_INVENTORY),
}
