"""Migrations by Alembic: one line of revisions a service, in `services/<name>/migrations`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]


def migrate(service: str, dsn: str) -> None:
    """Brings the database of this service to the newest revision. Blocking; a second call changes nothing."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "shared" / "operations" / "alembic"))
    config.set_main_option("version_locations", str(ROOT / "services" / service / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")
