"""What makes a service of its rooms: one process with an HTTP app, a consumer, a relay, workers and a sweep."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import uvicorn
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware import Middleware

from contracts.base import Event, Topic
from shared import persons, problems
from shared.clock import Clock
from shared.db import DB, TRANSIENT, connect_pool
from shared.facts import Moment
from shared.http import Edge, Keys, Principal, require
from shared.jobs import JobKind, Worker
from shared.ledger import Handle, Ledger, Project
from shared.links import parse_link_keys
from shared.logs import LogProbe, started
from shared.messaging import Consumer, Decoder, OnErased
from shared.outbox import BATCH_BYTES, Relay, forgotten
from shared.sealing import Seal, decode_key
from shared.settings import PlatformSettings
from shared.telemetry import Loop, configure_logs, log, metrics

SWEEP_SECONDS = 0.25
WATCH_SECONDS = 2.0
PRUNE_SECONDS = 3600.0
DUE_TOGETHER = 500
DRAIN_SECONDS = 20.0

Task: TypeAlias = Callable[["Platform", Loop], Awaitable[None]]
"""An endless loop of a service's own: ticks its pulse, is cancelled at the end."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service's wiring, to be read as a table."""

    name: str
    says: Topic
    listens_to: tuple[Topic, ...]
    hears: tuple[type[Event], ...]
    handle: Handle
    project: Project | None = None
    jobs: tuple[JobKind, ...] = ()
    tasks: tuple[Task, ...] = ()
    routers: Sequence[APIRouter] = ()
    seals: tuple[persons.Part, ...] = ()
    """The parts of a person's record that it may open."""
    on_erased: OnErased | None = None


class Platform:
    """What a service stands on. Given to its routers, jobs and tasks; `wire` completes it."""

    ledger: Ledger
    decoder: Decoder
    pool: asyncpg.Pool[asyncpg.Record]

    def __init__(self, settings: PlatformSettings) -> None:
        self.settings = settings
        self.clock = Clock.from_file(settings.clock_file)
        self.keys = Keys()
        self.log = log
        self.loops: list[Loop] = []
        self.blocked: str | None = None
        """Why this service may not work until an operator has decided."""

    @functools.cached_property
    def seal(self) -> Seal:
        """Seals what this service stores."""
        return Seal(decode_key(self.settings.storage_key.get_secret_value(), "STORAGE_KEY"))

    @functools.cached_property
    def link_keys(self) -> dict[str, bytes]:
        return parse_link_keys(self.settings.link_keys.get_secret_value())

    @functools.cached_property
    def persons(self) -> persons.Persons:
        texts: dict[persons.Part, str] = {
            "contact": self.settings.contact_key.get_secret_value(),
            "national_id": self.settings.national_id_key.get_secret_value(),
        }
        return persons.Persons(
            {part: Seal(decode_key(text, f"{part.upper()}_KEY")) for part, text in texts.items() if text}
        )

    def require(self, *scopes: str) -> Callable[..., Awaitable[Principal]]:
        """A dependency: see `shared.http.require`."""
        return require(self, *scopes)

    def loop(self, name: str) -> Loop:
        loop = Loop(name)
        self.loops.append(loop)
        return loop


Make: TypeAlias = Callable[[Platform], Service]
"""A service's composition root."""


