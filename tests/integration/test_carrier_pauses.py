"""A fault of ours pauses labels: no order is withdrawn, one case says what to mend, and all go on when it is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.base import Event, Money, OrderLine
from contracts.carrier import LabelCreated, LabelRefused, OperationPaused, OperationResumed
from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ParcelDeclared
from contracts.orders import CancelRequested, OrderClosed, OrderPlaced
from contracts.warehouse import OrderPacked
from sandbox.local.servers import Broker, Servers
from services.carrier import main
from services.carrier.carriers.carrier import Calls
from services.carrier.carriers.laposte import CARRIER as LA_POSTE
from services.carrier.domain.carrier import CheckAnswer, LabelAnswer, LabelOrder, OperationRefused, Sender
from services.carrier.domain.operations import LABELS, UNEXPLAINED_ORDERS, Operation
from services.orders.domain.deadlines import DEADLINES
from shared.clock import Clock, change_speed, create
from shared.http.client import Counterpart
from shared.ledger.facts import Facts
from tests.support.carrier_service import OPERATOR, CarrierService, carrier_service
from tests.support.databases import FreshDatabase
from tests.support.orders_service import OrdersService, orders_service
from tests.support.waiting import until, until_known

CHECK_SECONDS = 0.2
OPERATION = Operation("carrier.laposte", LABELS, "main")
RESUME = "/counterparts/carrier.laposte/operations/labels/resume"
MANY = 100_000


@pytest.fixture(scope="module")
async def carrier(servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[CarrierService]:
    async with carrier_service(servers, fresh_database, label_check_seconds=CHECK_SECONDS) as running_carrier:
        yield running_carrier


async def operation(carrier: CarrierService) -> Facts:
    async with carrier.platform.pool.acquire() as db:
        return (await carrier.platform.ledger.read(db, [OPERATION.stream]))[OPERATION.stream.id]


async def until_paused(carrier: CarrierService) -> OperationPaused:
    async def paused() -> OperationPaused | None:
        facts = await operation(carrier)
        return next(
            (pause for pause in facts.all(OperationPaused) if facts.get(OperationResumed, pause.turn) is None), None
        )

    return await until(paused)


async def until_labelled(carrier: CarrierService, orders: Sequence[UUID]) -> None:
    for order_id in orders:
        await carrier.until(order_id, LabelCreated, 1)


async def open_cases(carrier: CarrierService, order_id: UUID) -> list[CaseOpened]:
    facts = await carrier.facts(order_id)
    return [case for case in facts.all(CaseOpened) if facts.get(CaseClosed, case.case) is None]


@pytest.mark.parametrize(
    ("answer", "reason", "mend"),
    [
        ("30015", "sls:30015", "product"),
        ("30108", "sls:30108", "SENDER_POSTCODE"),
        ("30100", "sls:30100", "SENDER_STREET"),
        pytest.param("422", "sls:http_422", "unknown", marks=pytest.mark.slow),
        pytest.param("firewall", "sls:http_400", "unknown", marks=pytest.mark.slow),
    ],
)
async def test_labels_refused_for_a_fault_of_ours_wait_and_all_go_on(
    carrier: CarrierService, answer: str, reason: str, mend: str
) -> None:
    earlier = len((await operation(carrier)).all(OperationPaused))
    await carrier.fault("sls", answer, MANY)
    orders = [await carrier.packed() for _ in range(20)]
    paused = await until_paused(carrier)
    assert (paused.turn, paused.reason, paused.mend) == (earlier + 1, reason, mend)
    refused = await carrier.injected("sls", answer)

    async def checked() -> bool:
        return await carrier.injected("sls", answer) > refused + 20

    await until(checked)
    assert await carrier.count("jobs", "kind = 'label.laposte' and status = 'ready'") == len(orders)
    for order_id in orders:
        facts = await carrier.facts(order_id)
        assert (LabelRefused in facts, LabelCreated in facts) == (False, False)
        assert await open_cases(carrier, order_id) == []
    findings = (await carrier.http.get(f"/why/{orders[0]}", headers=OPERATOR)).json()["findings"]
    assert "paused" in [finding["holder"] for finding in findings]
    await carrier.fault("sls", answer, 0)
    await until_labelled(carrier, orders)
    ended = (await operation(carrier)).get(OperationResumed, paused.turn)
    assert ended is not None
    assert ended.resolution == "checked"


async def test_an_unexplained_refusal_is_the_parcel_s_case_while_others_pass(carrier: CarrierService) -> None:
    earlier = len((await operation(carrier)).all(OperationPaused))
    refused = []
    for _ in range(UNEXPLAINED_ORDERS + 1):
        await carrier.fault("sls", "422", 1)
        refused.append(await carrier.packed())
        case = await carrier.until(refused[-1], CaseOpened)
        assert (case.kind, case.reason, case.action) == ("needs_attention", "sls:http_422", "check_label")
        await carrier.labelled()
    assert len((await operation(carrier)).all(OperationPaused)) == earlier
    for order_id in refused:
        path = f"/orders/{order_id}/parcels/1/label-answer"
        assert (await carrier.http.post(path, json={"action": "repeat"}, headers=OPERATOR)).status_code == 200
    await until_labelled(carrier, refused)


async def test_parcels_of_one_order_are_one_coincidence(carrier: CarrierService) -> None:
    earlier = len((await operation(carrier)).all(OperationPaused))
    await carrier.fault("sls", "422", UNEXPLAINED_ORDERS)
    order_id = await carrier.packed(UNEXPLAINED_ORDERS)
    for parcel in range(1, UNEXPLAINED_ORDERS + 1):
        await carrier.until(order_id, CaseOpened, f"needs_attention:{parcel}:label-1")
    assert len((await operation(carrier)).all(OperationPaused)) == earlier


async def test_a_refused_address_waits_for_the_shop(carrier: CarrierService) -> None:
    order_id = await carrier.packed(contact={"street": "  "})
    case = await carrier.until(order_id, CaseOpened)
    assert (case.kind, case.reason, case.action) == (
        "address_refused",
        "sls:addressee.address.line2.required",
        "ask_shop",
    )
    assert LabelRefused not in await carrier.facts(order_id)
    await carrier.labelled()  # nobody else waits


async def test_a_person_ends_a_pause(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with carrier_service(servers, fresh_database, label_check_seconds=3600) as carrier:
        await carrier.fault("sls", "30108", MANY)
        order_id = await carrier.packed()
        await until_paused(carrier)
        await carrier.fault("sls", "30108", 0)
        for path, status in ((RESUME, 200), (RESUME, 200), (RESUME.replace("labels", "pickups"), 404)):
            assert (await carrier.http.post(path, headers=OPERATOR)).status_code == status
        await until_labelled(carrier, [order_id])
        assert [end.resolution for end in (await operation(carrier)).all(OperationResumed)] == ["operator"]


FAULTY = "999999"
"""The postcode of a parcel for which alone the settings are wrong."""


def connect_with_one_faulty(settings: Any, sender: Sender, counterpart: Counterpart) -> Calls:
    calls = LA_POSTE.connect(settings, sender, counterpart)
    refused = OperationRefused("sls:30009", "contract")

    async def make_label(order: LabelOrder) -> LabelAnswer:
        return refused if order.contact.postcode == FAULTY else await calls.make_label(order)

    async def check_label(order: LabelOrder) -> CheckAnswer:
        return refused if order.contact.postcode == FAULTY else await calls.check_label(order)

    return replace(calls, make_label=make_label, check_label=check_label)


async def test_a_parcel_for_which_alone_the_settings_are_wrong_stops_nobody_else(
    servers: Servers, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the pause that it has caused, it is a case."""
    monkeypatch.setattr(main, "CARRIERS", (replace(LA_POSTE, connect=connect_with_one_faulty),))
    async with carrier_service(servers, fresh_database, label_check_seconds=CHECK_SECONDS) as carrier:
        alone = await carrier.packed(contact={"postcode": FAULTY})
        await until_paused(carrier)
        other = await carrier.packed()
        await until_labelled(carrier, [other])
        case = await carrier.until(alone, CaseOpened)
        assert (case.kind, case.reason) == ("needs_attention", "sls:30009")
        await carrier.labelled()
        assert len((await operation(carrier)).all(OperationPaused)) == 1


