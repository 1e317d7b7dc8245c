"""What makes a service of its rooms: one process with an HTTP app, a consumer, a relay, workers and a sweep."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from contracts.base import Event, Topic
from shared import persons, tracing
from shared.clock import Clock
from shared.db import DB, SHUT_OUT, TRANSIENT, connect_pool
from shared.http import problems
from shared.http.api_keys import Keys
from shared.http.idempotency import Principal, Required
from shared.http.middleware import RequestMiddleware
from shared.http.protocol import serving
from shared.jobs.worker import JobKind, Worker
from shared.ledger.ledger import Handle, Ledger, Observe, Project
from shared.links import parse_link_keys
from shared.loop import Loop
from shared.messaging import dead_letters
from shared.messaging.consumer import Consumer
from shared.messaging.decoder import Decoder, OnErased
from shared.messaging.partition_log import LogProbe, started
from shared.messaging.relay import Relay
from shared.operations import operator_api, readiness
from shared.operations.internal_api import internal_app
from shared.sealing import Seal, decode_key
from shared.settings import PlatformSettings
from shared.supervise import Group, keep_pruning, refuse_restored, sweep, watch
from shared.telemetry import configure_logs, log

OnRestored: TypeAlias = Callable[[DB, Sequence[Event]], Awaitable[None]]
Task: TypeAlias = Callable[["Platform", Loop], Awaitable[None]]
"""An endless loop of a service's own: ticks its pulse, is cancelled at the end."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service's wiring, to be read as a table."""

    name: str
    publishes: Topic
    consumes: tuple[Topic, ...]
    subscriptions: tuple[type[Event], ...]
    handle: Handle
    project: Project | None = None
    jobs: tuple[JobKind, ...] = ()
    tasks: tuple[Task, ...] = ()
    routers: Sequence[APIRouter] = ()
    also_publishes: tuple[Topic, ...] = ()
    """Topics it writes to beside the one for its events."""
    seals: tuple[persons.Part, ...] = ()
    """The parts of a person's record that it may open."""
    on_erased: OnErased | None = None
    observe: Observe | None = None
    only_reads: bool = False
    """Its HTTP interface only reads: it stays ready while its database takes no writes."""
    on_restored: OnRestored | None = None
    """What a service writes down beside facts that its database had forgotten; see `shared.messaging.restore`."""

    @property
    def counterparts(self) -> frozenset[str]:
        """Whom its jobs call."""
        return frozenset(kind.counterpart for kind in self.jobs)


class Platform:
    """What a service stands on. Given to its routers, jobs and tasks; `wire` completes it."""

    ledger: Ledger
    decoder: Decoder
    pool: asyncpg.Pool[asyncpg.Record]
    consumer: Consumer
    relay: Relay

    def __init__(self, settings: PlatformSettings) -> None:
        self.settings = settings
        self.clock = Clock.from_file(settings.clock_file)
        self.keys = Keys(settings)
        self.log = log
        self.heartbeat = readiness.Heartbeat()
        self.loops: list[Loop] = []
        self.wakers: list[Callable[[], None]] = []
        self.only_reads = False
        """Over HTTP: then it is ready on a database that takes no writes."""
        self.blocked: str | None = None
        """Why this service may not work until an operator has decided."""
        self.lag: int | None = None
        """Records that wait on the topics, when they were last counted; None before."""
        self.on_end: Callable[[], None] = lambda: None
        """Called when the loops have ended, asked to or broken."""

    @functools.cached_property
    def storage_key(self) -> bytes:
        return decode_key(self.settings.storage_key.get_secret_value(), "STORAGE_KEY")

    @functools.cached_property
    def seal(self) -> Seal:
        """Seals what this service stores."""
        return Seal(self.storage_key)

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
        """A dependency: see `shared.http.idempotency.Required`."""
        return Required(self, scopes).principal

    def wake(self) -> None:
        """Something was committed: events to send, jobs to run."""
        for waker in self.wakers:
            waker()

    def loop(self, name: str) -> Loop:
        loop = Loop(name)
        self.loops.append(loop)
        return loop


Make: TypeAlias = Callable[[Platform], Service]
"""A service's composition root."""


def build_app(platform: Platform, service: Service) -> FastAPI:
    """The public HTTP side: the service's own routes and those of its operator, and nothing that describes them."""
    app = FastAPI(
        title=f"Silkpost {service.name}",
        version="1",
        openapi_url=None,
        redirect_slashes=False,  # they would lead to wherever the Host header says
        responses={422: problems.INVALID},
        middleware=[
            *([Middleware(tracing.Traced)] if tracing.on() else []),
            Middleware(RequestMiddleware, body_limit=platform.settings.body_limit),
        ],
    )
    problems.install(app)
    for router in (*service.routers, operator_api.router(platform, service.name, service.counterparts)):
        app.include_router(router)

    return app


