"""`make run`: starts everything, plays every scenario, and stays until Ctrl-C. Settings come from the environment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console

from sandbox.demo import lanes, makers, proof
from sandbox.demo.after_run import keep_working, restock, slow_down
from sandbox.demo.api import Api
from sandbox.demo.clock import FASTEST
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.dashboard import print_timeline
from sandbox.demo.goods import BY_LOT
from sandbox.demo.lanes import POSTAL_SHOP, RETAIL_SHOP, Shop, decided, declared_again, open_shop, quoted_lane
from sandbox.demo.next_steps import next_steps
from sandbox.demo.orders import Order
from sandbox.demo.run import Demo
from sandbox.demo.scenarios import BY_NAME, BY_POST, LEFT_TO_YOU, SCENARIOS, batch
from sandbox.local.processes import CannotStartError
from sandbox.local.stack import ROOT, Stack
from sandbox.local.supervise import supervised
from services.registry import SERVICES
from shared.operations import stack_file
from shared.operations.stack_file import RunningStack

SETTINGS = {**lanes.SETTINGS, **makers.SETTINGS, **proof.SETTINGS}
"""Of the services, by service."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    orders: int = Field(
        default=24, ge=len(SCENARIOS), le=20_000, description="how many are placed; each scenario at least once"
    )
    speed: float = Field(default=60_000, ge=100, le=FASTEST, description="business seconds in a real one")
    exit: bool = Field(default=False, description="leave at the end instead of staying up")
    result: Path | None = Field(default=None, description="where the summary goes")
    patience_seconds: float = Field(default=0, ge=0, description="0: as the number of orders asks for")

    @property
    def patience(self) -> float:
        """Real seconds until the demo gives up on the orders."""
        return self.patience_seconds or 150 + 0.2 * self.orders + 30 * 60_000 / self.speed


async def main(settings: Settings) -> int:
    console = Console()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    run_dir = ROOT / ".run" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    started = time.monotonic()
    console.print("starting PostgreSQL, the broker, the services and the sandbox ...", highlight=False)
    async with (
        Stack(
            run_dir, speed=min(SLOW, settings.speed), settings={**lanes.SETTINGS, **makers.SETTINGS, **proof.SETTINGS}
        ) as stack,
        Api(stack.urls, stack.secrets.api_keys) as api,
        open_shop(POSTAL_SHOP, stack.urls, stack.secrets.api_keys, stack.dsns) as by_post,
        _registered(stack, console),
        supervised(stack, partial(console.print, markup=False, highlight=False, soft_wrap=True)),
    ):
        console.print(f"all ready after {time.monotonic() - started:.0f} s", highlight=False)
        onboarding = makers.Onboarding(api, stack.urls, stack.secrets.api_keys, stack.clock.now)
        console.print("validating the makers and their products ...", highlight=False)
        if not await _unless_stopped(onboarding.run(), stop):
            return 130
        demo = Demo(stack, api, console, speed=settings.speed, patience=settings.patience)
        prefix = f"SP{secrets.token_hex(2).upper()}"
        left_open = None if settings.exit else LEFT_TO_YOU
        run = demo.run(batch(settings.orders), prefix=prefix, left_open=left_open, postal_shop=by_post, validated=True)
        if not await _unless_stopped(run, stop):
            return 130
        summary = await demo.summary()
        summary |= _connections(stack) | {"seconds": round(time.monotonic() - started, 1)}
        for path in {run_dir / "summary.json", settings.result or run_dir / "summary.json"}:
            await asyncio.to_thread(_write, path, summary)
        _print_result(console, demo, summary)
        await slow_down(stack)
        if summary["ok"]:
            await _print_lanes(console, demo, api, by_post)
            await _print_makers(console, api, onboarding)
            await _print_unit(console, demo, api, stack)
        if not settings.exit:
            await restock(api, f"GR-{prefix}-MORE")
            _print_next_steps(console, demo, stack)
            await _unless_stopped(keep_working(demo, api, console), stop)
    return 0 if summary["ok"] else 1


@asynccontextmanager
async def _registered(stack: Stack, console: Console) -> AsyncIterator[None]:
    """While inside, the commands find the stack by its file."""
    running = RunningStack(
        began=datetime.now(UTC).isoformat(timespec="seconds"),
        urls=stack.urls,
        api_keys=stack.secrets.api_keys,
        clock_file=str(stack.clock_file),
        environments={name: stack.environment(name) for name in SERVICES},
    )
    with ExitStack() as exit_stack:
        try:
            exit_stack.enter_context(stack_file.announced(stack_file.where(), running))
        except stack_file.AlreadyRuns:
            console.print("another stack is running here already: the commands use that one", style="yellow")
        yield