OF_OTHERS = {OrderPacked.TYPE, ParcelDeclared.TYPE}


def order_placed(order_id: UUID) -> OrderPlaced:
    total = Money(amount=Decimal("7.90"), currency="EUR")
    nothing = Money(amount=Decimal("0.00"), currency="EUR")
    line = OrderLine(
        line=1, sku="SAVON-200", description="Savon", hs_code="340111", origin="FR", quantity=1, unit_price=total
    )
    return OrderPlaced(
        order_id=order_id,
        occurred_at=datetime.now(UTC),
        marketplace="tmall",
        number=f"TM-{order_id.hex[:10]}",
        lines=(line,),
        freight=nothing,
        discount=nothing,
        tax=nothing,
        total=total,
        country="CN",
        province="CN-GD",
    )


async def known(orders: OrdersService, order_id: UUID, kind: type[Event]) -> Event:
    return await until_known(lambda: orders.facts(str(order_id)), kind)


@pytest.mark.slow
async def test_a_pause_of_eight_days_withdraws_nothing(
    servers: Servers, own_broker: Broker, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """On a broker of its own, for deadlines act only when all of it is consumed."""
    clock_file = tmp_path / "clock.json"
    create(clock_file, datetime.now(UTC), speed=1)
    clock, apart = Clock.from_file(clock_file), replace(servers, kafka_bootstrap=own_broker.bootstrap)
    async with (
        orders_service(apart, fresh_database, str(clock_file)) as orders,
        carrier_service(
            apart, fresh_database, label_check_seconds=CHECK_SECONDS, clock_file=str(clock_file)
        ) as carrier,
    ):
        await carrier.fault("sls", "30108", MANY)
        waiting = [await carrier.packed() for _ in range(20)]
        for order_id in waiting:
            await orders.consume(
                order_placed(order_id), *(event for event in await carrier.facts(order_id) if event.TYPE in OF_OTHERS)
            )
        control = uuid4()
        await orders.consume(order_placed(control))
        paused = await until_paused(carrier)

        async def listed() -> list[dict[str, str]]:
            operations: list[dict[str, str]] = (await orders.get("/cases", "ops")).json()["operations"]
            return operations

        (shown,) = await until(listed)
        assert (shown["counterpart"], shown["operation"]) == ("carrier.laposte", "labels")
        assert (shown["reason"], shown["mend"]) == ("sls:30108", "SENDER_POSTCODE")
        assert shown["freed_by"] == f"carrier: POST {RESUME}"
        assert (await orders.get("/standing", "ops")).json()["operations"] == [shown]

        change_speed(clock_file, timedelta(days=1).total_seconds())
        await until(lambda: clock.now() > paused.occurred_at + timedelta(days=8))
        change_speed(clock_file, 1)
        await known(orders, control, CancelRequested)  # timers have acted

        async def looked_at_again() -> bool:
            due: int = await orders.platform.pool.fetchval(
                "select count(*) from streams where id = any($1) and due_at > $2",
                waiting,
                paused.occurred_at + DEADLINES["declared"] + timedelta(days=1),
            )
            return due == len(waiting)

        await until(looked_at_again)
        for order_id in waiting:
            facts = await orders.facts(str(order_id))
            assert (CancelRequested in facts, OrderClosed in facts) == (False, False)
            shown_order = (await orders.get(f"/orders/{order_id}", "ops")).json()
            assert (shown_order["status"], shown_order["deadline"], shown_order["cases"]) == ("declared", None, [])

        await carrier.fault("sls", "30108", 0)
        await until_labelled(carrier, waiting)
        for order_id in waiting:
            await known(orders, order_id, LabelCreated)
            facts = await orders.facts(str(order_id))
            assert (CancelRequested in facts, OrderClosed in facts) == (False, False)
        assert (await orders.get("/cases", "ops")).json()["operations"] == []
