"""A box that is given up before its hand-over, on real servers: in the warehouse, at customs, and at the carrier."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.base import Parcel
from contracts.carrier import LabelCreated
from contracts.cases import CaseOpened
from contracts.customs import ExportInvalidated, ParcelDeclared
from contracts.warehouse import OrderPacked, ParcelHandedOver, ParcelRepacked
from tests.support import customs_samples
from tests.support.carrier_service import SAMPLE, WAREHOUSE, CarrierService
from tests.support.customs_samples import WINE
from tests.support.customs_service import CustomsService
from tests.support.waiting import until
from tests.support.warehouse_service import WarehouseService, label, number, scan

SIZES = {"weight_g": 900, "length_mm": 310, "width_mm": 210, "height_mm": 110}


async def test_a_repacked_parcel_leaves_and_the_old_box_never(warehouse: WarehouseService) -> None:
    await warehouse.product("SAVON-200", 10)
    order = await warehouse.labelled({"SAVON-200": 2})
    opened = (await warehouse.http.post("/manifests", json={"carrier": "laposte"})).json()["id"]
    scanned: dict[str, Any] = {"tracking_number": number(order, 1)}
    assert (await warehouse.http.post(f"/manifests/{opened}/parcels", json=scanned)).status_code == 200

    path = f"/orders/{order}/parcels/1/repack"
    answers = [await warehouse.http.post(path, json=SIZES) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["given_up"], answers[0].json()["parcel"]["parcel"]) == (1, 2)
    assert (await warehouse.http.post(path, json={**SIZES, "weight_g": 901})).status_code == 409
    assert (await warehouse.http.get("/hand-overs")).json()["hand_overs"] == []
    view = (await warehouse.http.get(f"/orders/{order}")).json()
    assert (view["stage"], [parcel["parcel"]["parcel"] for parcel in view["parcels"]]) == ("packed", [2])
    manifest = (await warehouse.http.get(f"/manifests/{opened}")).json()
    assert [parcel["state"] for parcel in manifest["parcels"]] == ["given_up"]
    assert (await warehouse.http.post(f"/manifests/{opened}/close", json={})).status_code == 409
    assert (await warehouse.hand_over(order, 1)).status_code == 404

    await warehouse.consume(scan(order, 1))
    assert ParcelHandedOver not in await warehouse.facts(order)
    await warehouse.consume(label(order, 2))
    [waiting] = (await warehouse.http.get("/hand-overs")).json()["hand_overs"]
    assert waiting["parcel"] == 2
    assert (await warehouse.hand_over(order, 2)).status_code == 200
    assert await warehouse.stock("SAVON-200") == {"available": 8, "shipped": 2}
    assert (await warehouse.http.post(f"/orders/{order}/parcels/2/repack", json=SIZES)).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({**SIZES, "weight_g": 0}, 422),
        ({**SIZES, "weight_g": 30_001}, 422),
        ({**SIZES, "contents": []}, 422),
    ],
)
async def test_bad_boxes_are_refused(warehouse: WarehouseService, body: dict[str, Any], status: int) -> None:
    await warehouse.product("SAVON-200", 10)
    order = await warehouse.labelled({"SAVON-200": 2})
    path = f"/orders/{order}/parcels/1/repack"
    assert (await warehouse.http.post(path, json=body)).status_code == status
    assert (await warehouse.http.post(path, json=SIZES, headers={"Authorization": ""})).status_code == 401
    stranger = {"Authorization": "Bearer key-of-orders"}
    assert (await warehouse.http.post(path, json=SIZES, headers=stranger)).status_code == 403
    assert (await warehouse.http.post(path.replace(str(order), str(uuid4())), json=SIZES)).status_code == 404
    assert ParcelRepacked not in await warehouse.facts(order)


def repacked(packed: OrderPacked, by: int) -> ParcelRepacked:
    """The first parcel, in another box."""
    box: Parcel = packed.parcels[0].model_copy(update={"parcel": by, "weight_g": packed.parcels[0].weight_g + 50})
    return ParcelRepacked(order_id=packed.order_id, occurred_at=datetime.now(UTC), parcel=1, box=box)


async def test_customs_invalidates_the_declaration_of_the_old_box_before_it_declares_the_new(
    customs: CustomsService,
) -> None:
    packed = await customs.packed("repacked", lines=WINE)  # excise goods: declared by message, with an MRN
    old = await customs.until("repacked", ParcelDeclared, 1)
    assert old.mrn is not None
    await customs.consume(repacked(packed, 2))
    await customs.until_invalidated(old.mrn)
    invalidated = await customs.until("repacked", ExportInvalidated, 1)
    new = await customs.until("repacked", ParcelDeclared, 2)
    assert (invalidated.mrn, new.occurred_at >= invalidated.occurred_at) == (old.mrn, True)
    assert new.mrn not in (None, old.mrn)
    assert new.cn23.gross_weight_g == old.cn23.gross_weight_g + 50
    assert (new.total, new.sub_order) == (old.total, "TMrepacked-2")
    assert [box["parcel"] for box in (await customs.view("repacked"))["parcels"]] == [2]
    rows = await customs.platform.pool.fetch(
        "select parcel from parcels where order_id = $1", customs_samples.order_id("repacked")
    )
    assert [row["parcel"] for row in rows] == [2]
    stored = await customs.platform.pool.fetchrow(
        "select invalidation, invalidated_at from export_declarations where mrn = $1", old.mrn
    )
    assert stored is not None
    assert (stored["invalidation"], stored["invalidated_at"]) == ("invalidated", invalidated.occurred_at)


async def declared_one_after_the_other(customs: CustomsService, name: str) -> None:
    """The old box, which was given up, then the new one: each once, the old one's MRN invalidated before."""
    old = await customs.until(name, ParcelDeclared, 1)
    assert old.mrn is not None
    await customs.until_invalidated(old.mrn)
    invalidated = await customs.until(name, ExportInvalidated, 1)
    new = await customs.until(name, ParcelDeclared, 2)
    assert new.occurred_at >= invalidated.occurred_at
    assert new.mrn not in (None, old.mrn)
    assert [len(await customs.exported(f"TM{name}-{box}")) for box in (1, 2)] == [1, 1]


