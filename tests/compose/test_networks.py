"""Who reaches whom: by address, since another network's names are unknown anyway."""

from __future__ import annotations

import json

import httpx
import pytest

from services.registry import SERVICES
from tests.support.compose.deployment import Deployment, docker
from tests.support.waiting import until

CALLERS = {"customs", "carrier", "makers", "provenance"}
"""The services that call systems outside."""
MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"


def address(deployment: Deployment, name: str, network: str) -> str:
    networks = deployment.containers(name)[0]["NetworkSettings"]["Networks"]
    ip_address: str = networks[f"{deployment.name}_{network}"]["IPAddress"]
    return ip_address


def reaches(deployment: Deployment, service: str, host: str, port: int) -> bool:
    """Whether a connection from this container is opened within three seconds; the engine drops what it forbids."""
    return deployment.execute(service, "timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{host}/{port}").returncode == 0


def leads_out(network: str) -> bool:
    """Whether the engine forwards what goes out of this network, and translates addresses so that answers come."""
    [known] = json.loads(docker("network", "inspect", network))
    return not known["Internal"] and known["Options"].get(MASQUERADE) != "false"


@pytest.mark.parametrize("service", [*SERVICES, "proxy", "sandbox"])
@pytest.mark.parametrize(("store", "port"), [("postgres", 5432), ("kafka", 9092)])
def test_only_services_reach_the_stores(deployment: Deployment, service: str, store: str, port: int) -> None:
    assert reaches(deployment, service, address(deployment, store, "stores"), port) == (service in SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_proxy_reaches_every_service(deployment: Deployment, service: str) -> None:
    assert reaches(deployment, "proxy", address(deployment, service, "services"), 8000)


@pytest.mark.parametrize("service", [*SERVICES, "proxy"])
def test_only_who_calls_counterparts_reaches_them(deployment: Deployment, service: str) -> None:
    assert reaches(deployment, service, address(deployment, "sandbox", "counterparts"), 8000) == (service in CALLERS)


@pytest.mark.parametrize("service", [*SERVICES, "proxy", "prometheus", "kafka", "postgres"])
def test_only_who_calls_counterparts_has_a_way_out(deployment: Deployment, service: str) -> None:
    networks = deployment.containers(service)[0]["NetworkSettings"]["Networks"]
    assert any(map(leads_out, networks)) == (service in CALLERS)


async def test_prometheus_reads_every_service_and_the_proxy(deployment: Deployment) -> None:
    async with httpx.AsyncClient(trust_env=False, base_url=deployment.urls["prometheus"]) as client:

        async def all_are_read() -> bool:
            targets = (await client.get("/api/v1/targets")).json()["data"]["activeTargets"]
            read = {target["labels"]["service"] for target in targets if target["health"] == "up"}
            return read == {*SERVICES, "proxy"}

        await until(all_are_read)
