"""Logs as JSON lines without personal data, Prometheus metrics, and the trace that work belongs to."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import structlog
from prometheus_client import Counter, Gauge, Histogram

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def _brief_errors(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """Errors as type and place, never with their text: a validation error prints its input."""
    if (error := event.pop("error", None)) is not None:
        event["error"] = describe(error) if isinstance(error, BaseException) else str(error)
    return event


def configure_logs(service: str) -> None:
    """JSON lines on standard output; the libraries' own warnings too."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            cast("structlog.types.Processor", _brief_errors),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_LibraryLine(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # For each of its lines about a broker that is away there is one of ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class _LibraryLine(logging.Formatter):
    """A library's line: its logger and its template, without the arguments, which may hold anything."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        fields = {"service": self._service, "level": record.levelname.lower(), "logger": record.name}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            fields["error"] = describe(error)
        return cast(str, structlog.processors.JSONRenderer()(None, "", {**fields, "event": str(record.msg)}))


log: structlog.stdlib.BoundLogger = structlog.get_logger()


def describe(error: BaseException) -> str:
    """An error as its type and the place in our code where it came out; never its message."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}" if place else type(error).__name__


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets that OpenTelemetry advises for durations."""


class _Metrics:
    """Every metric of the platform, in one place. Those that OpenTelemetry names bear its names, dots as underscores.

    Labels are of bounded variety: no ids, nothing of a person. Gauges that are read from the database have the same
    value on every replica.
    """

    def __init__(self) -> None:
        partition = ["messaging_destination_name", "messaging_destination_partition_id"]
        self.requests = Histogram(
            "http_server_request_duration_seconds",
            "HTTP requests",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=_SECONDS,
        )
        self.connections = Gauge("http_server_open_connections", "connections of clients", ["port"])
        self.refused = Counter(
            "http_server_refused", "connections and requests refused before a route saw them", ["reason"]
        )
        self.outside_calls = Histogram(
            "http_client_request_duration_seconds",
            "HTTP requests to counterparts",
            ["http_request_method", "server_address"],
            buckets=_SECONDS,
        )
        self.records = Counter("messaging_client_consumed_messages", "records consumed", partition[:1])
        self.outbox_sent = Counter("messaging_client_sent_messages", "events acknowledged by the broker")
        self.batch_seconds = Histogram(
            "messaging_process_duration_seconds", "one consumer transaction", buckets=_SECONDS
        )
        self.repeats = Counter("messaging_repeats", "facts consumed again and dropped")
        self.lag = Gauge("messaging_consumer_lag", "records between our position and the log's end", partition)
        self.dead_letters = Counter("messaging_dead_letters", "records that could not be handled")
        self.foreign = Counter(
            "messaging_foreign_records",
            "records that none of our services can have sent",
            ["messaging_destination_name"],
        )
        self.missed = Counter(
            "messaging_missed_records",
            "records that retention removed before they were read",
            partition[:1],
        )
        self.parked = Gauge("messaging_parked_records", "records of a version newer than this service")
        self.dead_letters_waiting = Gauge("messaging_dead_letters_waiting", "dead letters not replayed yet")
        self.generation = Gauge(
            "messaging_log_generation", "times the broker lost records of this log of ours", partition
        )
        self.undecided = Counter(
            "ledger_undecided", "times a stream could not be decided and was put off for an hour, by its kind", ["kind"]
        )
        self.relocks = Counter("ledger_relocks", "transactions begun again because they needed a lock out of order")
        self.large_streams = Gauge(
            "ledger_large_streams", "streams of a decided kind with more than 500 facts, which are loaded as a whole"
        )
        self.outbox_depth = Gauge("outbox_depth", "events not sent yet")
        self.outbox_age = Gauge("outbox_oldest_age_seconds", "age of the oldest event not sent yet")
        self.jobs = Counter("jobs_finished", "outside calls by how they ended", ["kind", "outcome"])
        self.jobs_ready = Gauge("jobs_ready", "outside calls that wait", ["kind"])
        self.jobs_age = Gauge("jobs_oldest_ready_age_seconds", "age of the oldest outside call that waits", ["kind"])
        self.jobs_exhausted = Gauge("jobs_exhausted_last_day", "outside calls given up within a day", ["kind"])
        self.paused = Gauge("counterpart_paused", "1 while an operator has stopped the calls", ["counterpart"])
        self.paused_kinds = Gauge(
            "jobs_paused", "1 while the service itself lets jobs of a kind wait: all would fail", ["kind"]
        )
        self.blocked = Gauge("service_blocked", "1 while the service may decide nothing: see the runbook")
        self.loop_age = Gauge("loop_tick_age_seconds", "since an endless loop has last turned", ["loop"])
        self.loop_trouble = Gauge("loop_in_trouble", "1 while a loop waits for a server", ["loop"])
        self.loop_stopped = Gauge("loop_stopped", "1 when a loop has given up and waits for an operator", ["loop"])


metrics = _Metrics()


_W3C = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def valid_traceparent(text: str | None) -> str | None:
    """The header as W3C Trace Context (level 1) has it; None for anything else: it is stored and sent on with every
    event, so nothing of a stranger's making may be in it."""
    return text if text is not None and _W3C.fullmatch(text) else None


@contextmanager
def traced(traceparent: str | None) -> Iterator[None]:
    """Work inside belongs to this W3C trace; a new one begins when there is none, or none of W3C's form."""
    token = _traceparent.set(valid_traceparent(traceparent) or _new_traceparent())
    try:
        yield
    finally:
        _traceparent.reset(token)


def _new_traceparent() -> str:
    ids = os.urandom(24).hex()
    return f"00-{ids[:32]}-{ids[32:]}-01"


def current_traceparent() -> str | None:
    return _traceparent.get()
