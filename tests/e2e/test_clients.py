"""The generated clients against running services: each places, follows, lists and cancels an order."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from silkpost_client import tracking as tracking_service
from silkpost_client.orders import AuthenticatedClient
from silkpost_client.orders.api.orders import cancel_order, get_order, list_orders, place_order
from silkpost_client.orders.models import (
    AcceptedOrder,
    Address,
    Buyer,
    Consignee,
    LineBody,
    MoneyBody,
    MoneyBodyCurrency,
    Order,
    OrderBody,
    OrderBodyLanguage,
    OrderCancellation,
    OrdersPage,
    Payment,
    Problem,
    TotalAmount,
    TotalAmountCurrency,
    UnitPrice,
    UnitPriceCurrency,
)
from silkpost_client.tracking.api.tracking import get_order_tracking
from silkpost_client.tracking.models import OrderTracking

from clients.generators import ROOT, TYPESCRIPT, run
from sandbox.demo.api import Api
from sandbox.demo.orders import receive_goods
from sandbox.demo.people import Person, person
from sandbox.demo.scenarios import Scenario
from sandbox.local.stack import Stack
from tests.support.typescript import packages_or_skip
from tests.support.waiting import until

SOAP = Scenario("soap", "cancelled", (("SAVON-OLIVE-300", 2),), "delivered")
SHOPPERS = range(9_300, 9_400)
SAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def eur(amount: str) -> MoneyBody:
    return MoneyBody(amount=amount, currency=MoneyBodyCurrency.EUR)


def order_body(stack: Stack, shopper: Person) -> OrderBody:
    """An order of two soaps without a fault."""
    number, total = f"CL-{secrets.token_hex(4)}", TotalAmount(amount="40.37", currency=TotalAmountCurrency.EUR)
    return OrderBody(
        number=number,
        buyer=Buyer(name=shopper.name, phone=shopper.phone, resident_id=shopper.resident_id),
        consignee=Consignee(
            name=shopper.name,
            phone=shopper.phone,
            address=Address(
                province=shopper.place.province,
                city=shopper.place.city,
                district=shopper.place.district,
                street=shopper.street,
                postcode=shopper.place.postcode,
                country="CN",
            ),
        ),
        lines=[
            LineBody(
                sku="SAVON-OLIVE-300",
                description="Olive oil soap",
                hs_code="34011100",
                origin="FR",
                quantity=2,
                unit_price=UnitPrice(amount="9.50", currency=UnitPriceCurrency.EUR),
            )
        ],
        freight=eur("18.00"),
        discount=eur("0.00"),
        tax=eur("3.37"),
        total=total,
        payment=Payment(
            provider="Alipay",
            transaction_id=f"PAY{number}",
            paid_at=stack.clock.now() - timedelta(minutes=2),
            amount=total,
        ),
        language=OrderBodyLanguage.ZH,
    )


@pytest.fixture(scope="module", autouse=True)
async def goods(api: Api) -> None:
    """Enough soap that every order here waits for its packer, who does not come."""
    await receive_goods(api, [SOAP] * 10, f"GR-{secrets.token_hex(4)}")


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[AuthenticatedClient]:
    async with AuthenticatedClient(
        stack.urls["orders"],
        stack.secrets.api_keys["marketplace"],
        timeout=httpx.Timeout(15),
        httpx_args={"trust_env": False},
        raise_on_unexpected_status=True,
    ) as client:
        yield client


async def placed(client: AuthenticatedClient, body: OrderBody) -> AcceptedOrder:
    answer = await place_order.asyncio(client=client, body=body, idempotency_key=f"place-{body.number}")
    assert isinstance(answer, AcceptedOrder), answer
    return answer


async def test_python_places_follows_lists_and_cancels_an_order(stack: Stack, client: AuthenticatedClient) -> None:
    body = order_body(stack, person(SHOPPERS[0]))
    first = await placed(client, body)
    assert (first.number, await placed(client, body)) == (body.number, first)

    secret = parse_qs(urlsplit(first.tracking_url).query)["secret"][0]
    async with tracking_service.Client(stack.urls["tracking"], httpx_args={"trust_env": False}) as public:

        async def followed() -> OrderTracking | None:
            answer = await get_order_tracking.asyncio(first.id, client=public, x_tracking_secret=secret)
            return answer if isinstance(answer, OrderTracking) and answer.timeline else None

        document = await until(followed)
        assert (str(document.order_id), document.number) == (first.id, body.number)
        assert document.timeline
        assert document.timeline[0].kind == "order-placed"

    page = await list_orders.asyncio(client=client, number=body.number)
    assert isinstance(page, OrdersPage)
    assert [(order.id, order.total.amount) for order in page.orders] == [(first.id, "40.37")]
    assert page.next_ is None

    cancellation = await cancel_order.asyncio(first.id, client=client)
    assert isinstance(cancellation, OrderCancellation)
    assert cancellation.id == first.id

    async def ended() -> Order | None:
        order = await get_order.asyncio(first.id, client=client)
        assert isinstance(order, Order)
        return order if order.closed_at else None

    order = await until(ended)
    assert order.status == "cancelled"
    assert order.cancel is not None
    assert order.cancel.answer == "withdrawn"
    read = await get_order.asyncio_detailed(first.id, client=client)
    again = await get_order.asyncio_detailed(first.id, client=client, if_none_match=read.headers["etag"])
    assert (read.status_code, again.status_code) == (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)


async def test_python_is_told_every_fault(stack: Stack, client: AuthenticatedClient) -> None:
    body = order_body(stack, person(SHOPPERS[1]))
    body.lines[0].quantity = 0
    body.buyer.phone = "12"
    problem = await place_order.asyncio(client=client, body=body)
    assert isinstance(problem, Problem)
    assert problem.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert problem.errors
    assert {fault.field for fault in problem.errors} >= {"lines[0].quantity", "buyer.phone"}
    assert all(fault.rule and fault.message for fault in problem.errors)


async def test_python_is_told_that_its_key_is_unknown(stack: Stack) -> None:
    async with AuthenticatedClient(stack.urls["orders"], "nobody", httpx_args={"trust_env": False}) as stranger:
        answer = await list_orders.asyncio_detailed(client=stranger)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert isinstance(answer.parsed, Problem)
    assert answer.parsed.status == HTTPStatus.UNAUTHORIZED


async def test_what_the_readme_shows_runs(stack: Stack, tmp_path: Path) -> None:
    body = order_body(stack, person(SHOPPERS[2]))
    (tmp_path / "order.json").write_text(json.dumps(body.to_dict()), encoding="utf-8")
    [program] = SAMPLE.findall((ROOT / "clients" / "python" / "README.md").read_text(encoding="utf-8"))
    environment = {
        "ORDERS_URL": stack.urls["orders"],
        "MARKETPLACE_KEY": stack.secrets.api_keys["marketplace"],
        "PYTHONPATH": str(ROOT / "clients" / "python"),
    }
    printed = await asyncio.to_thread(run, [sys.executable, "-c", program], cwd=tmp_path, environment=environment)
    assert printed.startswith(f"{body.number} ")


@pytest.mark.slow
async def test_typescript_places_follows_lists_and_cancels_an_order(stack: Stack, tmp_path: Path) -> None:
    packages = await asyncio.to_thread(packages_or_skip)
    shutil.copytree(TYPESCRIPT, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "node_modules").symlink_to(packages)
    tool = packages / ".bin"
    scripts = json.loads((TYPESCRIPT / "package.json").read_text(encoding="utf-8"))["scripts"]
    for service in ("orders", "tracking"):
        name, _, *options = shlex.split(scripts[f"generate:{service}"])
        document = ROOT / "contracts" / "openapi" / f"{service}.json"
        await asyncio.to_thread(run, [tool / name, document, *options], cwd=tmp_path)
    await asyncio.to_thread(run, [tool / "tsc"], cwd=tmp_path)
    shopper = person(SHOPPERS[3])
    environment = {
        "ORDERS_URL": stack.urls["orders"],
        "TRACKING_URL": stack.urls["tracking"],
        "MARKETPLACE_KEY": stack.secrets.api_keys["marketplace"],
        "NOW": stack.clock.now().isoformat(),
        "PERSON": json.dumps({"name": shopper.name, "phone": shopper.phone, "resident_id": shopper.resident_id}),
    }
    printed = await asyncio.to_thread(run, ["node", "dist/src/example.js"], cwd=tmp_path, environment=environment)
    steps = {step.pop("step"): step for step in map(json.loads, printed.splitlines())}
    order_id, number = steps["placed"]["id"], steps["placed"]["number"]
    assert steps == {
        "refused": {"status": HTTPStatus.UNPROCESSABLE_ENTITY, "faults": ["lines"]},
        "placed": {"id": order_id, "again": order_id, "number": number},
        "followed": {"id": order_id, "number": number, "first": "order-placed"},
        "listed": {"orders": [order_id], "next": None},
        "cancelled": {"id": order_id},
        "ended": {"status": "cancelled", "answer": "withdrawn"},
    }
