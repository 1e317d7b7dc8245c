"""Our log and events before judges that we did not write. Each is skipped where it is not at hand:
`make judges` makes them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from services.provenance.domain.epcis import declared_wrong, document
from tests.support.log_judges import PYTHON, TORCHWOOD, aics, event_hashes, lay_out, needs, policy, torchwood
from tests.support.provenance_log import MemoryLog, witness_key
from tests.support.provenance_samples import AT, every_event, every_lot_event

WITNESSES = [witness_key(1), witness_key(2)]
SIZES = [1, 2, 255, 256, 257, 1_000, 66_000]


@needs(TORCHWOOD)
@pytest.mark.parametrize("size", SIZES)
def test_torchwood_reads_every_leaf(tmp_path: Path, size: int) -> None:
    log = MemoryLog.of(size, batch=333)
    folder = lay_out(tmp_path / "log", log.files(WITNESSES))
    trust = log.trust(WITNESSES, 2)
    assert torchwood("log", policy(tmp_path, trust), folder) is None


@needs(TORCHWOOD)
@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_999])
def test_torchwood_verifies_our_proofs_and_no_other(tmp_path: Path, index: int) -> None:
    log = MemoryLog.of(66_000, batch=10_000)
    trusted = policy(tmp_path, log.trust(WITNESSES, 2))
    proof, leaf = tmp_path / "unit.tlog-proof", tmp_path / "leaf"
    proof.write_text(str(log.proof(index, WITNESSES)))
    leaf.write_bytes(log.leaves[index])
    assert torchwood("proof", trusted, proof, leaf) is None
    leaf.write_bytes(b"another")
    assert "verification failed" in (torchwood("proof", trusted, proof, leaf) or "")
    leaf.write_bytes(log.leaves[index])
    proof.write_text(str(log.proof(index, WITNESSES[:1])))
    assert torchwood("proof", trusted, proof, leaf) is not None


@needs(PYTHON)
@pytest.mark.parametrize("size", [*SIZES[:-1], pytest.param(SIZES[-1], marks=pytest.mark.slow)])
def test_aics_audits_our_log(tmp_path: Path, size: int) -> None:
    log = MemoryLog.of(size, batch=333)
    folder = lay_out(tmp_path / "log", log.files(WITNESSES))
    assert aics(log.trust(WITNESSES, 2), folder) is None


@needs(PYTHON)
@needs(TORCHWOOD)
@pytest.mark.parametrize("changed", ["tile/0/001", "tile/1/000.p/3", "tile/entries/002", "checkpoint"])
def test_all_judges_find_a_changed_byte(tmp_path: Path, changed: str) -> None:
    log = MemoryLog.of(1_000)
    files = log.files(WITNESSES)
    files[changed] = files[changed][:90] + bytes([files[changed][90] ^ 1]) + files[changed][91:]
    folder, trust = lay_out(tmp_path / "log", files), log.trust(WITNESSES, 2)
    assert aics(trust, folder) is not None
    assert torchwood("log", policy(tmp_path, trust), folder) is not None


@needs(PYTHON)
def test_the_reference_implementation_gives_our_events_the_same_ids() -> None:
    events = [*every_event(), *every_lot_event()]
    assert event_hashes(json.dumps(document(events, AT)).encode()) == [event["eventID"] for event in events]


SCHEMA = os.environ.get("EPCIS_SCHEMA", "")


@pytest.mark.skipif(not SCHEMA, reason="GS1's schema is not at hand: EPCIS_SCHEMA=<EPCIS-JSON-Schema.json>")
def test_our_events_are_valid_by_the_schema_of_gs1() -> None:
    schema = json.loads(Path(SCHEMA).read_text(encoding="utf-8"))
    wrong = declared_wrong(every_event()[0], AT, "did_not_occur")
    made = document([*every_event(), *every_lot_event(), wrong], AT)
    jsonschema.validate(made, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document([{**wrong, "action": "MOVE"}], AT), schema)
