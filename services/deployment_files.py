"""The lines of the deployment's files and of the pages that list the services, made from `services.registry`.

`python -m services.deployment_files` writes them between their marks; `--check` writes nothing and fails when one is
stale. What is particular to a service (its container in docker-compose.yml) is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from services.provision import rights_of
from services.registry import REGISTRY, SERVICES, Declared

ROOT = Path(__file__).parents[1]
MARKED = re.compile(
    r"^(?P<indent> *)(?P<begin>(?:#|<!--) services/registry\.py: (?P<name>[a-z_]+)\b[^\n]*\n)"
    r"(?P<text>.*?)(?P<end>^ *(?:# end|<!-- end -->)$)",
    re.MULTILINE | re.DOTALL,
)


class UnknownBlock(Exception):
    """A mark names lines that nobody makes, or lines that are made have no mark."""


def _secret_files(suffixes: Sequence[str]) -> Iterable[str]:
    for suffix in suffixes:
        for name in SERVICES:
            yield f'{name}_{suffix}: {{file: "${{SECRETS_DIR:-./deploy/secrets}}/{name}_{suffix}"}}'


def _secured(name: str) -> Iterable[str]:
    yield f"{name}:"
    yield "  environment:"
    yield "    <<: *service"
    yield f"    KAFKA_USERNAME: {name}"
    tls = "sslmode=verify-full&sslrootcert=/run/secrets/ca_certificate"
    yield f"    DATABASE_URL: postgresql://silkpost_{name}@postgres:5432/silkpost_{name}?{tls}"
    yield f"  secrets: [ca_certificate, {{source: {name}_kafka_password, target: kafka_password}}]"
    if name != SERVICES[-1]:
        yield ""


def _proxied(service: Declared) -> Iterable[str]:
    name = service.name
    yield f"frontend {name} from public"
    yield f"    bind :{service.port} proto h1"
    if service.connections is not None:
        yield f"    maxconn {service.connections} # most of them streams"
    yield f"    use_backend unready_{name} if {{ nbsrv({name}) eq 0 }}"
    yield f"    default_backend {name}"
    yield ""
    yield f"backend {name} from base"
    yield f"    server-template {name} 20 {name}:8000"
    yield ""
    yield f"backend unready_{name} from base"
    yield f"    server any {name}:8000 no-check init-addr libc,none"
    yield ""


def _rights() -> Iterable[str]:
    yield "| service | writes | reads besides | secrets besides its own |"
    yield "|---|---|---|---|"
    for service in REGISTRY:
        rights = rights_of(service.name)
        others = (topic for topic in rights.reads if topic not in rights.writes)
        secrets = sorted(service.secrets.values())
        columns = (", ".join(f"`{name}`" for name in names) or "none" for names in (rights.writes, others, secrets))
        yield f"| {service.name} | {' | '.join(columns)} |"


def _monitored() -> str:
    return "monitor fail if " + " || ".join(f"{{ nbsrv({name}) lt 1 }}" for name in SERVICES)


def _port_of(service: Declared) -> str:
    return f"{service.name.upper()}_PORT"


BLOCKS: dict[str, dict[str, Callable[[], Iterable[str]]]] = {
    "docker-compose.yml": {
        "passwords": lambda: [f"- {name}_database_password" for name in SERVICES],
        "ports": lambda: [
            f"- ${{BIND:-127.0.0.1}}:${{{_port_of(service)}:-{service.port}}}:{service.port}" for service in REGISTRY
        ],
        "secrets": lambda: _secret_files(["database_password", "storage_key"]),
    },
    "deploy/cluster.yml": {
        "services": lambda: [f"{name}: {{environment: {{KAFKA_BOOTSTRAP: *three}}}}" for name in SERVICES],
    },
    "deploy/secure.yml": {
        "passwords": lambda: [f"- {name}_kafka_password" for name in SERVICES],
        "services": lambda: [line for name in SERVICES for line in _secured(name)],
        "secrets": lambda: _secret_files(["kafka_password"]),
    },
    "deploy/haproxy/haproxy.cfg": {
        "services": lambda: [line for service in REGISTRY for line in _proxied(service)][:-1],
        "monitored": lambda: [_monitored()],
    },
    "deploy/prometheus/prometheus.yml": {"targets": lambda: [f"- names: [{', '.join(SERVICES)}, proxy]"]},
    "deploy/README.md": {
        "ports": lambda: (
            ["| service | published at |", "|---|---|"]
            + [f"| `{service.name}` | `localhost:{service.port}` |" for service in REGISTRY]
        )
    },
    "docs/threat-model.md": {"rights": _rights},
    ".env.example": {
        "ports": lambda: [f"#{_port_of(service)}={service.port}" for service in REGISTRY],
        "replicas": lambda: [f"#{name.upper()}_REPLICAS=1" for name in SERVICES],
        "passwords": lambda: [
            f"#{name.upper()}_{kind}_PASSWORD=" for kind in ("DATABASE", "KAFKA") for name in SERVICES
        ],
    },
    "Makefile": {"services": lambda: [f"SERVICES := {' '.join(SERVICES)}"]},
    "pyproject.toml": {"services": lambda: [f'"services.{name}",' for name in SERVICES]},
    "README.md": {"services": lambda: [f"- [{name}](services/{name}/README.md)" for name in SERVICES]},
}


def renewed(path: str, text: str) -> str:
    """This file's text with its marked lines made anew. Raises UnknownBlock."""
    made, seen = BLOCKS[path], []

    def block(match: re.Match[str]) -> str:
        if match["name"] not in made:
            raise UnknownBlock(f"{path}: {match['name']}")
        seen.append(match["name"])
        lines = [f"{match['indent']}{line}".rstrip() + "\n" for line in made[match["name"]]()]
        return f"{match['indent']}{match['begin']}{''.join(lines)}{match['end']}"

    text = MARKED.sub(block, text)
    if missing := made.keys() - set(seen):
        raise UnknownBlock(f"{path}: no mark for {', '.join(sorted(missing))}")
    return text


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Exit code 0 when all is written (or up to date, with --check), 1 otherwise."""
    stale = False
    for path in BLOCKS:
        before = (root / path).read_text(encoding="utf-8")
        after = renewed(path, before)
        if after == before:
            continue
        stale = True
        if "--check" in arguments:
            sys.stderr.write(f"stale: {path} (make contracts)\n")
        else:
            (root / path).write_text(after, encoding="utf-8")
            sys.stdout.write(f"wrote {path}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
