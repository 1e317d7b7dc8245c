"""The progress of an installation, read from pip's output, and why it failed."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

NO_SPACE = "No space left on device"
_UNREACHABLE = re.compile(r"connection broken by|Max retries exceeded|Temporary failure in name|Network is unreachable")
_INTERVAL_SECONDS = 5.0
"""Between two lines where standard output is no terminal."""


class InstallError(Exception):
    """The message says why the installation failed, and what to do."""


class NoWheelError(InstallError):
    """The index answers, but has no file of this package for this Python and platform."""


@dataclass
class Progress:
    """How far pip is, read from its output line by line."""

    packages: int
    """Packages for this platform."""
    collected: int = 0
    package: str = ""
    doing: str = "asking for packages"
    megabytes: float = 0.0
    cached: int = 0
    installing: bool = False

    def read(self, line: str) -> None:
        match line.split():
            case ["Ignoring", *_]:
                self.packages -= 1
            case ["Collecting", requirement, *_]:
                self.collected += 1
                self.package = self.doing = re.split(r"[=<>!~;\[]", requirement)[0]
            case ["Downloading", file, *size] if not file.endswith(".metadata"):
                self.package = _project(file)
                self.megabytes += _megabytes(" ".join(size))
                self.doing = f"downloading {self.package} {' '.join(size)}"
            case ["Using", "cached", file, *_] if not file.endswith(".metadata"):
                self.cached += 1
                self.doing = f"{_project(file)} from pip's cache"
            case ["Building", "wheel", "for", package, *_]:
                self.package = package
                self.doing = f"building {package}, which has no wheel for this platform"
            case ["WARNING:", "Retrying", *_]:
                self.doing = f"{self.package}: the index does not answer, trying again"
            case ["Installing", "collected", *_]:
                self.installing = True


class ProgressLine:
    """One line that is overwritten on a terminal; elsewhere a new line every few seconds."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._last, self._printed_at = "", -_INTERVAL_SECONDS

    def show(self, state: str, seconds: float) -> None:
        if self._terminal:
            width = os.get_terminal_size().columns - 1
            line = f"{state} ({seconds:.0f} s)"[:width]
            print(f"\r\x1b[K{line}", end="", flush=True)
        elif state != self._last and seconds - self._printed_at >= _INTERVAL_SECONDS:
            print(f"{state} ({seconds:.0f} s)", flush=True)
            self._last, self._printed_at = state, seconds

    def close(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", flush=True)


def explain_failure(progress: Progress, output: str, log: Path) -> InstallError:
    """Why pip failed, from its output."""
    missing = re.search(r"requirement (\S+?)[=<>]", output)
    package = missing[1] if missing else progress.package or "the first package"
    where = f"pip's output is in {log}."
    if NO_SPACE in output:
        when = "while the packages were unpacked" if progress.installing else f"at {package}"
        return InstallError(
            f"The disk was full {when}: make room on the disk of this folder and of the temporary folder, which "
            f"TMPDIR names, then run make again. {where}"
        )
    if _UNREACHABLE.search(output):
        return InstallError(
            f"The package index cannot be reached, asked for {package}: look at the network, or name another index or "
            f"a folder with the wheels in PIP_INDEX_URL or PIP_FIND_LINKS, then run make again. {where}"
        )
    if "DO NOT MATCH THE HASHES" in output:
        return InstallError(
            f"{package} is not the file that requirements.lock names, and was not installed: run make again, and if it "
            f"stays so, look at what lies between you and the index, such as a proxy. {where}"
        )
    if "No matching distribution" in output:
        return NoWheelError(
            f"The package index has no {package} for Python {sys.version.split()[0]} on {sys.platform}: name another "
            f"Python, as in make PYTHON=python3.12, or another index in PIP_INDEX_URL. {where}"
        )
    if progress.installing:
        return InstallError(
            f"pip failed while it unpacked the packages. Its last lines:\n{last_lines(output)}\n{where}"
        )
    return InstallError(f"pip failed at {package}. Its last lines:\n{last_lines(output)}\n{where}")


def last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-12:])


def _project(file: str) -> str:
    return file.rpartition("/")[2].partition("-")[0].replace("_", "-")


def _megabytes(size: str) -> float:
    """From pip's "(12.3 MB)"."""
    match = re.fullmatch(r"\(([\d.]+) (bytes|kB|MB|GB)\)", size)
    return float(match[1]) * {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}[match[2]] if match else 0.0
