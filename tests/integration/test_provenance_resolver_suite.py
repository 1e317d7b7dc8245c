"""The resolver before GS1's own test suite, in a browser. Skipped where suite or browser are not at hand."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.browser import chromium
from tests.support.databases import FreshDatabase
from tests.support.provenance_samples import GTIN
from tests.support.provenance_service import (
    approved,
    packed,
    provenance_service,
    received,
    settings,
    units,
    verified,
)
from tests.support.resolver_suite import missing, verdicts

ROOT = "https://id.silkpost.example"
EVERY = {
    *("isURL", "validDL", "isHttps", "plausibleDL", "basicWalkUp", "tlsOK", "rdFile", "httpVersion", "corsCheck"),
    *("linkOnRedirect", "legacyLinkHeaders", "methodsCheck", "reportWith400", "noErrorWith200", "trailingSlash"),
    *("qsPassedOn", "ltLinksetNoRedirect", "ltAcceptHeader", "validLinkset", "linksetJsonldCheck"),
    *("declaredContentType", "defaultLinkExists", "singleDefaulLink", "defaultTarget", "linkTypesDefined"),
    *("specificLinkTypeNotFound", "loForgs1pip0", "loForgs1pip1", "loForgs1pip2", "loForgs1epcis"),
}
"""What it looks at on a product."""
OF_A_UNIT = {f"loForgs1traceability{number}" for number in range(4)}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "checks"), [("", EVERY), ("/21/0000000000000000", EVERY | OF_A_UNIT)])
async def test_the_suite_of_gs1_finds_nothing(
    fresh_database: FreshDatabase, tmp_path: Path, path: str, checks: set[str]
) -> None:
    if files := missing():
        pytest.skip(f"GS1's test suite is not at hand: GS1_RESOLVER_SUITE=<folder with {', '.join(files)}>")
    if (browser := chromium()) is None:
        pytest.skip("no Chromium on PATH: the suite needs a browser")
    async with provenance_service(settings(await fresh_database("provenance"))) as service:
        some = units(1)
        await service.consume(verified(), approved())
        await service.consume(received(some))
        await service.consume(packed(some, uuid4()))
        await service.publish()
        results = await verdicts(browser, service.app, f"{ROOT}/01/{GTIN}{path}", tmp_path)
    assert {result.id: result for result in results if result.status != "pass"} == {}
    assert {result.id for result in results} == checks
