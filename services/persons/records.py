"""The person's record: sealed on its way and where it is stored, opened only at the moment of use.

Every opening leaves a row in `person_reads`. An erasure is an empty value on the topic; consumers drop their copy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal, TypeAlias, get_args
from uuid import UUID, uuid4

from contracts.base import Event
from contracts.persons import ChangedContact, Contact, NationalId, PersonRecord
from services.persons.facts import AS_PLACED, PersonErased, PersonRecorded
from services.persons.reads import ITSELF
from services.persons.reads import record as record_reads
from shared.db import DB
from shared.ledger import outbox
from shared.messaging import dead_letters
from shared.messaging.decoder import Lacking
from shared.sealing import Seal, SealedColumn, key_id_of
from shared.settings import PlatformSettings

TOPIC = "orders.personal"
RECORD = "person-record.v1"
ERASURE = "person-erasure.v1"
Part = Literal["contact", "national_id"]


OnErased: TypeAlias = Callable[[DB, Sequence[UUID]], Awaitable[None]]
"""What a service drops of its own when these orders' persons are erased."""


class Persons:
    """Opens the parts for which this service has the key, and takes the records that come (`shared.messaging.decoder`,
    Keeper)."""

    topic = TOPIC

    def __init__(self, seals: Mapping[Part, Seal], on_erased: OnErased | None = None) -> None:
        self._seals = seals
        self._on_erased = on_erased
        self._known = {part: tuple(prefix.hex() for prefix in seal.prefixes) for part, seal in seals.items()}

    @classmethod
    def of(cls, settings: PlatformSettings, on_erased: OnErased | None = None) -> Persons:
        """With the keys of the settings. ValueError for one that is none."""
        keys, parts = settings.keys(), get_args(Part)
        return cls({part: Seal(part_keys) for part in parts if (part_keys := keys[_setting(part)])}, on_erased)

    def decode(self, key: UUID, body: bytes | None, now: datetime) -> tuple[Event, PersonRecord | None]:
        if body is None:
            return PersonErased(order_id=key, occurred_at=now), None
        record = PersonRecord.model_validate_json(body)
        if record.order_id != key:
            raise ValueError("the key is not the record's order id")
        for part, known in self._known.items():
            for sealed in _all_of(record, part):
                if not sealed.startswith(known):
                    lacking = key_id_of(bytes.fromhex(sealed))
                    raise Lacking(f"sealed by key {lacking} of {_setting(part)}, not given here")
        version = max((change.version for change in record.changes), default=AS_PLACED)
        return PersonRecorded(order_id=key, occurred_at=now, version=version), record

    async def keep(self, db: DB, records: Sequence[tuple[Event, PersonRecord | None]]) -> None:
        if people := [record for _, record in records if record is not None]:
            await self.store(db, people)
        if erased := [event.stream_id for event, record in records if record is None]:
            await self.drop(db, erased)
            if self._on_erased is not None:
                await self._on_erased(db, erased)

    async def publish_all(self, db: DB, records: Sequence[PersonRecord], traces: Mapping[UUID, str | None]) -> None:
        """Keeps sealed records here and sends them to those who may open them, each in its order's W3C trace."""
        await self.store(db, records)
        await self._send(db, records, traces)

    async def republish(self, db: DB, order_ids: Sequence[UUID]) -> None:
        """Sends the records of these orders as they are sealed now, also in place of those that wait to be sent."""
        rows = await db.fetch(
            "select order_id, contact, national_id from persons where order_id = any($1) and contact is not null",
            list(order_ids),
        )
        changes = await self._changes(db, order_ids)
        records = [
            PersonRecord(
                order_id=row["order_id"],
                contact=row["contact"].hex(),
                national_id=row["national_id"].hex(),
                changes=tuple(changes.get(row["order_id"], ())),
            )
            for row in rows
        ]
        await outbox.replace_bodies(db, TOPIC, {str(record.order_id): record.model_dump_json() for record in records})
        await self._send(db, records, {})

    async def publish_change(self, db: DB, order_id: UUID, version: int, contact: Contact) -> None:
        """Adds a version of the contact to the record, and sends it to those who may open it."""
        place = _changed_place(order_id, version)
        sealed = self._seals["contact"].seal(contact.model_dump_json().encode(), place)
        await self._store_changes(db, [(order_id, version, sealed)])
        await self.republish(db, [order_id])

    async def _changes(self, db: DB, order_ids: Sequence[UUID]) -> dict[UUID, list[ChangedContact]]:
        rows = await db.fetch(
            "select order_id, version, contact from person_changes where order_id = any($1) order by version",
            list(order_ids),
        )
        changes: dict[UUID, list[ChangedContact]] = {}
        for row in rows:
            change = ChangedContact(version=row["version"], contact=row["contact"].hex())
            changes.setdefault(row["order_id"], []).append(change)
        return changes

    async def _send(self, db: DB, records: Sequence[PersonRecord], traces: Mapping[UUID, str | None]) -> None:
        await outbox.publish(
            db,
            [
                outbox.Message(
                    TOPIC,
                    str(record.order_id),
                    uuid4(),
                    RECORD,
                    record.model_dump_json(),
                    traces.get(record.order_id),
                )
                for record in records
            ],
        )

    def sealed(self, order_id: UUID, contact: Contact, national_id: NationalId) -> PersonRecord:
        """The record as it travels."""
        return PersonRecord(
            order_id=order_id,
            contact=self._sealed("contact", order_id, contact.model_dump_json()),
            national_id=self._sealed("national_id", order_id, national_id.model_dump_json()),
        )

    async def erase(self, db: DB, order_id: UUID) -> None:
        """Drops the record here, and publishes the tombstone for all consumers."""
        await self.drop(db, [order_id])
        await self.repeat_erasure(db, order_id)

    async def repeat_erasure(self, db: DB, order_id: UUID) -> None:
        """Compaction runs on an append only, so a tombstone is published again until the value is gone."""
        await outbox.publish(db, [outbox.Message(TOPIC, str(order_id), uuid4(), ERASURE, None, None)])

    async def store(self, db: DB, records: Sequence[PersonRecord]) -> None:
        """Keeps the parts that this service may open, of each order as they came last; never brings an erased one
        back."""
        last = {record.order_id: record for record in records}
        await db.execute(
            """insert into persons (order_id, contact, national_id)
               select * from unnest($1::uuid[], $2::bytea[], $3::bytea[])
               on conflict (order_id) do update set contact = excluded.contact, national_id = excluded.national_id
               where persons.erased_at is null""",
            list(last),
            *([self._kept(record, part) for record in last.values()] for part in get_args(Part)),
        )
        if "contact" in self._seals:
            await self._store_changes(
                db,
                [
                    (record.order_id, change.version, bytes.fromhex(change.contact))
                    for record in last.values()
                    for change in record.changes
                ],
            )

    async def _store_changes(self, db: DB, changes: Sequence[tuple[UUID, int, bytes]]) -> None:
        if not changes:
            return
        await db.execute(
            """insert into person_changes (order_id, version, contact)
               select c.* from unnest($1::uuid[], $2::int[], $3::bytea[]) as c (order_id, version, contact)
               join persons on persons.order_id = c.order_id and persons.erased_at is null
               on conflict (order_id, version) do update set contact = excluded.contact""",
            *map(list, zip(*changes, strict=True)),
        )

    def _kept(self, record: PersonRecord, part: Part) -> bytes | None:
        return bytes.fromhex(_of(record, part)) if part in self._seals else None

    async def held(self, db: DB, order_ids: Sequence[UUID]) -> list[UUID]:
        """Those of these orders whose record is here, and not erased."""
        rows = await db.fetch(
            "select order_id from persons where order_id = any($1) and erased_at is null", list(order_ids)
        )
        return [row["order_id"] for row in rows]

    async def drop(self, db: DB, order_ids: Sequence[UUID]) -> None:
        """Erases, also rows of the outbox that wait or may be sent again, and records that it did."""
        await db.execute(
            """insert into persons (order_id, erased_at)
               select order_id, now() from unnest($1::uuid[]) as gone (order_id)
               on conflict (order_id) do update set contact = null, national_id = null, erased_at = now()""",
            list(order_ids),
        )
        await db.execute("delete from person_changes where order_id = any($1)", list(order_ids))
        await outbox.drop_bodies(db, TOPIC, [str(order_id) for order_id in order_ids], ERASURE)
        await dead_letters.drop_bodies(db, TOPIC, order_ids)

    async def contact(
        self, db: DB, order_id: UUID, version: int, purpose: str, asked_by: str = ITSELF
    ) -> Contact | None:
        """Who receives the order by this version of its contact (`facts.contact_version`); None when it is erased or
        unknown."""
        if version == AS_PLACED:
            data = (await self._open(db, "contact", [order_id], purpose, asked_by)).get(order_id)
            return Contact.model_validate_json(data) if data else None
        sealed = await db.fetchval(
            "select contact from person_changes where order_id = $1 and version = $2", order_id, version
        )
        if sealed is None:
            return None
        await record_reads(db, [order_id], "contact", purpose, asked_by)
        return Contact.model_validate_json(self._seals["contact"].open(sealed, _changed_place(order_id, version)))

    async def national_ids(self, db: DB, order_ids: Sequence[UUID], purpose: str) -> dict[UUID, NationalId]:
        """The buyers' identities; erased or unknown ones are left out."""
        opened = await self._open(db, "national_id", order_ids, purpose)
        return {order_id: NationalId.model_validate_json(data) for order_id, data in opened.items()}

    async def national_id(self, db: DB, order_id: UUID, purpose: str) -> NationalId | None:
        return (await self.national_ids(db, [order_id], purpose)).get(order_id)

    async def open_national_id(self, db: DB, order_id: UUID, sealed: str, purpose: str, asked_by: str) -> NationalId:
        """The buyer's identity in this part of a record, in hexadecimal, which is not kept here. Raises Unsealable."""
        data = self._seals["national_id"].open(bytes.fromhex(sealed), _place("national_id", order_id))
        await record_reads(db, [order_id], "national_id", purpose, asked_by)
        return NationalId.model_validate_json(data)

    async def _open(
        self, db: DB, part: Part, order_ids: Sequence[UUID], purpose: str, asked_by: str = ITSELF
    ) -> dict[UUID, bytes]:
        rows = await db.fetch(
            f"""with found as (select order_id, {part} as sealed from persons
                               where order_id = any($1) and {part} is not null),
                     noted as (insert into person_reads (order_id, part, purpose, asked_by)
                               select order_id, $2, $3, $4 from found)
                select order_id, sealed from found""",
            list(order_ids),
            part,
            purpose,
            asked_by,
        )
        seal = self._seals[part]
        return {row["order_id"]: seal.open(row["sealed"], _place(part, row["order_id"])) for row in rows}

    def sealed_columns(self, *, published: bool = False) -> tuple[SealedColumn, ...]:
        """What this service keeps of the records. `published`: it is the one that sends them, and sends those again
        that it seals again."""
        resealed = self.republish if published else None
        columns = [
            SealedColumn(
                _setting(part),
                "persons",
                part,
                key=("order_id",),
                place=partial(_place, part),
                placed_by=("order_id",),
                resealed=resealed,
            )
            for part in self._seals
        ]
        if "contact" in self._seals:
            key = ("order_id", "version")
            columns.append(
                SealedColumn(
                    _setting("contact"),
                    "person_changes",
                    "contact",
                    key=key,
                    place=_changed_place,
                    placed_by=key,
                    resealed=resealed,
                )
            )
        return tuple(columns)

    def _sealed(self, part: Part, order_id: UUID, text: str) -> str:
        return self._seals[part].seal(text.encode(), _place(part, order_id)).hex()


def _place(part: Part, order_id: UUID) -> str:
    return f"person:{part}:{order_id}"


def _changed_place(order_id: UUID, version: int) -> str:
    return f"{_place('contact', order_id)}:{version}"


def _of(record: PersonRecord, part: Part) -> str:
    return record.contact if part == "contact" else record.national_id


def _all_of(record: PersonRecord, part: Part) -> tuple[str, ...]:
    """This part in all its versions."""
    later = tuple(change.contact for change in record.changes) if part == "contact" else ()
    return (_of(record, part), *later)


def _setting(part: Part) -> str:
    return f"{part.upper()}_KEY"
