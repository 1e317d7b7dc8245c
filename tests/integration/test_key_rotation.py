"""Every key that seals or hashes is rotated as the runbook says, on a stack at work."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import httpx
import pytest
from pypdf import PdfReader

from contracts.customs import OrderRefused, OrderScreened
from contracts.persons import NationalId
from sandbox.demo.order_request import order_body
from sandbox.demo.orders import Order, receive_goods
from sandbox.demo.people import person
from sandbox.demo.scenarios import Scenario
from sandbox.local.processes import Process
from sandbox.local.servers import Servers
from services.credentials import rotated_key
from services.customs.store import hold_answers
from services.registry import SERVICES
from shared.db import Blocked
from shared.messaging.partition_log import reading
from shared.operations.keys import BATCH, reseal
from shared.sealing import Seal, key_prefix
from shared.settings import PlatformSettings
from tests.support import customs_samples as samples
from tests.support.carrier_service import key
from tests.support.customs_samples import closed, line, placed
from tests.support.customs_service import customs_service
from tests.support.databases import FreshDatabase
from tests.support.operated_stack import EVERYDAY, Operated
from tests.support.waiting import until

pytestmark = pytest.mark.slow

ORDERS_MEANWHILE = 30
SETTINGS = ("STORAGE_KEY", "CONTACT_KEY", "NATIONAL_ID_KEY", "QUOTA_KEY", "HIDDEN_CODE_KEY")
HASHING = {"QUOTA_KEY", "HIDDEN_CODE_KEY"}
"""Nothing is made anew by these: the old one stays while what it made is worth something."""
SCARF = "SOIE-CARRE-90"
"""Each of which has a serial."""
V1, V2 = key_prefix("v1"), key_prefix("v2")
MADE = {
    *("persons.contact", "labels.pdf", "messages.body"),
    *("vendors.people", "vendors.account", "checks.evidence", "brands.document"),
}
"""Columns of which each holds something when the keys change."""
VENDORS = {"people": 2, "evidence": 2, "document": 2}
"""Of each of two vendors."""


async def test_each_key_is_rotated_while_orders_go_on(operated: Operated) -> None:
    """In the steps of the runbook: the new key is given, then it is the first, all is sealed again, the old one ends;
    that of the quota when the year is over, that of hidden codes when no label of it is worth anything."""
    keys = Keys(operated)
    before = await operated.place(3)
    for _ in range(2):
        await operated.state_vendor()
    unit, code = await labelled_unit(operated)
    body = order_body("KEYS-1", EVERYDAY, person(990), operated.stack.clock.now())
    assert await submit(operated, body, "once") == await submit(operated, body, "once")
    assert [(await submit(operated, body, key))[0] for key in ("once", "twice")] == [201, 200]
    async with operated.actors(before), traffic(operated) as during:
        await operated.stands(before, "handed_over", "in_transit")
        for form in ("{old},{new}", "{new},{old}"):
            for name in SERVICES:
                await operated.restart(name, keys.given(name, form))
                assert await label_statuses(operated, before) == [200] * len(before), (name, form)
                assert await vendors_read(operated) == VENDORS, (name, form)
        assert (await sealed_with(operated, V1)).keys() >= MADE | {"looks.source"}
        for name in SERVICES:
            await command(operated, name, keys.given(name, "{new},{old}"), "reseal")
            counted = await command(operated, name, keys.given(name, "{new},{old}"), "keys")
            assert set(re.findall(r"│ ([A-Z_]+) +│ v1 +│ opens only +│ 0 ", counted)) == {
                setting for setting in keys.old[name] if setting not in HASHING
            }
        assert await sealed_with(operated, V1) == {}
        sealed = await sealed_with(operated, V2)
    assert sealed.keys() >= MADE | {"fingerprints.digest", "looks.source"}
    assert len(during) > 2
    await operated.settled()
    assert await keys_on_topic(operated) == {V2.hex()}

    for name in SERVICES:
        await operated.restart(name, keys.at_the_end(name))
    assert {*await label_statuses(operated, before)} <= {200, 410}, "those that have arrived meanwhile are gone"
    assert await vendors_read(operated) == VENDORS
    assert (await tried(unit, code)).status_code == 200, "its label was printed under the old key"
    assert [(await submit(operated, body, key))[0] for key in ("once", "thrice")] == [201, 200]
    [after] = await operated.place()
    with operated.fast():
        async with operated.actors([*during, after]):
            await operated.stands([*before, *during, after], "delivered", seconds=180)

    for name, setting, ended in (
        ("carrier", "STORAGE_KEY", "v2"),
        ("orders", "CONTACT_KEY", "v2"),
        ("customs", "QUOTA_KEY", "v1"),
        ("makers", "STORAGE_KEY", "v2"),
        ("provenance", "HIDDEN_CODE_KEY", "v1"),
    ):
        alone = rotated_key("v3") if ended == "v2" else keys.given(name, "{new}")[setting]
        process = operated.stack.processes[name]
        await asyncio.to_thread(process.end)
        operated.stack.start(name, keys.at_the_end(name) | {setting: alone})
        await until(functools.partial(ended_by_itself, process))
        last_line = process.tail().splitlines()[-1]
        assert last_line.startswith(f"{name} does not start: the database holds "), last_line
        assert f" values made with key {ended} of {setting}, which is not given" in last_line
        operated.stack.start(name, keys.at_the_end(name))
        await operated.stack.ready([name])


def ended_by_itself(process: Process) -> bool:
    return not process.alive


class Keys:
    """The keys of the stack, and a new one for each."""

    def __init__(self, operated: Operated) -> None:
        environments = {name: operated.stack.environment(name) for name in SERVICES}
        self.old = {
            name: {setting: environment[setting] for setting in SETTINGS if setting in environment}
            for name, environment in environments.items()
        }
        assert {text[:3] for old_keys in self.old.values() for text in old_keys.values()} == {"v1:"}
        # A service's storage key is its own; the others are held by several.
        self._new = {text: rotated_key("v2") for old_keys in self.old.values() for text in old_keys.values()}

    def given(self, name: str, form: str) -> dict[str, str]:
        return {setting: form.format(old=text, new=self._new[text]) for setting, text in self.old[name].items()}

    def at_the_end(self, name: str) -> dict[str, str]:
        hashing = {setting: text for setting, text in self.given(name, "{new},{old}").items() if setting in HASHING}
        return self.given(name, "{new}") | hashing


async def command(operated: Operated, name: str, keys: dict[str, str], *arguments: str) -> str:
    """What the command prints; it succeeds."""
    done = await operated.run(
        [sys.executable, "-m", f"services.{name}", *arguments], operated.stack.environment(name) | keys
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@asynccontextmanager
async def traffic(operated: Operated) -> AsyncIterator[list[Order]]:
    """Orders that are placed all the while; not more than a slow machine brings to their end."""
    placed: list[Order] = []

    async def keep_placing() -> None:
        while len(placed) < ORDERS_MEANWHILE:
            placed.extend(await operated.place())
            await asyncio.sleep(2)

    task = asyncio.create_task(keep_placing())
    try:
        yield placed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def submit(operated: Operated, body: object, key: str) -> tuple[int, str]:
    """Status and body of the answer to the order with this Idempotency-Key."""
    headers = {"Authorization": f"Bearer {operated.stack.secrets.api_keys['marketplace']}", "Idempotency-Key": key}
    async with httpx.AsyncClient(base_url=operated.stack.urls["orders"], headers=headers, trust_env=False) as client:
        answer = await client.post("/orders", json=body)
        return answer.status_code, answer.text


async def label_statuses(operated: Operated, orders: list[Order]) -> list[int]:
    """The status with which each order's label is answered."""
    headers = {"Authorization": f"Bearer {operated.stack.secrets.api_keys['warehouse']}"}
    async with httpx.AsyncClient(base_url=operated.stack.urls["carrier"], headers=headers, trust_env=False) as client:
        return [(await client.get(f"/orders/{order.id}/parcels/1/label")).status_code for order in orders]


