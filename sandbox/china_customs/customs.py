"""Chinese customs: documents that must agree, declared inventories, receipts to be fetched.

An inventory is accepted when order, payment and waybill of the same order number are there and agree: amounts within
one RMB, the same buyer by name and id. Its clearance is that of the sub-order's scenario, in business time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Literal
from uuid import UUID, uuid5

from stdnum.iso7064 import mod_11_2

from sandbox.china_customs import ceb
from sandbox.china_customs.ceb import CHINA, Message
from sandbox.scenarios import AssignedScenarios, Clearance, PlannedReceipt
from sandbox.scheduler import Scheduler

TOLERANCE = Decimal(1)
"""RMB that order and payment may differ by."""
RETURN_WITHIN = timedelta(days=30)
"""Of the release (GACC 194/2018)."""
APPROVED_AFTER = timedelta(hours=20)
STORED, IN_CUSTOMS, REJECTED, SENT_BACK, RELEASED, REVIEWED = "2", "120", "100", "700", "800", "399"
ORDER_EXISTS = "-301010"
"""A platform's order of this number is declared already, in another message."""
HELD = "500"
CHANGE = "2"
"""appType of what customs has already."""
MOST_ANSWERS = 100
"""In one message of receipts."""
GUIDS = UUID("0b0c9a8e-3c5e-5d39-8a0d-5e0f5b9b7c11")

Decision = Literal["released", "refused"]
DECISIONS: dict[str, Decision] = {RELEASED: "released", SENT_BACK: "refused"}
Listener = Callable[[Decision, datetime], None]
Answer = Literal["accepted", "already_answered", "not_held", "unknown"]


@dataclass(slots=True)
class Inventory:
    message: Message
    assigned: Mapping[str, str]
    """The numbers preNo and invtNo."""
    clearance: Clearance
    time_factor: float
    status: str = IN_CUSTOMS
    answered: bool = False
    cancelled: bool = False
    decisions: dict[Decision, datetime] = field(default_factory=dict)

    @property
    def cop_no(self) -> str:
        return self.message.head["copNo"]


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """An answer to be fetched."""

    cursor: int
    kind: str
    """Of the message that it answers."""
    answer: ceb.Answer


@dataclass(slots=True)
class ReceivedMessage:
    """A message, and how often it was received."""

    message: Message
    status: str
    at: datetime
    times: int = 1


