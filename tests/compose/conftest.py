"""These tests build an image and start a dozen containers; they run when asked to: `make test-compose` and
`make test-upgrade`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.demo.clock_speed import SLOW
from tests.support.compose.deployment import Deployment, running
from tests.support.file_order import sort_by_file

HERE = Path(__file__).parent
ORDER = ("test_cluster_secure", "test_different_releases", "test_from_outside", "test_networks", "test_one_host")
"""In which the files run: `test_one_host` stops the deployment that it shares with the two before it."""

collect_ignore_glob = [] if os.environ.get("COMPOSE_TESTS") else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sort_by_file(items, HERE, ORDER)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One broker; the files share it, and the last of them stops it."""
    with running(tmp_path_factory.mktemp("stack"), profile="sandbox observability", speed=SLOW) as started:
        yield started
