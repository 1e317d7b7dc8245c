"""Open cases in figures, alike in every service that lists its own: what it answers, and what it measures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Gauge
from pydantic import ConfigDict

from shared.db import DB
from shared.http.models import View

OTHER = "other"
"""Kinds that this version does not know."""


class OpenCasesOfKindView(View):
    """The open cases of one kind."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    cases: int
    """How many."""
    overdue: int
    """How many are past their due date."""


async def open_by_kind(db: DB, now: datetime) -> list[dict[str, Any]]:
    """Of the service's table `cases`: how many are open, and how many of them are past their due date, by kind."""
    rows = await db.fetch(
        """select kind, count(*) as cases, count(*) filter (where due_at < $1) as overdue
           from cases where closed_at is null group by kind order by kind""",
        now,
    )
    return [dict(row) for row in rows]


class CaseGauges:
    """`<service>_cases_open` and `<service>_cases_overdue`, by kind."""

    def __init__(self, service: str, kinds: Collection[str]) -> None:
        self._kinds = kinds
        self._open = Gauge(f"{service}_cases_open", "cases that wait for a person, by kind", ["kind"])
        self._overdue = Gauge(f"{service}_cases_overdue", "open cases past their due date, by kind", ["kind"])

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Those of `open_by_kind`; a kind without a row has none."""
        for kind in (*self._kinds, OTHER):
            of_kind = [row for row in rows if (row["kind"] if row["kind"] in self._kinds else OTHER) == kind]
            self._open.labels(kind).set(sum(row["cases"] for row in of_kind))
            self._overdue.labels(kind).set(sum(row["overdue"] for row in of_kind))
