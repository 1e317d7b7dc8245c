"""deploy/haproxy before a service that tells what it got. Needs a container engine that has the images."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
DOCKER = shutil.which("docker") or "docker"
PROXY, PYTHON = "haproxy:3.0", "python:3.13-slim"
COUNTRY, TOWN = "X-Client-Country", "X-Client-Town"
# Answers with the request's headers, how often this path was asked for, and the status of its /readyz for who means it:
# its arguments are its name and that status. Breaks the first connection for /broken.
SERVICE = """
import collections, http.server, json, sys, threading
name, ready = sys.argv[1], int(sys.argv[2])
asked = collections.Counter()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked[self.path] += 1
        if self.path.startswith("/broken") and asked[self.path] == 1:
            self.close_connection = True
            return
        headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
        body = json.dumps({"asked": asked[self.path], "headers": headers, "ready": ready}).encode()
        checked = self.path.startswith("/readyz")
        self.send_response(200 if not checked else ready if self.path == f"/readyz?service={name}" else 421)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_):
        pass
for port in (8001, 8000):
    server = http.server.ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever).start()
"""


def docker(*arguments: str) -> str:
    return subprocess.run([DOCKER, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def images_are_here() -> bool:
    try:
        docker("image", "inspect", PROXY, PYTHON)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


pytestmark = pytest.mark.skipif(not images_are_here(), reason="no container engine that has the images")


@pytest.mark.parametrize(
    ("line", "instead", "exit_code"),
    [
        pytest.param("balance leastconn", "balance roundrobin", 0, id="right"),
        pytest.param("balance leastconn", "balance best", 1, id="wrong"),
        pytest.param("timeout client 30s", "", 1, id="warned of"),
    ],
)
def test_the_configuration_is_checked(tmp_path: Path, line: str, instead: str, exit_code: int) -> None:
    text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
    assert line in text
    (tmp_path / "haproxy.cfg").write_text(text.replace(line, instead))
    done = subprocess.run([ROOT / "deploy/check-proxy", tmp_path], capture_output=True, check=False)
    assert done.returncode == exit_code, done.stderr


@dataclass(frozen=True)
class Proxies:
    """Two before `tracking`, which is ready: the first trusts nobody, the second whoever connects. The first stands
    before `orders` too, which is not ready, and `warehouse`, of which one replica is; at one more address of its there
    is another service."""

    strict: str
    trusting: str
    orders: str
    warehouse: str
    internal: str


@pytest.fixture(scope="module")
def proxies() -> Iterator[Proxies]:
    network = f"silkpost-proxy-{secrets.token_hex(3)}"
    with ExitStack() as stack:
        docker("network", "create", network)
        stack.callback(docker, "network", "rm", network)

        def start(*arguments: str) -> str:
            container = docker("run", "--detach", "--network", network, *arguments)
            stack.callback(docker, "rm", "--force", container)
            return container

        def service(address: str, ready: int, name: str = "") -> None:
            start("--network-alias", address, PYTHON, "python", "-c", SERVICE, name or address, str(ready))

        def proxy(trusted: str) -> Callable[[int], str]:
            folder = f"{ROOT}/deploy/haproxy:/usr/local/etc/haproxy:ro"
            ports = [part for port in (8001, 8010, 8020, 8050) for part in ("--publish", f"127.0.0.1::{port}")]
            environment = {"TRUSTED_PROXIES": trusted, "COUNTRY_HEADER": COUNTRY, "TOWN_HEADER": TOWN}
            set_to = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
            container = start(*set_to, "--volume", folder, *ports, PROXY)
            return lambda port: f"http://{docker('port', container, str(port))}"

        service("tracking", 200)
        service("orders", 503)
        service("warehouse", 200)
        service("warehouse", 503)
        service("warehouse", 200, "customs")
        strict, trusting = proxy("127.0.0.1"), proxy("192.0.2.0/24 0.0.0.0/0")
        yield Proxies(strict(8050), trusting(8050), strict(8010), strict(8020), strict(8001))


@pytest.fixture
async def client(proxies: Proxies) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

        async def passed_on() -> bool:
            try:
                return {(await client.get(url)).status_code for url in (proxies.strict, proxies.trusting)} == {200}
            except httpx.TransportError:
                return False

        await until(passed_on)
        yield client


async def seen_by_service(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers that the service got, by their names in lower case."""
    headers_got: dict[str, str] = (await client.get(url, headers=headers)).json()["headers"]
    return headers_got


CLAIMED = {"X-Forwarded-For": "198.51.100.1, 198.51.100.2", "X-Forwarded-Proto": "https", COUNTRY: "CN", TOWN: "Lyon"}


async def test_what_a_stranger_says_of_itself_is_replaced(proxies: Proxies, client: httpx.AsyncClient) -> None:
    mine, claimed = (
        await seen_by_service(client, proxies.strict, {}),
        await seen_by_service(client, proxies.strict, CLAIMED),
    )
    assert "198.51.100" not in str(claimed)
    assert (claimed["x-forwarded-for"], claimed["x-forwarded-proto"]) == (mine["x-forwarded-for"], "http")
    assert not {COUNTRY.lower(), TOWN.lower()} & claimed.keys(), "where it is"


async def test_of_a_trusted_proxy_the_last_address_is_believed(proxies: Proxies, client: httpx.AsyncClient) -> None:
    claimed = await seen_by_service(client, proxies.trusting, CLAIMED)
    assert (claimed["x-forwarded-for"], claimed["x-forwarded-proto"]) == ("198.51.100.2", "https")
    assert (claimed[COUNTRY.lower()], claimed[TOWN.lower()]) == ("CN", "Lyon")
    nothing = await seen_by_service(client, proxies.trusting, {})
    mine = await seen_by_service(client, proxies.strict, {})
    assert (nothing["x-forwarded-for"], nothing["x-forwarded-proto"]) == (mine["x-forwarded-for"], "http")
    nonsense = await seen_by_service(client, proxies.trusting, {"X-Forwarded-For": "198.51.100.1, unknown"})
    assert nonsense["x-forwarded-for"] == mine["x-forwarded-for"]


async def test_only_reading_is_repeated(proxies: Proxies, client: httpx.AsyncClient) -> None:
    read = await client.get(f"{proxies.strict}/broken/read")
    assert (read.status_code, read.json()["asked"]) == (200, 2)
    written = await client.post(f"{proxies.strict}/broken/write", json={})
    assert (written.status_code, written.json()["title"]) == (502, "bad gateway")
    assert (await client.post(f"{proxies.strict}/broken/write", json={})).json()["asked"] == 2, (
        "it was sent once before"
    )


async def test_who_is_not_ready_is_asked_only_where_nobody_is(proxies: Proxies, client: httpx.AsyncClient) -> None:
    async def checked() -> bool:
        page = (await client.get(f"{proxies.internal}/metrics")).text
        ready = (f'haproxy_backend_active_servers{{proxy="{name}"}} ' for name in ("orders", "warehouse", "tracking"))
        return all(f"{line}{number}\n" in page for line, number in zip(ready, (0, 1, 1), strict=True))

    await until(checked)
    answers = [(await client.get(proxies.warehouse)).json() for _ in range(10)]
    assert [answer["ready"] for answer in answers] == [200] * 10
    assert (await client.get(proxies.orders)).json()["ready"] == 503, "it says itself what is the matter"
