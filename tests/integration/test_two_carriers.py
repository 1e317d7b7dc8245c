"""A second carrier beside La Poste: each has its own jobs, poll, call-backs, pause, and tracking numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from contracts import carriers as declared
from contracts.carrier import LabelCreated
from contracts.carriers import DeclaredCarrier, Route
from sandbox.local.servers import Servers
from services.carrier import main
from services.carrier.carriers.carrier import Calls, Carrier
from services.carrier.carriers.laposte import CARRIER as LA_POSTE
from services.carrier.domain.carrier import (
    Account,
    CheckAnswer,
    LabelAnswer,
    LabelMade,
    LabelOrder,
    LabelPossible,
    ParcelEvents,
    Sender,
)
from services.carrier.domain.documents import Document
from shared.http.client import Counterpart
from tests.support.carrier_service import CarrierService, carrier_service, envelope, event
from tests.support.databases import FreshDatabase
from tests.support.waiting import until

PDF = b"%PDF-1.4\n%%EOF\n"
JAPAN = {"country": "JP"}


class Other:
    """Gives out the numbers that it is told, and is polled."""

    def __init__(self) -> None:
        self.numbers: list[str] = []
        self.polled: set[str] = set()

    def connect(self, _: Any, __: Sender, ___: Counterpart) -> Calls:
        async def make_label(_: LabelOrder) -> LabelAnswer:
            return LabelMade(self.numbers.pop(0), Document(PDF, "application/pdf"), None)

        async def check_label(_: LabelOrder) -> CheckAnswer:
            return LabelPossible()

        async def track(numbers: Sequence[str]) -> Sequence[ParcelEvents]:
            self.polled |= set(numbers)
            return [ParcelEvents(number, ()) for number in numbers]

        return Calls(make_label, check_label, track, Account("none"))


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Other:
    made = Other()
    carrier: Carrier = replace(LA_POSTE, name="other", connect=made.connect)
    entry = DeclaredCarrier("other", (Route("other", "JP", "X", False, "none"),), ())
    monkeypatch.setattr(declared, "DECLARED", (*declared.DECLARED, entry))
    monkeypatch.setattr(main, "CARRIERS", (LA_POSTE, carrier))
    return made


@pytest.fixture
async def carrier(other: Other, servers: Servers, fresh_database: FreshDatabase) -> AsyncIterator[CarrierService]:
    async with carrier_service(servers, fresh_database) as running_carrier:
        yield running_carrier


async def scanned(carrier: CarrierService, order_id: UUID, code: str) -> None:
    async def known() -> bool:
        return code in await carrier.codes(order_id)

    await until(known)


async def test_pausing_one_pauses_no_other_and_a_number_is_unique_only_within_its_carrier(
    carrier: CarrierService, other: Other
) -> None:
    async with carrier.paused():
        waits = await carrier.packed()
        other.numbers.append("XX000000001JP")
        elsewhere = await carrier.packed(contact=JAPAN)
        made = await carrier.until(elsewhere, LabelCreated, 1)
        assert (made.carrier, made.tracking_number) == ("other", "XX000000001JP")
        assert LabelCreated not in await carrier.facts(waits)
    number = (await carrier.until(waits, LabelCreated, 1)).tracking_number

    other.numbers.append(number)
    same = await carrier.packed(contact=JAPAN)
    assert (await carrier.until(same, LabelCreated, 1)).tracking_number == number
    assert (await carrier.call_back(envelope(number, event("ND1")))).status_code == 204
    await scanned(carrier, waits, "ND1")
    assert (await carrier.call_back(envelope(number, event("AG1", 1)), path="/webhooks/other")).status_code == 204
    await scanned(carrier, same, "AG1")
    assert "AG1" not in await carrier.codes(waits)
    assert await carrier.codes(same) == ["AG1"]
    await until(lambda: number in other.polled)
