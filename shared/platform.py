"""Composes a service of its parts: one process with an HTTP app, a consumer, a relay, workers and timers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import asyncpg
import uvicorn
import uvloop
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from contracts.base import ORDER, Event, Stream, Topic
from shared import tracing
from shared.clock import Clock
from shared.db import SHUT_OUT, TRANSIENT, Blocked, NewerFacts, SharedSessions, connect_pool, new_pool
from shared.http import idempotency
from shared.http.api_keys import Keys
from shared.http.idempotency import IdempotentRequests
from shared.http.middleware import RequestMiddleware
from shared.http.openapi import NO_DESCRIPTION, ApiDescription, document, problems
from shared.http.problems import install
from shared.http.protocol import serving
from shared.jobs.worker import JobKind, Worker
from shared.ledger.facts import Facts
from shared.ledger.ledger import Ledger
from shared.ledger.rules import NO_HOOKS, Hooks, Observe, Rules, StreamKind
from shared.ledger.timers import Timers
from shared.ledger.versions import PublishedVersions
from shared.loop import Loop
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.decoder import Decoder, Keeper
from shared.messaging.decompression import UnreadableBatch
from shared.messaging.partition_log import LogProbe, started
from shared.messaging.relay import Relay
from shared.messaging.restore import OnRestored, Restore, count_unknown_events
from shared.operations import gauges, operator_api, readiness
from shared.operations.internal_api import internal_app
from shared.operations.keys import KeyMissing, require_known_keys
from shared.operations.pruning import keep_pruning
from shared.operations.state import ServiceState
from shared.operations.status import status_of
from shared.operations.why import Finding, FindingsOf, why
from shared.sealing import KeyedColumn, Seal, require_keys
from shared.settings import PlatformSettings, WrongSetting
from shared.supervise import Group, Task
from shared.telemetry import configure_logs, log, metrics

BLOCKED_SECONDS = 5.0
"""How often a blocked service looks whether it was restored from its topics meanwhile."""


def _no_findings(_service: str, _facts: Facts) -> Sequence[Finding]:
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service's wiring, to be read as a table."""

    name: str
    publishes: Topic | None = None
    consumes: tuple[Topic, ...] = ()
    subscriptions: tuple[type[Event], ...] = ()
    """Of what these topics carry, the facts that it keeps and decides on."""
    kinds: tuple[StreamKind, ...] = ()
    """Of streams, in the order of their locks."""
    hooks: Hooks = NO_HOOKS
    findings: FindingsOf = _no_findings
    keepers: tuple[Keeper, ...] = ()
    """Who stores the records of topics that carry no facts."""
    jobs: tuple[JobKind, ...] = ()
    tasks: tuple[Task, ...] = ()
    routers: Sequence[APIRouter] = ()
    api: ApiDescription = NO_DESCRIPTION
    """Of these routes, in its OpenAPI document."""
    also_publishes: tuple[Topic, ...] = ()
    """Topics it writes to beside the one for its events. Events of the topic table that stand there lead to them."""
    observe: Observe | None = None
    only_reads: bool = False
    """Its HTTP interface only reads: it stays ready while its database takes no writes."""
    before_ready: Callable[[LogProbe, Loop], Awaitable[None]] | None = None
    """What must be done at each start before it is ready; again when a server is away meanwhile."""
    keyed: tuple[KeyedColumn, ...] = ()
    """What its own tables hold that was made with a key."""
    on_restored: OnRestored | None = None
    """What it stores beside facts that its database lacked; see `shared.messaging.restore`."""

    @property
    def own_topics(self) -> list[str]:
        """Where facts that it keeps are published: the one topic for its events, and those for some of them."""
        kept = {kind.name for kind in self.kinds}
        apart = [topic.name for topic in self.also_publishes if any(event.KIND in kept for event in topic.events)]
        return [*([self.publishes.name] if self.publishes else []), *apart]

    @property
    def topics(self) -> list[str]:
        """All that it writes to."""
        return [topic.name for topic in (*([self.publishes] if self.publishes else []), *self.also_publishes)]

    @property
    def job_kinds(self) -> list[str]:
        return [kind.kind for kind in self.jobs]

    @property
    def counterparts(self) -> frozenset[str]:
        """The counterparts that its jobs call."""
        return frozenset(kind.counterpart for kind in self.jobs)