@asynccontextmanager
async def connected(
    make: Make, settings: PlatformSettings, *, patient: bool = True
) -> AsyncIterator[tuple[Platform, Service]]:
    """The service on its database, with nothing running. Waits for a database that is away; unless it is `patient`, it
    raises TRANSIENT errors instead."""
    platform = Platform(settings)
    starting = Loop("database")
    while True:
        try:
            platform.pool = await connect_pool(settings.database_dsn(), settings.database_pool, "silkpost")
            break
        except SHUT_OUT:
            raise  # a wrong setting: whoever starts it should see that at once
        except TRANSIENT as error:
            if not patient:
                raise
            await starting.back_off(error)
    async with platform.pool:
        service = make(platform)
        platform.only_reads = service.only_reads
        platform.ledger = Ledger(
            platform.pool,
            platform.clock,
            service.name,
            service.publishes.name,
            service.handle,
            service.project,
            {kind.kind: kind.counterpart for kind in service.jobs},
            platform.wake,
            lambda: platform.blocked,
            service.observe,
            cached_orders=settings.cached_orders,
        )
        platform.decoder = Decoder(
            service.name,
            service.consumes,
            service.subscriptions,
            platform.ledger,
            platform.persons,
            service.on_erased,
            platform.clock.now,
        )
        yield platform, service


@asynccontextmanager
async def running(make: Make, settings: PlatformSettings) -> AsyncIterator[tuple[Platform, FastAPI]]:
    """The whole service but its HTTP socket; leaves drained: batches finished, answers stored, outbox sent."""
    async with connected(make, settings) as (platform, service):
        main = asyncio.create_task(_run(platform, service))
        main.add_done_callback(lambda _: platform.on_end())
        try:
            yield platform, build_app(platform, service)
        finally:
            main.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await main


async def _run(platform: Platform, service: Service) -> None:
    probe = LogProbe(platform.settings)
    written = [topic.name for topic in (service.publishes, *service.also_publishes)]
    refused = functools.partial(dead_letters.dead_letter_refused, platform)
    relay = Relay(platform.settings, platform.pool, probe, service.name, written, refused)
    broker = platform.loop("broker")
    async with Group() as pulse:
        pulse.start(readiness.keep_beating(platform, platform.loop("heartbeat")))
        try:
            await started(probe.start, broker)
            await relay.start(broker)
            await refuse_restored(platform, probe, service.publishes.name, broker)
            await _work(platform, service, probe, relay, broker, pulse)
        finally:
            await relay.stop()
            await probe.stop()


async def _work(
    platform: Platform, service: Service, probe: LogProbe, relay: Relay, broker: Loop, pulse: Group
) -> None:
    """All loops until cancelled; the relay goes last, so that what the others finish still leaves."""
    lease = platform.settings.job_lease_seconds
    workers = [Worker(platform.pool, platform.ledger, kind, lease) for kind in service.jobs]
    platform.wakers += [relay.wake, *(worker.wake for worker in workers)]
    topics = [topic.name for topic in service.consumes]
    consumer = Consumer(
        platform.settings,
        service.name,
        topics,
        platform.pool,
        platform.ledger,
        platform.decoder,
        probe,
    )
    platform.consumer, platform.relay = consumer, relay
    async with Group() as last, Group() as group:
        last.start(relay.run(platform.loop("relay")))
        group.start(watch(platform, probe, service, broker))
        group.start(consumer.run(platform.loop("consumer")))
        group.start(sweep(platform, consumer, platform.loop("sweep")))
        group.start(keep_pruning(platform, platform.loop("prune")))
        for worker in workers:
            group.start(worker.run(platform.loop(worker.name)))
        for task in service.tasks:
            group.start(task(platform, platform.loop(getattr(task, "__name__", "task"))))
        await group.forever(last, pulse)


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: it would end the process before the loops have drained."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(make: Make, settings: PlatformSettings, name: str) -> None:
    """Runs a service until SIGTERM or SIGINT, then drains and leaves."""
    configure_logs(name)
    # What a service keeps (facts in memory) holds no cycles; looking for some at every turn costs a fifth of its time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    tracing.begin(name, settings.otel_exporter_otlp_endpoint)
    uvloop.run(_serve(make, settings))


async def _serve(make: Make, settings: PlatformSettings) -> None:
    async with running(make, settings) as (platform, app):
        internal = internal_app(platform, app)
        servers = [
            _listener(app, settings.http_host, settings.http_port, serving(settings, "public")),
            _listener(internal, settings.internal_host, settings.internal_port, serving(settings, "internal")),
        ]

        # handle_exit, not should_exit: open streams listen to it and end at once.
        def end(number: int = signal.SIGTERM) -> None:
            for server in servers:
                server.handle_exit(number, None)

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        platform.on_end = end
        await asyncio.gather(*(server.serve() for server in servers))
    await tracing.end()


def _listener(app: FastAPI, host: str, port: int, bounds: Mapping[str, Any]) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=5,
            **bounds,
        )
    )
