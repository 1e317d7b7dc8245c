"""Clocks that are wrong: of a replica, of the whole machine, of a witness. Nothing invalid is signed or proven."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from services.provenance.domain.bundles import verify_bundle
from services.provenance.domain.capture import AHEAD
from services.provenance.main import audited
from services.provenance.settings import Settings
from tests.support.databases import FreshDatabase
from tests.support.moved_clock import MovedClock
from tests.support.provenance_samples import GTIN, ISSUER
from tests.support.provenance_service import (
    OPERATOR,
    ProvenanceService,
    log_key,
    provenance_service,
    received,
    settings,
    units,
)
from tests.support.witnesses import Running, sandbox_witness

pytestmark = pytest.mark.slow

HOUR, DAY = 3_600, 86_400


@pytest.fixture
async def dsn(fresh_database: FreshDatabase) -> str:
    return await fresh_database("provenance")


def off_by(hours: float, folder: Path, dsn: str, witness: Running) -> Settings:
    """Of a replica whose clock is so far ahead."""
    clock = MovedClock(folder / f"clock{hours}")
    clock.pass_hours(hours)
    return settings(dsn, [witness], clock_file=str(clock.path))


async def sizes(service: ProvenanceService) -> list[int]:
    """Of the checkpoints that were signed, in the order in which they were stored."""
    rows = await service.platform.pool.fetch("select size from checkpoints order by ctid")
    return [row["size"] for row in rows]


async def test_two_replicas_whose_clocks_are_two_hours_apart_make_one_log(dsn: str, tmp_path: Path) -> None:
    """Which of them signs does not matter: no checkpoint goes back, and each unit's events name one another."""
    async with sandbox_witness([log_key()]) as witness:
        ahead, behind = (off_by(hours, tmp_path, dsn, witness) for hours in (1, -1))
        async with provenance_service(ahead) as first, provenance_service(behind) as other:
            assert timedelta(hours=1.9) < first.platform.clock.now() - other.platform.clock.now() < timedelta(hours=2.1)
            some = units(60)
            for part in range(0, 60, 20):
                await first.consume(received(some[part : part + 10]))
                await other.consume(received(some[part + 10 : part + 20]))
                await asyncio.gather(first.publish(), other.publish())
                await tell(first, some[part].serial, first.platform.clock.now())
                await tell(other, some[part].serial, other.platform.clock.now())
            await other.publish()
            state = await first.state()
            assert (state["stopped"], state["size"], state["proven"]) == (None, 67, 67)
            signed = await sizes(first)
            assert signed == sorted(set(signed))
            assert "agree" in await audited(other.log)
            for unit in some:
                shown = verify_bundle((await other.bundle(unit)).content, ahead.trust(), ISSUER)
                assert len(shown.events) == (3 if unit in some[::20] else 1)


@pytest.mark.parametrize("hours", [1, -1])
async def test_an_event_counts_in_the_window_of_the_replica_that_takes_it(dsn: str, tmp_path: Path, hours: int) -> None:
    """So the clock that is wrong moves the window by as much and no more; what it refuses is not logged."""
    async with sandbox_witness([log_key()]) as witness:
        made = off_by(hours, tmp_path, dsn, witness)
        async with provenance_service(made) as service:
            clock = service.platform.clock.now
            [unit] = units(1)
            await service.consume(received([unit]))
            await tell(service, unit.serial, clock() + AHEAD - timedelta(minutes=1))
            refused = await post(service, unit.serial, clock() + AHEAD + timedelta(minutes=1))
            assert refused.status_code == 400
            assert [(fault["field"], fault["rule"]) for fault in refused.json()["errors"]] == [("eventTime", "future")]
            honest = await post(service, unit.serial, clock() - timedelta(hours=hours))
            assert honest.status_code == (201 if hours > 0 else 400), "of now, by a clock that is right"
            await service.publish()
            shown = verify_bundle((await service.bundle(unit)).content, made.trust(), ISSUER)
            assert len(shown.events) == (3 if hours > 0 else 2)


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_a_witness_and_we_may_be_an_hour_apart(dsn: str, ahead: int) -> None:
    async with (
        sandbox_witness([log_key()], ahead=ahead) as witness,
        provenance_service(made := settings(dsn, [witness])) as service,
    ):
        await service.consume(received(some := units(3)))
        await service.publish()
        assert (await service.state())["proven"] == 4
        verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)


@pytest.mark.parametrize("ahead", [DAY + HOUR, -DAY - HOUR])
async def test_a_cosignature_of_another_day_proves_nothing_and_the_other_witnesses_decide(dsn: str, ahead: int) -> None:
    async with sandbox_witness([log_key()]) as right, sandbox_witness([log_key()], 2, ahead) as wrong:
        async with provenance_service(settings(dsn, [wrong])) as service:
            await service.consume(received(some := units(3)))
            await service.publish()
            assert (await service.state())["proven"] == 0
            assert (await service.bundle(some[0])).status_code == 404
            assert not await service.platform.pool.fetchval("select count(*) from cosignatures")
        async with provenance_service(made := settings(dsn, [right, wrong], quorum=1)) as service:
            await service.publish()
            assert (await service.state())["proven"] == 4
            shown = verify_bundle((await service.bundle(some[0])).content, made.trust(), ISSUER)
            assert [key.name for key in shown.checkpoint.witnesses] == [right.key.name]


async def post(service: ProvenanceService, serial: str, happened_at: datetime) -> httpx.Response:
    """An event of this unit at this instant, as an operator tells it."""
    event = {
        "type": "ObjectEvent",
        "eventTime": happened_at.isoformat(),
        "eventTimeZoneOffset": "+00:00",
        "epcList": [f"https://id.gs1.org/01/{GTIN}/21/{serial}"],
        "action": "OBSERVE",
        "bizStep": "inspecting",
    }
    return await service.http.post("/events", json=event, headers=OPERATOR)


async def tell(service: ProvenanceService, serial: str, happened_at: datetime) -> None:
    answer = await post(service, serial, happened_at)
    assert answer.status_code == 201, answer.text
