"""The call-back as the world sends it: ten times at once, late, early, forged, replayed, too large."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from datetime import timedelta
from typing import Any

import httpx

from sandbox.demo.clock_speed import SLOW
from sandbox.laposte.callbacks import signed_headers
from tests.support.faults.busy_stack import BusyStack
from tests.support.faults.operator import operate
from tests.support.faults.proxied_stack import POLL_SECONDS
from tests.support.waiting import until

LATE = timedelta(hours=48)
QUICK = 30_000.0
"""Forty-eight hours of business in six seconds."""


class Sender:
    """Whoever may push La Poste's events to us."""

    def __init__(self, busy: BusyStack) -> None:
        self._busy = busy
        self._url = f"{busy.stack.urls['carrier']}/webhooks/laposte"
        self.secret = busy.stack.secrets.webhook_secret

    async def send(
        self,
        body: bytes,
        *,
        webhook_id: str | None = None,
        secret: str | None = None,
        age: float = 0,
        signature: str | None = None,
    ) -> int:
        name = webhook_id or f"msg_{secrets.token_hex(8)}"
        headers = signed_headers(secret or self.secret, name, int(time.time() - age), body)
        if signature:
            headers["webhook-signature"] = signature
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            return (await client.post(self._url, content=body, headers=headers)).status_code

    async def envelope(self, number: str) -> dict[str, Any]:
        """What the carrier itself says of this parcel now."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.get(
                f"{self._busy.stack.urls['sandbox']}/laposte/suivi/v2/idships/{number}",
                headers={"X-Okapi-Key": self._busy.stack.secrets.okapi_key},
            )
        assert answer.status_code == httpx.codes.OK, answer.text
        envelope: dict[str, Any] = answer.json()[0]
        return envelope

    async def stored_callbacks(self, webhook_id: str) -> int:
        count: int = await self._busy.stores.value(
            "carrier", "select count(*) from callbacks where webhook_id = $1", webhook_id
        )
        return count


def callback(envelope: dict[str, Any], events: list[dict[str, Any]]) -> bytes:
    data = {**envelope, "shipment": {**envelope["shipment"], "event": events}}
    return json.dumps({"type": "shipment.updated", "timestamp": "2026-11-23T00:00:00Z", "data": data}).encode()


async def travelling(busy: BusyStack, events: int = 2) -> str:
    """The number of a parcel that is under way and was seen so often."""
    seen = "select tracking_number from followed_parcels where state = 'handed_over' and scans >= $1 limit 1"
    [row] = await until(lambda: busy.stores.rows("carrier", seen, events), 90)
    number: str = row["tracking_number"]
    return number


async def test_ten_times_at_once_and_out_of_order(busy: BusyStack) -> None:
    sender = Sender(busy)
    rows = [("ten times at once", "call-back"), ("out of order", "call-back"), ("replayed", "call-back")]
    async with busy.faults(rows, "I4 I5 I7") as injections:
        envelope = await sender.envelope(await travelling(busy))
        events = envelope["shipment"]["event"]
        body = callback(envelope, events)
        assert set(await asyncio.gather(*(sender.send(body, webhook_id="msg_ten") for _ in range(10)))) == {204}
        assert await sender.stored_callbacks("msg_ten") == 1
        injections[0].happened()
        for event in events:  # newest first
            assert await sender.send(callback(envelope, [event])) == 204
        injections[1].happened(len(events))
        assert await sender.send(body, webhook_id="msg_ten") == 204
        assert await sender.send(body, webhook_id="msg_ten", age=600) == 401
        assert await sender.stored_callbacks("msg_ten") == 1
        injections[2].happened(2)


async def test_forged_old_large_and_unreadable_ones_leave_nothing(busy: BusyStack) -> None:
    sender = Sender(busy)
    names = ["bad signature", "old timestamp", "2 MiB body", "not JSON"]
    before = await busy.stores.value(
        "carrier", "select count(*) from raw_scans where source = 'webhook' and code = 'ZZ9'"
    )
    async with busy.faults([(name, "call-back") for name in names], "I7 I8") as injections:
        envelope = await sender.envelope(await travelling(busy))
        made_up = {"code": "ZZ9", "label": "?", "date": "2026-11-24T10:00:00+01:00"}
        body = callback(envelope, [made_up])
        other = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        assert await sender.send(body, webhook_id="msg_forged", secret=other) == 401
        assert await sender.send(body, webhook_id="msg_forged", signature="v1,AAAA") == 401
        assert await sender.send(body, webhook_id="msg_old", age=301) == 401
        assert await sender.send(body, webhook_id="msg_ahead", age=-400) == 401
        assert await sender.send(b" " * (2 * 1024 * 1024), webhook_id="msg_large") == 413
        assert await sender.send(b"{not json", webhook_id="msg_words") == 400
        assert await sender.send(b"[]", webhook_id="msg_list") == 400
        for name in ("forged", "old", "ahead", "large", "words", "list"):
            assert await sender.stored_callbacks(f"msg_{name}") == 0, name
        for injection, times in zip(injections, (2, 2, 1, 2), strict=True):
            injection.happened(times)
        after = await busy.stores.value(
            "carrier", "select count(*) from raw_scans where source = 'webhook' and code = 'ZZ9'"
        )
        assert after == before


async def test_a_secret_is_rotated(busy: BusyStack) -> None:
    """Two secrets count while the sender changes over; the new one does not before."""
    sender = Sender(busy)
    new = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    async with busy.fault("rotated secret", "call-back", "I4 I7") as fault:
        envelope = await sender.envelope(await travelling(busy))
        body = callback(envelope, envelope["shipment"]["event"])
        assert await sender.send(body, secret=new) == 401
        await restart(busy, {"WEBHOOK_SECRETS": f"{new},{sender.secret}"})
        assert await sender.send(body, secret=new) == 204
        assert await sender.send(body) == 204
        await restart(busy, {})
        assert await sender.send(body, secret=new) == 401
        fault.happened(4)


async def restart(busy: BusyStack, extra: dict[str, str]) -> None:
    """As in a rolling restart: asked to leave, and started again."""
    await asyncio.to_thread(busy.stack.processes["carrier"].end)
    busy.stack.start("carrier", extra)
    await busy.stack.ready(["carrier"])


async def test_an_event_48_hours_late_takes_its_place(busy: BusyStack) -> None:
    """Neither pushed nor polled meanwhile; then reported by a call-back, behind events that are younger."""
    sender = Sender(busy)
    async with busy.fault("48 h late", "call-back", "I4") as fault:
        number = await travelling(busy)
        await operate(busy, "carrier", "pause", "carrier.laposte")
        await busy.api.put("sandbox", "/control/callbacks", None, {"enabled": False})
        try:
            await asyncio.sleep(POLL_SECONDS)  # for the answers to what was asked before
            seen = await busy.api.post(
                "sandbox", f"/control/parcels/{number}/scan", None, {"code": "PC1", "country": "FR"}
            )
            busy.stack.change_speed(QUICK)
            await asyncio.sleep(LATE.total_seconds() / QUICK + 0.7)
            busy.stack.change_speed(SLOW)
            envelope = await sender.envelope(number)
            late = [event for event in envelope["shipment"]["event"] if event["date"] == seen["date"]]
            rest = [event for event in envelope["shipment"]["event"] if event not in late]
            if rest:
                assert await sender.send(callback(envelope, rest)) == 204
            assert await sender.send(callback(envelope, late)) == 204
            fault.happened()
        finally:
            await busy.api.put("sandbox", "/control/callbacks", None, {"enabled": True})
            await operate(busy, "carrier", "resume", "carrier.laposte")
        await published_scan(busy, number, seen["at"])


async def published_scan(busy: BusyStack, number: str, scanned_at: str) -> None:
    published = """select 1 from raw_scans where tracking_number = $1 and code = 'PC1' and source = 'webhook'
                and processed_at is not null and scanned_at = $2::text::timestamptz"""
    await until(lambda: busy.stores.rows("carrier", published, number, scanned_at[:19] + scanned_at[-6:]))


async def test_a_call_back_comes_before_its_label_is_known(busy: BusyStack) -> None:
    """Labels are slow to be stored; the announcement is quicker, waits, and is published once the label is there."""
    async with busy.fault("before its label is known", "call-back", "I3 I4", orders=6) as fault:
        await busy.stores.rows(
            "carrier",
            """create function dawdle() returns trigger language plpgsql as
               $$ begin perform pg_sleep(2); return new; end $$""",
        )
        await busy.stores.rows(
            "carrier", "create trigger dawdle before insert on labels for each row execute function dawdle()"
        )
        try:
            unknown = """select distinct tracking_number from raw_scans where source = 'webhook'
                         and tracking_number not in (select tracking_number from labels)
                         and received_at > now() - interval '5 seconds'"""
            early = await until(lambda: busy.stores.rows("carrier", unknown))
        finally:
            await busy.stores.rows("carrier", "drop function dawdle cascade")
        fault.happened(len(early))
        numbers = [row["tracking_number"] for row in early]
        told_later = """select 1 from raw_scans join labels using (tracking_number)
                        where tracking_number = any($1) and processed_at is not null"""
        await until(lambda: busy.stores.rows("carrier", told_later, numbers))
