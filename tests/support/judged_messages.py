"""Messages of generated orders, also those that are written again, each judged: by our own rows when it is built, and
by the official schema where `CEB_XSD_DIR` names its directory; inventories and their changes as they leave, signed. As
a program, `make messages`.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from typing import get_args

from lxml import etree

from contracts.ceb_fields import FILE
from services.customs.destinations.cn.ceb import SIGNED, MessageType
from services.customs.destinations.cn.ceb_messages import build
from services.customs.destinations.cn.ceb_writer import require_valid
from services.customs.destinations.cn.shipments import Shipment
from tests.support.ceb_specification import DIRECTORY, IMPORT_XSD, official_schema
from tests.support.customs_samples import PARTIES, TABLES
from tests.support.generated_shipments import shipments, written_again
from tests.support.sandbox_messages import signed

SEED = 20261126
ORDERS_AT_ONCE = 500


def judged(orders: int, seed: int = SEED) -> Counter[str]:
    """How many messages of each type are valid, of one parcel of so many orders; `CEB621 again` and `CEB621 changed`
    are those that are written again. Undeclarable, or etree.DocumentInvalid: one is not."""
    counts: Counter[str] = Counter()
    for place, first in enumerate(shipments(seed, orders)):
        for kind, s in (("", first), *written_again(first, place)):
            for message in get_args(MessageType):
                _judge(message, s)
                counts[f"{message} {kind}".strip()] += 1
    return counts


def _judge(message: MessageType, s: Shipment) -> None:
    document = build(message, s, PARTIES, TABLES.codes)
    if message in SIGNED:
        document = signed(document)
        require_valid(document, signed=True)
    if DIRECTORY:
        official_schema().assertValid(etree.fromstring(document))


def _parts(orders: int) -> Iterator[tuple[int, int]]:
    """So many orders at a time, each part with a seed of its own."""
    for seed in count(SEED):
        if orders <= 0:
            return
        yield min(orders, ORDERS_AT_ONCE), seed
        orders -= ORDERS_AT_ONCE


def _part(part: tuple[int, int]) -> Counter[str]:
    return judged(*part)


def main() -> None:
    orders, workers = int(os.environ.get("ORDERS") or 100_000), int(os.environ.get("WORKERS") or 2)
    say = partial(print, flush=True)
    if DIRECTORY:
        say(f"judged by the official schema, {IMPORT_XSD}")
    else:
        say(f"CEB_XSD_DIR names no directory with the official schema: judged by our own, {FILE.name}, only")
    began, valid, done = time.monotonic(), Counter[str](), 0
    with ProcessPoolExecutor(workers) as pool:
        for part in pool.map(_part, _parts(orders)):
            valid += part
            if valid["CEB621"] // 10_000 > done // 10_000:
                say(f"{valid['CEB621']} orders, {time.monotonic() - began:.0f} s")
            done = valid["CEB621"]
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(valid.items()))
    say(f"{done} orders, {valid.total()} messages valid ({kinds}) in {time.monotonic() - began:.0f} s")
    sys.exit(done != orders)


if __name__ == "__main__":
    main()
