"""Releases of customs' rules that differ from the image's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.customs.regimes.rule_files import DATA


def edited(tmp_path: Path, name: str, edit: Callable[[dict[str, Any]], None]) -> Path:
    """A release with one file, which differs from the image's."""
    body = json.loads((DATA / name).read_text(encoding="utf-8"))
    edit(body)
    (tmp_path / name).write_text(json.dumps(body), encoding="utf-8")
    return tmp_path


def put(table: str, place: int, **columns: object) -> Callable[[dict[str, Any]], None]:
    return lambda body: body[table][place].update(columns)
