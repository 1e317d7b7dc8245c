"""Which tests run beside each other when there are several workers: files, never the tests of one."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_STACK = ("e2e", "compose", "faults", "newcomer")
"""Folders whose files share something that takes long to build."""


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """pytest-xdist's own groups (`xdist_group`) are lost, silently, on versions of pytest that are newer than it."""

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.partition("::")[0])
        return str(path.parent if path.parent.name in ONE_STACK else path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByGroup:
    return ByGroup(config, log)