async def vendors_read(operated: Operated) -> Counter[str]:
    """How many vendors' people, accounts and brands' documents are there and can be opened."""
    read = Counter[str]()
    headers = {"Authorization": f"Bearer {operated.stack.secrets.api_keys['operator']}"}
    async with httpx.AsyncClient(base_url=operated.stack.urls["makers"], headers=headers, trust_env=False) as client:
        for vendor in (await client.get("/vendors", params={"limit": 100})).json()["vendors"]:
            path = f"/vendors/{vendor['id']}"
            read["people"] += (await client.get(f"{path}/people")).status_code == 200
            read["evidence"] += len((await client.get(f"{path}/checks")).json()["checks"])
            for brand in (await client.get(f"{path}/brands")).json()["brands"]:
                read["document"] += (await client.get(f"{path}/brands/{brand['id']}/document")).status_code == 200
    return read


async def labelled_unit(operated: Operated) -> tuple[str, str]:
    """The page of a unit, looked at once, and the hidden code on its label."""
    scarves = Scenario("scarf", "delivered", ((SCARF, 1),), "delivered")
    await receive_goods(operated.api, [scarves], "GR-KEYS")
    [unit, *_] = [row async for row in operated.api.pages("warehouse", "/units", "units", "warehouse", sku=SCARF)]
    body = {"units": [{"gtin": unit["gtin"], "serial": unit["serial"]}]}
    headers = {"Authorization": f"Bearer {operated.stack.secrets.api_keys['warehouse']}"}
    url = operated.stack.urls["provenance"]
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:

        async def printed() -> bytes | None:
            answer = await client.post("/label-sheets", json=body)
            return answer.content if answer.status_code == httpx.codes.OK else None  # it has not read of the unit yet

        sheet = await until(printed)
        page = f"{url}/page/01/{unit['gtin']}/21/{unit['serial']}"
        assert (await client.get(page)).status_code == httpx.codes.OK
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(sheet)).pages)
    [code] = re.findall(r"^\d{6}$", text, re.MULTILINE)
    return page, code


