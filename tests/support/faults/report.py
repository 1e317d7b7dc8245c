"""What runs of the faults found: each kept as JSON by its seed, and one page made of all of them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.local.stack import ROOT
from tests.support.faults.latency import PLACING, TRACKING, Requests, percentile

HEAD = """\
# Faults

Generated from [faults.json](faults.json) by `make faults`; not edited by hand. Each row is a fault that was injected
while orders were in flight, with the invariants it could break (below), over all runs. *In flight*: orders that had not
ended at the injection, the median. A violation counts for the row in which it was seen, or whose orders it concerns.

*Requests*: p50 / p99 in ms of those that were sent from the beginning of the fault's test until the fault was over, and
how many were refused (503, with Retry-After; after how many ms, p50 / p99) or lost (the connection refused or cut, or
no answer within 15 s). An order that was not answered is sent again, by a client that waits longer each time; a shopper
looks at a tracking page twice a second, whether the last look was answered or not.

*Recovery*: real seconds from the end of the fault until every event published by then had been sent, and consumed by
all its consumers. Of a process that was killed: from its start until it had sent and consumed all that there was, and
was ready; where it died in a job, until the jobs that it held were claimed again. Of a frozen replica: from when it
froze until another had taken over. A recovery that takes longer than its bound is a violation. Other faults that were
injected together share requests and recovery.
"""
INVARIANTS = {
    "I1": "no accepted order is lost: it ends, or reaches a state that a person can see and settle",
    "I2": "stock is never negative or oversold; received = available + reserved + shipped + written off",
    "I3": "at most one label per parcel is ever handed over; an unconfirmed label after a lost answer is recorded; "
    "a manifest lists what was handed over with it, and so does the carrier",
    "I4": "a timeline is the set of the accepted carrier events, each once, in event-time order",
    "I5": "every fact has its effect once; outboxes drain; one bad record delays its own order only",
    "I6": "each parcel is declared once, in order, with the weight on the scale; the parts add up to the cent",
    "I7": "no false 2xx: readiness and answers are correct while something is down",
    "I8": "no personal data where it does not belong; after erasure none",
    "I9": "recovery takes a limited time, and needs no person",
}
TESTED = ("contracts", "shared", "services", "sandbox", "tests/faults", "tests/support/faults")
"""What a run is about: runs of another state of these folders are not counted together with it."""


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
    requests: dict[str, Requests] = field(default_factory=lambda: {PLACING: Requests(), TRACKING: Requests()})
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.fault, self.where

    def recovered(self, seconds: float) -> None:
        """One recovery; it is a violation when it took longer than its bound."""
        self.recoveries.append(seconds)
        if seconds > self.bound:
            self.violations.append(f"I9: {self.where} recovered after {seconds:.1f} s")

    def merge(self, other: Row) -> None:
        """What another run saw of the same fault."""
        self.bound = max(self.bound, other.bound)
        self.injections += other.injections
        self.in_flight += other.in_flight
        self.recoveries += other.recoveries
        self.violations += other.violations
        self.notes += other.notes
        self.merge_requests(other.requests)

    def merge_requests(self, requests: Mapping[str, Requests]) -> None:
        for kind, measured in requests.items():
            self.requests[kind].merge(measured)

    def document(self) -> dict[str, Any]:
        return asdict(self) | {
            "recoveries": [round(seconds, 2) for seconds in self.recoveries],
            "requests": {kind: requests.document() for kind, requests in self.requests.items()},
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Row:
        requests = {kind: Requests.of(figures) for kind, figures in document["requests"].items()}
        return cls(**{**document, "requests": requests})


@dataclass
class Report:
    """One run."""

    seed: int
    minutes: float
    tolerance: float = 1.0
    """By which the bounds of recoveries are multiplied: above 1 where other load is on the machine."""
    servers: str = ""
    rows: list[Row] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    orders: int = 0
    ended: int = 0
    began: float = field(default_factory=time.monotonic)

    def row(self, fault: str, where: str, invariants: str, bound: float) -> Row:
        for known in self.rows:
            if known.key == (fault, where):
                return known
        self.rows.append(Row(fault, where, invariants, bound * self.tolerance))
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
            "rows": [row.document() for row in self.rows],
            "skipped": self.skipped,
        }

    def write(self, docs: Path) -> None:
        """Keeps this run beside those of other seeds, and makes the page anew."""
        docs.mkdir(exist_ok=True)
        path = docs / "faults.json"
        runs = with_run(json.loads(path.read_text()) if path.exists() else {}, self.document(), state())
        path.write_text(as_text(runs))
        (docs / "faults.md").write_text(page(runs))


def with_run(runs: Mapping[str, Any], run: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The runs of this state of the code, with this one in the place of an earlier one of its seed."""
    others = (
        [other for other in runs.get("runs", ()) if other["seed"] != run["seed"]] if runs.get("state") == code else []
    )
    return {"state": code, "runs": sorted([*others, run], key=lambda other: int(other["seed"]))}


