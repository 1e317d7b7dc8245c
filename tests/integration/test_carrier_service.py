"""The carrier service whole: real database and broker, La Poste's stand-in behind real HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from contracts.carrier import (
    LabelCreated,
    LabelRefused,
    ParcelDelivered,
    ParcelDestroyed,
    ParcelLost,
    ParcelReturned,
    ParcelScanned,
)
from contracts.cases import CaseClosed, CaseOpened
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, OrderWithdrawn, ParcelHandedOver
from sandbox.local.servers import Servers
from services.carrier.api.signatures import signature
from services.carrier.carriers.carrier import Connected
from services.carrier.carriers.laposte import CARRIER
from services.carrier.settings import Settings
from services.carrier.store.intake import Retention, ScanIntake
from services.carrier.tasks.polling import poll
from shared.http.client import Counterpart
from shared.loop import Loop
from tests.integration.carrier_post import (
    OLD_SECRET,
    OPERATOR,
    SAMPLE,
    WAREHOUSE,
    Post,
    envelope,
    event,
    started,
)
from tests.live import PATIENCE_SECONDS, until


@pytest.fixture(scope="module")
async def post(servers: Servers, fresh_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Post]:
    async with started(servers, fresh_database) as running_post:
        yield running_post


async def test_a_label_is_made_kept_and_shown(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    assert (await post.http.get(f"/orders/{order_id}/parcels/1/label")).status_code == 401
    answer = await post.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    again = {**WAREHOUSE, "If-None-Match": answer.headers["etag"]}
    assert (await post.http.get(f"/orders/{order_id}/parcels/1/label", headers=again)).status_code == 304
    assert await post.count("label_reads", "order_id = $1 and principal = 'packer'", order_id) == 2
    sealed = await post.platform.pool.fetchval("select pdf from labels where tracking_number = $1", number)
    assert b"%PDF" not in sealed
    for missing in (f"/orders/{order_id}/parcels/2/label", f"/orders/{uuid4()}/parcels/1/label"):
        assert (await post.http.get(missing, headers=WAREHOUSE)).status_code == 404


async def test_two_parcels_two_labels(post: Post) -> None:
    _, numbers = await post.labelled(2)
    assert len(set(numbers)) == 2


@pytest.mark.parametrize(("change", "reason"), [({"street": "  "}, "sls:30204"), ({"country": "XX"}, "no_route")])
async def test_a_label_is_refused(post: Post, change: dict[str, str], reason: str) -> None:
    order_id = await post.packed(contact=change)
    assert (await post.until(order_id, LabelRefused, 1)).reason == reason


@pytest.mark.parametrize(("kind", "more"), [("429", {"retry_after": 0}), ("429", {}), ("500", {})])
async def test_a_busy_carrier_leaves_no_unconfirmed_label(post: Post, kind: str, more: dict[str, Any]) -> None:
    await post.fault("sls", kind, **more)
    order_id, _ = await post.labelled()
    assert await post.count("unconfirmed_labels", "order_id = $1", order_id) == 0


@pytest.mark.parametrize(("kind", "reason"), [("lost_answer", "sls:RemoteProtocolError"), ("truncated", None)])
async def test_after_a_lost_answer_the_call_is_repeated_and_an_unconfirmed_label_recorded(
    post: Post, kind: str, reason: str | None
) -> None:
    await post.fault("sls", kind)
    order_id, (number,) = await post.labelled()
    assert await post.announced(f"T{order_id.hex[:10]}-1") == 2
    view = (await post.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert [label["tracking_number"] for label in view["labels"]] == [number]
    assert len(view["ghost_labels"]) == 1
    assert reason is None or view["ghost_labels"][0]["reason"] == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("gzip_bomb", "sls:answer_encoding"),
        ("endless", "sls:answer_size"),
        ("trickle", "sls:answer_time"),
        ("html", "sls:unreadable"),
        ("wrong_type", "sls:unreadable"),
        ("cut_pdf", "sls:label_no_pdf"),
    ],
)
async def test_an_unreadable_answer_leaves_an_unconfirmed_label(post: Post, kind: str, reason: str) -> None:
    await post.fault("sls", kind)
    order_id, (number,) = await post.labelled()
    view = (await post.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert [label["tracking_number"] for label in view["labels"]] == [number]
    assert [label["reason"] for label in view["ghost_labels"]] == [reason]


@pytest.mark.parametrize("kind", ["gzip_bomb", "endless", "html"])
async def test_scans_are_asked_for_again_after_an_answer_that_is_none(post: Post, kind: str) -> None:
    async with post.without_callbacks():
        order_id, (number,) = await post.labelled()
        before = await post.injected("suivi", kind)
        await post.fault("suivi", kind)
        await post.scan(number, "PC1", "FR")
        await post.until_codes(order_id, "DR1", "PC1")

        async def met() -> bool:
            return await post.injected("suivi", kind) == before + 1

        await until(met)


async def test_an_answer_that_takes_too_long_counts_as_lost(post: Post) -> None:
    await post.fault("sls", "slow", seconds=5)
    order_id, _ = await post.labelled()
    assert await post.count("unconfirmed_labels", "order_id = $1 and reason = 'sls:answer_time'", order_id) == 1


async def test_a_label_for_an_order_withdrawn_meanwhile_is_kept_and_never_shown(post: Post) -> None:
    before = await post.injected("sls", "slow")
    await post.fault("sls", "slow", seconds=2)
    order_id = await post.packed()

    async def asked() -> bool:
        return await post.injected("sls", "slow") > before

    await until(asked)
    await post.consume(OrderWithdrawn(order_id=order_id, occurred_at=datetime.now(UTC), reason="shopper"))
    await post.until_count(1, "labels", "order_id = $1", order_id)
    assert LabelCreated not in await post.facts(order_id)
    assert await post.count("labels", "order_id = $1 and used", order_id) == 0
    assert (await post.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)).status_code == 404
    number = await post.platform.pool.fetchval("select tracking_number from labels where order_id = $1", order_id)
    async with post.without_callbacks():
        await post.scan(number, "PC1", "FR")  # somebody used it all the same
    await post.platform.pool.execute("update labels set polled_at = now() - interval '25 hours' where not used")
    await post.until_count(1, "raw_scans", "tracking_number = $1 and code = 'PC1' and source = 'poll'", number)


async def test_a_label_is_not_shown_after_withdrawal(post: Post) -> None:
    order_id, _ = await post.labelled()
    await post.consume(OrderWithdrawn(order_id=order_id, occurred_at=datetime.now(UTC), reason="shopper"))
    assert (await post.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)).status_code == 410


async def test_scans_come_by_call_back_and_poll_and_count_once(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    await post.scan(number, "PC1", "FR")
    await post.until_count(2, "raw_scans", "tracking_number = $1 and code = 'PC1'", number)
    await post.scan(number, "XX9", "CN")
    await post.scan(number, "DI1", "CN")
    await post.until(order_id, ParcelDelivered, 1)
    await asyncio.sleep(0.6)
    assert sorted(await post.codes(order_id)) == ["DI1", "DR1", "PC1", "unknown"]
    unknown = next(scan for scan in (await post.facts(order_id)).all(ParcelScanned) if scan.code == "unknown")
    assert unknown.status is None


async def test_the_poll_alone_is_enough(post: Post) -> None:
    async with post.without_callbacks():
        order_id, (number,) = await post.labelled()
        await post.fault("suivi", "500")
        await post.scan(number, "PC1", "FR")
        await post.scan(number, "DI2", "FR")
        await post.until_codes(order_id, "DI2", "DR1", "PC1")
        await post.until(order_id, ParcelReturned, 1)
        assert ParcelDelivered not in await post.facts(order_id)


@pytest.mark.parametrize(("country", "status"), [("FR", "export_customs"), ("CN", "import_customs"), ("AE", "customs")])
async def test_the_poll_tells_in_which_country_customs_have_the_parcel(post: Post, country: str, status: str) -> None:
    async with post.without_callbacks():
        order_id, (number,) = await post.labelled()
        await post.scan(number, "DO1", country)
        await post.until_codes(order_id, "DO1", "DR1")
    scan = next(scan for scan in (await post.facts(order_id)).all(ParcelScanned) if scan.code == "DO1")
    assert (scan.country, scan.status) == (country, status)


async def test_what_led_to_the_end_is_asked_for_after_it(post: Post) -> None:
    """Call-backs were not sent for a while and nobody polled; the next one reports the end at once."""
    order_id, (number,) = await post.labelled()
    await post.until_codes(order_id, "DR1")
    async with post.paused():
        async with post.without_callbacks():
            await post.scan(number, "PC1", "FR")
        await post.scan(number, "DI1", "CN")
        await post.until(order_id, ParcelDelivered, 1)
        assert sorted(await post.codes(order_id)) == ["DI1", "DR1"]
    await post.until_codes(order_id, "DI1", "DR1", "PC1")


async def test_a_call_back_before_its_label_waits_for_it(post: Post) -> None:
    number = "RB123456785GB"
    assert (await post.call_back(envelope(number, event("PC1")))).status_code == 204
    assert await post.count("raw_scans", "tracking_number = $1 and processed_at is null", number) == 1
    order_id = uuid4()
    await post.know_label(order_id, number)
    assert (await post.until(order_id, ParcelScanned)).code == "PC1"


async def test_a_repeated_call_back_is_answered_the_same_and_counts_once(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    body = envelope(number, event("PC1", 1), event("ET1", 2))
    answers = await asyncio.gather(*(post.call_back(body, **{"webhook-id": f"msg_{order_id.hex}"}) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {204}
    await post.call_back(body)
    await post.until_codes(order_id, "DR1", "ET1", "PC1")
    assert await post.count("callbacks", "webhook_id = $1", f"msg_{order_id.hex}") == 1


async def test_a_call_back_that_cannot_be_stored_fails_alone(post: Post) -> None:
    """Those that arrive together are stored together."""
    order_id, (number,) = await post.labelled()
    ids = [f"msg_{kind}_{order_id.hex}_{n}" for n in range(10) for kind in ("sound", "refused")]
    db = post.platform.pool
    await db.execute(
        "alter table callbacks add constraint refused check (webhook_id not like 'msg_refused_%') not valid"
    )
    try:
        answers = await asyncio.gather(
            *(post.call_back(envelope(number, event("PC1")), **{"webhook-id": webhook_id}) for webhook_id in ids)
        )
    finally:
        await db.execute("alter table callbacks drop constraint refused")
    assert [answer.status_code for answer in answers] == [204, 500] * 10
    assert await post.count("callbacks", "webhook_id = any($1)", ids) == 10
    await post.until_codes(order_id, "DR1", "PC1")


async def test_events_that_cannot_be_read_are_kept_beside_those_that_can(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    answer = await post.call_back(envelope(number, {"code": "ET1", "date": "hier"}, event("ET2", 5)))
    assert answer.status_code == 204
    await post.until_codes(order_id, "DR1", "ET2")
    view = (await post.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()
    assert view["parcels"][0]["unreadable_events"] == 1


async def test_an_order_at_fault_holds_up_no_other(post: Post) -> None:
    (broken, (its_number,)), (sound, (number,)) = await post.labelled(), await post.labelled()
    await post.until_codes(broken, "DR1")
    db = post.platform.pool
    body = await db.fetchval("select body from facts where stream_id = $1 and type = 'label-created.v1'", broken)
    spoil = "update facts set body = $2 where stream_id = $1 and type = 'label-created.v1'"
    await db.execute(spoil, broken, "{}")
    await db.execute("update streams set size = size + 1 where id = $1", broken)  # no cached set fits
    await asyncio.gather(*(post.call_back(envelope(at_fault, event("PC1"))) for at_fault in (its_number, number)))
    await post.until_codes(sound, "DR1", "PC1")
    await post.until_count(
        1, "raw_scans", "tracking_number = $1 and code = 'PC1' and publish_after > now()", its_number
    )
    await db.execute(spoil, broken, body)
    await db.execute("update raw_scans set publish_after = now() where tracking_number = $1", its_number)
    await post.until_codes(broken, "DR1", "PC1")


async def test_a_scan_at_fault_is_a_case_and_holds_up_no_other_of_its_order(post: Post) -> None:
    number, order_id = "LY000000014FR", uuid4()
    await post.call_back(envelope(number, event("PC1"), event("ET1", 1), event("ET2", 2)))
    spoil = "update raw_scans set code = $2 where tracking_number = $1 and code = $3"
    await post.platform.pool.execute(spoil, number, "E T", "ET1")  # no event of ours may hold such a code
    await post.know_label(order_id, number)
    await post.until_codes(order_id, "ET2", "PC1")
    case = await post.until(order_id, CaseOpened)
    assert (case.case, case.action) == ("needs_attention:undecided:carrier", "look_into")
    assert await post.count("raw_scans", "tracking_number = $1 and publish_after > now()", number) == 1
    await post.platform.pool.execute(spoil, number, "ET1", "E T")
    await post.platform.pool.execute("update raw_scans set publish_after = now() where tracking_number = $1", number)
    await post.until_codes(order_id, "ET1", "ET2", "PC1")


async def test_a_slow_answer_about_scans_is_no_stuck_loop(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.loop.TICK_SECONDS", 0.01)
    await post.labelled()
    loop = Loop("poll.laposte")

    async def slow(request: httpx.Request) -> httpx.Response:
        ticks: set[float] = set()

        def often() -> bool:
            ticks.add(loop.last_tick)
            return len(ticks) > 3

        await until(often)
        return httpx.Response(500)

    async with httpx.AsyncClient(transport=httpx.MockTransport(slow)) as http:
        settings = Settings(suivi_timeout_seconds=PATIENCE_SECONDS)
        la_poste = Counterpart(CARRIER.counterpart, http)
        connected = Connected(CARRIER, la_poste, CARRIER.connect(settings, settings.sender(), la_poste))
        pool = post.platform.pool
        intake = ScanIntake(pool, post.platform.seal, Retention(raw_scans=30, callbacks=4))
        polled, fault = await poll(pool, connected, intake, 0, loop)
    assert polled
    assert fault is not None
    assert fault.reason == "suivi:http_500"


async def test_a_paused_carrier_is_left_in_peace(post: Post) -> None:
    async with post.paused():
        order_id = await post.packed()
        await asyncio.sleep(1)
        assert await post.announced(f"T{order_id.hex[:10]}-1") == 0
    await post.until(order_id, LabelCreated, 1)


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"webhook-timestamp": str(int(time.time()) - 3600)}, 401, "webhook-timestamp"),
        ({"webhook-signature": "v1,AAAA"}, 401, "webhook-signature"),
        ({"webhook-signature": ""}, 401, "webhook-signature"),
        ({"webhook-id": ""}, 401, "webhook-id"),
    ],
)
async def test_a_call_back_not_rightly_signed_is_refused(
    post: Post, headers: dict[str, str], status: int, field: str
) -> None:
    answer = await post.call_back(envelope("CY123456785FR", event("DI1")), **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await post.count("raw_scans", "tracking_number = 'CY123456785FR'") == 0
    assert await post.count("callbacks", "tracking_number = 'CY123456785FR'") == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not json", 400), (b"{}", 400), (envelope("CY123456784FR"), 400), (b"x" * (2 * 1024 * 1024), 413)],
)
async def test_a_bad_call_back_is_refused(post: Post, body: bytes, status: int) -> None:
    answer = await post.call_back(body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_old_secret_still_counts_while_it_is_replaced(post: Post) -> None:
    body = envelope("EB000717618HK", event("PC1"))
    at = str(int(time.time()))
    headers = {"webhook-id": "msg_old", "webhook-timestamp": at}
    headers["webhook-signature"] = signature(Webhook(OLD_SECRET), "msg_old", int(at), body.decode())
    assert (await post.http.post("/webhooks/laposte", content=body, headers=headers)).status_code == 204


async def test_an_operator_says_that_a_parcel_is_lost(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    path = f"/orders/{order_id}/parcels/1/loss"
    assert (await post.http.post(path, headers=WAREHOUSE)).status_code == 403
    assert (await post.http.post(path, headers=OPERATOR)).status_code == 409
    await post.hand_over(order_id, number)
    for _ in range(2):
        answer = await post.http.post(path, headers=OPERATOR)
        assert (answer.status_code, answer.json()["state"]) == (200, "lost")
    assert (await post.until(order_id, ParcelLost, 1)).said_by == "operator"
    assert (await post.http.post(f"/orders/{uuid4()}/parcels/1/loss", headers=OPERATOR)).status_code == 404


@pytest.mark.parametrize(("reason", "lost_first"), [("destroyed", True), ("seized", False), ("abandoned", False)])
async def test_an_operator_says_that_a_parcel_is_gone_for_good(post: Post, reason: str, lost_first: bool) -> None:
    order_id, (number,) = await post.labelled()
    path = f"/orders/{order_id}/parcels/1/destruction"
    published = {"reason": reason}
    assert (await post.http.post(path, json=published, headers=WAREHOUSE)).status_code == 403
    assert (await post.http.post(path, json={"reason": "burnt"}, headers=OPERATOR)).status_code == 422
    assert (await post.http.post(path, json=published, headers=OPERATOR)).status_code == 409
    await post.hand_over(order_id, number)
    if lost_first:
        assert (await post.http.post(f"/orders/{order_id}/parcels/1/loss", headers=OPERATOR)).status_code == 200
    for _ in range(2):
        answer = await post.http.post(path, json=published, headers=OPERATOR)
        assert (answer.status_code, answer.json()["state"]) == (200, reason)
    assert (await post.until(order_id, ParcelDestroyed, 1)).reason == reason
    other = {"reason": "seized" if reason != "seized" else "destroyed"}
    assert (await post.http.post(path, json=other, headers=OPERATOR)).status_code == 409
    elsewhere = f"/orders/{uuid4()}/parcels/1/destruction"
    assert (await post.http.post(elsewhere, json=published, headers=OPERATOR)).status_code == 404


async def test_a_delivered_parcel_is_not_destroyed(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    await post.hand_over(order_id, number)
    await post.scan(number, "DI1", "CN")
    await post.until(order_id, ParcelDelivered, 1)
    path = f"/orders/{order_id}/parcels/1/destruction"
    assert (await post.http.post(path, json={"reason": "destroyed"}, headers=OPERATOR)).status_code == 409


async def test_what_happens_to_a_lost_parcel_is_asked_for_once_a_day(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    await post.hand_over(order_id, number)
    assert (await post.http.post(f"/orders/{order_id}/parcels/1/loss", headers=OPERATOR)).status_code == 200
    await post.until_count(1, "followed_parcels", "tracking_number = $1 and polled_since_end", number)
    await post.polled()  # it counts as polled before it is
    async with post.without_callbacks():
        await post.scan(number, "DI1", "CN")
        await asyncio.sleep(0.6)
        assert ParcelDelivered not in await post.facts(order_id)
        await post.platform.pool.execute(
            "update followed_parcels set polled_at = now() - interval '25 hours' where tracking_number = $1", number
        )
        await post.until(order_id, ParcelDelivered, 1)


@pytest.mark.parametrize("found", [True, False])
async def test_silence_opens_an_enquiry_and_the_answer_closes_it(post: Post, found: bool) -> None:
    order_id, (number,) = await post.labelled()
    path = f"/orders/{order_id}/parcels/1/enquiry-answer"
    assert (await post.http.post(path, json={"found": found}, headers=OPERATOR)).status_code == 409
    silent = uuid4()
    await post.consume(
        OrderPacked.model_validate({"order_id": silent, "occurred_at": datetime.now(UTC), "parcels": [SAMPLE["box"]]}),
        ParcelHandedOver(
            order_id=silent,
            occurred_at=datetime.now(UTC) - timedelta(days=20),
            parcel=1,
            carrier="laposte",
            tracking_number=number,
        ),
    )
    case = await post.until(silent, CaseOpened)
    assert (case.kind, case.action) == ("enquiry", "search_with_carrier")
    path = f"/orders/{silent}/parcels/1/enquiry-answer"
    assert (await post.http.post(path, json={}, headers=OPERATOR)).status_code == 422
    answer = await post.http.post(path, json={"found": found}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["case"]) == (200, None)
    assert (await post.until(silent, CaseClosed, case.case)).resolution == ("answered:found" if found else "lost")
    assert (ParcelLost in await post.facts(silent)) is not found


async def test_a_scan_of_another_age_is_kept_and_shown_and_moves_nothing(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    wrong = [event("DI1", date="2126-05-01T10:00:00+01:00"), event("DI1", date="2025-11-20T10:00:00+01:00")]
    assert (await post.call_back(envelope(number, *wrong, event("PC1")))).status_code == 204
    await post.until_codes(order_id, "DR1", "PC1")
    await post.until_count(2, "raw_scans", "tracking_number = $1 and set_aside is not null", number)
    shown = (await post.http.get(f"/orders/{order_id}", headers=OPERATOR)).json()["set_aside"]
    assert [(row["parcel"], row["reason"], row["events"]) for row in shown] == [
        (1, "in_the_future", 1),
        (1, "too_early", 1),
    ]
    assert ParcelDelivered not in await post.facts(order_id)


async def test_erasure_drops_labels_and_what_the_carrier_sent(post: Post) -> None:
    order_id, (number,) = await post.labelled()
    await post.scan(number, "PC1", "FR")
    await post.until_codes(order_id, "DR1", "PC1")
    await post.consume(
        OrderClosed.model_validate(
            {
                "order_id": order_id,
                "occurred_at": datetime.now(UTC),
                "outcome": "cancelled",
                "refund_due": {"amount": "1.00", "currency": "EUR"},
            }
        )
    )
    await post.erase(order_id)
    await post.until_count(0, "labels", "order_id = $1 and pdf is not null", order_id)
    assert await post.count("callbacks", "tracking_number = $1 and body is not null", number) == 0
    assert await post.count("raw_scans", "tracking_number = $1 and body is not null", number) == 0
    assert await post.count("labels", "order_id = $1 and cn23 is not null", order_id) == 1
    assert (await post.call_back(envelope(number, event("ET1")))).status_code == 204
    await post.until_codes(order_id, "DR1", "ET1", "PC1")
    assert await post.count("callbacks", "tracking_number = $1 and body is not null", number) == 0
    assert await post.count("raw_scans", "tracking_number = $1 and body is not null", number) == 0
    assert (await post.http.get(f"/orders/{order_id}/parcels/1/label", headers=WAREHOUSE)).status_code == 410
