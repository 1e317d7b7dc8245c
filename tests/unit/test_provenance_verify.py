"""A bundle is checked by one command, with the file and the keys of whom one trusts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.provenance_samples import ISSUER, UNIT, WITNESS, unit_log


def run(file: Path, *more: str, issuer: str = ISSUER) -> subprocess.CompletedProcess[str]:
    log_key, witness = str(unit_log().log.key.verifier), str(WITNESS.verifier)
    command = [sys.executable, "-m", "services.provenance", "verify", str(file), "--log-key", log_key]
    options = ["--issuer", issuer, "--witness", witness, *more]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=False)


def test_a_good_bundle_is_verified_and_a_changed_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "unit.json"
    file.write_bytes(unit_log().bundle())
    good = run(file)
    assert good.returncode == 0, good.stderr
    assert f"verified: {UNIT}, 4 events" in good.stdout
    file.write_bytes(unit_log().bundle(witnesses=()))
    assert "not verified: 0 witnesses have signed" in run(file).stderr
    file.write_bytes(unit_log().bundle())
    other = run(file, issuer="did:web:other.example")
    assert (other.returncode, "not a key of did:web:other.example" in other.stderr) == (1, True)
    assert run(file, "--quorum", "2").returncode == 2
    twice = run(file, "--witness", str(WITNESS.verifier))
    assert (twice.returncode, "are one key" in twice.stderr) == (2, True)
