"""Makes the Python client in clients/python from contracts/openapi.

`python -m clients.generate` writes the packages; `--check` writes nothing and fails when one is stale.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from clients.generators import ROOT, CommandFailed, python_generator, run

DOCUMENTS = ROOT / "contracts" / "openapi"
PACKAGE = ROOT / "clients" / "python" / "silkpost_client"
SERVICES = ("orders", "tracking")
"""Those that a marketplace calls."""

_CONFIG = """\
content_type_overrides:
  application/pdf: application/octet-stream
  application/xml: application/octet-stream
post_hooks:
  - ruff check . --isolated --no-cache --quiet --fix --target-version py311 --extend-select I
  - ruff format . --isolated --no-cache --quiet --target-version py311 --line-length 120
"""
"""A PDF and a signed document are bytes. The style is the generator's, whatever the folder is configured for."""


def generate(document: Path, into: Path) -> None:
    """Writes the package of one service. Raises CommandFailed, also when the generator warns of anything."""
    environment = python_generator()
    with TemporaryDirectory() as temporary:
        config = Path(temporary) / "config.yaml"
        config.write_text(_CONFIG, encoding="utf-8")
        options = ("--meta", "none", "--fail-on-warning", "--config", config, "--output-path", into.resolve())
        command = (sys.executable, "-m", "openapi_python_client", "generate", "--path", document.resolve(), *options)
        run(command, cwd=Path(temporary), environment=environment)


def _generate_package(into: Path) -> None:
    documents = {service: DOCUMENTS / f"{service}.json" for service in SERVICES}
    [version] = {json.loads(file.read_text(encoding="utf-8"))["info"]["version"] for file in documents.values()}
    into.mkdir()
    (into / "__init__.py").write_text(
        f'"""Typed clients of Silkpost\'s HTTP interfaces, a package a service: {", ".join(SERVICES)}."""\n\n'
        f'__version__ = "{version}"\n',
        encoding="utf-8",
    )
    (into / "py.typed").touch()
    python_generator()  # installed before both want it
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda service: generate(documents[service], into / service), documents))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def main(arguments: Sequence[str], package: Path = PACKAGE) -> int:
    """Exit code 0 when all is written (or up to date, with --check), 1 otherwise."""
    with TemporaryDirectory() as temporary:
        fresh = Path(temporary) / "package"
        try:
            _generate_package(fresh)
        except CommandFailed as failed:
            sys.stderr.write(f"the client cannot be generated: {failed}\n")
            return 1
        made, there = dict(_files(fresh)), dict(_files(package))
        stale = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        if "--check" in arguments:
            sys.stderr.write("".join(f"stale: {package.name}/{name} (make contracts)\n" for name in stale))
            return 1 if stale else 0
        if stale:
            shutil.rmtree(package, ignore_errors=True)
            shutil.copytree(fresh, package)
            sys.stdout.write(f"wrote {package.name}: {len(stale)} files of {len(made)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