class Platform:
    """The parts on which a composition root builds its service: it gives each route, job and task those that it
    needs."""

    decoder: Decoder
    letters: DeadLetters
    consumer: Consumer
    relay: Relay

    def __init__(self, settings: PlatformSettings, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self.settings = settings
        self.pool = pool
        self.state = ServiceState()
        self.clock = Clock.from_file(settings.clock_file)
        self.keys = Keys(pool, settings)
        self.require = self.keys.require
        self.wakers: list[Callable[[], None]] = []
        """Called after each commit."""
        self.workers: dict[str, Callable[[], None]] = {}
        """What wakes the worker of each kind of job."""
        self.ledger = Ledger(
            pool, self.clock, self.wake, lambda: self.state.blocked, self.state.block, settings.cached_streams
        )
        self.on_end: Callable[[], None] = lambda: None
        """Called when the loops have ended, whether on request or by a failure."""

    @functools.cached_property
    def seal(self) -> Seal:
        """Seals what this service stores."""
        return Seal(require_keys(self.settings.keys()["STORAGE_KEY"], "STORAGE_KEY"))

    @functools.cached_property
    def requests(self) -> IdempotentRequests:
        return IdempotentRequests(self.ledger, self.seal)

    def wake(self, job_kinds: Collection[str] = ()) -> None:
        """Something was committed: events to send, jobs of these kinds to run."""
        for waker in self.wakers:
            waker()
        for kind in job_kinds:
            if (wake := self.workers.get(kind)) is not None:
                wake()

    async def caught_up(self) -> Callable[[], Awaitable[bool]]:
        """A function that returns True once all that is in the consumed topics now is consumed."""
        return await self.consumer.caught_up()


Make: TypeAlias = Callable[[Platform], Service]
"""A service's composition root."""


def build_app(platform: Platform, service: Service) -> FastAPI:
    """The public HTTP side: the service's own routes and those of its operator, and nothing that describes them."""
    app = FastAPI(
        title=f"Silkpost {service.name}",
        version="1",
        openapi_url=None,
        redirect_slashes=False,  # such redirects would lead wherever the Host header says
        responses=dict[int | str, Any](problems(422)["responses"]),
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            *([Middleware(tracing.Traced)] if tracing.on() else []),
            Middleware(RequestMiddleware, body_limit=platform.settings.body_limit),
        ],
    )
    install(app)
    operator = operator_api.router(
        platform.require,
        platform.pool,
        platform.letters,
        service.counterparts,
        lambda: status_of(service.name, platform.pool, platform.state, platform.clock),
        lambda order_id: why(
            service.name,
            Stream(ORDER, order_id),
            platform.pool,
            platform.ledger,
            platform.state,
            service.findings,
        ),
        lambda: platform.wake(service.job_kinds),
    )
    routers = (*service.routers, operator)
    for router in routers:
        app.include_router(router)
    about = replace(service.api, tags={**service.api.tags, **operator_api.TAGS})
    app.openapi = functools.cache(partial(document, app, routers, about))  # type: ignore[method-assign]  # FastAPI's own way
    return app


def composed(make: Make, settings: PlatformSettings) -> FastAPI:
    """The public HTTP side of a service that is connected to nothing: what its OpenAPI document is made from."""

    async def compose() -> FastAPI:
        platform = Platform(settings, new_pool(settings.database_dsn(), settings.database_pool, "silkpost"))
        return build_app(platform, _wired(platform, make))

    return asyncio.run(compose())


def _wired(platform: Platform, make: Make) -> Service:
    service = make(platform)
    platform.state.name = service.name
    platform.state.only_reads = service.only_reads
    platform.ledger.rules = Rules(
        service.name,
        service.publishes.name if service.publishes else None,
        service.kinds,
        service.hooks,
        service.observe,
        {kind.kind: kind.counterpart for kind in service.jobs},
        PublishedVersions(platform.settings.published_versions),
        {event_type: topic.name for topic in service.also_publishes for event_type in topic.types},
    )
    _count_from_zero(service)
    if unknown := {event.KIND for event in service.subscriptions} - platform.ledger.rules.by_name.keys():
        raise ValueError(f"{service.name} subscribes to facts of kinds that it does not declare: {sorted(unknown)}")
    platform.decoder = Decoder(
        service.consumes,
        service.subscriptions,
        platform.ledger,
        platform.clock.now,
        service.keepers,
    )
    platform.letters = DeadLetters(platform.pool, platform.ledger, platform.decoder, platform.clock)
    return service


def _count_from_zero(service: Service) -> None:
    """What alerts watch by `increase`, which does not see a series begin at one."""
    for kind in service.kinds:
        if kind.decide is not None:
            metrics.undecided.labels(kind.name)
    for topic in service.consumes:
        metrics.foreign.labels(topic.name)
        metrics.missed.labels(topic.name)


