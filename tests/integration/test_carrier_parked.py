"""ON_LOST_ANSWER=park: a label that may exist waits for a person."""

from __future__ import annotations

from contracts.carrier import LabelCreated, LabelRefused
from contracts.cases import CaseOpened
from contracts.customs import ParcelDeclared
from sandbox.local.servers import Servers
from tests.support.carrier_service import OPERATOR, carrier_service
from tests.support.databases import FreshDatabase
from tests.support.waiting import until

DECLARED = ParcelDeclared.TYPE


async def test_parked_a_lost_answer_waits_for_a_person(servers: Servers, fresh_database: FreshDatabase) -> None:
    async with carrier_service(servers, fresh_database, on_lost_answer="park") as carrier:
        await carrier.fault("sls", "lost_answer", 2)
        again, refused = await carrier.packed(), await carrier.packed()
        for order_id in (again, refused):
            case = await carrier.until(order_id, CaseOpened)
            assert (case.kind, case.action) == ("uncertain_label", "check_label")
            assert await carrier.count("unconfirmed_labels", "order_id = $1", order_id) == 1
        for order_id, action in ((again, "repeat"), (refused, "refuse")):
            path = f"/orders/{order_id}/parcels/1/label-answer"
            answer = await carrier.http.post(path, json={"action": action}, headers=OPERATOR)
            assert answer.status_code == 200, answer.text
        assert (await carrier.until(again, LabelCreated, 1)).product == "DOS"
        assert (await carrier.until(refused, LabelRefused, 1)).reason == "operator"
        assert await carrier.announced(f"T{refused.hex[:10]}-1") == 1


async def test_parked_a_label_that_is_not_to_be_had_by_its_number_waits_for_a_person(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with carrier_service(servers, fresh_database, on_lost_answer="park") as carrier:
        await carrier.fault("sls", "cut_pdf", 2)
        order_id = await carrier.packed()
        case = await carrier.until(order_id, CaseOpened)
        assert (case.kind, case.reason) == ("uncertain_label", "sls:label_no_pdf")
        assert await carrier.count("unconfirmed_labels", "order_id = $1", order_id) == 1
        assert await carrier.announced(f"T{order_id.hex[:10]}-1") == 1


async def test_a_parcel_that_was_never_asked_about_is_not_parked(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with carrier_service(servers, fresh_database, on_lost_answer="park") as carrier:
        db = carrier.platform.pool
        async with carrier.paused():
            order_id = await carrier.packed()
            body = await db.fetchval("select body from facts where stream_id = $1 and type = $2", order_id, DECLARED)
            spoil = "update facts set body = $3 where stream_id = $1 and type = $2"
            await db.execute(spoil, order_id, DECLARED, "{}")
        await until(lambda: db.fetchval("select attempts from jobs where stream_id = $1 and reason <> ''", order_id))
        await db.execute(spoil, order_id, DECLARED, body)
        await carrier.until(order_id, LabelCreated, 1)
        assert await carrier.count("unconfirmed_labels") == 0
