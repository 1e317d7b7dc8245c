"""What FAILPOINT may say, and that nothing happens when it says nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared import failpoints
from shared.failpoints import Armed, parse


def test_the_variable_is_read() -> None:
    assert parse("") == {}
    assert parse("relay.sent") == {"relay.sent": Armed("kill", 1)}
    assert parse("relay.sent:stop,api.worked:raise:3") == {
        "relay.sent": Armed("stop", 1),
        "api.worked": Armed("raise", 3),
    }


@pytest.mark.parametrize("text", ["relay.gone", "relay.sent:explode", "relay.sent:kill:0", "relay.sent:kill:x"])
def test_a_mistake_in_the_variable_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="FAILPOINT"):
        parse(text)


def test_no_guarantee_can_be_turned_off() -> None:
    for text in ("ledger.inbox", "ledger.inbox:off", "relay.sent:off"):
        with pytest.raises(ValueError, match="FAILPOINT"):
            parse(text)


def test_every_name_is_in_the_table() -> None:
    assert failpoints.__doc__ is not None
    assert all(f"| {name} |" in failpoints.__doc__ for name in failpoints.NAMES)


def run(variable: str, code: str) -> int:
    words = f"from shared import failpoints\n{code}"
    done = subprocess.run([sys.executable, "-c", words], env={**os.environ, "FAILPOINT": variable}, check=False)
    return done.returncode


def test_it_happens_the_nth_time_only() -> None:
    thrice = "for _ in range(3): failpoints.reach('api.worked')"
    assert run("", thrice) == 0
    assert run("api.committed", thrice) == 0
    assert run("api.worked:kill:3", thrice) == -signal.SIGKILL
    assert run("api.worked:kill:4", thrice) == 0


def test_a_running_process_is_armed_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "armed"
    code = (
        "from pathlib import Path\n"
        "failpoints.reach('api.worked')\n"
        f"Path({str(file)!r}).write_text('api.worked')\n"
        "failpoints.reach('api.worked')"
    )
    assert run(f"@{file}", code) == -signal.SIGKILL
