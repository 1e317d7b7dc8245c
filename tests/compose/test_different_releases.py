"""Two releases at once: a deployment under traffic is upgraded service by service, in both orders, and one is rolled
back. The older release is the image built here with `parcel-handed-over` as it was before its version 2."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from contracts.topics import WAREHOUSE
from contracts.warehouse import ParcelHandedOver
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.scenarios import BY_NAME, batch
from tests.support.compose.demo_run import run_demo
from tests.support.compose.deployment import ROOT, Deployment, docker, running
from tests.support.waiting import until

CONTRACT = "contracts/warehouse.py"
VERSION_1 = """class ParcelHandedOver(ParcelEvent):
    NAME: ClassVar[str] = "parcel-handed-over"
    carrier: ClassVar[str] = LAPOSTE  # no field of the event: that release knew no other
    tracking_number: Code
"""
NEWER, OLDER = "silkpost:latest", "silkpost:test-older"
NEWEST_ON = {"PUBLISHED_VERSIONS": json.dumps({ParcelHandedOver.NAME: ParcelHandedOver.VERSION})}
CONSUMERS = WAREHOUSE.consumers
IN_STOCK = [BY_NAME["delivered"]] * 8
"""Whatever was ordered before."""
V1, V2 = "parcel-handed-over.v1", "parcel-handed-over.v2"


def make_older_image(folder: Path) -> None:
    text, replaced = re.subn(
        r"class ParcelHandedOverV1\(.*?(?=\n\nclass ParcelReceivedBack\()",
        VERSION_1,
        (ROOT / CONTRACT).read_text(),
        flags=re.DOTALL,
    )
    assert replaced == 1
    (folder / "warehouse.py").write_text(text)
    container = docker("create", NEWER).strip()
    try:
        docker("cp", str(folder / "warehouse.py"), f"{container}:/opt/silkpost/{CONTRACT}")
        docker("commit", container, OLDER)
    finally:
        docker("rm", container)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """All services in the older release."""
    with running(tmp_path, profile="sandbox", speed=SLOW) as started:
        make_older_image(tmp_path)
        started.environment["SILKPOST_IMAGE"] = OLDER
        started.make("upgrade")
        yield started


def database(deployment: Deployment, service: str, question: str) -> list[str]:
    """The lines of the answer."""
    postgres = deployment.containers("postgres")[0]["Id"]
    name = f"silkpost_{service}"
    return docker("exec", postgres, "psql", "-U", "postgres", "-d", name, "-Atc", question).splitlines()


def versions(deployment: Deployment, service: str) -> list[str]:
    """Those of the event that the database holds."""
    return database(deployment, service, f"select type from fact_types where type in ('{V1}', '{V2}') order by type")


async def release(
    deployment: Deployment, services: Sequence[str], image: str, settings: dict[str, str] | None = None
) -> None:
    """Upgrades or rolls back these services, one after another; both releases of each work beside each other
    meanwhile."""
    deployment.environment.pop("PUBLISHED_VERSIONS", None)
    deployment.environment |= {"SILKPOST_IMAGE": image, **(settings or {})}
    for service in services:
        await asyncio.to_thread(deployment.make, "upgrade", f"SERVICE={service}")


async def test_consumers_first(deployment: Deployment) -> None:
    """All know version 2 before it is published: nothing waits for anybody."""

    async def upgrade() -> None:
        await release(deployment, CONSUMERS, NEWER)
        await release(deployment, ["tracking"], OLDER)
        await release(deployment, ["tracking", "warehouse"], NEWER)
        assert versions(deployment, "warehouse") == [V1], (
            "the older version is published until a setting says otherwise"
        )
        await release(deployment, ["warehouse"], NEWER, NEWEST_ON)

    await run_demo(deployment, batch(20), "R1", meanwhile=upgrade)
    await run_demo(deployment, IN_STOCK, "R2")
    for service in (*CONSUMERS, "warehouse"):
        assert versions(deployment, service) == [V1, V2]
        assert database(deployment, service, "select fate, type, cause from dead_letters") == []


async def test_the_publisher_first_then_no_way_back(deployment: Deployment) -> None:
    """Consumers that do not know version 2 park it, and handle it when they are upgraded."""

    def parked(service: str) -> list[str]:
        return database(deployment, service, f"select id from dead_letters where fate = 'newer' and type = '{V2}'")

    async def all_have_parked() -> bool:
        return all([await asyncio.to_thread(parked, service) for service in CONSUMERS])

    async def upgrade() -> None:
        await until(all_have_parked)
        await release(deployment, CONSUMERS, NEWER, NEWEST_ON)

    await run_demo(deployment, IN_STOCK, "P1")
    await release(deployment, ["warehouse"], NEWER, NEWEST_ON)
    await run_demo(deployment, batch(20), "P2", meanwhile=upgrade)
    for service in CONSUMERS:
        assert versions(deployment, service) == [V1, V2]
        assert parked(service)
        unhandled = "select fate, type, cause from dead_letters where replayed_at is null"
        assert database(deployment, service, unhandled) == []

    before = [container["Id"] for container in deployment.containers("orders")]
    with pytest.raises(AssertionError, match=rf"orders does not start: the database holds facts {re.escape(V2)}"):
        await release(deployment, ["orders"], OLDER)
    assert [container["Id"] for container in deployment.containers("orders")] == before, "those that ran go on"
