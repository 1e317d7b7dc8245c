"""`python -m tests.bench [STAGE ...]`: runs stages, prints them, and adds them to the result file."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from sandbox.local.stack import ROOT
from tests.bench import figures
from tests.bench.figures import Result, console
from tests.bench.servers import BenchServers, bench_servers
from tests.bench.size import Size
from tests.bench.stages import (
    callbacks,
    declarations,
    event_line,
    growth,
    intake,
    label_batch,
    labels,
    provenance,
    reads,
    visible,
    whole_line,
)

STAGES: dict[str, Callable[[BenchServers, Size], Awaitable[Result]]] = {
    "event-line": event_line.run,
    "whole-line": whole_line.run,
    "intake": intake.run,
    "labels": labels.run,
    "label-batch": label_batch.run,
    "declarations": declarations.run,
    "callbacks": callbacks.run,
    "reads": reads.run,
    "visible": visible.run,
    "growth": growth.run,
    "provenance": provenance.run,
}
DEFAULT = Size()


def main(
    stages: Annotated[list[str] | None, typer.Argument(help=f"some of {', '.join(STAGES)}; all when none")] = None,
    rounds: Annotated[int, typer.Option(help="turns of each contestant")] = DEFAULT.rounds,
    seconds: Annotated[float, typer.Option(help="how long each load lasts")] = DEFAULT.seconds,
    warm: Annotated[float, typer.Option(help="seconds of load before it counts")] = DEFAULT.warm,
    connections: Annotated[int, typer.Option(help="clients at the same time")] = DEFAULT.connections,
    orders: Annotated[int, typer.Option(help="orders, labels or declarations of a turn")] = DEFAULT.orders,
    slow_share: Annotated[
        int, typer.Option(help="who does one thing at a time gets this part of them")
    ] = DEFAULT.slow_share,
    latency_ms: Annotated[float, typer.Option(help="what a stand-in takes for a call")] = DEFAULT.latency_ms,
    stored: Annotated[int, typer.Option(help="orders there already, times 1, 10 and 100")] = DEFAULT.stored,
    servers: Annotated[
        Literal["embedded", "containers"], typer.Option(envvar="SERVERS", help="where they come from")
    ] = "embedded",
    drop_topics: Annotated[
        bool, typer.Option(help="with KAFKA_BOOTSTRAP: yes, drop the project's topics there, at every turn")
    ] = False,
    result: Annotated[Path, typer.Option(help="the file to which the stages are added")] = ROOT / ".run" / "bench.json",
) -> None:
    """Prints machine, median, spread and ratios of each stage. The load generators run on the same machine."""
    chosen = stages or list(STAGES)
    if unknown := [name for name in chosen if name not in STAGES]:
        raise typer.BadParameter(f"no such stage: {', '.join(unknown)}")
    if os.environ.get("KAFKA_BOOTSTRAP") and not drop_topics:
        raise typer.BadParameter("turns begin with empty topics: those of KAFKA_BOOTSTRAP are lost; say --drop-topics")
    size = Size(
        rounds=rounds,
        seconds=seconds,
        warm=warm,
        connections=connections,
        orders=orders,
        slow_share=slow_share,
        latency_ms=latency_ms,
        stored=stored,
    )
    os.environ["SERVERS"] = servers
    asyncio.run(run(chosen, size, result, containers=servers == "containers"))


async def run(chosen: list[str], size: Size, result: Path, *, containers: bool) -> None:
    """The stages one after another on the same servers."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that starts is asked until it answers
    async with bench_servers(containers=containers) as bench:
        servers = await bench.words()
        for name in chosen:
            result_of_stage = replace(await STAGES[name](bench, size), machine=figures.machine(), servers=servers)
            figures.show(result_of_stage)
            figures.keep(result, result_of_stage)
    console.print(f"kept in {result}")


if __name__ == "__main__":
    typer.run(main)
