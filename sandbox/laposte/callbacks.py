"""Signed call-backs to the carrier service. La Poste has none for parcels: this contract is Silkpost's own.

Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64 HMAC-SHA256 of id.timestamp.body>`.
A delivery that is not answered with 2xx is sent again with the same id and a later timestamp, unless the answer is
final (400, 413). All times here are real, since signatures expire.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from sandbox.faults import WEBHOOK, Faults
from sandbox.laposte import envelopes
from sandbox.laposte.parcels import Event, LaPoste, Parcel
from sandbox.scheduler import Advance

TICK_SECONDS = 0.05
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, MAX_ATTEMPTS = 0.2, 60.0, 10
REFUSALS = frozenset({400, 413})
"""Final answers: the receiver will not accept this delivery when it is sent again."""
TIMEOUT_SECONDS = 10.0
CONCURRENCY = 8
SHUFFLE_SECONDS = 1.0
"""Call-backs that are held back to be shuffled are sent after so long, even if more were to be shuffled."""


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    body: bytes
    attempt: int = 1


def signed_headers(secret: str, delivery_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a delivery. `secret` is `whsec_` and base64."""
    signature = Webhook(secret).sign(delivery_id, datetime.fromtimestamp(timestamp, UTC), body.decode())
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def delivery_of(parcel: Parcel, events: list[Event]) -> Delivery:
    """A call-back with these events of the parcel, newest first."""
    body = {
        "type": "shipment.updated",
        "timestamp": max(event.at for event in events).astimezone(UTC).isoformat(),
        "data": envelopes.known_parcel(parcel, "fr_FR", events),
    }
    return Delivery(f"msg_{uuid4().hex}", json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def retry_wait(attempt: int) -> float:
    """Real seconds until the next attempt: doubled each time, with jitter."""
    longest: float = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** (attempt - 1))
    return longest * random.uniform(0.75, 1.0)


class Callbacks:
    """Every 50 ms lets business time advance, and sends what happened to the carrier service."""

    def __init__(self, laposte: LaPoste, advance: Advance, faults: Faults, url: str, secret: str) -> None:
        self._advance = advance
        self._faults = faults
        self._url = url
        self._secret = secret
        self._new_events: dict[str, tuple[Parcel, list[Event]]] = {}
        self._queue: list[tuple[float, int, Delivery]] = []
        self._sequence = itertools.count()
        self._to_shuffle: list[Delivery] = []
        self._shuffle_at = 0.0
        self._sending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.enabled = bool(url)
        self.counts: Counter[str] = Counter()
        """Deliveries by outcome; `suppressed` counts the events while call-backs are off."""
        laposte.on_event = self._collect

    @property
    def pending(self) -> int:
        """Call-backs that are neither delivered nor given up."""
        return len(self._queue) + len(self._to_shuffle) + len(self._sending) + len(self._new_events)

    def enable(self, enabled: bool) -> None:
        """Turns call-backs off, or on if there is a URL for them."""
        self.enabled = enabled and bool(self._url)

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(_log_failure)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            try:
                while True:
                    self._advance()
                    self._enqueue_new()
                    self._send_due(client)
                    await asyncio.sleep(TICK_SECONDS)
            finally:
                for task in self._sending:
                    task.cancel()
                await asyncio.gather(*self._sending, return_exceptions=True)

    def _collect(self, parcel: Parcel, event: Event) -> None:
        if not self.enabled:
            self.counts["suppressed"] += 1
            return
        self._new_events.setdefault(parcel.number, (parcel, []))[1].append(event)

    def _enqueue_new(self) -> None:
        new_events, self._new_events = self._new_events, {}
        for parcel, events in new_events.values():
            self._enqueue(delivery_of(parcel, events))
        if self._to_shuffle and (time.monotonic() >= self._shuffle_at or not self._faults.planned(WEBHOOK)):
            for delivery in reversed(self._to_shuffle):
                self._push(delivery)
            self._to_shuffle.clear()

    def _enqueue(self, delivery: Delivery) -> None:
        fault = self._faults.take(WEBHOOK)
        match fault.kind if fault else None:
            case "shuffle":
                if not self._to_shuffle:
                    self._shuffle_at = time.monotonic() + SHUFFLE_SECONDS
                self._to_shuffle.append(delivery)
            case "duplicate":
                self._push(delivery)
                self._push(delivery)
            case _:
                self._push(delivery)

    def _push(self, delivery: Delivery, wait: float = 0.0) -> None:
        heapq.heappush(self._queue, (time.monotonic() + wait, next(self._sequence), delivery))

    def _send_due(self, client: httpx.AsyncClient) -> None:
        while self._queue and len(self._sending) < CONCURRENCY and self._queue[0][0] <= time.monotonic():
            _, _, delivery = heapq.heappop(self._queue)
            self._start(client, delivery)

    def _start(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        task = asyncio.create_task(self._send(client, delivery))
        self._sending.add(task)

        def done(finished: asyncio.Task[None]) -> None:
            self._sending.discard(finished)
            if not finished.cancelled():
                self._send_due(client)

        task.add_done_callback(done)

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        headers = signed_headers(self._secret, delivery.id, int(time.time()), delivery.body)
        try:
            status = (await client.post(self._url, content=delivery.body, headers=headers)).status_code
        except httpx.HTTPError:
            status = 0
        if 200 <= status < 300:
            self.counts["sent"] += 1
            return
        if status in REFUSALS:
            self.counts["refused"] += 1
            return
        if delivery.attempt >= MAX_ATTEMPTS:
            self.counts["given_up"] += 1
            return
        self.counts["retried"] += 1
        self._push(replace(delivery, attempt=delivery.attempt + 1), retry_wait(delivery.attempt))


def _log_failure(task: asyncio.Task[None]) -> None:
    """Logs why business time has stopped; `/readyz` answers 503 then."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger(__name__).error("business time has stopped", exc_info=error)
