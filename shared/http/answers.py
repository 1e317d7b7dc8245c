"""Answers in JSON, entity tags, and ids in paths."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel

from shared.http.problems import Problem


def json_answer(view: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(view.model_dump_json(), status, headers, media_type="application/json")


def etag_response(
    request: Request, body: bytes, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """The body with its strong entity tag, or 304 when the client has it already (RFC 9110)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    fields = {"ETag": tag, "Cache-Control": "private, no-cache", **(headers or {})}
    known = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=fields)
    return Response(body, media_type=media_type, headers=fields)


def uuid_or_404(text: str) -> UUID:
    """A path's id; what is no id is simply not there."""
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "not found") from None
