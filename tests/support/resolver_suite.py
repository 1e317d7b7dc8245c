"""GS1's test suite of resolvers, which we may not ship, in a real browser: its script as it is, against our service.

`GS1_RESOLVER_SUITE` names a folder with the files below: the suite's script and toolkit (github.com/gs1/
GS1DL-resolver-testsuite), `ajv7.min.js` (of the package ajv-dist, version 8), GS1's schemas, and `linktypes.json`, the
link types of its Web vocabulary. The browser takes every host for this machine: the hosts that the script asks are
played here. The suite's helper, a script in PHP that sends requests which a browser cannot, is played too, by the
interface that the suite's script uses.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote_plus, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Host, Mount, Route, Router
from starlette.types import ASGIApp

from tests.support.browser import shown_at
from tests.support.http_server import serving

SUITE = os.environ.get("GS1_RESOLVER_SUITE", "")
SCRIPTS = ("ajv7.min.js", "GS1DigitalLinkToolkit.js", "GS1DigitalLinkResolverTestSuite.js")
DESCRIPTION_SCHEMA, LINKSET_SCHEMA, LINK_TYPES = (
    "description-file-schema.json",
    "gs1-linkset-schema.json",
    "linktypes.json",
)
HELPER, SCHEMAS, LINKSETS = "philarcher.org", "ref.gs1.org", "gs1.github.io"
"""The hosts that the suite's script asks."""
_ANYBODY = {"Access-Control-Allow-Origin": "*"}
_PAGE = """<!doctype html><html lang="en"><title>suite</title><img id="rotatingcircle" alt="" src="data:,">
<section id="gs1ResolverTests"></section><pre id="found"></pre>SCRIPTS<script>
onload = async () => {
  await testDL(LINK);
  const status = id => resultsArray.find(one => one.id === id)?.status;
  // It waits for all of its tests but these two.
  for (let n = 0; n < 50 && [status("tlsOK"), status("rdFile")].some(one => one !== "pass"); n++)
    await new Promise(done => setTimeout(done, 100));
  document.getElementById("found").textContent =
    JSON.stringify(resultsArray.map(({id, status, msg}) => ({id, status, message: msg})));
};
</script></html>"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite says of one of its tests."""

    id: str
    status: str
    """pass, warn or fail."""
    message: str


def missing() -> list[str]:
    """The files of the suite that are not at hand."""
    names = (*SCRIPTS, DESCRIPTION_SCHEMA, LINKSET_SCHEMA, LINK_TYPES)
    return [name for name in names if not (Path(SUITE) / name).is_file()] if SUITE else list(names)


async def verdicts(browser: str, service: ASGIApp, link: str, folder: Path) -> list[Verdict]:
    """What the suite says of this Digital Link, which our service resolves. `folder`: an empty one."""
    where: list[str] = []

    async def page(_: Request) -> Response:
        scripts = "".join(f'<script src="{name}"></script>' for name in SCRIPTS)
        return HTMLResponse(_PAGE.replace("SCRIPTS", scripts).replace("LINK", json.dumps(link)))

    async def script(request: Request) -> Response:
        return FileResponse(Path(SUITE) / request.path_params["name"])

    async def helper(request: Request) -> Response:
        return JSONResponse(await _helped(request.url.query, where[0]))

    hosts = Starlette(
        routes=[
            Host(
                HELPER,
                Router(
                    [
                        Route("/gs1/", page),
                        Route("/gs1/tester.php", helper),
                        Route("/gs1/{name}", script),
                    ]
                ),
            ),
            Host(
                SCHEMAS,
                Router(
                    [
                        _file("/standards/resolver/description-file-schema", DESCRIPTION_SCHEMA),
                        _file("/voc/data/linktypes", LINK_TYPES),
                    ]
                ),
            ),
            Host(LINKSETS, Router([_file("/linkset/gs1-linkset-schema.json", LINKSET_SCHEMA)])),
            Mount("/", service),
        ]
    )
    async with serving(hosts, tls=_certificate(folder)) as url:
        where.append(url)
        flags = (f"--host-resolver-rules=MAP * {urlsplit(url).netloc}", "--ignore-certificate-errors")
        shown = await shown_at(browser, f"https://{HELPER}/gs1/", folder / "profile", *flags)
    results = re.search(r'<pre id="found">(.+?)</pre>', shown, re.DOTALL)
    if results is None:
        raise RuntimeError("the suite has not come to its end")
    return [Verdict(**result) for result in json.loads(unescape(results[1]))]


def _file(path: str, name: str) -> Route:
    async def served(_: Request) -> Response:
        return FileResponse(Path(SUITE) / name, media_type="application/json", headers=_ANYBODY)

    return Route(path, served)


async def _helped(query: str, service: str) -> dict[str, Any]:
    """What the helper answers: it decodes its query twice, as the suite expects."""
    parameters = {name: values[-1] for name, values in parse_qs(unquote_plus(query)).items()}
    test, link = parameters["test"], parameters["testVal"]
    headers = {"Origin": "https://ref.gs1.org/test-suites/resolver/", "Host": urlsplit(link).netloc}
    match test:
        case "getLinkset" | "getLinksetHeaders":
            headers["Accept"] = "application/linkset+json"
        case "getCorsHeaders":
            headers["Access-Control-Request-Method"] = "GET,HEAD,OPTIONS"
    if "mediaType" in parameters:
        headers["Accept"] = parameters["mediaType"]
    if "lang" in parameters:
        headers["Accept-Language"] = parameters["lang"]
    target = service + link.removeprefix(f"https://{urlsplit(link).netloc}")
    async with httpx.AsyncClient(verify=False, trust_env=False) as client:  # noqa: S501  # ours, of this test
        answer = await client.request("OPTIONS" if test == "getCorsHeaders" else "GET", target, headers=headers)
    shown = {"uri": link, "httpCode": answer.status_code, "httpMsg": answer.reason_phrase}
    result: object
    match test:
        case "getHTTPversion":
            result = answer.http_version
        case "getLinkset":
            body = quote(answer.text, safe="")
            result = json.dumps({**shown, "headers": dict(answer.headers), "responseBody": body})
        case _:
            result = {**shown, **answer.headers}
    return {"test": test, "testVal": link, "result": result}


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Of this machine, signed by itself; and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private
