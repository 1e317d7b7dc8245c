"""Every alert has a test that it fires and one that it stays silent, which `make lint` runs; it rests on metrics that
exist, and stands in the runbook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from services.carrier import metrics as carrier
from services.customs import metrics as customs
from services.makers import metrics as makers
from services.orders import metrics as orders
from services.provenance import metrics as provenance
from services.warehouse import metrics as warehouse

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
DEFINED = (carrier, customs, makers, orders, provenance, warehouse)  # importing them has registered their metrics
NOT_OURS = {"up"}
WORDS = {
    "count",
    "max",
    "min",
    "sum",
    "by",
    "for",
    "unless",
    "and",
    "or",
    "on",
    "offset",
    "rate",
    "increase",
    "min_over_time",
}
LABELS = {
    "carrier": "that is wired",
    "counterpart": "that jobs call",
    "http_request_method": "of the methods we know, else _OTHER",
    "http_response_status_code": "of our own answers",
    "http_route": "the template, never the path",
    "kind": "of jobs, cases or streams that the service declares, else other",
    "loop": "of this process",
    "meaning": "of a carrier's answer, as we class it",
    "messaging_destination_name": "of the topic table",
    "messaging_destination_partition_id": "of the topic table",
    "outcome": "as we class it",
    "port": "that the service listens on",
    "reason": "of our own refusals",
    "release": "of rules that the operator mounted",
    "server_address": "from a setting",
    "state": "of orders, as we name it",
}
"""All names of labels, and whose words their values are. A new one is added here when its values are few and none is a
word of a stranger's: what tells orders or persons apart never is."""


def rules() -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))
    return {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}


def exposed() -> set[str]:
    """Every name that a service's page of metrics may show."""
    names: set[str] = set()
    for family in REGISTRY.collect():
        names |= {family.name, f"{family.name}_total", f"{family.name}_count", f"{family.name}_sum"}
    return names


def section(title: str) -> str:
    parts = re.split(r"^#{2,3} ", RUNBOOK, flags=re.MULTILINE)
    return next((part for part in parts if part.splitlines()[0] == title), "")


@pytest.mark.parametrize("alert", rules())
def test_every_alert_is_tested_firing_and_silent(alert: str) -> None:
    checks = [
        check
        for file in TESTS
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
        for check in test["alert_rule_test"]
        if check["alertname"] == alert
    ]
    assert [check for check in checks if check["exp_alerts"]], "never fires"
    quiet = [check for check in checks if not check["exp_alerts"]]
    spared = alert == "RequestsFail"  # its test has a second service that must not fire at the same time
    assert quiet or spared, "never silent"


@pytest.mark.parametrize("alert", rules())
def test_every_alert_rests_on_metrics_that_exist(alert: str) -> None:
    expression = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\[[^\]]*\]", "", rules()[alert]["expr"])
    expression = re.sub(r"\b(by|on)\s*\([^)]*\)", "", expression)
    names = set(re.findall(r"[a-z_]{2,}", expression)) - WORDS
    assert names
    assert names - exposed() - NOT_OURS == set()


@pytest.mark.parametrize("alert", rules())
def test_every_alert_has_its_section_in_the_runbook(alert: str) -> None:
    assert rules()[alert]["annotations"]["runbook"] == f"docs/runbook.md#{alert.lower()}"
    text = section(alert)
    assert all(word in text for word in ("**Means**", "**Look**", "**Do**")), text


def labels() -> dict[str, tuple[str, ...]]:
    """Those of each metric of every service and of the platform, by the metric's name."""
    return {
        REGISTRY._collector_to_names[collector][0]: tuple(collector._labelnames)
        for collector in [*REGISTRY._collector_to_names]
        if isinstance(collector, MetricWrapperBase)
    }


def test_no_metric_has_a_label_that_tells_one_order_or_person_from_another() -> None:
    names_by_metric = labels()
    assert {name.partition("_")[0] for name in names_by_metric} > {module.__name__.split(".")[1] for module in DEFINED}
    assert {name: unknown for name, names in names_by_metric.items() if (unknown := {*names} - LABELS.keys())} == {}
    assert LABELS.keys() - {name for names in names_by_metric.values() for name in names} == set()


def test_every_module_that_defines_metrics_is_judged_here() -> None:
    """Each registers its metrics when it is imported."""
    defining = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for folder in ("services", "shared", "contracts")
        for file in (ROOT / folder).rglob("*.py")
        if "prometheus_client import" in file.read_text(encoding="utf-8")
    }
    assert defining - {module.__name__ for module in DEFINED} == {
        "services.open_cases",  # in whose name each service makes its own
        "shared.operations.internal_api",  # which shows them
        "shared.telemetry",
    }


PROCEDURES = re.findall(r"^Tested by `([^`]+)`", RUNBOOK, flags=re.MULTILINE)


def test_every_procedure_of_the_runbook_names_its_test() -> None:
    titles = re.findall(r"^## (.+)$", RUNBOOK.partition("# Procedures")[2], flags=re.MULTILINE)
    assert len(titles) >= 10
    assert [title for title in titles if "Tested by `" not in section(title)] == []


@pytest.mark.parametrize("named", PROCEDURES)
def test_the_test_of_a_procedure_exists(named: str) -> None:
    file, _, function = named.partition("::")
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")
