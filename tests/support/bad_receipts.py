"""Messages of receipts that are bad in one way each."""

from __future__ import annotations

from pathlib import Path

from services.customs.destinations.cn.receipt_xml import MOST_ANSWERS

GOLDEN = Path(__file__).parent.parent / "golden" / "customs" / "receipts"
INVENTORIES = (GOLDEN / "CEB622.xml").read_bytes()


def hundred(count: int = 100) -> bytes:
    envelope, _, rest = INVENTORIES.decode().partition("  <InventoryReturn>")
    answer = rest.partition("</InventoryReturn>")[0]
    answers = (f"<InventoryReturn>{answer.replace('TM1-1', f'TM{n}-1')}</InventoryReturn>" for n in range(count))
    return f"{envelope}{''.join(answers)}</CEB622Message>".encode()


BAD: dict[str, tuple[str, bytes]] = {
    "empty": ("not_xml", b""),
    "null": ("not_xml", b"null"),
    "ten megabytes": ("too_large", INVENTORIES.replace("海关入库".encode(), b"x" * 10_000_000)),
    "GBK": ("not_utf8", INVENTORIES.decode().encode("gbk")),
    "DTD": ("dtd", INVENTORIES.replace(b"<CEB622Message", b'<!DOCTYPE x [<!ENTITY a "b">]><CEB622Message')),
    "entity": ("not_xml", INVENTORIES.replace("海关入库".encode(), b"&a;")),
    "cut": ("not_xml", INVENTORIES[:-20]),
    "deep": ("too_deep", INVENTORIES.replace("海关入库".encode(), b"<a>" * 20 + b"</a>" * 20)),
    "no answer": ("no_return_status", b"<CEB622Message/>"),
    "not CEB": ("no_ceb_message", b"<html><returnStatus>800</returnStatus></html>"),
    "too many": ("too_many_answers", hundred(MOST_ANSWERS + 1)),
}
"""The rule that each breaks, and its bytes."""
