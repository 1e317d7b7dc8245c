"""Spans by OpenTelemetry when `OTEL_EXPORTER_OTLP_ENDPOINT` is set; nothing at all when it is not.

All events of a stream belong to one trace, whoever caused them. Each service keeps the trace in which it first consumed
a fact of it (`stream_traces`), so that jobs, timers, call-backs and people's requests, which have a trace of their own
or none, join it; the span that they come from is linked. A context travels as W3C `traceparent`: in HTTP, in the
outbox, in a record's header. Spans hold streams, types of facts and errors by type and place; never personal data.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.base import Stream
from shared.db import DB
from shared.telemetry import current_traceparent, describe, metrics, traced

if TYPE_CHECKING:
    import asyncpg
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    from opentelemetry.util.types import AttributeValue

Kind = Literal["internal", "server", "client", "producer", "consumer"]
LINKS = 100
FACTS_NAMED = 20

_tracer: Tracer | None = None
_provider: TracerProvider | None = None


class NoTracing(Exception):
    """Tracing is asked for, but its packages are not installed."""


def begin(service: str, endpoint: str) -> None:
    """Turns tracing on when there is an endpoint: OTLP over HTTP, in batches, from a thread of its own.

    All else comes from OpenTelemetry's own variables (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, ...).
    """
    global _tracer, _provider
    if not endpoint or _provider is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import NoOpTracer
    except ImportError as missing:
        raise NoTracing("OTEL_EXPORTER_OTLP_ENDPOINT is set, and the extra `tracing` is not installed") from missing
    _provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "silkpost"}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    tracer = _provider.get_tracer("silkpost")
    if not isinstance(tracer, NoOpTracer):  # as OTEL_SDK_DISABLED makes it: its spans have no trace
        _tracer = tracer


async def end() -> None:
    """Sends what is left, and turns tracing off."""
    global _tracer, _provider
    provider, _tracer, _provider = _provider, None, None
    if provider is not None:
        await asyncio.to_thread(provider.shutdown)


def on() -> bool:
    return _tracer is not None


def _start(
    name: str, kind: Kind, parent: str | None, links: Sequence[str | None], attributes: Mapping[str, AttributeValue]
) -> Span:
    from opentelemetry import trace

    assert _tracer is not None  # noqa: S101
    others = [_remote(link) for link in dict.fromkeys(links) if link != parent]
    named = [trace.get_current_span(context).get_span_context() for context in others]
    linked = [trace.Link(context) for context in named if context.is_valid]
    return _tracer.start_span(name, _remote(parent), trace.SpanKind[kind.upper()], attributes, linked[:LINKS])


def _remote(traceparent: str | None) -> Context:
    """A context with the span that this header names; an empty one when it names none, or is not of W3C's form."""
    from opentelemetry.context import Context

    return _propagator().extract({"traceparent": traceparent or ""}, Context())


def traceparent_of(span: Span) -> str:
    from opentelemetry import trace
    from opentelemetry.context import Context

    carrier: dict[str, str] = {}
    _propagator().inject(carrier, trace.set_span_in_context(span, Context()))
    return carrier["traceparent"]


@cache
def _propagator() -> TraceContextTextMapPropagator:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()


@contextmanager
def _ended(span: Span) -> Iterator[Span]:
    """Ends the span; an error marks it by type and place, for its text may hold anything."""
    from opentelemetry.trace import StatusCode

    try:
        yield span
    except Exception as error:
        span.set_status(StatusCode.ERROR, describe(error))
        span.set_attribute("error.type", type(error).__name__)
        raise
    finally:
        span.end()


@contextmanager
def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: str | None = None,
    links: Sequence[str | None] = (),
    **attributes: Any,
) -> Iterator[None]:
    """Work inside is this span's, a child of `parent` or else of the current one. Attributes are written with `__`
    for a dot. Nothing when tracing is off."""
    if _tracer is None:
        yield
        return
    named = {key.replace("__", "."): value for key, value in attributes.items() if value is not None}
    with (
        _ended(_start(name, kind, parent or current_traceparent(), links, named)) as started,
        traced(traceparent_of(started)),
    ):
        yield


