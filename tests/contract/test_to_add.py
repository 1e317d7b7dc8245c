"""The README's table "to add" is true: what it names is added in a copy of the tree, by hand only what it says, and the
copy passes the checks that ask whether all fits together."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.registry import SERVICES

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".run", ".*_cache", ".hypothesis", "__pycache__", "secrets")
PARCELS = "parcels_shop"


class Tree:
    """A copy of the repository, and what was written in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.by_hand: list[str] = []
        shutil.copytree(ROOT, root, ignore=NOT_COPIED)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.by_hand.append(path)

    def insert(self, path: str, before: str, text: str) -> None:
        """Lines before the first line that begins so."""
        file = self.root / path
        content = file.read_text(encoding="utf-8")
        assert re.search(rf"^{re.escape(before)}", content, re.MULTILINE), f"{path}: {before}"
        file.write_text(re.sub(rf"^{re.escape(before)}", text + before, content, count=1, flags=re.MULTILINE))
        self.by_hand.append(path)

    def run(self, *arguments: str) -> str:
        """A command of Python in the copy; AssertionError with what it printed when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
        return done.stdout


MAIN = '''"""The composition root of the parcel shops' service."""

from __future__ import annotations

from shared.cli.commands import command
from shared.platform import Platform, Service
from shared.settings import PlatformSettings


def service(_: Platform) -> Service:
    return Service(name="parcels_shop")


def main() -> None:
    command(service, PlatformSettings, "parcels_shop")()
'''
MIGRATION = '''"""The platform's tables."""

from alembic import op

from shared.operations.schema import PLATFORM_SCHEMA

revision = "parcels_shop_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in PLATFORM_SCHEMA:
        op.execute(statement)
'''
CONTAINER = """  parcels_shop:
    <<: *service
    scale: ${PARCELS_SHOP_REPLICAS:-1}
    command: [python, -m, services.parcels_shop]
    environment:
      <<: *wiring
      DATABASE_URL: postgresql://silkpost_parcels_shop@postgres:5432/silkpost_parcels_shop
    secrets:
      - {source: parcels_shop_database_password, target: database_password}
      - {source: parcels_shop_storage_key, target: storage_key}

"""


def add_a_service(tree: Tree) -> None:
    folder = f"services/{PARCELS}"
    tree.write(f"{folder}/__init__.py", '"""Shops that hand out parcels."""\n')
    tree.write(f"{folder}/__main__.py", f"from services.{PARCELS}.main import main\n\nmain()\n")
    tree.write(f"{folder}/main.py", MAIN)
    tree.write(f"{folder}/migrations/0001_{PARCELS}.py", MIGRATION)
    tree.insert("services/registry.py", ")\nSERVICES", f'    Declared("{PARCELS}", 8060),\n')
    tree.insert("docker-compose.yml", "  # One published port per service", CONTAINER)
    _, status, routes = (tree.root / "services/warehouse/README.md").read_text().partition("| `GET /status` |")
    tree.write(f"{folder}/README.md", f"# {PARCELS}\n\n## HTTP\n\n| route | scope |\n|---|---|\n{status}{routes}")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("copy") / "silkpost")


def test_a_service_is_its_folder_its_line_and_its_container(tree: Tree) -> None:
    add_a_service(tree)
    assert {path.removeprefix(f"services/{PARCELS}/") for path in tree.by_hand if PARCELS not in path} == {
        "services/registry.py",
        "docker-compose.yml",
    }
    tree.run("-m", "contracts.generate")
    tree.run("-m", "services.openapi")
    tree.run("-m", "services.deployment_files")
    tree.run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    checks = [
        "tests/unit/test_deployment_files.py",
        "tests/contract/test_rooms.py",
        "tests/contract/test_contract_docs.py",
    ]
    tree.run("-m", "pytest", "-p", "no:cacheprovider", *checks)
    assert len(SERVICES) + 1 == int(tree.run("-c", "from services.registry import SERVICES; print(len(SERVICES))"))
