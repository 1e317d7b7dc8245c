"""What one connection, one request and all of them together may cost a service, before anybody is known.

Bytes and real seconds. A proxy in front of the services is configured from the same constants.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

CONNECTIONS = 4096
"""Open at a time in one process; the next is answered 503 and closed."""
HEAD_BYTES = 16 * 1024
"""Request line and header fields together."""
URL_BYTES = 8 * 1024
FIELDS = 64
"""Header fields of a request."""
BODY_BYTES = 256 * 1024
"""Of one request, unless its route takes less."""
FRAMING_BYTES = 64 * 1024
"""Of one chunked body beyond its content: chunk sizes, their extensions, trailers."""
BODIES_BYTES = 32 * 1024 * 1024
"""Of all requests that one process has received and not answered."""
PIPELINED = 8
"""Requests of one connection that wait for the one under way."""

FIRST_BYTE_SECONDS = 10.0
"""Until a new connection sends something."""
HEAD_SECONDS = 10.0
"""From the first byte of a request until its head is whole."""
BODY_SECONDS = 30.0
"""From the head until the body is whole."""
ANSWER_SECONDS = 60.0
"""From the head until the answer begins. A stream may then go on."""
WRITE_SECONDS = 30.0
"""How long a client may leave unread what was written to it."""
KEEP_ALIVE_SECONDS = 30
"""Between an answer and the next request of the connection. Longer than clients and proxies keep an idle connection
(five seconds in HAProxy's pool and in httpx), so that they close it and not we: a server that closes first may meet a
request that is already on its way."""
LINGER_SECONDS = 2.0
"""How long a refused connection is still read, so that the client sees the answer and not a reset."""
TIME_CHECK_SECONDS = 0.5
"""How often the times above are checked."""

FILES_KEPT = 256
"""File descriptors for what is no client: databases, brokers, outgoing calls, log files."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """The limits of one process."""

    connections: int = CONNECTIONS
    head_bytes: int = HEAD_BYTES
    url_bytes: int = URL_BYTES
    fields: int = FIELDS
    body_bytes: int = BODY_BYTES
    framing_bytes: int = FRAMING_BYTES
    bodies_bytes: int = BODIES_BYTES
    pipelined: int = PIPELINED
    first_byte_seconds: float = FIRST_BYTE_SECONDS
    head_seconds: float = HEAD_SECONDS
    body_seconds: float = BODY_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    write_seconds: float = WRITE_SECONDS
    linger_seconds: float = LINGER_SECONDS
    time_check_seconds: float = TIME_CHECK_SECONDS


INTERNAL_CONNECTIONS = 64
"""To the internal port: probes, Prometheus, an operator. Files for them are among those kept."""


def files_allow(connections: int) -> int:
    """This many connections, or fewer where the process may not open as many files; its soft limit is raised first
    where that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - FILES_KEPT))
