"""What `make run` prints last and what README shows, run by a shell as it stands there, five minutes later."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.next_steps import NUMBER, ROWS, rows
from sandbox.local.stack import ROOT
from tests.support.waiting import until

pytestmark = pytest.mark.newcomer

MAKE = shutil.which("make") or "make"
RUN_SECONDS = 300.0
FIVE_MINUTES_AT = 300
"""The clock speed at which five minutes of business time are a second."""


@dataclass
class Newcomer:
    """Somebody with a terminal in this directory, while `make run` stands in another one."""

    printed: str
    environment: dict[str, str]

    def shell(self, command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def output_of(self, command: str, cwd: Path = ROOT) -> str:
        """What it prints; it must succeed."""
        done = self.shell(command, cwd)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def asks(self, command: str, cwd: Path) -> dict[str, Any]:
        """The JSON that it prints."""
        shown = self.output_of(command, cwd)
        answer: dict[str, Any] = json.loads(shown)
        assert "status" not in answer or isinstance(answer["status"], str), f"a problem: {shown}"
        return answer

    async def stands(self, number: str, *statuses: str) -> None:
        async def there() -> bool:
            report = json.loads(self.shell(f"{PYTHON} -m services.why {number} --json").stdout or "{}")
            return bool(report) and report["order"]["status"] in statuses

        await until(there, 180)


PYTHON = shlex.quote(str(ROOT / ".venv" / "bin" / "python"))


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """`make run` in the other terminal; its run is over, and five minutes have passed."""
    room = tmp_path_factory.mktemp("newcomer")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTEST"))}
    environment |= {"STACK_FILE": str(room / "stack.json"), "COLUMNS": "120"}
    output = room / "printed"
    with output.open("w") as file:
        run = subprocess.Popen(
            [MAKE, "run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        printed = _closing(run, output)
        somebody = Newcomer(printed, environment)
        _let_five_minutes_pass(somebody)
        yield somebody
    finally:
        os.killpg(run.pid, signal.SIGINT)
        run.wait(90)


def _closing(run: subprocess.Popen[bytes], output: Path) -> str:
    """The last of what it prints, when it is there to its end."""
    until_then = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until_then:
        printed = output.read_text()
        if "\nAsk to cancel it" in printed and printed.endswith("'\n"):
            return printed[printed.index("\nIt is ") + 1 :]
        assert run.poll() is None, printed
        time.sleep(0.5)
    raise AssertionError(output.read_text())


def _let_five_minutes_pass(somebody: Newcomer) -> None:
    clock = "from sandbox.demo.clock import running_clock; print(running_clock()[1].now().timestamp())"

    def now() -> float:
        return float(somebody.output_of(f"{PYTHON} -c {shlex.quote(clock)}"))

    began = now()
    somebody.output_of(f"make clock SPEED={FIVE_MINUTES_AT}")
    while now() < began + 300:
        time.sleep(0.2)
    somebody.output_of("make clock SPEED=1")


def commands(text: str) -> list[str]:
    """The curls in a text, each whole: until its quotes are closed and its last line goes on no more."""
    curls, curl = [], ""
    for line in text.splitlines():
        if curl or line.startswith("curl "):
            curl += f"{line}\n"
            try:
                shlex.split(curl)
            except ValueError:
                continue
            if not line.endswith("\\"):
                curls.append(curl)
                curl = ""
    return curls


def command_with(text: str, word: str) -> str:
    [command] = [command for command in commands(text) if word in command]
    return command


def readme() -> str:
    """Of the README, what there is to try."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("\n## Try it\n")[2].partition("\n## ")[0]


def test_the_last_words_fit_a_terminal_of_40_lines(newcomer: Newcomer) -> None:
    assert rows(newcomer.printed) < ROWS


def test_the_clock_goes_on_at_real_pace(newcomer: Newcomer) -> None:
    assert newcomer.output_of("make clock").endswith("at real pace\n")
    assert newcomer.shell("make clock SPEED=0").returncode != 0


async def test_the_printed_curl_places_an_order_that_is_handed_over(newcomer: Newcomer, tmp_path: Path) -> None:
    command = command_with(newcomer.printed, f'"{NUMBER}"')
    placed = newcomer.asks(command, tmp_path)
    assert placed["number"] == NUMBER
    assert newcomer.asks(command, tmp_path) == placed, "said twice it is one order"
    await newcomer.stands(NUMBER, "handed_over")
    cancelled = newcomer.asks(command_with(newcomer.printed, "/cancel"), tmp_path)
    assert cancelled["id"] == placed["id"]


