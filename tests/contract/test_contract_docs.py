"""What the docs say that a machine can check: links, the services' pages, deadlines, words, the signed example."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from contracts.topics import TOPICS, subscribed_by
from contracts.vocabularies import CASE_KINDS, STATUSES, Flag, Outcome
from services.carrier.api.signatures import SignatureHeaders, secrets_of, signature
from services.carrier.carriers.laposte.silence import SILENCE_RULES
from services.openapi import documents
from services.orders.domain.cases import CASE_DUE_AFTER
from services.orders.domain.deadlines import DEADLINES
from services.orders.domain.decide import RETENTION
from services.orders.domain.intake import FUTURE_TOLERANCE, MAX_AGE
from services.orders.schemas.wording import REQUIREMENTS
from services.registry import BY_NAME
from shared.scopes import Scope

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *(
            page
            for folder in ("contracts", "deploy", "sandbox", "services/*", "clients/*")
            for page in ROOT.glob(f"{folder}/*.md")
        ),
        *DOCS.rglob("*.md"),
    }
)
SERVICES = sorted({name for topic in TOPICS for name in (topic.producer, *topic.consumers)} & BY_NAME.keys())
"""Of the topic table, those that are there."""
EVENT = re.compile(r"`([a-z-]+\.v\d+)`")
ROUTE = re.compile(r"`((?:GET|PUT|POST|DELETE|PATCH|OPTIONS) /[^`]*)`")
FILE = re.compile(r"(?<![\w/.])(?:contracts|deploy|docs|sandbox|services|shared|tests)/[\w./-]+\.[a-z]+\b")
TARGET = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_every_link_into_the_repository_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text(encoding="utf-8"))
    ours = [(page.parent / path if path else page, heading) for path, heading in targets if "://" not in path]
    missing = [file for file, heading in ours if not file.exists() or (heading and heading not in headings(file))]
    assert missing == []


def headings(page: Path) -> set[str]:
    """By which a link leads to a heading of this page."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in lines}


@every_page
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = FILE.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


@every_page
def test_every_target_of_make_that_a_page_names_exists(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(TARGET.findall(page.read_text(encoding="utf-8"))) <= set(targets)


def section(service: str, title: str) -> str:
    """The part of a service's page under this heading."""
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_page_lists_what_it_consumes(service: str) -> None:
    subscriptions = importlib.import_module(f"services.{service}.handlers").SUBSCRIPTIONS
    assert set(EVENT.findall(section(service, "Consumes"))) == {
        kind.TYPE for kind in subscriptions if kind.__module__.startswith("contracts.")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_page_lists_what_it_publishes(service: str) -> None:
    publishes = {event.TYPE for topic in TOPICS if topic.producer == service for event in topic.events}
    assert set(EVENT.findall(section(service, "Publishes"))) == publishes


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_page_says_which_personal_parts_it_consumes(service: str) -> None:
    assert any(topic.compacted for topic in subscribed_by(service)) == (
        "person's record:" in section(service, "Consumes")
    )


def test_the_services_pages_list_their_routes() -> None:
    for service, document in documents().items():
        assert set(ROUTE.findall(section(service, "HTTP"))) == {
            f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
        }


def test_the_services_pages_say_whose_key_opens_a_route() -> None:
    """An operator's opens all but one, and is named only where no other does."""
    row = re.compile(r"^\| `((?:GET|PUT|POST|DELETE|OPTIONS) /[^`]*)` \| ([^|]*) \|", re.MULTILINE)
    for service, document in documents().items():
        table = dict(row.findall(section(service, "HTTP")))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                scopes = {
                    scheme.removesuffix("Key")
                    for requirement in operation.get("security", ())
                    for scheme in requirement
                }
                named = {
                    scope for scope in get_args(Scope) if re.search(rf"\b{scope}\b", table[f"{method.upper()} {path}"])
                }
                assert scopes - {"operator"} == named - {"operator"}, f"{service}: {method} {path}"


def test_the_table_of_deadlines_is_the_one_of_the_code() -> None:
    text = (DOCS / "deadlines.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_]+) \| (\d+) \| ", text, flags=re.MULTILINE)
    assert {state: int(days) for state, days in rows} == {state: limit.days for state, limit in DEADLINES.items()}


def test_the_other_deadlines_are_those_of_the_code() -> None:
    text = (DOCS / "deadlines.md").read_text(encoding="utf-8")
    silence = SILENCE_RULES[-1]
    assert f"| person's record | {RETENTION.days} |" in text
    assert f"| age of an order at intake | {MAX_AGE.days}; {FUTURE_TOLERANCE.seconds // 60} minutes ahead |" in text
    assert f"| silence of the carrier | {silence.silence_days} |" in text
    assert f"| {silence.margin_days} before, though not for a silence under {silence.shortest_days} |" in text
    assert f", {silence.claim_days} days for a claim |" in text
    assert f"A person has {CASE_DUE_AFTER.days} days for a case" in text


def test_the_glossary_knows_every_word_of_the_contracts() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = [*STATUSES, *get_args(Flag), *get_args(Outcome), *CASE_KINDS]
    assert [word for word in words if not re.search(rf"\b{word}\b", text)] == []


def test_the_signed_example_of_the_call_backs_is_signed_rightly() -> None:
    text = (DOCS / "webhook.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `?([a-z-]+)`? \| `(.*)` \|$", text, flags=re.MULTILINE))
    secrets, body = secrets_of(rows["secret"]), rows["body"]
    timestamp = int(rows["webhook-timestamp"])
    assert signature(secrets[0], rows["webhook-id"], timestamp, body) == rows["webhook-signature"]
    assert SignatureHeaders.of(rows, timestamp).verify(body.encode(), secrets) == rows["webhook-id"]


def test_the_page_of_orders_says_what_each_field_must_be() -> None:
    rows = re.findall(r"^\| (?:`([^`]+)`|the (body)) \| ([^|]+) \|$", section("orders", "What a body may hold"), re.M)
    assert {field or body: wanted for field, body, wanted in rows} == REQUIREMENTS


def test_the_page_about_the_single_window_has_every_status_and_named_error() -> None:
    read = json.loads((ROOT / "services" / "customs" / "data" / "receipts.json").read_text(encoding="utf-8"))
    page = (DOCS / "services" / "customs.md").read_text(encoding="utf-8")
    statuses = [
        f"| {row['status']} | {', '.join(kind.removeprefix('CEB') for kind in row['of'])} | {row['says']} |"
        f" {row['follows']} | {row['whose']} | {row['paper']} | {row['mend']} | {row['then']} |"
        for row in read["statuses"]
    ]
    errors = [
        f"| {row['code']} | `{row['name']}` | {row['paper']} | {row['mend']} | {row['then']} | {row['whose']} |"
        for row in read["errors"]
    ]
    assert [row for row in (*statuses, *errors) if row not in page] == []


def test_the_page_about_la_poste_has_every_operation_that_is_called() -> None:
    page = (DOCS / "services" / "carrier.md").read_text(encoding="utf-8").partition("## Suivi")[0]
    client = (ROOT / "services" / "carrier" / "carriers" / "laposte" / "client.py").read_text(encoding="utf-8")
    called = set(re.findall(r'(?:ask_sls\("|\{sls_url\}/)(\w+)"', client))
    used = set(re.findall(r"^\| `(\w+)` \| yes", page, re.MULTILINE))
    assert called == used
