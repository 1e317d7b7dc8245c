"""A load generator: `python -m tests.bench.load plan.json result.json`, a process of its own.

The plan names the kind of requests, where they go, and for how long; see `Plan`.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import uvloop
from standardwebhooks import Webhook

from services.carrier.api.signatures import secrets_of, signature
from tests.bench.client import Load, closed, request
from tests.bench.samples import body

NUMBER, KEY = "N" * 20, "K" * 32
BODIES = 500
CODES = ("PC1", "ET1", "ET2", "ET3", "DO1", "DO2")


@dataclass(frozen=True)
class Plan:
    url: str
    kind: str
    """One of `KINDS`."""
    connections: int
    seconds: float
    warm: float = 1.0
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    """What signs call-backs: `whsec_<base64>`."""
    subjects: list[str] = field(default_factory=list)
    """Tracking numbers, or paths."""


def new_orders(plan: Plan) -> Iterator[bytes]:
    """`POST /orders`: always another number and Idempotency-Key, the shoppers in turn."""
    now = datetime.now(UTC)
    headers = {**plan.headers, "content-type": "application/json", "idempotency-key": KEY}
    bodies = [json.dumps(body(NUMBER, shopper, now), ensure_ascii=False).encode() for shopper in range(BODIES)]
    templates = itertools.cycle([request("POST", "/orders", headers, content) for content in bodies])
    for template in templates:
        name = uuid4().hex
        yield template.replace(NUMBER.encode(), name[:20].encode()).replace(KEY.encode(), name.encode())


def call_backs(plan: Plan) -> Iterator[bytes]:
    """`POST /webhooks/laposte`, signed: the next scan of each parcel in turn."""
    secret, began = secrets_of(plan.secret)[0], datetime.now(UTC).replace(second=0, microsecond=0)
    for turn in itertools.count():
        # Within a day: a scan of a time at which its parcel was not there is not believed.
        code, scanned_at = CODES[turn % len(CODES)], (began + timedelta(minutes=turn % 1440)).isoformat()
        for number in plan.subjects:
            yield call_back(secret, number, code, scanned_at)


def call_back(secret: Webhook, number: str, code: str, scanned_at: str) -> bytes:
    """One call-back with one scan."""
    event = f'{{"code":"{code}","label":"x","date":"{scanned_at}","country":"FR"}}'
    data = f'{{"returnCode":200,"idShip":"{number}","shipment":{{"idShip":"{number}","event":[{event}]}}}}'
    content = f'{{"type":"shipment.updated","timestamp":"{scanned_at}","data":{data}}}'
    webhook_id, now = f"msg_{uuid4().hex}", int(time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, webhook_id, now, content),
    }
    return request("POST", "/webhooks/laposte", headers, content.encode())


def reads(plan: Plan) -> Iterator[bytes]:
    """`GET` of the paths, at random."""
    known = [request("GET", path, plan.headers) for path in plan.subjects]
    while True:
        yield random.choice(known)


KINDS = {"orders": new_orders, "call_backs": call_backs, "reads": reads}


def main(plan: Plan) -> Load:
    requests = KINDS[plan.kind](plan)
    next(requests)
    return uvloop.run(closed(plan.url, requests, connections=plan.connections, seconds=plan.seconds, warm=plan.warm))


if __name__ == "__main__":
    measured = main(Plan(**json.loads(Path(sys.argv[1]).read_text())))
    Path(sys.argv[2]).write_text(measured.json())
