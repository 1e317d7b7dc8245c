"""The part of one contestant, in a process of its own: `python -m tests.bench.contestants PART SERVICE`.

Each part imports what it needs and no more, so that start and memory are its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

import uvloop

from shared.platform import Make, serve
from shared.settings import PlatformSettings


def event_batched(name: str) -> None:
    """The event line, as the project does it; everybody outside answers at once."""
    make, settings = _alone(name)
    serve(make, settings, name)


def event_one(name: str) -> None:
    make, settings = _alone(name)
    _run(import_module("tests.bench.peers.one_at_a_time").run(make, settings, name))


def event_bare(name: str) -> None:
    _run(import_module("tests.bench.peers.bare_loop").run(PlatformSettings(), name))


def line_batched(name: str) -> None:
    """The whole line, as the project does it: people answer at once, the outside is the sandbox."""
    make, settings = _answered(name)
    serve(make, settings, name)


def line_one(name: str) -> None:
    make, settings = _answered(name)
    _run(import_module("tests.bench.peers.one_at_a_time").run(make, settings, name))


def with_peer(module: str) -> Callable[[str], None]:
    """A service with one room exchanged: `peer` of `tests.bench.peers.<module>`."""

    def part(name: str) -> None:
        _, settings = _service_of(name)
        serve(import_module(f"tests.bench.peers.{module}").peer, settings, name)

    return part


def app_of(module: str, function: str) -> Callable[[str], None]:
    """An application that is no service of ours: `function(settings)` of `tests.bench.peers.<module>`."""

    def part(name: str) -> None:
        _, settings = _service_of(name)
        app = getattr(import_module(f"tests.bench.peers.{module}"), function)(settings)
        _run(import_module("tests.bench.peers.serving").serve_app(app, settings))

    return part


def _service_of(name: str) -> tuple[Make, PlatformSettings]:
    module = import_module(f"services.{name}.main")
    return module.service, module.Settings()


def _alone(name: str) -> tuple[Make, PlatformSettings]:
    answers, (make, settings) = import_module("tests.bench.answers"), _service_of(name)
    return answers.alone(make, answers.WORLDS.get(name, answers.nobody)), settings


def _answered(name: str) -> tuple[Make, PlatformSettings]:
    answers, (make, settings) = import_module("tests.bench.answers"), _service_of(name)
    return answers.answered(make, answers.people if name == "warehouse" else answers.nobody), settings


def _run(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)


PARTS: dict[str, Callable[[str], None]] = {
    "event-batched": event_batched,
    "event-one": event_one,
    "event-bare": event_bare,
    "line-batched": line_batched,
    "line-one": line_one,
    "intake-one": with_peer("intake"),
    "intake-bare": app_of("intake", "bare"),
    "labels-one": with_peer("labels"),
    "declarations-one": with_peer("declarations"),
    "callbacks-one": with_peer("callbacks"),
    "callbacks-bare": app_of("callbacks", "bare"),
    "reads-orm": app_of("reads", "orm"),
    "reads-bare": app_of("reads", "bare"),
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](sys.argv[2])