@asynccontextmanager
async def connected(
    make: Make, settings: PlatformSettings, *, patient: bool = True
) -> AsyncIterator[tuple[Platform, Service]]:
    """The service on its database, with nothing running. Waits for a database that is away; unless it is `patient`, it
    raises TRANSIENT errors instead."""
    # Faults that waiting does not mend are raised at once: a wrong setting, facts of a newer release.
    passing = tuple(kind for kind in TRANSIENT if kind not in (*SHUT_OUT, Blocked)) if patient else ()
    database = Loop("database")
    pool = await database.attempt(
        lambda: connect_pool(settings.database_dsn(), settings.database_pool, "silkpost"), passing
    )
    async with pool:
        platform = Platform(settings, pool)
        service = _wired(platform, make)
        await database.attempt(platform.ledger.refuse_newer, passing)
        await database.attempt(lambda: require_known_keys(pool, settings.keys(), keyed_of(service)), passing)
        yield platform, service


def keyed_of(service: Service) -> tuple[KeyedColumn, ...]:
    """All that the service's database holds that was made with a key."""
    return (idempotency.SEALED, *service.keyed)


def restore_of(platform: Platform, service: Service) -> Restore:
    """The restore of a connected service from its own topic."""
    return Restore(
        platform.settings,
        service.own_topics,
        platform.pool,
        platform.ledger,
        platform.decoder,
        service.on_restored,
    )


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
    state, probe = platform.state, LogProbe(platform.settings)
    relay = Relay(platform.settings, platform.pool, probe, service.name, service.topics, platform.letters.add_refused)
    platform.relay = relay
    # All of them are declared from the beginning: a service is ready when none of its loops is still starting.
    for name in ("broker", "relay", *(["consumer"] if service.consumes else []), "timers"):
        state.loop(name)
    broker = state.loop("broker")
    async with Group() as pulse:
        pulse.start(readiness.keep_beating(state.heartbeat, platform.pool, state.loop("heartbeat")))
        try:
            await started(probe.start, broker)
            await relay.start(broker)
            await _wait_while_blocked(platform, probe, service.own_topics, broker)
            if (prepare := service.before_ready) is not None:
                await broker.attempt(lambda: prepare(probe, broker), (KafkaError, UnreadableBatch, *TRANSIENT))
            await _work(platform, service, probe, relay, pulse)
        finally:
            await relay.stop()
            await probe.stop()


async def _wait_while_blocked(platform: Platform, probe: LogProbe, topics: Sequence[str], loop: Loop) -> None:
    """A database that is older than what was published must not decide anew unnoticed."""
    state = platform.state
    while unknown := await loop.attempt(
        lambda: count_unknown_events(platform.pool, probe, topics), (KafkaError, *TRANSIENT)
    ):
        if state.blocked is None:
            state.blocked = f"{unknown} events on {', '.join(topics)} are unknown to this database: was it restored?"
            log.error("blocked", cause=state.blocked)
        await loop.sleep(BLOCKED_SECONDS)
    state.blocked = None


async def _work(platform: Platform, service: Service, probe: LogProbe, relay: Relay, pulse: Group) -> None:
    """All loops until cancelled; the relay ends last, so that events of the others are still sent."""
    settings, pool, ledger, state = platform.settings, platform.pool, platform.ledger, platform.state
    workers = [Worker(pool, ledger, kind, settings.job_lease_seconds) for kind in service.jobs]
    platform.wakers.append(relay.wake)
    platform.workers |= {kind.kind: worker.wake for kind, worker in zip(service.jobs, workers, strict=True)}
    topics, kinds = [topic.name for topic in service.consumes], service.job_kinds
    platform.consumer = consumer = Consumer(settings, service.name, topics, pool, ledger, platform.decoder, probe)
    timers = Timers(pool, ledger, platform.clock, consumer.caught_up)
    async with Group() as last, Group() as group:
        last.start(relay.run(state.loop("relay")))
        group.start(gauges.watch(pool, probe, state, kinds, service.own_topics, topics, state.loop("broker")))
        if topics:
            group.start(consumer.run(state.loop("consumer")))
        group.start(timers.run(state.loop("timers")))
        group.start(platform.letters.keep_replaying_parked(state.loop("parked")))
        group.start(keep_pruning(pool, settings.retention_days, state.loop("prune")))
        for worker in workers:
            group.start(worker.run(state.loop(worker.name)))
        for task in service.tasks:
            group.start(task.run(state.loop(task.name)))
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
    try:
        uvloop.run(_serve(make, settings))
    except (KeyMissing, SharedSessions, WrongSetting) as refused:
        raise SystemExit(f"{name} does not start: {refused}") from None
    except NewerFacts as newer:
        raise SystemExit(f"{name} does not start: {newer}; run the release that wrote them, or a later one") from None


async def _serve(make: Make, settings: PlatformSettings) -> None:
    async with running(make, settings) as (platform, app):
        internal = internal_app(platform.state, settings.stuck_after_seconds, app)
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
