"""Signed notes, checkpoints, proofs, and what witnesses answer."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from sandbox.witness.witness import Witness
from services.provenance.domain.log.checkpoints import Checkpoint, Trust, open_checkpoint, parse_checkpoint
from services.provenance.domain.log.notes import (
    COSIGNATURE,
    BadNote,
    Note,
    VerifierKey,
    parse_note,
    parse_signatures,
    parse_verifier_key,
    verified,
)
from services.provenance.domain.log.proofs import parse_proof, verify_proof
from services.provenance.domain.log.witnesses import (
    TOLERANCE_SECONDS,
    Answer,
    Verdict,
    add_checkpoint,
    checkpoint_path,
    outvoted,
    read_answer,
    read_checkpoint,
    seen_by,
)
from tests.support.provenance_log import NOON, MemoryLog, key, witness_key

FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNED = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
"""The specification's example."""
LOG = MemoryLog.of(300)
ONE, TWO = witness_key(1), witness_key(2)


def test_the_example_of_the_specification_verifies() -> None:
    foo, note = parse_verifier_key(FOO), parse_note(SIGNED.encode())
    assert str(foo) == FOO
    assert str(note) == SIGNED
    assert list(verified(note, [foo])) == [foo]
    with pytest.raises(BadNote, match=r"signature of example.com/foo does not verify"):
        verified(replace(note, text="This is another message.\n"), [foo])


def test_signatures_of_unknown_keys_are_ignored() -> None:
    assert verified(parse_note(SIGNED.encode()), [ONE.verifier, key("example.com/foo").verifier]) == {}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "<name>"),
        ("name", "<name>"),
        ("a b+530d903a+" + FOO.rpartition("+")[2], "<name>"),
        (FOO[:-4], "<name>"),
        (FOO[:-1] + "!", "<name>"),
        (FOO.replace("+530d", "+530e"), "the id of verifier key example.com/foo"),
        ("a+00000000+" + base64.b64encode(b"\x06" + bytes(32)).decode(), "type 6 of verifier key a is not known"),
    ],
)
def test_a_bad_verifier_key_breaks_a_rule(text: str, rule: str) -> None:
    with pytest.raises(BadNote, match=rule):
        parse_verifier_key(text)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (SIGNED.encode() + b"\xff", "UTF-8"),
        (SIGNED.replace("an example", "an\texample").encode(), "control characters"),
        (SIGNED.partition("\n\n")[0].encode(), "an empty line"),
        (b"\n\n" + SIGNED.encode().partition(b"\n\n")[2], "an empty line"),
        (SIGNED.encode()[:-1], "end with a newline"),
        (SIGNED.replace("— ", "- ").encode(), "a signature line is"),
        (SIGNED.replace("Uw2Q", "Uw2Q!").encode(), "a signature line is"),
        (SIGNED.replace("aQM=", "aQN=").encode(), "a signature line is"),
        ("a\n\n— b AAAA\n".encode(), "a signature line is"),
        (("a\n\n" + "— b AAAAAAA=\n" * 33).encode(), "at most 32 signatures"),
        (b"a" * 70_000, "at most 65536 bytes"),
    ],
)
def test_a_bad_note_breaks_a_rule(data: bytes, rule: str) -> None:
    with pytest.raises(BadNote, match=rule):
        parse_note(data)


def test_a_cosignature_says_when() -> None:
    note = LOG.checkpoint(witnesses=[ONE])
    signature = verified(note, [ONE.verifier])[ONE.verifier]
    assert signature.seconds == NOON
    late = replace(signature, value=(NOON + 1).to_bytes(8, "big") + signature.value[8:])
    with pytest.raises(BadNote, match="does not verify"):
        verified(Note(note.text, (late,)), [ONE.verifier])
    with pytest.raises(BadNote, match="does not verify"):
        verified(Note(note.text, (ONE.cosign(note.text, 0),)), [ONE.verifier])


def test_the_same_key_of_another_type_is_another_key() -> None:
    assert VerifierKey("a", 1, bytes(32)).id != VerifierKey("a", COSIGNATURE, bytes(32)).id


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("o\n1\n", "a line each"),
        ("\n1\nAAAA\n", "a line each"),
        ("o\n1\nAAAA\nmore\n", "a line each"),
        ("o\n01\nAAAA\n", "decimal"),
        ("o\n-1\nAAAA\n", "decimal"),
        (f"o\n{2**63}\nAAAA\n", "decimal"),
        ("o\n1\nAAAA\n", "32 bytes"),
        ("o\n1\n?\n", "32 bytes"),
    ],
)
def test_a_bad_checkpoint_breaks_a_rule(text: str, rule: str) -> None:
    with pytest.raises(BadNote, match=rule):
        parse_checkpoint(text)