class ChinaCustoms:
    def __init__(self, scheduler: Scheduler, scenarios: AssignedScenarios, expects: Iterable[str]) -> None:
        """`expects`: the messages that must precede an inventory."""
        self._scheduler = scheduler
        self._scenarios = scenarios
        self._expects = tuple(expects)
        self._answers: dict[tuple[str, str], bytes] = {}
        self._documents: dict[tuple[str, str], dict[str, Message]] = {}
        """Order and payment by platform and number of the order, which two platforms may have alike."""
        self._waybills: dict[tuple[str, str, str], Message] = {}
        """By logistics firm, its number, and the order's."""
        self._documented: set[str] = set()
        """Numbers of orders."""
        self._inventories: dict[str, Inventory] = {}
        self._inventories_by_order: dict[str, Inventory] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._rejected: dict[str, dict[str, str]] = {}
        self._guids = 0
        self.received: dict[tuple[str, str], ReceivedMessage] = {}
        self.issued: list[IssuedReceipt] = []

    def submit(self, message: Message, now: datetime) -> bytes:
        """Returns the receipt, with a guid of e-port's own. The same message again gets the same receipt, and has no
        further effect.

        A rejected message is not registered, so that it may come again, corrected.
        """
        key = (message.kind, message.guid)
        times = self.received[key].times + 1 if key in self.received else 1
        if key in self._answers:
            self.received[key].times = times
            return self._answers[key]
        assigned: dict[str, str] = {}
        match message.kind:
            case "CEB621":
                status, info = self._declare(message, now, assigned)
            case "CEB623":
                status, info = self._cancel(message, now, assigned)
            case "CEB625":
                status, info = self._request_return(message, now, assigned)
            case _:
                status, info = self._store(message)
        given = ceb.answer(message, self._guid(), status, now, f"{info}[{message.guid}]", assigned)
        answer = ceb.receipts(message.kind, self._guid(), [given])
        if status not in (REJECTED, ORDER_EXISTS):
            self._answers[key] = answer
        self.received[key] = ReceivedMessage(message, status, now, times)
        return answer

    def receipts(self, after: int, limit: int) -> list[Sequence[IssuedReceipt]]:
        """So many messages of those after the cursor, oldest first: answers of one kind that follow one another are
        in one message, up to a hundred."""
        messages: list[list[IssuedReceipt]] = []
        for receipt in self.issued[after : after + limit * MOST_ANSWERS]:
            last = messages[-1] if messages else None
            if last and last[-1].kind == receipt.kind and len(last) < MOST_ANSWERS:
                last.append(receipt)
            elif len(messages) < limit:
                messages.append([receipt])
            else:
                break
        return list(messages)

    def answer_hold(self, cop_no: str, now: datetime) -> Answer:
        """Takes the missing papers; the held inventory goes on as its scenario says."""
        inventory = self._inventories.get(cop_no)
        if inventory is None:
            return "unknown"
        if inventory.answered:
            return "already_answered"
        if inventory.status != HELD:
            return "not_held"
        inventory.answered = True
        self._schedule(inventory, inventory.clearance.after_answer, now)
        return "accepted"

    def has_declaration(self, sub_order: str) -> bool:
        """Whether a document or an inventory of it was declared; parcels of the postal regime have none."""
        return sub_order in self._documented or sub_order in self._inventories_by_order

    def decided_at(self, sub_order: str, decision: Decision) -> datetime | None:
        inventory = self._inventories_by_order.get(sub_order)
        return inventory.decisions.get(decision) if inventory else None

    def on_decision(self, sub_order: str, listener: Listener) -> None:
        """Calls the listener on every decision about this sub-order."""
        self._listeners.setdefault(sub_order, []).append(listener)

    def _store(self, message: Message) -> tuple[str, str]:
        fault = _order_fault(message) if message.kind == "CEB311" else None
        if fault:
            return REJECTED, fault
        head = message.head
        self._documented.add(head["orderNo"])
        if message.kind == "CEB511":
            self._waybills[_waybill_of(message)] = message
            return STORED, "新增申报成功"
        documents = self._documents.setdefault((head["ebpCode"], head["orderNo"]), {})
        if message.kind == "CEB311" and "CEB311" in documents and head["appType"] != CHANGE:
            return ORDER_EXISTS, "订单已存在"
        documents[message.kind] = message
        return STORED, "新增申报成功"

    def _declare(self, message: Message, now: datetime, assigned: dict[str, str]) -> tuple[str, str]:
        cop_no, order_no = message.head["copNo"], message.head["orderNo"]
        if (declared := self._inventories.get(cop_no)) is not None:
            if message.head["appType"] != CHANGE:
                return REJECTED, "重复申报"
            assigned.update(declared.assigned)
            return IN_CUSTOMS, "变更申报入库"
        documents = self._documents_of(message)
        missing = [kind for kind in self._expects if kind not in documents]
        if missing:
            return REJECTED, f"三单缺失: {', '.join(missing)}"
        scenario = self._scenarios.of(order_no)
        fault = _disagreement(documents, message) or self._rejection(message, scenario.clearance)
        if fault:
            return REJECTED, fault
        serial = len(self._inventories) + 1
        local = now.astimezone(CHINA)
        assigned["preNo"] = f"B{local:%Y%m%d}{serial:09d}"
        assigned["invtNo"] = f"{message.head['customsCode']}{local:%Y}I{serial:09d}"
        inventory = Inventory(message, dict(assigned), scenario.clearance, scenario.time_factor(order_no))
        self._inventories[cop_no] = self._inventories_by_order[order_no] = inventory
        self._schedule(inventory, inventory.clearance.receipts, now)
        return IN_CUSTOMS, "海关入库"

    def _documents_of(self, inventory: Message) -> dict[str, Message]:
        """Those of the inventory's platform, order and waybill."""
        head = inventory.head
        documents = dict(self._documents.get((head["ebpCode"], head["orderNo"]), {}))
        if (waybill := self._waybills.get(_waybill_of(inventory))) is not None:
            documents["CEB511"] = waybill
        return documents

    def _rejection(self, message: Message, clearance: Clearance) -> str | None:
        """What is wrong with this inventory by its scenario; the same message again gets the same answer."""
        said = self._rejected.setdefault(message.head["copNo"], {})
        if message.guid not in said and len(said) < len(clearance.rejections):
            said[message.guid] = clearance.rejections[len(said)]
        return said.get(message.guid)

    def _cancel(self, message: Message, now: datetime, assigned: dict[str, str]) -> tuple[str, str]:
        """An inventory is cancelled until it is released; customs decides nothing of it any more."""
        inventory = self._inventories.get(message.head["copNo"])
        if inventory is None or "released" in inventory.decisions:
            return REJECTED, "清单不存在或已放行"
        inventory.cancelled = True
        assigned.update(inventory.assigned)
        self._approve(message, inventory, now, "撤单申请通过")
        return IN_CUSTOMS, "撤单申请入库"

    def _request_return(self, message: Message, now: datetime, assigned: dict[str, str]) -> tuple[str, str]:
        inventory = self._inventories.get(message.head["copNo"])
        released = inventory.decisions.get("released") if inventory else None
        if inventory is None or released is None:
            return REJECTED, "清单未放行"
        if now - released > RETURN_WITHIN:
            return REJECTED, "超过退货申请期限"
        assigned.update(inventory.assigned)
        self._approve(message, inventory, now, "退货申请通过")
        return IN_CUSTOMS, "退货申请入库"

    def _approve(self, message: Message, inventory: Inventory, now: datetime, says: str) -> None:
        def approve(due: datetime) -> None:
            self._issue(message, inventory, PlannedReceipt(0, REVIEWED, f"[Code:399;Desc:{says}]"), due)

        self._scheduler.schedule(now + APPROVED_AFTER, approve)

    def _schedule(self, inventory: Inventory, receipts: Sequence[PlannedReceipt], start: datetime) -> None:
        for receipt in receipts:
            due = start + timedelta(hours=receipt.after_hours * inventory.time_factor)
            self._scheduler.schedule(due, partial(self._decide, inventory, receipt))

    def _decide(self, inventory: Inventory, receipt: PlannedReceipt, decided_at: datetime) -> None:
        if inventory.cancelled:
            return
        inventory.status = receipt.status
        self._issue(inventory.message, inventory, receipt, decided_at)
        decision = DECISIONS.get(receipt.status)
        if decision:
            inventory.decisions[decision] = decided_at
            for listener in self._listeners.get(inventory.message.head["orderNo"], ()):
                listener(decision, decided_at)

    def _issue(self, message: Message, inventory: Inventory, receipt: PlannedReceipt, issued_at: datetime) -> None:
        answer = ceb.answer(message, self._guid(), receipt.status, issued_at, receipt.info, inventory.assigned)
        self.issued.append(IssuedReceipt(len(self.issued) + 1, message.kind, answer))

    def _guid(self) -> str:
        """E-port's own, of each answer and of each message of answers: never that of the message answered."""
        self._guids += 1
        return str(uuid5(GUIDS, str(self._guids))).upper()


