"""Generators take every OpenAPI document without a warning; the committed client is fresh and can be installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from clients.generate import DOCUMENTS, PACKAGE, generate, main
from clients.generators import ROOT, CommandFailed, python_generator, run
from services.registry import SERVICES
from tests.support.typescript import packages_or_skip


@pytest.mark.parametrize("service", SERVICES)
def test_python_takes_a_whole_document_without_a_warning(service: str, tmp_path: Path) -> None:
    generate(DOCUMENTS / f"{service}.json", tmp_path / service)
    run([sys.executable, "-c", f"import {service}.models"], cwd=tmp_path)


def test_python_says_what_it_leaves_out(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    document = tmp_path / "service.json"
    text = (DOCUMENTS / "orders.json").read_text(encoding="utf-8")
    document.write_text(text.replace('"application/problem+json"', '"image/png"'), encoding="utf-8")
    with pytest.raises(CommandFailed, match="image/png"):
        generate(document, tmp_path / "service")


@pytest.mark.slow
def test_typescript_takes_every_document_whole_without_a_warning(tmp_path: Path) -> None:
    tools = packages_or_skip() / ".bin"
    for service in SERVICES:
        types = tmp_path / f"{service}.ts"
        printed = run([tools / "openapi-typescript", DOCUMENTS / f"{service}.json", "--output", types], cwd=tmp_path)
        assert [line for line in printed.splitlines() if line and not line.startswith(("✨", "🚀"))] == []
    run([tools / "tsc", "--strict", "--noEmit", *tmp_path.glob("*.ts")], cwd=tmp_path)


def test_a_changed_file_is_stale_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, package)
    (package / "orders" / "client.py").write_text("", encoding="utf-8")
    (package / "orders" / "more.py").touch()
    assert main(["--check"], package) == 1
    errors = capsys.readouterr().err
    assert "orders/client.py" in errors
    assert "orders/more.py" in errors
    assert main([], package) == 0
    assert main(["--check"], package) == 0


def test_the_client_is_installed_by_itself(tmp_path: Path) -> None:
    """With its types and licence, in a place that knows nothing of this repository."""
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    source = shutil.copytree(PACKAGE.parent, tmp_path / "source")
    run([*pip, "--target", tmp_path / "there", source], cwd=tmp_path, environment=python_generator())
    program = "import silkpost_client.orders, silkpost_client.tracking; print(silkpost_client.__file__)"
    printed = run([sys.executable, "-c", program], cwd=tmp_path / "there", environment={"PYTHONPATH": ""})
    assert Path(printed.strip()) == tmp_path / "there" / "silkpost_client" / "__init__.py"
    assert (tmp_path / "there" / "silkpost_client" / "py.typed").exists()
    [licence] = (tmp_path / "there").glob("silkpost_client-*.dist-info/licenses/LICENSE")
    assert licence.read_bytes() == (ROOT / "LICENSE").read_bytes()
