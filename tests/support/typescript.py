"""What the tests of TypeScript need: Node.js, and the packages of clients/typescript."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from clients.generators import TYPESCRIPT, CommandFailed, run, typescript_packages

NODE = 20
"""What openapi-typescript and the global `fetch` and `crypto` need."""


def packages_or_skip() -> Path:
    """The folder `node_modules`. Skips the test where there is no Node.js, or where no package can be had; in CI, which
    has a package index, the latter fails."""
    try:
        version = run(["node", "--version"], cwd=TYPESCRIPT)
        if int(re.findall(r"\d+", version)[0]) < NODE:
            pytest.skip(f"Node.js {version.strip()} is here, and {NODE} or newer is needed")
        return typescript_packages()
    except FileNotFoundError as missing:
        pytest.skip(f"there is no {missing.filename} here: TypeScript is not tested")
    except CommandFailed as failed:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the packages of clients/typescript cannot be had: {failed}")