def _waybill_of(message: Message) -> tuple[str, str, str]:
    """What names the waybill in a message that has one."""
    return message.head["logisticsCode"], message.head["logisticsNo"], message.head["orderNo"]


def _order_fault(message: Message) -> str | None:
    due = (
        message.amount("goodsValue")
        + message.amount("freight")
        + message.amount("taxTotal")
        - message.amount("discount")
    )
    if abs(due - message.amount("acturalPaid")) > TOLERANCE:
        return "acturalPaid 与 goodsValue + freight + taxTotal - discount 不符"
    number = message.head["buyerIdNumber"]
    if message.head["buyerIdType"] == "1" and not (len(number) == 18 and mod_11_2.is_valid(number)):
        return "buyerIdNumber 校验不通过"
    return None


def _disagreement(documents: Mapping[str, Message], inventory: Message) -> str | None:
    """The first point in which the documents of an order disagree; None when they agree."""
    order, payment = documents.get("CEB311"), documents.get("CEB411")
    buyers = {
        (message.head[name], message.head[number])
        for message, name, number in (
            (order, "buyerName", "buyerIdNumber"),
            (payment, "payerName", "payerIdNumber"),
            (inventory, "buyerName", "buyerIdNumber"),
        )
        if message is not None and message.head.get(name) and message.head.get(number)
    }
    if len(buyers) > 1:
        return "订购人与支付人身份信息不一致"
    if order and payment and abs(order.amount("acturalPaid") - payment.amount("amountPaid")) > TOLERANCE:
        return "订单金额与支付金额不一致"
    return None