async def tried(page: str, code: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.post(page, data={"code": code})


async def sealed_with(operated: Operated, prefix: bytes) -> dict[str, int]:
    """In which columns of bytes of all services values begin as those do that this key made; what is hashed for good
    left out."""
    counts: dict[str, int] = {}
    for name in SERVICES:
        for table, column in await operated.fetch(
            name,
            """select table_name, column_name from information_schema.columns
               where table_schema = 'public' and data_type = 'bytea' and table_name not like 'quota%'
                 and table_name <> 'hidden_codes'""",
        ):
            [(count,)] = await operated.fetch(
                name,
                f'select count(*) from "{table}" where substring("{column}" from 1 for $2) = $1',
                prefix,
                len(prefix),
            )
            if count:
                counts[f"{table}.{column}"] = counts.get(f"{table}.{column}", 0) + count
    return counts


async def keys_on_topic(operated: Operated) -> set[str]:
    """With which keys the last record of each order on the topic is sealed."""
    last: dict[bytes, dict[str, str]] = {}
    settings = PlatformSettings(kafka_bootstrap=operated.stack.servers.kafka_bootstrap)
    async with reading(settings) as probe:
        partitions = await probe.partitions(["orders.personal"])
        async for _, record in probe.records_since(await probe.beginnings(partitions)):
            if record.key and record.value:
                last[record.key] = json.loads(record.value)
    assert last
    return {record[part][: len(V2.hex())] for record in last.values() for part in ("contact", "national_id")}


BUYER = NationalId(name="韩梅梅", number="110105194912310038")
LINES = [line(price="250.00", quantity=2)]
"""Six such orders fit into a buyer's year."""


async def test_a_new_quota_key_gives_no_buyer_a_second_year(servers: Servers, fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database("customs")

    async def same(_: str) -> str:
        return dsn

    v1, v2 = (f"{name}:{key(name[-1:].encode()).get_secret_value()}" for name in ("v1", "v2"))
    number = iter(range(20))
    for keys in (v1, f"{v1},{v2}", f"{v2},{v1}"):
        async with customs_service(servers, same, quota_key=keys) as office:
            for name in (f"quota{next(number)}" for _ in range(2)):
                await office.consume(placed(name, lines=LINES), await office.person(name, BUYER))
                await office.until(name, OrderScreened)
    async with customs_service(servers, same, quota_key=f"{v2},{v1}") as office:
        await office.consume(placed("seventh", lines=LINES), await office.person("seventh", BUYER))
        assert (await office.until("seventh", OrderRefused)).reason == "over_yearly_limit"
        await office.consume(closed("quota0"))  # what it held under the old key is free again
        await office.consume(placed("eighth", lines=LINES), await office.person("eighth", BUYER))
        await office.until("eighth", OrderScreened)
        people = await office.platform.pool.fetch(
            "select substring(person from 1 for 3) as key, held from quota_entries"
        )
        assert sum(row["key"] == V1 and row["held"] > 0 for row in people) == 3
    with pytest.raises(ValueError, match="4 values made with key v1 of QUOTA_KEY, which is not given"):
        async with customs_service(servers, same, quota_key=v2):
            pass


async def test_a_replica_without_the_key_of_another_judges_no_year(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    async with customs_service(servers, fresh_database) as office:
        event = await office.person("judged", BUYER)
        await office.platform.pool.execute("insert into known_keys values ('QUOTA_KEY', 'v9')")
        with pytest.raises(Blocked, match="QUOTA_KEY lacks the key v9"):
            await office.consume(placed("judged", lines=LINES), event)
        await office.platform.pool.execute("delete from known_keys where key_id = 'v9'")
        await office.consume(placed("judged", lines=LINES), event)
        await office.until("judged", OrderScreened)


async def test_a_damaged_value_keeps_no_other_from_being_sealed_again(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    old, new = {"v1": bytes(32)}, {"v2": bytes(range(32))}
    order = samples.order_id("damaged")
    async with customs_service(servers, fresh_database) as office:
        pool = office.platform.pool
        for number in range(2 * BATCH):
            subject = f"{number}:inspection"
            place = hold_answers.sealing_place(order, subject)
            sealed = V1 + bytes(40) if number % BATCH == 0 else Seal(old).seal(b"the answer", place)
            async with pool.acquire() as db:
                await hold_answers.add(db, order, subject, sealed, "ops", samples.PLACED_AT)
        both = Seal(new | old)
        assert await reseal(pool, hold_answers.SEALED, both, lambda _: None) == 2 * BATCH - 2
        assert await reseal(pool, hold_answers.SEALED, both, lambda _: None) == 0
        rows = await pool.fetch(
            "select subject, answer from hold_answers where substring(answer from 1 for 3) = $1", V2
        )
        places = [hold_answers.sealing_place(order, row["subject"]) for row in rows]
        opened_by_new = {
            Seal(new).open(row["answer"], place_of_row) for row, place_of_row in zip(rows, places, strict=True)
        }
    assert (len(rows), opened_by_new) == (2 * BATCH - 2, {b"the answer"})
