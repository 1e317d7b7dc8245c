"""Appends leaves to the log, signs and stores checkpoints, and only then sends them to witnesses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import asyncpg

from services.provenance.domain.leaves import KeyLeaf, origin_leaf
from services.provenance.domain.log.checkpoints import Checkpoint, Trust, open_checkpoint, parse_checkpoint, sign
from services.provenance.domain.log.notes import BadNote, SignerKey, parse_note
from services.provenance.domain.log.tiles import (
    Edge,
    TileMissing,
    append,
    consistency_ranges,
    edge_of,
    edge_places,
    places_of,
    prove,
    root_at,
)
from services.provenance.domain.log.tree import leaf_hash, proves_consistency
from services.provenance.domain.log.witnesses import (
    CONTRADICTS,
    MAX_ANSWER_BYTES,
    Answer,
    Verdict,
    add_checkpoint,
    checkpoint_path,
    outvoted,
    read_answer,
    read_checkpoint,
    seen_by,
)
from services.provenance.settings import Witness
from services.provenance.store import events
from services.provenance.store import log as store
from shared import failpoints
from shared.db import DB
from shared.http.client import Bounds, Counterpart, NoAnswer
from shared.loop import Loop
from shared.telemetry import log as lines

BATCH = 2_000
"""Leaves of one transaction."""
IDLE_SECONDS = 0.2


@dataclass
class Log:
    """One log of this installation, as every replica works on it."""

    pool: asyncpg.Pool[asyncpg.Record]
    key: SignerKey
    trust: Trust
    witnesses: tuple[tuple[Witness, Counterpart], ...]
    seconds: float
    """For one call to a witness."""
    id: int = 0
    confirmed: set[str] = field(default_factory=set)
    """The witnesses that know the last checkpoint of our database, since this process began. Nothing is signed before
    a quorum does: a database from an old backup would else sign another tree than it did before."""

    async def begin(self) -> None:
        """Finds the log of our key, or begins it: its first leaf names the last checkpoint of the log before, and the
        issuer's keys that counted there follow, before any leaf that waits. What was signed last must be there: else
        the log is stopped."""
        async with self.pool.acquire() as db, db.transaction():
            log, before, new = await store.begin(db, str(self.key.verifier))
            self.id = log.id
            if new and before is not None:
                await self._follow(db, log, before)
            if new:
                empty = Checkpoint(self.key.name, 0, root_at(0, {}))
                await store.save_checkpoint(db, log.id, empty, str(sign(empty, self.key)))
            elif cause := await self._wrong(db, log):
                await store.stop(db, log.id, cause)
                lines.error("log stopped", cause=cause)

    async def _follow(self, db: DB, log: store.LogRow, before: store.LastCheckpoint) -> None:
        await events.take_waiting_keys(db, log.id)
        keys = [KeyLeaf("added", kid, public) for kid, public in (await events.valid_keys(db, before.log)).items()]
        leaves = [origin_leaf(before.note), *(str(key).encode() for key in keys)]
        seqs = await store.add_entries(db, leaves)
        _, tiles = append(Edge(), [leaf_hash(leaf) for leaf in leaves])
        await store.place_entries(db, log, seqs, tiles)
        for seq, key in zip(seqs[1:], keys, strict=True):
            await events.add_key(db, log.id, seq, key)

    async def append(self) -> int:
        """Appends the leaves that wait, at most BATCH; returns how many they were. None are appended to a log that has
        stopped, or that so many witnesses contradict that no quorum is left: what waits can still go to another log."""
        async with self.pool.acquire() as db, db.transaction():
            log = await store.lock(db, self.id)
            held = log.stopped or await self.contradicted(db)
            waiting = [] if held else await store.waiting(db, BATCH)
            if not waiting:
                return 0
            _, tiles = append(await self._edge(db, log.size), [leaf_hash(leaf) for _, leaf in waiting])
            await store.place_entries(db, log, [seq for seq, _ in waiting], tiles)
            failpoints.reach("log.appended")
            return len(waiting)

    async def sign(self) -> bool:
        """Signs and stores the checkpoint of the tree as it is now, if it has grown; whether it did. What is signed
        begins with what was signed before: else the log is stopped."""
        if len(self.confirmed) < self.trust.quorum:
            return False
        async with self.pool.acquire() as db, db.transaction():
            log = await store.lock(db, self.id)
            last = await store.last_checkpoint(db, log.id)
            if log.stopped or last is None or last.size == log.size or await self.contradicted(db):
                return False
            if cause := await self._wrong(db, log):
                await store.stop(db, log.id, cause)
                lines.error("log stopped", cause=cause)
                return False
            edge = await self._edge(db, log.size)
            checkpoint = Checkpoint(self.key.name, log.size, edge.root)
            await store.save_checkpoint(db, log.id, checkpoint, str(sign(checkpoint, self.key)))
        failpoints.reach("log.stored")
        return True

    async def proven(self) -> store.StoredCheckpoint | None:
        """The largest checkpoint that a quorum of the witnesses has signed, with their signatures."""
        async with self.pool.acquire() as db:
            return await store.cosigned(db, self.id, [str(key) for key in self.trust.witnesses], self.trust.quorum)

    async def ask_all(self) -> None:
        """Sends the last checkpoint to each witness that has not signed it, or has not confirmed it since this process
        began."""
        async with self.pool.acquire() as db:
            log = await store.read(db, self.id)
            last = await store.last_checkpoint(db, self.id)
        if log.stopped or last is None:
            return
        for witness, counterpart in self.witnesses:
            await self._ask(witness, counterpart, last)

    async def _ask(self, witness: Witness, counterpart: Counterpart, last: store.StoredCheckpoint) -> None:
        name = str(witness.key)
        async with self.pool.acquire() as db:
            known = await store.witness(db, self.id, name)
        if name in self.confirmed and known.size == last.size and known.away_since is None:
            return
        answer = await self._send_checkpoint(witness, counterpart, last, known.size)
        if answer.verdict is Verdict.BEHIND:
            answer = await self._send_checkpoint(witness, counterpart, last, answer.size)
        proof = await self._served_checkpoint(witness, counterpart) if answer.verdict in CONTRADICTS else None
        failpoints.reach("log.sent")
        async with self.pool.acquire() as db, db.transaction():
            if answer.verdict in CONTRADICTS:
                await self._act_on_contradiction(db, witness, known, last, answer, proof)
            elif answer.signature is not None:
                await store.answered(db, self.id, name, last.size, answer.verdict.value, str(answer.signature))
                self.confirmed.add(name)
            else:
                await store.unanswered(db, self.id, name, answer.verdict.value)

    async def _send_checkpoint(
        self, witness: Witness, counterpart: Counterpart, last: store.StoredCheckpoint, old: int
    ) -> Answer:
        note = parse_note(last.note.encode())
        checkpoint = parse_checkpoint(note.text)
        ranges = consistency_ranges(old, last.size) if old <= last.size else []
        async with self.pool.acquire() as db:
            tiles = await store.tiles_at(db, self.id, places_of(ranges))
        body = add_checkpoint(min(old, last.size), prove(ranges, tiles), note)
        bounds = Bounds(self.seconds, MAX_ANSWER_BYTES)
        try:
            answer = await counterpart.call("POST", f"{witness.url}/add-checkpoint", bounds, body=body)
        except NoAnswer:
            return Answer(Verdict.AWAY)
        return read_answer(answer.status, answer.body, min(old, last.size), checkpoint, witness.key, time.time())

    async def _served_checkpoint(self, witness: Witness, counterpart: Counterpart) -> Checkpoint | None:
        """The checkpoint that the witness serves of this log, if our key has signed it."""
        url = f"{witness.url}/{checkpoint_path(self.key.name)}"
        try:
            answer = await counterpart.call("GET", url, Bounds(self.seconds, MAX_ANSWER_BYTES))
        except NoAnswer:
            return None
        return read_checkpoint(answer.status, answer.body, self.trust.log)

    async def _act_on_contradiction(
        self,
        db: DB,
        witness: Witness,
        known: store.WitnessRow,
        last: store.StoredCheckpoint,
        answer: Answer,
        proof: Checkpoint | None,
    ) -> None:
        """The witness says that it has signed a larger tree of this log than our database has, or another tree. With
        the proof the log stops; without it the witness is set aside until it signs again. Nothing is done where another
        replica has sent it that larger tree meanwhile."""
        latest = await store.last_checkpoint(db, self.id)
        if answer.verdict is Verdict.AHEAD and latest is not None and answer.size <= latest.size:
            return
        name = witness.key.name
        self.confirmed.discard(str(witness.key))
        if proof is not None and await self._is_unknown(db, proof):
            cause = f"{seen_by(name, proof.size, last.size)}: what it serves is signed by our key"
            await store.stop(db, self.id, cause)
            await store.has_proven(db, self.id, str(witness.key), answer.verdict.value)
            lines.error("log stopped", cause=cause)
            return
        said = seen_by(name, answer.size, last.size, verb="says it has signed")
        await store.unanswered(db, self.id, str(witness.key), answer.verdict.value, said)
        if known.contradicts is None:
            lines.error("witness set aside", said=said)

    async def _is_unknown(self, db: DB, signed: Checkpoint) -> bool:
        """Whether our key has signed this, and not with this database, which keeps all that it has signed."""
        note = await store.checkpoint_of(db, self.id, signed.size)
        return note is None or parse_checkpoint(parse_note(note.encode()).text) != signed

    async def contradicted(self, db: DB) -> str | None:
        """What witnesses say against the log, when so many do that no quorum is left without them."""
        said = await store.contradictions(db, self.id, [str(key) for key in self.trust.witnesses])
        return "; ".join(said) if outvoted(len(said), len(self.trust.witnesses), self.trust.quorum) else None

    async def _edge(self, db: DB, size: int) -> Edge:
        return edge_of(size, await store.tiles_at(db, self.id, edge_places(size)))

    async def _wrong(self, db: DB, log: store.LogRow) -> str | None:
        """Why the tiles are not those of the last checkpoint and more; None when they are."""
        last = await store.last_checkpoint(db, log.id)
        if last is None or last.size > log.size:
            return f"the last checkpoint has {last.size if last else 0} leaves, and the database {log.size}"
        try:
            signed = open_checkpoint(last.note.encode(), Trust(self.trust.log)).checkpoint
            ranges = consistency_ranges(last.size, log.size)
            wanted = places_of([*ranges, (0, last.size), (0, log.size)])
            tiles = await store.tiles_at(db, log.id, wanted)
            now = root_at(log.size, tiles)
            if proves_consistency(last.size, log.size, prove(ranges, tiles), signed.root, now):
                return None
        except (BadNote, TileMissing) as error:
            return f"the last checkpoint, of {last.size} leaves: {error}"
        return f"the tiles of {log.size} leaves do not begin with the {last.size} of the last checkpoint"


async def keep_appending(log: Log, loop: Loop) -> None:
    """A task: appends what waits."""

    async def once() -> None:
        while await log.append() == BATCH:
            loop.tick()

    await loop.repeat(once, IDLE_SECONDS)


async def keep_publishing(log: Log, seconds: float, loop: Loop) -> None:
    """A task: a checkpoint at most every so many seconds, stored, then shown to the witnesses."""

    async def once() -> None:
        await log.sign()
        await log.ask_all()

    await loop.repeat(once, seconds)