async def _unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Whether the work was finished before it was told to stop."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    return False


def _print_next_steps(console: Console, demo: Demo, stack: Stack) -> None:
    orders = list(demo.orders.by_id.values())
    held = next((order for order in orders if order.scenario.left_open), orders[0])
    delivered = next((order for order in orders if demo.orders.status(order) == "delivered"), orders[0])
    buyer = str(demo.orders.documents[delivered.id]["marketplace"])
    text = next_steps(
        stack.urls, stack.secrets.api_keys, stack.clock.now(), held=held, delivered=delivered, buyer=buyer
    )
    console.print(f"\n{text}", highlight=False, markup=False, soft_wrap=True)


def _connections(stack: Stack) -> dict[str, Any]:
    """What a script needs to look into the processes: keys, databases, broker, logs."""
    return {
        "api_keys": stack.secrets.api_keys,
        "databases": stack.dsns,
        "kafka_bootstrap": stack.servers.kafka_bootstrap,
        "logs": str(stack.run_dir / "logs"),
        "pid": os.getpid(),
    }


def _write(path: Path, summary: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)  # it holds API keys
    draft.write_text(json.dumps(summary, indent=2, ensure_ascii=False))
    draft.replace(path)


def _print_result(console: Console, demo: Demo, summary: dict[str, Any]) -> None:
    split = next(order for order in demo.orders.by_id.values() if order.scenario.name == "split")
    if split.id in demo.details:
        print_timeline(console, split, demo.details[split.id])
    ended = len(summary["orders"]) - len(summary["wrong"])
    console.print(f"\n{ended} of {len(summary['orders'])} orders ended as their scenario says.", highlight=False)
    for order in demo.orders.wrong():
        console.print(
            f"  {order.number} {order.scenario.title}: {demo.orders.status(order)}, not {order.scenario.outcome}"
        )
    for refusal in demo.actors.failed:
        console.print(f"  refused: {refusal}", highlight=False, soft_wrap=True)
    received = sum(row["received"] for row in summary["stock"])
    mismatched = summary["stock_that_does_not_add_up"]
    console.print(
        f"Stock: {received} units received, "
        + (f"but these do not add up: {', '.join(mismatched)}" if mismatched else "each accounted for."),
        highlight=False,
    )
    for name, url in summary["api_docs"].items():
        metrics = summary["metrics"].get(name, "")
        console.print(f"{name + ':':<15} {url}  {metrics}", highlight=False, soft_wrap=True)


async def _print_lanes(console: Console, demo: Demo, api: Api, by_post: Shop) -> None:
    """What each marketplace is quoted for an order that it has placed, what customs decided; how a rejection ended."""

    async def order_and_customs(name: str) -> tuple[Order, dict[str, Any]]:
        order = next(order for order in demo.orders.by_id.values() if order.scenario.name == name)
        return order, await api.get("customs", f"/orders/{order.id}")

    console.print("\nTwo lanes into China:", highlight=False)
    for shop, scenario in ((Shop(RETAIL_SHOP, api), BY_NAME["delivered"]), (by_post, BY_POST)):
        console.print(f"  {quoted_lane(shop.name, await shop.quote(scenario))}", highlight=False, soft_wrap=True)
        console.print(f"    {decided(*await order_and_customs(scenario.name))}", highlight=False, soft_wrap=True)
    console.print(f"  {declared_again(*await order_and_customs('customs_rejected'))}", highlight=False, soft_wrap=True)


async def _print_makers(console: Console, api: Api, onboarding: makers.Onboarding) -> None:
    console.print("\nMakers:", highlight=False)
    console.print(f"  {makers.onboarded(onboarding.rejected_for)}", highlight=False, soft_wrap=True)
    console.print(f"  {await makers.lapsed(api)}", highlight=False, soft_wrap=True)


async def _print_unit(console: Console, demo: Demo, api: Api, stack: Stack) -> None:
    unit = await proof.delivered_unit(api, demo.orders)
    if unit is None:
        return
    way = await proof.proven_way(api, unit, stack.environment("provenance"))
    copy = await proof.caught_copy(api, stack.urls["provenance"], unit)
    page = f"{stack.urls['provenance']}{unit.link}"
    lot = await proof.lot_page(stack.urls["provenance"], BY_LOT)
    console.print(f"\n{way}\n  {copy}\n  its page: {page}\n{lot}", highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    try:
        settings = Settings()
    except ValidationError as invalid:
        messages = [f"{str(error['loc'][0]).upper()}={error['input']}: {error['msg']}" for error in invalid.errors()]
        sys.exit("\n".join(messages))
    try:
        sys.exit(asyncio.run(main(settings)))
    except CannotStartError as error:
        sys.exit(str(error))