async def test_a_box_that_is_given_up_while_it_is_being_declared_is_invalidated_before_the_new_one_is_declared(
    customs: CustomsService,
) -> None:
    await customs.fault("douane", "slow", seconds=2)
    packed = await customs.packed("overtaken", lines=WINE)

    async def called() -> bool:
        return bool((await customs.outside.get("/control/account")).json()["faults"].get("douane"))

    await until(called)
    await customs.consume(repacked(packed, 2))
    assert ParcelDeclared not in await customs.facts("overtaken")
    await declared_one_after_the_other(customs, "overtaken")


async def test_of_a_box_that_was_given_up_after_its_answer_was_lost_customs_is_asked_again(
    customs: CustomsService,
) -> None:
    """Nobody knows whether it is declared: an attempt was made, and no answer came."""
    pool = customs.platform.pool
    await pool.execute("insert into paused (counterpart) values ('customs.export_gateway')")
    packed = await customs.packed("unanswered", lines=WINE)
    await pool.execute("update jobs set attempts = 1 where kind = 'export'")
    await customs.consume(repacked(packed, 2))
    await pool.execute("delete from paused")
    await declared_one_after_the_other(customs, "unanswered")


async def test_a_box_that_is_given_up_before_its_call_is_not_declared(customs: CustomsService) -> None:
    pool = customs.platform.pool
    await pool.execute("insert into paused (counterpart) values ('customs.export_gateway')")
    packed = await customs.packed("early", lines=WINE)
    await customs.consume(repacked(packed, 2))
    await pool.execute("delete from paused")
    await customs.until("early", ParcelDeclared, 2)
    assert await customs.exported("TMearly-1") == []


async def sizes_of(carrier: CarrierService, order_id: UUID) -> ParcelRepacked:
    box = Parcel.model_validate({**SAMPLE["box"], "parcel": 2})
    return ParcelRepacked(order_id=order_id, occurred_at=datetime.now(UTC), parcel=1, box=box)


async def test_the_carrier_labels_the_new_box_and_watches_the_old_label(carrier: CarrierService) -> None:
    order_id, (old,) = await carrier.labelled()
    await carrier.consume(await sizes_of(carrier, order_id))
    page = f"/orders/{order_id}/parcels/1/label"
    assert (await carrier.http.get(page, headers=WAREHOUSE)).status_code == 410
    now = {"order_id": str(order_id), "occurred_at": datetime.now(UTC).isoformat()}
    declared = {**SAMPLE["declared"], **now, "parcel": 2, "sub_order": f"T{order_id.hex[:10]}-2"}
    await carrier.consume(ParcelDeclared.model_validate(declared))
    new = await carrier.until(order_id, LabelCreated, 2)
    assert new.tracking_number != old
    assert (await carrier.http.get(page.replace("/1/", "/2/"), headers=WAREHOUSE)).status_code == 200
    await carrier.until_count(1, "followed_parcels", "order_id = $1 and state = 'given_up'", order_id)
    await carrier.scan(old, "PC1")
    case = await carrier.until(order_id, CaseOpened, "given_up_box:1")
    assert (case.parcel, case.action) == (1, "look_into")
