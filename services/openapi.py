"""OpenAPI 3.1 of every service, from its routes: contracts/openapi/<service>.json.

`python -m services.openapi` writes the files; `--check` writes nothing and fails when one is stale. No server is
needed: the services are composed, not started.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from services.registry import BY_NAME, SERVICES
from shared.platform import composed
from shared.settings import PlatformSettings

FOLDER = Path(__file__).parents[1] / "contracts" / "openapi"
_KEY = base64.b64encode(bytes(32)).decode()
ENVIRONMENT = {
    "STORAGE_KEY": _KEY,
    "CONTACT_KEY": _KEY,
    "NATIONAL_ID_KEY": _KEY,
    "QUOTA_KEY": _KEY,
    "LINK_KEYS": f"v1:{_KEY}",
    "WEBHOOK_SECRETS": f"whsec_{_KEY}",
    "LOG_KEY": _KEY,
    "HIDDEN_CODE_KEY": f"v1:{_KEY}",
    "ISSUER_KEY": base64.b64encode(b"\1" * 32).decode(),
}
"""In place of secrets: composing a service decodes its keys."""


def documents() -> dict[str, dict[str, Any]]:
    """The OpenAPI document of every service, by its name."""
    with _environment(ENVIRONMENT):
        return {name: _document(name) for name in SERVICES}


def _document(name: str) -> dict[str, Any]:
    root = importlib.import_module(f"services.{name}.main")
    document = composed(root.service, settings_class(root)()).openapi()
    address = f"http://localhost:{BY_NAME[name].port}"
    return {**document, "servers": [{"url": address, "description": "the deployment of this repository"}]}


def settings_class(root: ModuleType) -> type[PlatformSettings]:
    """The settings that a composition root names; the platform's when it names none."""
    classes = [kind for kind in vars(root).values() if isinstance(kind, type) and issubclass(kind, PlatformSettings)]
    return next((kind for kind in classes if kind is not PlatformSettings), PlatformSettings)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables and no others, so that the output is the same everywhere."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Exit code 0 when all is written (or up to date, with --check), 1 otherwise."""
    texts = {name: _text(document) for name, document in documents().items()}
    stale = {
        name: text
        for name, text in texts.items()
        if not (file := folder / f"{name}.json").is_file() or file.read_text(encoding="utf-8") != text
    }
    if "--check" in arguments:
        sys.stderr.write("".join(f"stale: contracts/openapi/{name}.json (make contracts)\n" for name in stale))
        return 1 if stale else 0
    for name, text in stale.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote contracts/openapi/{name}.json\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