def test_a_checkpoint_is_believed_with_the_log_and_a_quorum() -> None:
    data = str(LOG.checkpoint(witnesses=[ONE])).encode()
    signed = open_checkpoint(data, LOG.trust([ONE, TWO], 1))
    assert signed.checkpoint == Checkpoint(LOG.key.name, 300, LOG.edge.root)
    assert signed.witnesses == [ONE.verifier]
    with pytest.raises(BadNote, match="1 witnesses have signed the checkpoint, 2 must"):
        open_checkpoint(data, LOG.trust([ONE, TWO], 2))
    with pytest.raises(BadNote, match="is of another log than other"):
        open_checkpoint(data, Trust(key("other").verifier))
    unsigned = replace(parse_note(data), signatures=parse_note(data).signatures[1:])
    with pytest.raises(BadNote, match="the log has not signed"):
        open_checkpoint(str(unsigned).encode(), LOG.trust([ONE], 1))
    with pytest.raises(ValueError, match="3 of 2 witnesses can never sign"):
        LOG.trust([ONE, TWO], 3)


def test_a_witness_counts_once() -> None:
    renamed = VerifierKey("another.example", ONE.verifier.type, ONE.verifier.public)
    for again in (ONE.verifier, renamed):
        with pytest.raises(ValueError, match=f"witnesses {ONE.name} and {again.name} are one key, which counts once"):
            Trust(LOG.key.verifier, (ONE.verifier, TWO.verifier, again), 2)


def test_a_proof_is_a_file_that_reads_back() -> None:
    proof = LOG.proof(7, [ONE])
    assert parse_proof(str(proof).encode()) == proof
    assert verify_proof(proof, LOG.leaves[7], LOG.trust([ONE], 1)).checkpoint.size == 300
    with pytest.raises(BadNote, match="the leaf is not at index 7"):
        verify_proof(proof, LOG.leaves[8], LOG.trust())


def test_a_tree_of_one_leaf_needs_no_hashes() -> None:
    log = MemoryLog.of(1)
    assert parse_proof(str(log.proof(0)).encode()) == log.proof(0)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2", "begins with"),
        ("\n\n", "\n", "an empty line before its checkpoint"),
        ("index 7", "index 07", "its index"),
        ("index 7", "extra AAAA\nindex 7", "its index"),
        ("index 7\n", "index 7\nAAAA\n", "at most 63 lines"),
        ("index 7\n", "index 7\n" + "A" * 43 + "=\n" * 64, "at most 63 lines"),
    ],
)
def test_a_bad_proof_breaks_a_rule(before: str, after: str, rule: str) -> None:
    text = str(LOG.proof(7))
    changed = text.replace(before, after) if before == "\n\n" else text.replace(before, after, 1)
    with pytest.raises(BadNote, match=rule):
        parse_proof(changed.encode())


def test_a_proof_is_text_with_an_index() -> None:
    for data in (b"c2sp.org/tlog-proof@v1\n\n", b"\xff"):
        with pytest.raises(BadNote):
            parse_proof(data)


def test_any_byte_changed_in_a_proof_is_found() -> None:
    trust, text = LOG.trust([ONE], 1), str(LOG.proof(7, [ONE])).encode()
    verify_proof(parse_proof(text), LOG.leaves[7], trust)
    for position in range(len(text)):
        changed = text[:position] + bytes([text[position] ^ 1]) + text[position + 1 :]
        with pytest.raises(BadNote):
            verify_proof(parse_proof(changed), LOG.leaves[7], trust)


CHECKPOINT = parse_checkpoint(LOG.checkpoint().text)


def answer(status: int, body: bytes = b"", old: int = 100) -> Answer:
    return read_answer(status, body, old, CHECKPOINT, ONE.verifier, NOON)


def test_a_witness_is_asked_with_a_consistency_proof() -> None:
    body = add_checkpoint(100, LOG.consistency(100, 300), LOG.checkpoint())
    head, _, note = body.decode().partition("\n\n")
    old, *hashes = head.split("\n")
    assert (old, note) == ("old 100", str(LOG.checkpoint()))
    assert [base64.b64decode(line) for line in hashes] == LOG.consistency(100, 300)
    assert add_checkpoint(0, [], LOG.checkpoint()).startswith(b"old 0\n\n" + LOG.key.name.encode())


def test_a_cosignature_counts_when_it_is_of_this_witness_and_verifies() -> None:
    line = f"{ONE.cosign(str(CHECKPOINT), NOON)}\n".encode()
    assert answer(200, line) == Answer(Verdict.COSIGNED, 300, parse_signatures(line.decode())[0])
    assert answer(200, f"{TWO.cosign(str(CHECKPOINT), NOON)}\n".encode()).verdict is Verdict.REFUSED
    assert answer(200, f"{ONE.cosign('another', NOON)}\n".encode()).verdict is Verdict.REFUSED
    assert answer(200, b"\xff").verdict is Verdict.REFUSED


