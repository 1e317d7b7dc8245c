"""These tests build an image and start a dozen containers; they run when asked to: `make test-compose`."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("COMPOSE_TESTS") else ["test_*.py"]
