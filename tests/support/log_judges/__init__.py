"""Judges of the log that we did not write, where `make judges` has made them, and logs laid out as they read them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.provenance.domain.log.checkpoints import Trust

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".run" / "judges"
TORCHWOOD, LITEWITNESS = FOLDER / "torchwood-judge", FOLDER / "litewitness"
AICS = FOLDER / "aics" / "bin" / "python"
AICS_JUDGE = Path(__file__).with_name("aics_judge.py")


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
    return _judged([AICS, AICS_JUDGE, trust.log, trust.quorum, folder, *trust.witnesses])


def _judged(command: list[object]) -> str | None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
    return None if done.returncode == 0 else done.stderr.strip() or "it said nothing"
