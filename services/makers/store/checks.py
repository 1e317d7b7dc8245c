"""The checks of vendors' VAT numbers, with what the register answered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.makers.domain.vies import Check
from shared.db import DB
from shared.sealing import SealedColumn

_CHECK = """select vendor_id, round, vat, asked_at, outcome, answered_at, name_match, reason, consultation
            from checks"""


def evidence_place(vendor_id: UUID, round_: int) -> str:
    """What the evidence of a check is sealed for."""
    return f"evidence:{vendor_id}:{round_}"


SEALED = SealedColumn(
    "STORAGE_KEY",
    "checks",
    "evidence",
    key=("vendor_id", "round"),
    place=evidence_place,
    placed_by=("vendor_id", "round"),
)


async def begin(db: DB, check: Check) -> None:
    await db.execute(
        "insert into checks (vendor_id, round, vat, asked_at) values ($1, $2, $3, $4)",
        check.vendor_id,
        check.round,
        check.vat,
        check.asked_at,
    )


async def count_since(db: DB, vendor_id: UUID, since: datetime) -> int:
    """How many were begun after this instant."""
    total: int = await db.fetchval(
        "select count(*) from checks where vendor_id = $1 and asked_at > $2", vendor_id, since
    )
    return total


async def find(db: DB, vendor_id: UUID, round_: int) -> Check | None:
    row = await db.fetchrow(f"{_CHECK} where vendor_id = $1 and round = $2", vendor_id, round_)
    return Check(**row) if row else None


async def save(db: DB, check: Check, evidence: bytes | None) -> None:
    """Its answer; `evidence`: sealed."""
    await db.execute(
        """update checks set outcome = $3, answered_at = $4, name_match = $5, reason = $6, consultation = $7,
                             evidence = $8
           where vendor_id = $1 and round = $2""",
        check.vendor_id,
        check.round,
        check.outcome,
        check.answered_at,
        check.name_match,
        check.reason,
        check.consultation,
        evidence,
    )


async def of_vendor(db: DB, vendor_id: UUID, limit: int) -> list[tuple[Check, bytes | None]]:
    """The latest first, each with its sealed evidence."""
    rows = await db.fetch(
        f"{_CHECK.replace('from checks', ', evidence from checks')} where vendor_id = $1 order by round desc limit $2",
        vendor_id,
        limit,
    )
    return [
        (Check(**{name: value for name, value in row.items() if name != "evidence"}), row["evidence"]) for row in rows
    ]


async def drop_evidence(db: DB, vendor_id: UUID) -> None:
    """The register's words, which may name a person; the outcomes stay."""
    await db.execute("update checks set evidence = null where vendor_id = $1", vendor_id)
