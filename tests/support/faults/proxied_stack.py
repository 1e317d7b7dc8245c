"""A stack whose connections can be broken, and whose processes can be told where to die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.local.servers import Servers
from sandbox.local.stack import Stack
from services.registry import SERVICES
from tests.support.faults.proxy import Proxy

LEASE_SECONDS = 10
"""Of a job in this stack."""
POLL_SECONDS = 5
"""Between two questions of the carrier service about one parcel; each is answered long before the next."""
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "customs": {"JOB_LEASE_SECONDS": str(LEASE_SECONDS)},
    "carrier": {
        "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "SLS_TIMEOUT_SECONDS": "4",
        "POLL_SECONDS": str(POLL_SECONDS),
        "LABEL_CHECK_SECONDS": "1",
    },
    "orders": {"JOB_LEASE_SECONDS": str(LEASE_SECONDS)},
}
"""Waits that are minutes in earnest."""


def failpoint_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"failpoint-{name}"


@asynccontextmanager
async def proxied_stack(
    run_dir: Path, prefix: str, speed: float, servers: Servers
) -> AsyncIterator[tuple[Stack, dict[tuple[str, str], Proxy]]]:
    """A stack whose services reach every server, the outside world, and are reached by it, through proxies."""
    proxies: dict[tuple[str, str], Proxy] = {}
    async with AsyncExitStack() as exit_stack:

        async def lay(stack: Stack) -> None:
            for service in SERVICES:
                ways = {"kafka": stack.servers.kafka_bootstrap, "postgres": urlsplit(stack.dsns[service]).netloc}
                if service in ("carrier", "customs"):
                    ways["sandbox"] = urlsplit(stack.urls["sandbox"]).netloc
                for what, place_ in ways.items():
                    await detour(stack, service, what, place_.rpartition("@")[2])
            await detour(stack, "sandbox", "carrier", urlsplit(stack.urls["carrier"]).netloc)

        async def detour(stack: Stack, whose: str, what: str, address: str) -> None:
            host, _, port = address.rpartition(":")
            proxy = await exit_stack.enter_async_context(Proxy(host, int(port), kafka=what == "kafka"))
            proxies[whose, what] = proxy
            stack.address_overrides[whose, address] = proxy.address

        settings = {
            service: {"FAILPOINT": f"@{failpoint_file(run_dir, service)}", **SETTINGS.get(service, {})}
            for service in SERVICES
        }
        stack = Stack(run_dir, speed=speed, prefix=prefix, settings=settings, prepare=lay, servers=servers)
        async with stack:
            yield stack, proxies