async def test_the_curl_of_the_readme_places_an_order_that_is_handed_over(newcomer: Newcomer, tmp_path: Path) -> None:
    [curl] = commands(readme())
    variables = [line.partition("   #")[0] for line in readme().splitlines() if re.match(r"[A-Z]+=\$\(make ", line)]
    script = "; ".join([*variables, f"cd {shlex.quote(str(tmp_path))}", curl])
    assert newcomer.asks(script, ROOT)["number"] == "README-1"
    await newcomer.stands("README-1", "handed_over")


def test_make_order_tells_each_step_until_it_is_interrupted(newcomer: Newcomer) -> None:
    report = []
    with subprocess.Popen(
        [MAKE, "order"], cwd=ROOT, env=newcomer.environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as following:
        assert following.stdout is not None
        for line in following.stdout:
            report.append(line)
            if "Ctrl-C leaves" in line:
                break
        os.killpg(following.pid, signal.SIGINT)
    steps = "".join(report)
    for step in ("Customs check passed", "Goods set aside", "Packed", "Label made", "Handed over to La Poste"):
        assert step in steps


def test_the_printed_pages_open(newcomer: Newcomer, tmp_path: Path) -> None:
    delivered, held = re.findall(r"^  (http\S+/track/\S+)$", newcomer.printed, flags=re.MULTILINE)
    assert "Delivered" in newcomer.output_of(f"curl -sSf -H 'Accept-Language: en' '{delivered}'", tmp_path)
    assert "Held by customs" in newcomer.output_of(f"curl -sSf -H 'Accept-Language: en' '{held}'", tmp_path)


async def test_the_held_order_is_explained_freed_as_printed_and_delivered(newcomer: Newcomer, tmp_path: Path) -> None:
    """With those that were placed by hand before it, when the clock is sped up."""
    [number] = re.findall(r"make why ORDER=(SP\S+)", newcomer.printed)
    [by_readme] = re.findall(r"^make why ORDER=(\S+)", readme(), flags=re.MULTILINE)
    for wanted in (number, by_readme):
        assert "answer_customs" in newcomer.shell(f"make why ORDER={wanted}").stdout
    status = newcomer.shell(f"{PYTHON} -m services.status")
    assert (status.returncode, "1 open case customs_hold" in status.stdout) == (1, True), status.stdout
    newcomer.asks(command_with(newcomer.printed, "/hold-answer"), tmp_path)
    newcomer.output_of("make clock SPEED=20000")
    try:
        for wanted in (number, NUMBER, "README-1"):
            await newcomer.stands(wanted, "delivered")
    finally:
        newcomer.output_of("make clock SPEED=1")


def test_keys_are_printed_made_and_good_everywhere(newcomer: Newcomer) -> None:
    for scope in ("marketplace", "warehouse", "operator"):
        assert newcomer.output_of(f"make key SCOPE={scope}").strip() in newcomer.output_of(
            f"make key SCOPE={scope} 2>&1"
        )
    made = newcomer.output_of("make key SCOPE=operator NAME=visitor").strip()
    for service in ("orders", "warehouse", "customs", "carrier", "tracking"):
        url = newcomer.output_of(f"make url SERVICE={service}").strip()
        newcomer.output_of(f"curl -sSf {url}/status -H 'Authorization: Bearer {made}'")


def test_the_other_printed_lines_run(newcomer: Newcomer) -> None:
    lines = re.findall(r"^  (make \S+(?: [A-Z]+=\S+)*)", newcomer.printed, flags=re.MULTILINE)
    assert "make operate SERVICE=warehouse CMD=dead-letters" in lines
    for line in lines:
        if line.split()[1] in ("key", "operate", "clock"):
            newcomer.output_of(line)
    newcomer.output_of("make clock SPEED=1")


@pytest.mark.parametrize(
    "command",
    [
        "carrier pause carrier.laposte",
        "carrier resume carrier.laposte",
        "orders republish --since 2026-11-23T00:00:00Z",
        "orders api-key add maison --scope marketplace",
        "orders api-key list",
        "orders restore-from-topics",
        "tracking dead-letters --all",
    ],
)
def test_the_commands_of_the_runbook_find_the_stack_by_themselves(newcomer: Newcomer, command: str) -> None:
    assert command.split()[1] in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    newcomer.output_of(f"{PYTHON} -m services.{command}")
