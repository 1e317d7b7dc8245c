"""Reads the files in which a carrier reports events: each once, by whichever replica finds it. Real time.

Files are never changed, moved or deleted: the directory may be read-only, and who writes there also clears it. A row
records that a file was read, in the transaction that stores its events. A file whose name begins with a dot, or ends
with `.tmp` or `.part`, is still being written, and so is one without its last line.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from services.carrier.carriers.carrier import Carrier, Feed
from services.carrier.domain.feeds import FeedFile, Unfinished, UnreadableFile
from services.carrier.store import feed_files
from services.carrier.store.feed_files import FileVersion
from services.carrier.store.intake import ScanIntake
from shared.jobs import pauses
from shared.loop import Loop
from shared.telemetry import log

MOST_FILES = 10_000
"""That are looked at in the directory; the rest waits until some are cleared away."""
FILES_AT_ONCE = 50
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BEING_WRITTEN = (".tmp", ".part")


@dataclass(frozen=True, slots=True)
class _Found:
    version: FileVersion
    size: int
    changed_at: float


class FeedReader:
    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        intake: ScanIntake,
        carrier: Carrier,
        feed: Feed,
        settings: Any,
    ) -> None:
        self._pool = pool
        self._intake = intake
        self._carrier = carrier
        self._feed = feed
        self._directory = Path(feed.directory(settings))
        self._seconds = feed.look_seconds(settings)
        self._patience = feed.unfinished_seconds(settings)

    async def run(self, loop: Loop) -> None:
        """Until cancelled. A directory that cannot be read is tried again."""

        async def step() -> float | None:
            return 0 if await self.look(loop) else None

        await loop.repeat(step, self._seconds)

    async def look(self, loop: Loop) -> bool:
        """Reads what is new, while the carrier is not paused; whether there may be more at once. A file at fault holds
        up no other: it does not count among those of one look."""
        async with self._pool.acquire() as db, db.transaction():
            if await pauses.is_paused(db, self._carrier.counterpart):
                return False
        try:
            files = await asyncio.to_thread(self._list)
        except OSError as error:
            log.error("the directory of a feed cannot be read", carrier=self._carrier.name, error=error)
            return False
        async with self._pool.acquire() as db:
            unknown = await feed_files.unknown(db, [file.version for file in files])
        settled = 0
        for file in files:
            if file.version not in unknown:
                continue
            if settled == FILES_AT_ONCE:
                return True
            settled += await self._take(file)
            loop.tick()
        return False

    def _list(self) -> list[_Found]:
        """Plain files that are not being written, the oldest first."""
        files: list[_Found] = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                name = entry.name
                if not _NAME.fullmatch(name) or name.endswith(_BEING_WRITTEN):
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    files.append(self._found(name, status))
                if len(files) == MOST_FILES:
                    log.error("a feed has too many files: clear away those that were read", carrier=self._carrier.name)
                    break
        return sorted(files, key=lambda file: (file.changed_at, file.version.name))

    def _found(self, name: str, status: os.stat_result) -> _Found:
        stamp = f"{status.st_size}:{status.st_mtime_ns}"
        return _Found(FileVersion(self._carrier.name, name, stamp), status.st_size, status.st_mtime)

    async def _take(self, file: _Found) -> bool:
        """Whether it was taken, or set aside; else it is looked at again."""
        try:
            content = await asyncio.to_thread(self._read, file)
        except FileNotFoundError:
            return False
        except OSError as error:
            log.warning("a file of a feed cannot be read", carrier=self._carrier.name, error=error)
            return await self._set_aside_later(file, feed_files.INACCESSIBLE)
        if content is None:
            return False
        try:
            if len(content) > self._feed.most_bytes:
                raise UnreadableFile("too_large")
            read = await asyncio.to_thread(self._feed.read, content)
        except Unfinished:
            return await self._set_aside_later(file, "unfinished")
        except UnreadableFile as fault:
            await self._set_aside(file, fault.rule)
        else:
            await self._keep(file, content, read)
        return True

    def _read(self, file: _Found) -> bytes | None:
        """The file's bytes, at most one more than a file may have; None when it has changed since it was listed."""
        descriptor = os.open(self._directory / file.version.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            content = opened.read(self._feed.most_bytes + 1)
            status = os.fstat(descriptor)
        return content if self._found(file.version.name, status).version == file.version else None

    async def _keep(self, file: _Found, content: bytes, read: FeedFile) -> None:
        digest = hashlib.sha256(content).digest()
        if await self._intake.keep_file(file.version, digest, read):
            log.info("a feed file was read", carrier=self._carrier.name, file=file.version.name, records=read.records)

    async def _set_aside_later(self, file: _Found, reason: str) -> bool:
        """Stores the fault once the file was not changed for so long that it will not be completed; whether that is
        new."""
        return time.time() - file.changed_at > self._patience and await self._set_aside(file, reason)

    async def _set_aside(self, file: _Found, reason: str) -> bool:
        async with self._pool.acquire() as db:
            new = await feed_files.set_aside(db, file.version, reason)
        if new:
            log.error("a feed file was set aside", carrier=self._carrier.name, file=file.version.name, reason=reason)
        return new