def as_text(runs: Mapping[str, Any]) -> str:
    """JSON, a row a line."""
    texts = []
    for run in runs["runs"]:
        head = _json({name: value for name, value in run.items() if name != "rows"})
        rows = ",\n".join(map(_json, run["rows"]))
        texts.append(f'{head[:-1]}, "rows": [\n{rows}\n]}}')
    return f'{{"state": {_json(runs["state"])}, "runs": [\n' + ",\n".join(texts) + "\n]}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def state() -> str:
    """Names the state of the code that is tested: the beginning of the SHA-256 of its files."""
    digest = hashlib.sha256()
    for folder in TESTED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def merged(runs: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows of all runs, each fault once."""
    rows: dict[tuple[str, str], Row] = {}
    for run in runs:
        for document in run["rows"]:
            row = Row.of(document)
            if (known := rows.get(row.key)) is None:
                rows[row.key] = row
            else:
                known.merge(row)
    return list(rows.values())


def page(runs: Mapping[str, Any]) -> str:
    documents: Sequence[Mapping[str, Any]] = runs["runs"]
    rows = merged(documents)
    recoveries = sorted(seconds for row in rows for seconds in row.recoveries)
    lines = [HEAD, *_summary(documents, rows), ""]
    if recoveries:
        lines += [
            f"Recovery over all: p50 {percentile(recoveries, 0.5):.1f} s, p99 {percentile(recoveries, 0.99):.1f} s.",
            "",
        ]
    lines += [
        f"| fault | where | invariants | injections | in flight | violations | {PLACING}, ms | {TRACKING}, ms "
        "| recovery p50 / p99, s | bound, s |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
        *map(_line, rows),
    ]
    lines += _told("Violations", [(row.fault, words) for row in rows for words in row.violations])
    lines += _told("Notes", [(row.fault, words) for row in rows for words in dict.fromkeys(row.notes)])
    ran = {row.fault for row in rows}
    skipped = {what: why for document in documents for what, why in document["skipped"].items() if what not in ran}
    lines += _told("Not run", sorted(skipped.items()))
    lines += ["", "## Invariants", "", *(f"- {name}: {words}" for name, words in INVARIANTS.items())]
    return "\n".join(lines) + "\n"


def _summary(documents: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> list[str]:
    """How many runs there were, where and when, and what they come to."""
    seeds = ", ".join(str(document["seed"]) for document in documents)
    days = sorted({document["ran_at"][:10] for document in documents})
    seconds, orders, ended = (sum(document[name] for document in documents) for name in ("seconds", "orders", "ended"))
    where = dict.fromkeys(f"{document['machine']}; {document['servers']}" for document in documents)
    injections, violations = sum(row.injections for row in rows), sum(len(row.violations) for row in rows)
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    runs = f"{len(documents)} runs, seeds" if len(documents) > 1 else "One run, seed"
    return [
        f"{runs} {seeds}; {when}, {seconds} s in all on {' and '.join(where)}.",
        f"{orders} orders, of which {ended} had ended when their run was over.",
        f"**{injections} injections, {violations} violations.**",
    ]


def _line(row: Row) -> str:
    took = sorted(row.recoveries)
    recovery = f"{percentile(took, 0.5):.1f} / {percentile(took, 0.99):.1f}" if took else "-"
    flying = f"{statistics.median(row.in_flight):.0f}" if row.in_flight else "-"
    return (
        f"| {row.fault} | {row.where} | {row.invariants} | {row.injections} | {flying} | {len(row.violations)} "
        f"| {row.requests[PLACING]} | {row.requests[TRACKING]} | {recovery} | {row.bound:.0f} |"
    )


def _told(title: str, items: list[tuple[str, str]]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {fault}: {words}" for fault, words in items)] if items else []