@contextmanager
def outside(method: str, host: str) -> Iterator[None]:
    """A request to a counterpart: timed; a span when it is made for a stream. Polling, which belongs to no stream,
    makes none."""
    with metrics.outside_calls.labels(method, host).time():
        if _tracer is None or current_traceparent() is None:
            yield
            return
        with span(method, "client", http__request__method=method, server__address=host):
            yield


async def known(db: DB | asyncpg.Pool[asyncpg.Record], stream_ids: Collection[UUID]) -> dict[UUID, str]:
    """The traces of these streams, as far as they have one."""
    if _tracer is None or not stream_ids:
        return {}
    rows = await db.fetch(
        "select stream_id, traceparent from stream_traces where stream_id = any($1)", list(stream_ids)
    )
    return {row["stream_id"]: row["traceparent"] for row in rows}


async def mention(pool: asyncpg.Pool[asyncpg.Record], stream: Stream, name: str) -> None:
    """Leaves a span in the stream's trace, linked to the current one, which is about it."""
    parent = (await known(pool, [stream.id])).get(stream.id)
    if parent is not None:
        _start(name, "consumer", parent, [current_traceparent()], _about(stream, ())).end()


@asynccontextmanager
async def recording(
    db: DB, facts: Mapping[Stream, Sequence[str]], stated: Mapping[UUID, str] | None
) -> AsyncIterator[Mapping[UUID, str]]:
    """A span for each stream whose facts are recorded, in that stream's own trace: its traceparent by the stream's id.

    `facts` are the types of what is new. `stated` is the traces that the records bear; None when no record brought the
    facts, so that the current span counts for streams that are new here.
    """
    before, current = await known(db, [stream.id for stream in facts]), current_traceparent()
    parents = {
        stream: (stated or {}).get(stream.id) or before.get(stream.id) or (current if stated is None else None)
        for stream in facts
    }
    spans = {
        stream: _start("record", "internal", parent, [current], _about(stream, facts[stream]))
        for stream, parent in parents.items()
    }
    traceparents = {stream.id: traceparent_of(span) for stream, span in spans.items()}
    new = {
        stream.id: parent or traceparents[stream.id] for stream, parent in parents.items() if stream.id not in before
    }
    try:
        if new:
            await db.execute(
                """insert into stream_traces (stream_id, traceparent) select * from unnest($1::uuid[], $2::text[])
                   on conflict do nothing""",
                list(new),
                list(new.values()),
            )
        yield traceparents
    finally:
        for span in spans.values():
            span.end()


def _about(stream: Stream, facts: Sequence[str]) -> dict[str, AttributeValue]:
    return {"silkpost.stream": str(stream), "silkpost.facts": list(facts[:FACTS_NAMED])}


@contextmanager
def sending(rows: Sequence[Any]) -> Iterator[Mapping[int, str]]:
    """A span for each outbox row that is being sent: the traceparent to send it with, by the row's id."""
    if _tracer is None:
        yield {}
        return
    spans = {
        row["id"]: _start(
            f"send {row['topic']}",
            "producer",
            row["traceparent"],
            [],
            {
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.destination.name": row["topic"],
                "messaging.message.id": str(row["event_id"]),
                "silkpost.facts": [row["type"]],
            },
        )
        for row in rows
        if row["traceparent"]
    }
    try:
        yield {row_id: traceparent_of(span) for row_id, span in spans.items()}
    finally:
        for span in spans.values():
            span.end()


class Traced:
    """A span for each request. Outermost, and only there when tracing is on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _tracer is None:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        parent = headers.get(b"traceparent", b"").decode("ascii", "ignore") or None
        about = {"http.request.method": scope["method"], "url.scheme": scope.get("scheme", "http")}
        with _ended(_start(scope["method"], "server", parent, [], about)) as request_span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    request_span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            fields = [(name, value) for name, value in scope["headers"] if name != b"traceparent"]
            inner = {**scope, "headers": [*fields, (b"traceparent", traceparent_of(request_span).encode())]}
            try:
                await self._app(inner, receive, watched)
            finally:
                route = getattr(inner.get("route"), "path", None)
                if route:  # the template, never the path: a path holds ids
                    request_span.update_name(f"{scope['method']} {route}")
                    request_span.set_attribute("http.route", route)
