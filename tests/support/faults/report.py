"""What a run of the faults found: kept as JSON, and told as a page made of it."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HEAD = """\
# Faults

Generated from [faults.json](faults.json) by `make faults`; not edited by hand. Each row is a fault that was injected
while orders were in flight, with the invariants it could break (below). *In flight*: orders that had not ended at the
injection, the median. *Recovery*: real seconds from the end of the fault until every event published by then had been
sent, and consumed by all its consumers; faults that were injected together share it. A violation counts for the row in
which it was seen, or whose orders it concerns.
"""
INVARIANTS = {
    "I1": "no accepted order is lost: it ends, or reaches a state that a person can see and settle",
    "I2": "stock is never negative or oversold; received = available + reserved + shipped + written off",
    "I3": "at most one label per parcel is ever handed over; an unconfirmed label after a lost answer is recorded",
    "I4": "a timeline is the set of the accepted carrier events, each once, in event-time order",
    "I5": "every fact has its effect once; outboxes drain; one bad record delays its own order only",
    "I6": "each parcel is declared once, in order, with the weight on the scale; the parts add up to the cent",
    "I7": "no false 2xx: readiness and answers are correct while something is down",
    "I8": "no personal data where it does not belong; after erasure none",
    "I9": "recovery takes a limited time, and needs no person",
}


@dataclass
class Row:
    fault: str
    where: str
    invariants: str
    bound: float
    """Seconds within which the system must have recovered."""
    injections: int = 0
    in_flight: list[int] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Report:
    seed: int
    minutes: float
    servers: str = ""
    rows: list[Row] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    orders: int = 0
    ended: int = 0
    began: float = field(default_factory=time.monotonic)

    def row(self, fault: str, where: str, invariants: str, bound: float) -> Row:
        for known in self.rows:
            if (known.fault, known.where) == (fault, where):
                return known
        self.rows.append(Row(fault, where, invariants, bound))
        return self.rows[-1]

    def document(self) -> dict[str, Any]:
        return {
            "ran_at": datetime.now(UTC).isoformat(timespec="minutes"),
            "seed": self.seed,
            "minutes": self.minutes,
            "seconds": round(time.monotonic() - self.began),
            "machine": machine(),
            "servers": self.servers,
            "orders": self.orders,
            "ended": self.ended,
            "rows": [
                {**asdict(row), "recoveries": [round(seconds, 2) for seconds in row.recoveries]} for row in self.rows
            ],
            "skipped": self.skipped,
        }

    def write(self, docs: Path) -> None:
        document = self.document()
        docs.mkdir(exist_ok=True)
        (docs / "faults.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        (docs / "faults.md").write_text(page(document))


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def page(document: dict[str, Any]) -> str:
    rows = document["rows"]
    everything = [seconds for row in rows for seconds in row["recoveries"]]
    count = sum(row["injections"] for row in rows)
    bad = sum(len(row["violations"]) for row in rows)
    lines = [
        HEAD,
        f"Run of {document['ran_at'][:10]}, seed {document['seed']}, {document['seconds']} s on {document['machine']}; "
        f"{document['servers']}. "
        f"{document['orders']} orders, of which {document['ended']} had ended when the run was over. "
        f"**{count} injections, {bad} violations.**",
        "",
    ]
    if everything:
        lines += [
            f"Recovery over all: p50 {percentile(everything, 0.5):.1f} s, p99 {percentile(everything, 0.99):.1f} s.",
            "",
        ]
    lines += [
        "| fault | where | invariants | injections | in flight | violations | recovery p50 / p99, s | bound, s |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        took = row["recoveries"]
        recovery = f"{percentile(took, 0.5):.1f} / {percentile(took, 0.99):.1f}" if took else "-"
        flying = f"{statistics.median(row['in_flight']):.0f}" if row["in_flight"] else "-"
        lines.append(
            f"| {row['fault']} | {row['where']} | {row['invariants']} | {row['injections']} | {flying} "
            f"| {len(row['violations'])} | {recovery} | {row['bound']:.0f} |"
        )
    lines += _told("Violations", [(row["fault"], words) for row in rows for words in row["violations"]])
    lines += _told("Notes", [(row["fault"], words) for row in rows for words in dict.fromkeys(row["notes"])])
    lines += _told("Not run", sorted(document["skipped"].items()))
    lines += ["", "## Invariants", "", *(f"- {name}: {words}" for name, words in INVARIANTS.items())]
    return "\n".join(lines) + "\n"


def _told(title: str, items: list[tuple[str, str]]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {fault}: {words}" for fault, words in items)] if items else []