@pytest.mark.parametrize("seconds", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_a_cosignature_counts_when_its_time_can_be_true(seconds: int) -> None:
    assert answer(200, f"{ONE.cosign(str(CHECKPOINT), NOON + seconds)}\n".encode()).verdict is Verdict.COSIGNED


@pytest.mark.parametrize("seconds", [1, NOON - TOLERANCE_SECONDS - 1, NOON + TOLERANCE_SECONDS + 1, 4_923_849_600])
def test_a_cosignature_of_another_time_is_a_refusal(seconds: int) -> None:
    """The last is of the year 2126."""
    assert answer(200, f"{ONE.cosign(str(CHECKPOINT), seconds)}\n".encode()) == Answer(Verdict.REFUSED)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, b"50\n", Answer(Verdict.BEHIND, 50)),
        (409, b"300\n", Answer(Verdict.BEHIND, 300)),
        (409, b"301\n", Answer(Verdict.AHEAD, 301)),
        (409, b"100\n", Answer(Verdict.REFUSED)),
        (409, b"many\n", Answer(Verdict.REFUSED)),
        (409, b"\xff", Answer(Verdict.REFUSED)),
        (422, b"", Answer(Verdict.FORKED)),
        (404, b"", Answer(Verdict.REFUSED)),
        (403, b"", Answer(Verdict.REFUSED)),
        (503, b"", Answer(Verdict.AWAY)),
    ],
)
def test_what_a_witness_answers_means(status: int, body: bytes, expected: Answer) -> None:
    assert answer(status, body) == expected


@pytest.mark.parametrize("body", [b"", b"300\n"])
def test_a_conflict_at_the_size_of_the_checkpoint_is_a_fork(body: bytes) -> None:
    """c2sp.org/tlog-witness: 409 when the old size is the checkpoint's and the roots differ."""
    assert answer(409, body, old=300) == Answer(Verdict.FORKED)
    assert answer(409, b"301\n", old=300) == Answer(Verdict.AHEAD, 301)


def test_a_witness_answers_409_to_another_root_of_the_size_that_it_signed() -> None:
    witness = Witness([str(LOG.key.verifier)], lambda: NOON)
    assert witness.add_checkpoint(add_checkpoint(0, [], LOG.checkpoint())).status == 200
    other = MemoryLog.of(299)
    other.append([b"another"])
    assert witness.add_checkpoint(add_checkpoint(300, [], other.checkpoint())).status == 409
    other.append([b"more"])
    proof = other.consistency(300, 301)
    assert witness.add_checkpoint(add_checkpoint(300, proof, other.checkpoint())).status == 422
    assert witness.signed[LOG.key.name].root == CHECKPOINT.root


def test_a_witness_serves_what_it_has_signed_last_and_our_key_proves_it() -> None:
    witness, log = Witness([str(LOG.key.verifier)], lambda: NOON), LOG.key.verifier
    origin_hash, _, name = checkpoint_path(log.name).partition("/")
    assert (len(origin_hash), name) == (64, "checkpoint")
    assert witness.checkpoint(origin_hash).status == 404
    assert witness.add_checkpoint(add_checkpoint(0, [], LOG.checkpoint())).status == 200
    served = witness.checkpoint(origin_hash)
    assert open_checkpoint(served.body.encode(), Trust(log, (witness.key.verifier,), 1)).checkpoint == CHECKPOINT
    assert read_checkpoint(served.status, served.body.encode(), log) == CHECKPOINT


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, str(LOG.checkpoint())),
        (200, ""),
        (200, "301\n"),
        (200, str(LOG.checkpoint()).replace("\n300\n", "\n301\n")),
        (200, str(Note(LOG.checkpoint().text, (ONE.cosign(LOG.checkpoint().text, NOON),)))),
        (200, str(MemoryLog(key=key("another.example/log")).checkpoint())),
    ],
)
def test_what_our_key_has_not_signed_proves_nothing(status: int, body: str) -> None:
    assert read_checkpoint(status, body.encode(), LOG.key.verifier) is None


@pytest.mark.parametrize(
    ("contradicting", "witnesses", "quorum", "expected"),
    [
        (0, 0, 0, False),
        (0, 1, 1, False),
        (1, 1, 1, True),
        (1, 1, 0, True),
        (1, 2, 2, True),
        (1, 2, 1, False),
        (2, 2, 1, True),
        (1, 3, 2, False),
        (2, 3, 2, True),
        (2, 3, 0, False),
        (3, 3, 0, True),
    ],
)
def test_a_log_waits_where_no_quorum_is_left(contradicting: int, witnesses: int, quorum: int, expected: bool) -> None:
    assert outvoted(contradicting, witnesses, quorum) is expected


def test_what_a_witness_has_seen_is_said_in_words() -> None:
    assert seen_by("w", 9, 8) == "w has signed 9 leaves, and our last checkpoint has 8 leaves"
    assert seen_by("w", 8, 8, verb="says it has signed").startswith("w says it has signed another tree, and")
