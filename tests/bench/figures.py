"""What was measured: numbers by metric and contestant, a number a round; kept as JSON, shown as tables."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Numbers = Mapping[str, float]
"""What one turn of one contestant gave, by metric."""
Turn = Callable[[str], Awaitable[Numbers]]
console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Figure:
    metric: str
    """What is counted, with its unit."""
    how: str
    """The contestant, or what else tells this row from the others."""
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Result:
    """One stage in one run on one machine."""

    stage: str
    title: str
    ours: str
    """The contestant that is this project; the others are compared with it. Empty: there is nothing to compare."""
    hows: Mapping[str, str]
    """Each contestant in words."""
    figures: Sequence[Figure]
    size: Mapping[str, Any]
    machine: str = ""
    servers: str = ""
    measured_on: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d}")

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """Metric, contestant, median, lowest, highest, and how many times the contestant ours is."""
        ours = {figure.metric: figure.median for figure in self.figures if figure.how == self.ours}
        return [
            (
                figure.metric,
                self.hows.get(figure.how, figure.how),
                number(figure.median),
                number(min(figure.values)),
                number(max(figure.values)),
                f"{ours[figure.metric] / figure.median:.2f} x" if ours.get(figure.metric) and figure.median else "",
            )
            for figure in self.figures
        ]


def number(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


async def take_turns(stage: str, hows: Sequence[str], rounds: int, turn: Turn) -> list[Figure]:
    """Every contestant once a round, each round beginning with another, so that what the machine does besides hits all
    alike."""
    values: dict[tuple[str, str], list[float]] = {}
    for round_index in range(rounds):
        shift = round_index % len(hows)
        for how in (*hows[shift:], *hows[:shift]):
            numbers = await turn(how)
            for metric, value in numbers.items():
                values.setdefault((metric, how), []).append(value)
            text = ", ".join(f"{number(value)} {metric}" for metric, value in numbers.items())
            console.print(f"{stage} round {round_index + 1} {how}: {text}")
    metrics = dict.fromkeys(metric for metric, _ in values)
    return [Figure(m, how, tuple(values[m, how])) for m in metrics for how in hows if (m, how) in values]


def show(result: Result) -> None:
    table = Table("", "", "median", "lowest", "highest", "ours is", title=f"{result.title}\n{result.machine}")
    for row in result.rows():
        table.add_row(*row)
    console.print(table)


def keep(path: Path, result: Result) -> None:
    """Adds the stage to the file, in the place of an earlier run of it."""
    known = read(path)
    known[result.stage] = result
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({name: asdict(stage_result) for name, stage_result in known.items()}, indent=1, ensure_ascii=False)
        + "\n"
    )


def read(path: Path) -> dict[str, Result]:
    """Every stage in the file; none when there is no file."""
    if not path.exists():
        return {}
    return {
        name: Result(
            **{
                **raw,
                "figures": [
                    Figure(figure["metric"], figure["how"], tuple(figure["values"])) for figure in raw["figures"]
                ],
            }
        )
        for name, raw in json.loads(path.read_text()).items()
    }


def machine() -> str:
    """Processor, cores, memory, system, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
