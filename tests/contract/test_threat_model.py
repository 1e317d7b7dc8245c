"""docs/threat-model.md says what the code says: who holds which key, and which tests show it; and what
docs/found-faults.md says is kept by a test is kept by one that exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from services.credentials import Secrets
from services.registry import BY_NAME, SERVICES
from shared.scopes import Scope

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
FAULTS = (ROOT / "docs/found-faults.md").read_text(encoding="utf-8")
MADE_BY_CERTIFICATES = {"kafka_jaas", "kafka_tls", "postgres_tls_key", "postgres_tls_certificate", "ca_certificate"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under this heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in table[2:]]


def keys() -> dict[str, str]:
    """Who holds each secret, by its name."""
    return {name: row[2] for row in rows("Keys") for name in re.findall(r"`([^`]+)`", row[0])}


def test_every_secret_is_in_the_table() -> None:
    of_each = re.compile(rf"^(?:{'|'.join(SERVICES)})_(storage_key|database_password|kafka_password)$")
    made = {of_each.sub(r"<service>_\1", name) for name, _ in Secrets().files()}
    assert set(keys()) == made | MADE_BY_CERTIFICATES | {"ca_key"}


@pytest.mark.parametrize(
    "name", sorted({secret for service in BY_NAME.values() for secret in service.secrets.values()})
)
def test_a_secret_is_held_by_whom_the_table_says(name: str) -> None:
    holders = {service for service in SERVICES if re.search(rf"\b{service}\b", keys()[name])}
    assert holders == {service for service in SERVICES if name in BY_NAME[service].secrets.values()}


def test_every_key_has_a_procedure_by_which_it_is_replaced() -> None:
    replaced = {name: row[3] for row in rows("Keys") for name in re.findall(r"`([^`]+)`", row[0])}
    assert [name for name, how in replaced.items() if how.startswith("no")] == []


def test_every_scope_of_a_key_is_in_the_table() -> None:
    who = " ".join(row[0] for row in rows("Who is trusted with what"))
    assert [scope for scope in get_args(Scope) if scope not in who] == []


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", PAGE))
    assert len(named) > 15
    assert {path for path in named if not (ROOT / path).is_file()} == set()


def test_every_boundary_is_shown_by_a_test() -> None:
    assert [row[0] for row in rows("Boundaries") if "`tests/" not in row[2]] == []


def test_every_fault_that_was_found_is_kept_by_tests_that_are_there() -> None:
    faults = [line for line in FAULTS.splitlines() if line.startswith("| ") and not line.startswith("| found ")]
    assert len(faults) > 20
    assert [line for line in faults if "`tests/" not in line] == []
    for path, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", FAULTS):
        tests = re.findall(r"^(?:async )?def (test_\w+)\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
        assert name in (*tests, ""), f"{path}::{name}"


@pytest.mark.parametrize("path", ["SECURITY.md", "docs/threat-model.md", "docs/found-faults.md"])
def test_every_link_leads_somewhere(path: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / path).read_text(encoding="utf-8"))
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        page = (ROOT / path).parent / target
        assert page.is_file(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, link
