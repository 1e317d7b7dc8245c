"""The bill of materials holds what the image installs, no more and no less."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def locked() -> dict[str, tuple[str, set[str]]]:
    """Version and hashes of each package of the image's lock file."""
    text = (ROOT / "requirements.runtime.lock").read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    return {
        re.split(r"[\[=]", entry, maxsplit=1)[0]: (
            re.findall(r"==([^\s;]+)", entry)[0],
            set(re.findall(r"--hash=sha256:(\w{64})", entry)),
        )
        for entry in entries
    }


@pytest.mark.slow
def test_each_package_of_the_image_is_listed_with_its_version_and_hashes(tmp_path: Path) -> None:
    command = [str(ROOT / "deploy/sbom"), sys.executable, str(tmp_path / "one/sbom.json")]
    subprocess.run(command, check=True, capture_output=True, text=True)
    bill = json.loads((tmp_path / "one/sbom.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "silkpost"
    listed = {
        component["name"]: (
            component["version"],
            {
                digest["content"]
                for reference in component["externalReferences"]
                for digest in reference.get("hashes", ())
                if digest["alg"] == "SHA-256"
            },
        )
        for component in bill["components"]
    }
    expected = locked()
    assert len(expected) > 50
    assert all(hashes for _, hashes in expected.values())
    assert listed == expected
    assert len(bill["components"]) == len(expected), "listed twice"
    assert all(component["purl"].startswith("pkg:pypi/") for component in bill["components"])


@pytest.mark.slow
def test_the_same_lock_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        subprocess.run([str(ROOT / "deploy/sbom"), sys.executable, str(tmp_path / name)], check=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
