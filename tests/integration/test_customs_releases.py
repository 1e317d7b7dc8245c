"""Rules that are released while the service runs: what waited for their rows goes on by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.cases import CaseClosed, CaseOpened
from contracts.customs import ImportDeclared, OrderScreened
from sandbox.local.servers import Broker, Servers
from services.customs.domain.decide import DOCUMENTS, INVENTORY
from tests.support import customs_samples as samples
from tests.support.customs_releases import edited, put
from tests.support.customs_service import CustomsService, customs_service
from tests.support.databases import FreshDatabase
from tests.support.waiting import until

GAP = "needs_attention:rule_missing:postal_parcel_cny:2026-11-20"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The limit by post has ended, and no row follows."""
    folder = tmp_path / "release"
    folder.mkdir()
    return edited(folder, "limits.json", put("postal_parcel_cny", 1, to="2026-11-01"))


@pytest.fixture
async def customs(servers: Servers, fresh_database: FreshDatabase, release: Path) -> AsyncIterator[CustomsService]:
    async with customs_service(servers, fresh_database, rules_directory=release, rules_look_seconds=0.05) as running:
        yield running


async def waiting(customs: CustomsService) -> int:
    return int(await customs.platform.pool.fetchval("select count(*) from rule_gaps"))


async def test_an_order_that_met_a_gap_is_screened_when_the_row_comes(customs: CustomsService, release: Path) -> None:
    await customs.consume(samples.placed("gap", marketplace="postal-shop"), await customs.person("gap"))
    assert (await customs.until("gap", CaseOpened, GAP)).reason == "rule_missing"
    assert await waiting(customs) == 1
    edited(release, "limits.json", put("postal_parcel_cny", 1, value="3000"))
    screened = await customs.until("gap", OrderScreened)
    assert "postal_parcel_cny:2024-12-01" in screened.rules
    assert (await customs.until("gap", CaseClosed, GAP)).resolution == "rule_found"
    assert await waiting(customs) == 0


async def test_a_declaration_without_its_row_is_sent_when_the_row_comes(customs: CustomsService, release: Path) -> None:
    """Both of its jobs wait: that of the documents, and that of the inventory."""
    await customs.departed(
        "sudan", samples.parcel(1, (1, 2)), lines=(samples.line().model_copy(update={"origin": "SS"}),)
    )
    for kind in (DOCUMENTS, INVENTORY):
        case = await customs.until("sudan", CaseOpened, f"needs_attention:{kind}:1")
        assert case.reason == "CEB311:OrderList.country:unknown"
    assert await waiting(customs) == 1
    assert await customs.received("TMsudan-1") == {}
    (release / "limits.json").unlink()
    edited(release, "codes.json", lambda body: body["country"].update(SS="298"))
    await customs.until("sudan", ImportDeclared, 1)
    for kind in (DOCUMENTS, INVENTORY):
        assert (await customs.until("sudan", CaseClosed, f"needs_attention:{kind}:1")).resolution == "retried"
    assert set(await customs.received("TMsudan-1")) >= {"CEB311", "CEB511", "CEB621"}

    async def none_waits() -> bool:
        return await waiting(customs) == 0

    await until(none_waits)


@pytest.mark.slow
async def test_an_order_that_met_a_gap_goes_on_when_the_service_starts_with_the_row(
    servers: Servers, own_broker: Broker, fresh_database: FreshDatabase, release: Path
) -> None:
    """Without a release: the row came with another image. On topics that no other database has written to."""
    database, bootstrap = await fresh_database("customs"), own_broker.bootstrap

    async def same(_: str) -> str:
        return database

    async with customs_service(servers, same, rules_directory=release, kafka_bootstrap=bootstrap) as customs:
        await customs.consume(samples.placed("image", marketplace="postal-shop"), await customs.person("image"))
        await customs.until("image", CaseOpened, GAP)
    async with customs_service(servers, same, kafka_bootstrap=bootstrap) as customs:
        screened = await customs.until("image", OrderScreened)
        assert "postal_parcel_cny:2024-12-01" in screened.rules
        assert (await customs.until("image", CaseClosed, GAP)).resolution == "rule_found"
        assert await waiting(customs) == 0
