"""One trace from `POST /orders` to the end of the order, through every service, as a small OTLP receiver sees it."""

from __future__ import annotations

import asyncio
import gzip
import io
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from rich.console import Console

from sandbox.demo.api import Api
from sandbox.demo.clock_speed import SLOW
from sandbox.demo.run import Demo
from sandbox.demo.scenarios import BY_NAME
from sandbox.local.stack import Stack
from services.registry import LINE, SERVICES
from shared import tracing
from tests.support.servers import running_servers

pytestmark = pytest.mark.slow


@dataclass
class Receiver:
    """Records what is sent to `/v1/traces`."""

    spans: list[tuple[str, Span]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    url: str = ""

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            resource_spans = [span for scope in resource.scope_spans for span in scope.spans]
            self.spans += [(names["service.name"], span) for span in resource_spans]

    def of_order(self, order_id: str) -> list[tuple[str, Span]]:
        return [(service, span) for service, span in self.spans if text(span, "silkpost.stream") == f"order/{order_id}"]


def text(span: Span, key: str) -> str:
    return next((item.value.string_value for item in span.attributes if item.key == key), "")


def facts(span: Span) -> list[str]:
    values = next((item.value.array_value.values for item in span.attributes if item.key == "silkpost.facts"), ())
    return [value.string_value for value in values]


@contextmanager
def receiver() -> Iterator[Receiver]:
    recorded = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            recorded.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield recorded
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_one_trace_from_the_order_placed_to_its_end_through_all_services(tmp_path: Path) -> None:
    with receiver() as recorded:
        service_settings = {
            name: {"OTEL_EXPORTER_OTLP_ENDPOINT": recorded.url, "OTEL_BSP_SCHEDULE_DELAY": "200"} for name in SERVICES
        }
        prefix = f"trace_{secrets.token_hex(3)}"
        async with (
            running_servers(tmp_path) as servers,
            Stack(tmp_path, speed=SLOW, prefix=prefix, settings=service_settings, servers=servers) as stack,
            Api(stack.urls, stack.secrets.api_keys) as api,
        ):
            demo = Demo(stack, api, Console(file=io.StringIO()), speed=60_000, patience=90)
            await demo.run([BY_NAME["delivered"]], prefix="TR")
            assert demo.orders.wrong() == []
            order = next(iter(demo.orders.by_id.values()))
        # The stack has drained, and every service has sent what it had left.
        spans = recorded.of_order(order.id)
        traces = {span.trace_id for _, span in spans}
        assert len(traces) == 1
        assert {service for service, _ in spans} == set(SERVICES) - {"makers"}  # no event of an order is for it
        published = {kind for _, span in spans for kind in facts(span)}
        assert {"order-placed.v1", "label-created.v1", "parcel-delivered.v1", "order-closed.v1"} <= published

        in_trace = [(service, span) for service, span in recorded.spans if span.trace_id in traces]
        names = {(service, span.name) for service, span in in_trace}
        assert ("orders", "POST /orders") in names, "the trace begins with the request"
        assert ("carrier", "job label.laposte") in names, "outside calls belong to it"
        assert ("carrier", "POST") in names
        assert ("carrier", "call-back") in names, "and what the carrier calls back with"
        assert {service for service, span in in_trace if span.name.startswith("send ")} >= set(LINE) - {"tracking"}
        call_backs = [span for service, span in in_trace if (service, span.name) == ("carrier", "call-back")]
        requests = {span.span_id for _, span in recorded.spans if span.name == "POST /webhooks/laposte"}
        assert requests >= {link.span_id for span in call_backs for link in span.links}

        known = {span.span_id for _, span in in_trace}
        roots = [span.name for _, span in in_trace if span.parent_span_id not in known]
        assert roots == ["POST /orders"], "every other span has its parent in the trace"
        sent = b"".join(recorded.raw)
        who = order.person
        assert not [word for word in (who.name, who.phone, who.resident_id, order.secret) if word.encode() in sent]


async def test_nothing_is_made_when_it_is_off() -> None:
    assert not tracing.on()
    with tracing.span("anything"), tracing.outside("GET", "example.org"), tracing.sending([{"id": 1}]) as traces:
        assert traces == {}
    tracing.begin("test", "")
    assert not tracing.on()


@pytest.mark.parametrize(
    "traceparent", [None, "", "00-zz-11-01", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "00-abc", "x" * 500]
)
async def test_a_request_with_a_bad_traceparent_begins_its_own(traceparent: str | None) -> None:
    with receiver() as recorded:
        tracing.begin("test", recorded.url)
        try:
            with tracing.span("asked", "server", parent=traceparent):
                await asyncio.sleep(0)
        finally:
            await tracing.end()
        [(service, span)] = recorded.spans
        assert (service, span.name, span.parent_span_id) == ("test", "asked", b"")