def build_app(platform: Platform, service: Service) -> FastAPI:
    """The HTTP side: the service's own routes, `/livez`, `/readyz`, `/metrics`, `/docs`."""
    app = FastAPI(
        title=f"Silkpost {service.name}",
        version="1",
        middleware=[Middleware(Edge, body_limit=platform.settings.body_limit)],
    )
    problems.install(app)
    for router in service.routers:
        app.include_router(router)

    @app.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        """Fails only when a loop of ours has stopped turning; a server that is away must restart nobody."""
        patience = platform.settings.stuck_after_seconds
        stuck = [loop.name for loop in platform.loops if Loop.now() - loop.last_tick > patience]
        return JSONResponse({"stuck": stuck}, 503 if stuck else 200)

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        """Whether requests are answered truthfully now. A broker that is away is shown but does not stop intake."""
        checks: dict[str, str] = {loop.name: loop.trouble or "ok" for loop in platform.loops}
        checks["database"] = await _database(platform)
        if platform.blocked:
            checks["blocked"] = platform.blocked
        stopped = checks["database"] != "ok" or platform.blocked is not None or not platform.loops
        stopped = stopped or any(loop.stopped or loop.trouble == "starting" for loop in platform.loops)
        return JSONResponse({"ready": not stopped, "checks": checks}, 503 if stopped else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics_page() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


async def _database(platform: Platform) -> str:
    try:
        async with asyncio.timeout(2):
            await platform.pool.fetchval("select 1")
    except TRANSIENT as error:
        return type(error).__name__
    return "ok"


@asynccontextmanager
async def running(make: Make, settings: PlatformSettings) -> AsyncIterator[tuple[Platform, FastAPI]]:
    """The whole service but its HTTP socket; leaves drained: batches finished, answers stored, outbox sent."""
    platform = Platform(settings)
    starting = Loop("database")
    while True:
        try:
            dsn = settings.database_url.get_secret_value()
            pool = await connect_pool(dsn, settings.database_pool, "silkpost")
            break
        except TRANSIENT as error:
            await starting.back_off(error)
    platform.pool = pool
    service, consumer, relay, workers, probe, producer = _wire(platform, make)
    app = build_app(platform, service)
    main = asyncio.create_task(_run(platform, service, consumer, relay, workers, probe, producer))
    try:
        yield platform, app
    finally:
        main.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await main
        await pool.close()


def _wire(platform: Platform, make: Make) -> tuple[Service, Consumer, Relay, list[Worker], LogProbe, AIOKafkaProducer]:
    settings = platform.settings
    service = make(platform)
    probe = LogProbe(settings.kafka_bootstrap)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        acks="all",
        enable_idempotence=False,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=10_000,
    )
    relay = Relay(platform.pool, producer, probe, service.name)
    workers: list[Worker] = []

    def wake() -> None:
        relay.wake()
        for worker in workers:
            worker.wake()

    platform.ledger = Ledger(
        platform.pool,
        platform.clock,
        service.says.name,
        service.handle,
        service.project,
        {kind.kind: kind.counterpart for kind in service.jobs},
        wake,
        lambda: platform.blocked,
    )
    workers += [Worker(platform.pool, platform.ledger, kind) for kind in service.jobs]
    platform.decoder = Decoder(service.hears, platform.ledger, platform.persons, service.on_erased, platform.clock.now)
    topics = [topic.name for topic in service.listens_to]
    consumer = Consumer(
        settings, service.name, topics, platform.pool, platform.ledger, platform.decoder, probe, platform.clock.now
    )
    return service, consumer, relay, workers, probe, producer


async def _run(
    platform: Platform,
    service: Service,
    consumer: Consumer,
    relay: Relay,
    workers: Sequence[Worker],
    probe: LogProbe,
    producer: AIOKafkaProducer,
) -> None:
    broker = platform.loop("broker")
    await started(probe.start, broker)
    await started(producer.start, broker)
    try:
        await _refuse_restored(platform, probe, service, broker)
        async with _Group() as group:
            group.start(_watch(platform, probe, service, broker))
            group.start(consumer.run(platform.loop("consumer")))
            for worker in workers:
                group.start(worker.run(platform.loop(worker.name)))
            for task in service.tasks:
                group.start(task(platform, platform.loop(getattr(task, "__name__", "task"))))
            group.start(_sweep(platform, consumer, platform.loop("sweep")))
            group.start(_prune(platform, platform.loop("prune")))
            relaying = asyncio.create_task(relay.run(platform.loop("relay")))
            try:
                await group.forever()
            finally:
                await group.stop()
                with contextlib.suppress(KafkaError, *TRANSIENT):
                    await relay.send_once()
                relaying.cancel()
                await asyncio.gather(relaying, return_exceptions=True)
    finally:
        await producer.stop()
        await probe.stop()


