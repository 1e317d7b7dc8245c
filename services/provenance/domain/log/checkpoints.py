"""Checkpoints (c2sp.org/tlog-checkpoint): what a log says of its tree, signed by it and cosigned by witnesses."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass

from services.provenance.domain.log.notes import BadNote, Note, SignerKey, VerifierKey, parse_note, verified
from services.provenance.domain.log.tree import HASH_BYTES, MAX_SIZE


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Of a tree; `str` is the text that is signed."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a reader believes: one log, and so many of some witnesses."""

    log: VerifierKey
    """Its name is the origin."""
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0
    """How many witnesses must have signed."""

    def __post_init__(self) -> None:
        names: dict[bytes, str] = {}
        for key in self.witnesses:
            if key.public in names:
                raise ValueError(f"witnesses {names[key.public]} and {key.name} are one key, which counts once")
            names[key.public] = key.name
        if not 0 <= self.quorum <= len(self.witnesses):
            raise ValueError(f"{self.quorum} of {len(self.witnesses)} witnesses can never sign")


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log's signature was verified."""

    checkpoint: Checkpoint
    note: Note
    witnesses: Collection[VerifierKey]
    """Whose cosignatures it has."""


def sign(checkpoint: Checkpoint, key: SignerKey) -> Note:
    text = str(checkpoint)
    return Note(text, (key.sign(text),))


def parse_decimal(text: str) -> int | None:
    """A number from 0 as checkpoints and requests write it: ASCII digits, no zeros in front; None for anything else."""
    known = re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) and int(text) <= MAX_SIZE
    return int(text) if known else None


def parse_hash(text: str) -> bytes | None:
    """32 bytes in canonical base64; None for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == HASH_BYTES and base64.b64encode(data).decode() == text else None


def parse_checkpoint(text: str) -> Checkpoint:
    """The text of a note. Raises BadNote; extension lines, which our logs never write, are refused."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise BadNote("a checkpoint is origin, size and root, a line each")
    size, root = parse_decimal(lines[1]), parse_hash(lines[2])
    if size is None:
        raise BadNote("the size of a checkpoint is a decimal number")
    if root is None:
        raise BadNote("the root of a checkpoint is 32 bytes in base64")
    return Checkpoint(lines[0], size, root)


def open_checkpoint(data: bytes, trust: Trust) -> SignedCheckpoint:
    """The checkpoint in this note, of this log, with enough witnesses. Raises BadNote."""
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != trust.log.name:
        raise BadNote(f"the checkpoint is of another log than {trust.log.name}")
    signed = verified(note, (trust.log, *trust.witnesses))
    if trust.log not in signed:
        raise BadNote("the log has not signed the checkpoint")
    witnesses = [key for key in trust.witnesses if key in signed]
    if len(witnesses) < trust.quorum:
        raise BadNote(f"{len(witnesses)} witnesses have signed the checkpoint, {trust.quorum} must")
    return SignedCheckpoint(checkpoint, note, witnesses)
