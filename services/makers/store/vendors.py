"""Vendors, with what is sealed of them: people and bank account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.makers.domain.accounts import AccountChange
from services.makers.domain.vendors import STATED, Company, State, Vendor
from shared.db import DB
from shared.sealing import SealedColumn


def people_place(vendor_id: UUID) -> str:
    """What a vendor's people are sealed for."""
    return f"people:{vendor_id}"


def account_place(vendor_id: UUID) -> str:
    """What a vendor's bank account is sealed for, the one that it asks for too."""
    return f"account:{vendor_id}"


SEALED = (
    SealedColumn("STORAGE_KEY", "vendors", "people", key=("id",), place=people_place, placed_by=("id",)),
    SealedColumn("STORAGE_KEY", "vendors", "account", key=("id",), place=account_place, placed_by=("id",)),
    SealedColumn(
        "STORAGE_KEY",
        "account_changes",
        "account",
        key=("vendor_id",),
        place=account_place,
        placed_by=("vendor_id",),
    ),
)
_VENDOR = """select id, owner, state, since, company, account_shown, people is not null as people, round, check_due_at,
                    suspensions, tellings, created_at, stated_at
             from vendors"""


def _vendor(row: Any) -> Vendor:
    company = row["company"]
    return Vendor(
        id=row["id"],
        owner=row["owner"],
        state=row["state"],
        since=row["since"],
        company=Company(**json.loads(company)) if company else None,
        account=row["account_shown"],
        people=row["people"],
        round=row["round"],
        check_due_at=row["check_due_at"],
        suspensions=row["suspensions"],
        tellings=row["tellings"],
        created_at=row["created_at"],
        stated_at=row["stated_at"],
    )


async def add(db: DB, vendor: Vendor) -> bool:
    """False when its owner code is taken."""
    added: bool | None = await db.fetchval(
        """insert into vendors (id, owner, state, since, created_at) values ($1, $2, $3, $4, $4)
           on conflict do nothing returning true""",
        vendor.id,
        vendor.owner,
        vendor.state,
        vendor.since,
    )
    return added is not None


async def find(db: DB, vendor_id: UUID) -> Vendor | None:
    row = await db.fetchrow(f"{_VENDOR} where id = $1", vendor_id)
    return _vendor(row) if row else None


async def find_all(db: DB, vendor_ids: Sequence[UUID]) -> list[Vendor]:
    """The known ones of these."""
    return [_vendor(row) for row in await db.fetch(f"{_VENDOR} where id = any($1)", list(vendor_ids))]


async def list_vendors(db: DB, state: State | None, after: str | None, limit: int) -> list[Vendor]:
    """By owner."""
    rows = await db.fetch(
        f"""{_VENDOR} where ($1::text is null or state = $1) and ($2::text is null or owner > $2)
            order by owner limit $3""",
        state,
        after,
        limit,
    )
    return [_vendor(row) for row in rows]


async def kept_unverified(db: DB, after: str, limit: int) -> list[str]:
    """The owner codes of drafts and rejected vendors of whom people or a bank account are kept, behind this one."""
    rows = await db.fetch(
        """select owner from vendors
           where state = any($1) and (people is not null or account is not null) and owner > $2
           order by owner limit $3""",
        list(STATED),
        after,
        limit,
    )
    return [row["owner"] for row in rows]


async def save(db: DB, vendor: Vendor) -> None:
    """All that is not sealed."""
    await db.execute(
        """update vendors set state = $2, since = $3, company = $4, round = $5, check_due_at = $6, suspensions = $7,
                              tellings = $8, stated_at = $9
           where id = $1""",
        vendor.id,
        vendor.state,
        vendor.since,
        json.dumps(asdict(vendor.company), ensure_ascii=False) if vendor.company else None,
        vendor.round,
        vendor.check_due_at,
        vendor.suspensions,
        vendor.tellings,
        vendor.stated_at,
    )


async def save_people(db: DB, vendor_id: UUID, sealed: bytes | None) -> None:
    """None: erased."""
    await db.execute("update vendors set people = $2 where id = $1", vendor_id, sealed)


async def people(db: DB, vendor_id: UUID) -> bytes | None:
    sealed: bytes | None = await db.fetchval("select people from vendors where id = $1", vendor_id)
    return sealed


async def record_read(db: DB, vendor_id: UUID, part: str, purpose: str, asked_by: str) -> None:
    """Somebody reads what is sealed of a vendor."""
    await db.execute(
        "insert into people_reads (vendor_id, part, purpose, asked_by) values ($1, $2, $3, $4)",
        vendor_id,
        part,
        purpose,
        asked_by,
    )


async def drop_account(db: DB, vendor_id: UUID) -> None:
    await db.execute("update vendors set account = null, account_shown = null where id = $1", vendor_id)


async def list_reads(db: DB, vendor_id: UUID, before: int | None, limit: int) -> list[Any]:
    """The latest first."""
    rows: list[Any] = await db.fetch(
        """select id, part, purpose, asked_by, read_at from people_reads
           where vendor_id = $1 and ($2::bigint is null or id < $2) order by id desc limit $3""",
        vendor_id,
        before,
        limit,
    )
    return rows


async def save_account(db: DB, vendor_id: UUID, sealed: bytes, shown: str) -> None:
    await db.execute("update vendors set account = $2, account_shown = $3 where id = $1", vendor_id, sealed, shown)


async def ask_change(db: DB, change: AccountChange, sealed: bytes) -> None:
    """Another change takes the place of one that nobody has agreed to twice: consent begins anew."""
    await db.execute(
        """insert into account_changes (vendor_id, account, account_shown, asked_at) values ($1, $2, $3, $4)
           on conflict (vendor_id) do update set
               account = excluded.account, account_shown = excluded.account_shown, asked_at = excluded.asked_at,
               first_by = null""",
        change.vendor_id,
        sealed,
        change.account,
        change.asked_at,
    )


async def change_of(db: DB, vendor_id: UUID) -> AccountChange | None:
    row = await db.fetchrow(
        "select vendor_id, account_shown as account, asked_at, first_by from account_changes where vendor_id = $1",
        vendor_id,
    )
    return AccountChange(**row) if row else None


async def save_consent(db: DB, change: AccountChange) -> None:
    """With the first consent it waits; with the second the account is the vendor's."""
    if not change.agreed:
        await db.execute(
            "update account_changes set first_by = $2 where vendor_id = $1", change.vendor_id, change.first_by
        )
        return
    await db.execute(
        """update vendors set account = c.account, account_shown = c.account_shown
           from account_changes c where c.vendor_id = $1 and vendors.id = $1""",
        change.vendor_id,
    )
    await drop_change(db, change.vendor_id)


async def drop_change(db: DB, vendor_id: UUID) -> None:
    await db.execute("delete from account_changes where vendor_id = $1", vendor_id)
