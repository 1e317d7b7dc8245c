"""The part of one contestant, in a process of its own: `python -m tests.bench.contestants PART [SERVICE]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from services.carrier.main import Settings as CarrierSettings
from services.orders.settings import Settings as OrdersSettings
from services.tracking.main import Settings as TrackingSettings
from shared.service import serve
from shared.settings import PlatformSettings
from tests.bench.answers import WORLDS, alone, answered, nobody, people, service_of
from tests.bench.peers import bare_loop, callbacks, intake, labels, one_at_a_time, reads


def _event_line(how: str) -> Callable[[str], None]:
    """The event line: everybody outside answers at once."""

    def part(name: str) -> None:
        make, settings = service_of(name)
        alone_made = alone(make, WORLDS.get(name, nobody))
        match how:
            case "batched":
                serve(alone_made, settings, name)
            case "one":
                _run(one_at_a_time.run(alone_made, settings, name))
            case _:
                _run(bare_loop.run(settings, name))

    return part


def _whole_line(how: str) -> Callable[[str], None]:
    """The whole line: people answer at once, the outside is the sandbox."""

    def part(name: str) -> None:
        make, settings = service_of(name)
        made = answered(make, people if name == "warehouse" else nobody)
        if how == "batched":
            serve(made, settings, name)
        else:
            _run(one_at_a_time.run(made, settings, name))

    return part


def _app(make: Callable[[], Any], settings: PlatformSettings) -> None:
    _run(one_at_a_time.serve_app(make(), settings))


def _run(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)


PARTS: dict[str, Callable[[str], None]] = {
    "event-batched": _event_line("batched"),
    "event-one": _event_line("one"),
    "event-bare": _event_line("bare"),
    "line-batched": _whole_line("batched"),
    "line-one": _whole_line("one"),
    "intake-one": lambda _: serve(intake.one, OrdersSettings(), "orders"),
    "intake-bare": lambda _: _app(intake.bare, OrdersSettings()),
    "labels-one": lambda _: serve(labels.one, CarrierSettings(), "carrier"),
    "callbacks-one": lambda _: serve(callbacks.one, CarrierSettings(), "carrier"),
    "callbacks-bare": lambda _: _app(lambda: callbacks.bare(CarrierSettings()), CarrierSettings()),
    "reads-orm": lambda _: _app(lambda: reads.orm(TrackingSettings()), TrackingSettings()),
    "reads-bare": lambda _: _app(lambda: reads.bare(TrackingSettings()), TrackingSettings()),
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else "")
