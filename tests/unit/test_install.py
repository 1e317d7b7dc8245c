"""What `make install` says: how far pip is, and in one sentence why it failed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.local import install
from sandbox.local.install_progress import InstallError, NoWheelError, Progress, explain_failure

LOG = Path(".run/install.log")
PIP_23 = """\
Ignoring colorama: markers 'sys_platform == "win32"' don't match your environment
Collecting aiokafka==0.14.0
  Downloading aiokafka-0.14.0-cp311-cp311-manylinux2014_x86_64.whl (1.1 MB)
Collecting babel==2.18.0 (from -r .venv/packages.txt (line 9))
  Using cached babel-2.18.0-py3-none-any.whl (10.2 MB)
"""
PIP_25 = """\
Collecting aiokafka==0.14.0 (from -r .venv/packages.txt (line 1))
  Downloading aiokafka-0.14.0-cp313-cp313-manylinux2014_x86_64.whl.metadata (17 kB)
Downloading aiokafka-0.14.0-cp313-cp313-manylinux2014_x86_64.whl (1.1 MB)
"""


def read(output: str, packages: int = 3) -> Progress:
    progress = Progress(packages=packages)
    for line in output.splitlines():
        progress.read(line)
    return progress


def test_it_imports_nothing_but_the_standard_library() -> None:
    """It runs before any package is installed; here, with a Python that has none."""
    command = f"import sys; sys.path.insert(0, {str(install.ROOT)!r}); import sandbox.local.install"
    subprocess.run([sys.executable, "-I", "-S", "-c", command], check=True)


def test_packages_of_other_platforms_do_not_count() -> None:
    assert read(PIP_23).packages == 2


def test_what_comes_is_named_with_its_size() -> None:
    assert read(PIP_23.partition("Collecting babel")[0]).doing == "downloading aiokafka (1.1 MB)"
    assert read(PIP_25).doing == "downloading aiokafka (1.1 MB)"
    assert read(PIP_23).doing == "babel from pip's cache"


def test_only_what_is_downloaded_counts_as_downloaded() -> None:
    assert (read(PIP_23).megabytes, read(PIP_23).cached) == (1.1, 1)
    assert read(PIP_25).megabytes == 1.1


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (
            "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError()': /simple/asyncpg/\n"
            "ERROR: No matching distribution found for asyncpg==0.32.0",
            "The package index cannot be reached, asked for aiokafka: look at the network",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement asyncpg==0.32.0 (from versions: none)\n"
            "ERROR: No matching distribution found for asyncpg==0.32.0",
            "The package index has no asyncpg for Python ",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk was full",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "aiokafka is not the file that requirements.lock names",
        ),
        ("error: metadata-generation-failed", "pip failed at aiokafka. Its last lines:\n"),
    ],
)
def test_a_failure_is_named_with_the_package_and_what_to_do(last: str, sentence: str) -> None:
    output = PIP_23.partition("Collecting babel")[0] + last
    failed = explain_failure(read(output), output, LOG)
    assert str(failed).startswith(sentence)
    assert str(LOG) in str(failed)
    assert isinstance(failed, NoWheelError) == ("has no" in sentence)


def test_without_a_venv_module_the_package_that_has_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    with pytest.raises(InstallError, match="python3-venv"):
        install._create_venv(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


def test_every_package_of_the_lock_is_asked_for_with_its_hashes() -> None:
    lock = install.LOCK.read_text()
    packages = install._packages(lock)
    assert packages.keys() > install.SERVERS
    assert "".join(packages.values()) == lock
    assert all("--hash=sha256:" in requirement for requirement in packages.values())
