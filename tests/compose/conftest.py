"""These tests build an image and start a dozen containers; they run when asked to: `make test-compose`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.demo.clock_speed import SLOW
from tests.compose.stack import Stack, running

collect_ignore_glob = [] if os.environ.get("COMPOSE_TESTS") else ["test_*.py"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One broker; the files share it in their order, and the last of them stops it."""
    with running(tmp_path_factory.mktemp("stack"), profile="sandbox observability", speed=SLOW) as one:
        yield one
