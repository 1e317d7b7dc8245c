"""The French export gateway over HTTP, in a shape of our own. Its messages are derived: a repeat is the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.customs.domain import export
from services.customs.domain.export import Exited, Invalidated, NotExited, Refused, Released, Undecided
from services.customs.jobs.gateway_calls import ask, json_body, read
from shared.http.client import Bounds, Counterpart

EXPORT_GATEWAY = "customs.export_gateway"
"""The name under which an operator pauses it."""


@dataclass(frozen=True, slots=True)
class ExportGateway:
    counterpart: Counterpart
    url: str
    bounds: Bounds

    async def declare(self, request: Mapping[str, Any]) -> Released | Refused:
        url = f"{self.url}/export-declarations"
        answer = await ask(self.counterpart, "POST", url, self.bounds, **json_body(request))
        return read(answer, (200, 201, 422), export.read_answer)

    async def invalidate(self, mrn: str, request: Mapping[str, Any]) -> Invalidated | Undecided | Refused:
        url = f"{self.url}/export-declarations/{mrn}/invalidation"
        answer = await ask(self.counterpart, "POST", url, self.bounds, **json_body(request))
        return read(answer, (200, 202, 422), export.read_invalidation)

    async def exit_of(self, mrn: str) -> Exited | NotExited:
        answer = await ask(self.counterpart, "GET", f"{self.url}/export-declarations/{mrn}", self.bounds)
        return read(answer, (200,), export.read_exit)
