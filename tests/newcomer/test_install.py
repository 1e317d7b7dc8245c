"""`make install`, and what stands in its way: said in one sentence, with what to do."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from tests.support.newcomer import Disk, Stand, refusal

pytestmark = pytest.mark.newcomer
NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_FIND_LINKS": ""}


def pretending(ordinary: Stand, name: str, first: str) -> Stand:
    """Its Python does this before anything else."""
    program = ordinary.folder / name
    program.write_text(
        "#!/bin/sh\n"
        f'first="import runpy, sys; {first}; argv = sys.argv[1:]"\n'
        'case "$1" in\n'
        f'-m) exec {ordinary.python} -c "$first; sys.argv = argv[1:]; '
        'runpy.run_module(argv[1], run_name=\'__main__\', alter_sys=True)" "$@" ;;\n'
        f'*) exec {ordinary.python} -c "$first; exec(argv[1])" "$@" ;;\n'
        "esac\n"
    )
    program.chmod(0o755)
    return replace(ordinary, python=str(program))


def test_a_python_that_is_not_there_is_named(ordinary: Stand) -> None:
    printed = replace(ordinary, python="python3.99").make("install", code=2)
    assert refusal(printed).startswith("There is no python3.99 here; Silkpost needs Python 3.11 or newer")


def test_a_python_that_is_too_old_is_named(ordinary: Stand) -> None:
    old = pretending(ordinary, "python3.9", "sys.version_info = (3, 9, 2)")
    output = refusal(old.make("install", code=2))
    assert output.startswith(f"Silkpost needs Python 3.11 or newer, and {old.python} is 3.9: name another")


def test_without_a_venv_module_the_package_that_has_it_is_named(ordinary: Stand) -> None:
    bare = pretending(ordinary, "python-bare", "sys.modules['ensurepip'] = None")
    output = refusal(bare.make("install", code=2))
    assert "has no venv module: install it" in output
    assert "python3-venv" in output


def test_a_folder_of_somebody_else_is_named(ordinary: Stand) -> None:
    theirs = replace(ordinary, folder=ordinary.folder.parent / "theirs", user=None)
    theirs.copy_tree()
    output = refusal(replace(theirs, user=ordinary.user).make("install", code=2))
    assert output.startswith(f"{theirs.folder} cannot be written (Permission denied), ")
    assert output.endswith("copy the folder to a place of yours and run make there.")


def test_a_disk_from_which_no_program_runs_is_named(ordinary: Stand, disk: Disk) -> None:
    stand = replace(ordinary, folder=disk("noexec", "noexec") / "silkpost")
    stand.copy_tree()
    output = refusal(stand.make("install", code=2))
    assert output.startswith(f"Programs in {stand.folder} cannot be run (Permission denied), ")


def test_a_full_temporary_folder_is_named(ordinary: Stand, disk: Disk) -> None:
    small = disk("small", "size=1m")
    output = refusal(ordinary.make("install", code=2, TMPDIR=str(small)))
    assert "that of the temporary folder, is full: make room, or name another temporary folder in TMPDIR" in output


def test_without_an_index_the_network_is_named(ordinary: Stand) -> None:
    output = refusal(ordinary.make("install", code=2, **NO_INDEX))
    assert output.startswith("The package index cannot be reached, asked for ")
    assert "PIP_INDEX_URL or PIP_FIND_LINKS" in output


def test_an_installation_that_was_killed_is_taken_up_by_the_next(ordinary: Stand) -> None:
    """Killed while packages are unpacked, when some are half there."""
    seen: list[str] = []
    with ordinary.making("install") as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if line.startswith("unpacking packages: "):
                os.killpg(process.pid, signal.SIGKILL)
    assert seen[-1].startswith("unpacking packages: "), seen
    assert not (ordinary.folder / ".venv/.installed").exists()
    printed = ordinary.make("install")
    assert "The last installation did not come to its end: this one begins anew." in printed
    assert " packages are in .venv: " in printed
    assert (ordinary.folder / ".venv/.installed").exists()
    assert ordinary.make("install") == "make: Nothing to be done for 'install'.\n"
