"""docs/rooms.md and the tree say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rooms.md").read_text(encoding="utf-8")
SERVICES = ("orders", "warehouse", "customs", "carrier", "tracking")
SEAMS = {
    "orders": {"data"},
    "warehouse": set[str](),
    "customs": {"regimes", "data"},
    "carrier": {"carriers"},
    "tracking": {"templates", "translations", "rebuild"},
}


def rows(heading: str) -> set[str]:
    """The first column of the table under this heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {name.rstrip("/") for name in re.findall(r"^\| `([\w/]+)` \|", section, re.MULTILINE)}


def entries(folder: Path) -> set[str]:
    """Modules and folders, but for those that every package has."""
    found = {path.stem if path.suffix == ".py" else path.name for path in folder.iterdir()}
    return {name for name in found if not name.startswith(("_", "."))}


def test_the_platform_has_the_rooms_of_the_page() -> None:
    assert entries(ROOT / "shared") == rows("The platform, from the top down")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_rooms_of_the_page(service: str) -> None:
    rooms, there = rows("A service"), entries(ROOT / "services" / service)
    assert there - SEAMS[service] <= rooms
    assert SEAMS[service] <= there
    assert {"domain", "handlers", "store", "schemas", "api", "settings", "main", "migrations"} <= there


def test_every_seam_is_on_the_page() -> None:
    last = PAGE.rpartition("Besides these")[2]
    assert set().union(*SEAMS.values()) <= set(re.findall(r"`(\w+)`", last))
