"""The single window's messages: as data, as the official schema has them, and what both refuse."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import get_args

import pytest
from lxml import etree

from contracts.ceb_fields import FILE, NAMESPACE, BrokenRule, broken_rules, is_message, longest
from services.customs.destinations.cn.ceb import SIGNED, MessageType, Undeclarable
from services.customs.destinations.cn.ceb_messages import build
from services.customs.destinations.cn.ceb_writer import require_valid
from tests.support import judged_messages
from tests.support.ceb_specification import (
    COLUMNS,
    needs_specification,
    official_rows,
    official_schema,
)
from tests.support.customs_samples import PARTIES, TABLES
from tests.support.generated_shipments import AGAIN, CHANGED, INVENTORY_NUMBER, shipments, written_again
from tests.support.judged_messages import judged
from tests.support.sandbox_messages import ceb

GOLDEN = Path(__file__).parents[1] / "golden" / "customs"
MESSAGES = get_args(MessageType)
ORDERS = 300
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "an_empty_name": ("CEB311", "<ceb:ebpName>平台", "<ceb:ebpName>", "OrderHead.ebpName length"),
    "no_account": ("CEB311", "<ceb:buyerRegNo>13900000000</ceb:buyerRegNo>", "", "OrderHead.buyerRegNo required"),
    "a_field_of_our_own": ("CEB311", "<ceb:consignee>", "<ceb:ours/><ceb:consignee>", "OrderHead unknown"),
    "a_number_in_words": ("CEB311", ">1872.00</ceb:goodsValue>", ">much</ceb:goodsValue>", "OrderHead.goodsValue type"),
    "six_decimals": ("CEB311", ">936.00000<", ">936.000001<", "OrderList[1].price decimals"),
    "twenty_digits": ("CEB311", ">1872.00</ceb:goodsV", f">{'9' * 20}</ceb:goodsV", "OrderHead.goodsValue digits"),
    "euros": ("CEB411", "<ceb:currency>142", "<ceb:currency>300", "PaymentHead.currency fixed"),
    "a_long_cop_no": ("CEB621", "<ceb:copNo>TM-1-1", f"<ceb:copNo>{'1' * 21}", "InventoryHead.copNo length"),
    "a_box_and_a_half": ("CEB511", "<ceb:packNo>1", "<ceb:packNo>1.5", "LogisticsHead.packNo type"),
    "a_long_guid": ("CEB511", 'guid="', 'guid="0', "CEB511Message.@guid length"),
    "no_guid": ("CEB511", "guid=", "name=", "CEB511Message.@guid required"),
    "two_currencies": (
        "CEB411",
        "<ceb:curr",
        "<ceb:currency>142</ceb:currency><ceb:curr",
        "PaymentHead.currency occurs",
    ),
    "another_order": ("CEB411", "<ceb:payTime>", "<ceb:note>x</ceb:note><ceb:payTime>", "PaymentHead.payTime order"),
}
"""By the kind of fault: the message, what is replaced in it by what, and the rule that it breaks."""


def faults(document: bytes, *, signed: bool = False) -> list[BrokenRule]:
    return broken_rules(ET.fromstring(document), signed=signed)  # noqa: S314 - made here


@needs_specification
def test_the_rows_are_the_official_schemas() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            {name: row[name] for name in COLUMNS}
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
        ]
    assert rows == official_rows()


def broken(name: str) -> tuple[bytes, str]:
    message, old, new, rule = BROKEN[name]
    document = ceb(message).decode()
    assert old in document
    return document.replace(old, new, 1).encode(), rule


@pytest.mark.parametrize("name", BROKEN)
def test_the_rows_refuse_and_name_the_field(name: str) -> None:
    document, rule = broken(name)
    broken_rules = [f"{fault.field} {fault.rule}" for fault in faults(document)]
    assert any(fault.endswith(rule) for fault in broken_rules), broken_rules


@needs_specification
@pytest.mark.parametrize("name", BROKEN)
def test_the_official_schema_refuses_the_same(name: str) -> None:
    document, _ = broken(name)
    schema = official_schema()
    assert not schema.validate(etree.fromstring(document))


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_without_a_fault_is_taken(message: MessageType) -> None:
    assert faults(ceb(message)) == []


@pytest.mark.parametrize("message", MESSAGES)
def test_only_what_customs_decides_on_must_be_signed(message: MessageType) -> None:
    assert faults(ceb(message), signed=True) == []
    unsigned = build(message, next(shipments(judged_messages.SEED, 1)), PARTIES, TABLES.codes)
    wanted = [BrokenRule(f"{message}Message.Signature", "required")] if message in SIGNED else []
    assert faults(unsigned, signed=True) == wanted


def test_a_value_has_nothing_within() -> None:
    document = ceb("CEB411").decode().replace(">平台</ceb:ebpName>", "><ceb:b/></ceb:ebpName>")
    assert faults(document.encode()) == [BrokenRule("CEB411Message.Payment[1].PaymentHead.ebpName", "type")]


@pytest.mark.parametrize("date", ["00000000", "20261301", "20261100", "2026-1-1", "2026110"])
def test_no_date_is_made_up(date: str) -> None:
    [fault] = faults(ceb("CEB621", ieDate=date))
    assert fault.field == "CEB621Message.Inventory[1].InventoryHead.ieDate"
    assert fault.rule == ("pattern" if len(date) == 8 else "length")


def test_a_message_of_another_kind_is_not_judged() -> None:
    assert not is_message("OrderHead")
    for other in (f'<x xmlns="{NAMESPACE}"/>', "<CEB311Message/>"):
        with pytest.raises(LookupError):
            broken_rules(ET.fromstring(other))  # noqa: S314 - made here
    with pytest.raises(LookupError):
        longest("OrderHead", "freight")


@pytest.mark.parametrize("document", [b"<ceb:a", b"<a>\x01</a>"])
def test_what_xml_cannot_hold_is_not_sent(document: bytes) -> None:
    with pytest.raises(Undeclarable, match="characters"):
        require_valid(document, signed=False)


def test_every_message_of_generated_orders_is_valid() -> None:
    """A sample: `make messages` judges a hundred thousand orders."""
    again, changed = len(range(1, ORDERS, 3)), len(range(2, ORDERS, 3))
    assert judged(ORDERS) == {
        **dict.fromkeys(MESSAGES, ORDERS),
        **dict.fromkeys((f"{message} {AGAIN}" for message in MESSAGES), again),
        **dict.fromkeys((f"{message} {CHANGED}" for message in MESSAGES), changed),
    }


@pytest.mark.parametrize("message", MESSAGES)
def test_what_is_written_again_is_another_message_and_a_change_says_so(message: MessageType) -> None:
    first = next(shipments(judged_messages.SEED, 1))
    versions = [("", first), *written_again(first, 1), *written_again(first, 2)]
    assert [kind for kind, _ in versions] == ["", AGAIN, CHANGED]
    documents = [build(message, s, PARTIES, TABLES.codes).decode() for _, s in versions]
    assert len({re.findall(r"<ceb:guid>([^<]+)<", document)[0] for document in documents}) == 3
    assert [re.findall(r"<ceb:appType>(.)<", document) for document in documents] == [["1"], ["1"], ["2"]]
    if message == "CEB621":
        numbered = [f"<ceb:invtNo>{INVENTORY_NUMBER}<" in document for document in documents]
        assert numbered == [False, False, True]


@needs_specification
def test_the_judge_finds_a_message_that_is_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_messages, "build", lambda *_: broken("a_long_cop_no")[0])
    with pytest.raises(etree.DocumentInvalid, match="copNo"):
        judged(1)
