"""Judges of log and events that we did not write, where `make judges` has made them, and logs as they read them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.provenance.domain.log.checkpoints import Trust

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".run" / "judges"
TORCHWOOD, LITEWITNESS = FOLDER / "torchwood-judge", FOLDER / "litewitness"
PYTHON = FOLDER / "python" / "bin" / "python"
"""With aics-tlog and epcis-event-hash-generator, and nothing of ours."""
AICS_JUDGE, HASH_JUDGE = (Path(__file__).with_name(name) for name in ("aics_judge.py", "hash_judge.py"))


def needs(program: Path) -> pytest.MarkDecorator:
    """Skips a test where this judge is not at hand."""
    return pytest.mark.skipif(
        not program.exists(), reason=f"{program.name} of {program.relative_to(ROOT)} is not at hand: make judges"
    )


def lay_out(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Writes what a log serves, a file a path."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def policy(folder: Path, trust: Trust) -> Path:
    """The file in which torchwood reads whom to trust."""
    names = [f"w{number}" for number in range(len(trust.witnesses))]
    lines = [f"log {trust.log}", *(f"witness {name} {key}" for name, key in zip(names, trust.witnesses, strict=True))]
    group = [f"group quorum {trust.quorum} {' '.join(names)}", "quorum quorum"] if trust.quorum else ["quorum none"]
    file = folder / "policy"
    file.write_text("\n".join([*lines, *group]) + "\n")
    return file


def torchwood(*arguments: object) -> str | None:
    """What is wrong; None when nothing is."""
    return _judged([TORCHWOOD, *arguments])


def aics(trust: Trust, folder: Path) -> str | None:
    """What is wrong with the log in this folder; None when nothing is."""
    return _judged([PYTHON, AICS_JUDGE, trust.log, trust.quorum, folder, *trust.witnesses])


def event_hashes(document: bytes) -> list[str]:
    """Of the events of this EPCIS document, as their standard's reference implementation makes them."""
    command = [str(PYTHON), str(HASH_JUDGE)]
    done = subprocess.run(command, input=document, capture_output=True, timeout=120, check=True)
    return done.stdout.decode().split()


def _judged(command: list[object]) -> str | None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
    return None if done.returncode == 0 else done.stderr.strip() or "it said nothing"