class _Group:
    """Loops that live and end together. One that breaks ends the process: a half-alive service lies."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> _Group:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self, loop: Awaitable[None]) -> None:
        self._tasks.add(asyncio.ensure_future(loop))

    async def forever(self) -> None:
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a loop broke", error=error)
                raise error

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)


async def _refuse_restored(platform: Platform, probe: LogProbe, service: Service, loop: Loop) -> None:
    """A database that is older than what it has said must not decide anew in silence."""
    while True:
        loop.tick()
        try:
            unknown = await forgotten(platform.pool, probe)
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        if not unknown:
            platform.blocked = None
            return
        if platform.blocked is None:
            platform.blocked = f"{unknown} events on {service.says.name} are unknown to this database: was it restored?"
            log.error("blocked", cause=platform.blocked)
        await asyncio.sleep(5)


async def _watch(platform: Platform, probe: LogProbe, service: Service, loop: Loop) -> None:
    """Asks broker and database how things stand, for readiness and metrics."""
    while True:
        loop.tick()
        try:
            await probe.ends(await probe.lanes([service.says.name]))
            row = await platform.pool.fetchrow(
                """select count(*) as depth, coalesce(extract(epoch from now() - min(recorded_at)), 0) as age
                   from outbox where sent_at is null"""
            )
            if row is not None:
                metrics.outbox_depth.set(row["depth"])
                metrics.outbox_age.set(float(row["age"]))
            for ready in await platform.pool.fetch(
                "select kind, count(*) filter (where status = 'ready') as n from jobs group by kind"
            ):
                metrics.jobs_ready.labels(ready["kind"]).set(ready["n"])
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(WATCH_SECONDS)


async def _sweep(platform: Platform, consumer: Consumer, loop: Loop) -> None:
    """Rings the alarms: decides again the orders whose time has come, once all said by then was heard."""
    while True:
        loop.tick()
        try:
            now = platform.clock.now()
            due = await _due(platform, now)
            if due:
                reached = await consumer.caught_up()
                if await reached():
                    async with platform.ledger.transaction() as db:
                        await platform.ledger.record(db, woken=due, moment=Moment(now, caught_up=True))
        except (KafkaError, *TRANSIENT) as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        await asyncio.sleep(SWEEP_SECONDS)


async def _due(platform: Platform, now: Any) -> list[UUID]:
    rows = await platform.pool.fetch(
        "select order_id from fact_sets where wake_at <= $1 order by wake_at limit $2", now, DUE_TOGETHER
    )
    return [row["order_id"] for row in rows]


async def _prune(platform: Platform, loop: Loop) -> None:
    """Drops what only served repeats and retries, once its retention has passed. Facts stay."""
    while True:
        loop.tick()
        try:
            async with platform.pool.acquire() as db:
                await prune(db, platform.settings.retention_days)
        except TRANSIENT as error:
            await loop.back_off(error)
            continue
        loop.healthy()
        next_time = Loop.now() + PRUNE_SECONDS
        while Loop.now() < next_time:
            loop.tick()
            await asyncio.sleep(min(10.0, PRUNE_SECONDS))


async def prune(db: DB, retention_days: int) -> None:
    """Sent outbox rows, finished jobs and idempotency keys older than this (real days)."""
    for statement in (
        "delete from outbox where sent_at < now() - $1 * interval '1 day'",
        "delete from jobs where status = 'done' and finished_at < now() - $1 * interval '1 day'",
        "delete from idempotency_keys where created_at < now() - $1 * interval '1 day'",
    ):
        await db.execute(statement, float(retention_days))


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it would end the process before the loops have drained."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(make: Make, settings: PlatformSettings, name: str) -> None:
    """Runs a service until SIGTERM or SIGINT, then drains and leaves."""
    configure_logs(name)
    uvloop.run(_serve(make, settings))


async def _serve(make: Make, settings: PlatformSettings) -> None:
    async with running(make, settings) as (_, app):
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )

        def leave() -> None:
            server.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, leave)
        await server.serve()
