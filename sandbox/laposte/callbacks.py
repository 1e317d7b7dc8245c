"""Signed call-backs to the carrier service. La Poste has none for parcels: this contract is Silkpost's own.

Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64 HMAC-SHA256 of id.timestamp.body>`.
What is not answered with 2xx is sent again, same id, later timestamp, unless it was refused as it is (400, 413).
All times here are real, as signatures need.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import heapq
import hmac
import itertools
import json
import logging
import random
import time
from dataclasses import dataclass, replace
from datetime import UTC
from uuid import uuid4

import httpx

from sandbox.faults import WEBHOOK, Faults
from sandbox.laposte import envelopes
from sandbox.laposte.parcels import Event, Parcel
from sandbox.world import World

TICK_SECONDS = 0.05
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, TRIES = 0.2, 60.0, 10
REFUSALS = frozenset({400, 413})
"""The receiver will never take this message: sending it again would change nothing."""
TIMEOUT_SECONDS = 10.0
AT_ONCE = 8
SHUFFLE_PATIENCE_SECONDS = 1.0
"""Call-backs held back to be shuffled go out then, even if fewer came than were asked for."""


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    body: bytes
    attempt: int = 1


def signed_headers(secret: str, delivery_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers. The secret is `whsec_` and base64; ValueError when it is not."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    mac = hmac.new(key, f"{delivery_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        "content-type": "application/json",
    }


def delivery_of(parcel: Parcel, events: list[Event]) -> Delivery:
    """One call-back with these events of the parcel, newest first."""
    body = {
        "type": "shipment.updated",
        "timestamp": max(event.at for event in events).astimezone(UTC).isoformat(),
        "data": envelopes.found(parcel, "fr_FR", events),
    }
    return Delivery(f"msg_{uuid4().hex}", json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def retry_wait(attempt: int) -> float:
    """Real seconds before the try after this one: doubling, with jitter."""
    longest: float = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** (attempt - 1))
    return longest * random.uniform(0.75, 1.0)


class Callbacks:
    """Looks every 50 ms for what happened and tells the carrier service. One heap, however many parcels."""

    def __init__(self, world: World, faults: Faults, url: str, secret: str) -> None:
        self._world = world
        self._faults = faults
        self._url = url
        self._secret = secret
        self._fresh: dict[str, tuple[Parcel, list[Event]]] = {}
        self._queue: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._held: list[Delivery] = []
        self._held_until = 0.0
        self._sending: set[asyncio.Task[None]] = set()
        self._pump: asyncio.Task[None] | None = None
        self.enabled = bool(url)
        world.post.on_event = self._happened

    @property
    def pending(self) -> int:
        """Call-backs not delivered yet and not given up."""
        return len(self._queue) + len(self._held) + len(self._sending) + len(self._fresh)

    def enable(self, enabled: bool) -> None:
        """Off, or on if there is an address to call."""
        self.enabled = enabled and bool(self._url)

    @property
    def running(self) -> bool:
        return self._pump is not None and not self._pump.done()

    def start(self) -> None:
        self._pump = asyncio.create_task(self._run())
        self._pump.add_done_callback(_say_why)

    async def stop(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    async def _run(self) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            try:
                while True:
                    self._world.advance()
                    self._collect()
                    self._send_due(client)
                    await asyncio.sleep(TICK_SECONDS)
            finally:
                for task in self._sending:
                    task.cancel()
                await asyncio.gather(*self._sending, return_exceptions=True)

    def _happened(self, parcel: Parcel, event: Event) -> None:
        if not self.enabled:
            self._world.callbacks["suppressed"] += 1
            return
        self._fresh.setdefault(parcel.number, (parcel, []))[1].append(event)

    def _collect(self) -> None:
        fresh, self._fresh = self._fresh, {}
        for parcel, events in fresh.values():
            self._enqueue(delivery_of(parcel, events))
        if self._held and (time.monotonic() >= self._held_until or not self._faults.waiting(WEBHOOK)):
            for delivery in reversed(self._held):
                self._push(delivery)
            self._held.clear()

    def _enqueue(self, delivery: Delivery) -> None:
        fault = self._faults.take(WEBHOOK)
        match fault.kind if fault else None:
            case "shuffle":
                if not self._held:
                    self._held_until = time.monotonic() + SHUFFLE_PATIENCE_SECONDS
                self._held.append(delivery)
            case "duplicate":
                self._push(delivery)
                self._push(delivery)
            case _:
                self._push(delivery)

    def _push(self, delivery: Delivery, wait: float = 0.0) -> None:
        heapq.heappush(self._queue, (time.monotonic() + wait, next(self._order), delivery))

    def _send_due(self, client: httpx.AsyncClient) -> None:
        while self._queue and len(self._sending) < AT_ONCE and self._queue[0][0] <= time.monotonic():
            _, _, delivery = heapq.heappop(self._queue)
            self._start(client, delivery)

    def _start(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        task = asyncio.create_task(self._send(client, delivery))
        self._sending.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self._sending.discard(task)
            if not task.cancelled():
                self._send_due(client)

        task.add_done_callback(done)

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        headers = signed_headers(self._secret, delivery.id, int(time.time()), delivery.body)
        count = self._world.callbacks
        try:
            status = (await client.post(self._url, content=delivery.body, headers=headers)).status_code
        except httpx.HTTPError:
            status = 0
        if 200 <= status < 300:
            count["sent"] += 1
            return
        if status in REFUSALS:
            count["refused"] += 1
            return
        if delivery.attempt >= TRIES:
            count["given_up"] += 1
            return
        count["retried"] += 1
        self._push(replace(delivery, attempt=delivery.attempt + 1), retry_wait(delivery.attempt))


def _say_why(pump: asyncio.Task[None]) -> None:
    """A world that stands still says why; `/readyz` says that it does."""
    if not pump.cancelled() and (error := pump.exception()) is not None:
        logging.getLogger(__name__).error("the world stands still", exc_info=error)
