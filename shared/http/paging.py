"""Lists a page at a time: opaque cursors, and the link to what follows (RFC 8288)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Query, Request
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, TypeAdapter
from pydantic_core import PydanticCustomError

from shared.faults import Fault
from shared.http.problems import Problem

PAGE = 100
LARGEST_PAGE = 200
CURSOR = "cursor"
"""The name of the parameter that holds the cursor, where no other standard prescribes one."""

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]
Cursor = Annotated[
    str,
    Query(max_length=500, pattern="^[A-Za-z0-9_-]+$", description="Where the page begins: `next` of the one before."),
]

Key = datetime | UUID | int | str
Row = TypeVar("Row")
Place = TypeVar("Place", bound=tuple[Key, ...])


def _sane(instant: datetime) -> datetime:
    if not 2000 <= instant.year <= 2200:
        raise PydanticCustomError("instant", "Must lie between the years 2000 and 2200")
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_sane)]
"""An instant that every database and every time zone can represent."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""One that PostgreSQL can hold."""

RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A PostgreSQL `bigint` that counts rows."""
BY_ID: TypeAdapter[tuple[RowId]] = TypeAdapter(tuple[RowId])
"""The place in a list that is in the order of its rows' ids."""


def after(cursor: str | None, place: TypeAdapter[Place], name: str = CURSOR) -> Place | None:
    """The place behind which a page begins; None for the first page. Problem 400 for a cursor that this service has not
    made; `name`: of its parameter."""
    if cursor is None:
        return None
    try:
        return place.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        error = Fault(name, "cursor", "use the cursor of the last answer")
        raise Problem(400, "bad cursor", errors=[error]) from None


def cut(rows: Sequence[Row], limit: int, place: Callable[[Row], tuple[Key, ...]]) -> tuple[Sequence[Row], str | None]:
    """The rows of this page and the cursor of the next one, None when there is none.

    `rows` are up to one more than a page holds; `place` gives a row's keys in the order of the list.
    """
    shown = rows[:limit]
    if len(rows) == len(shown):
        return shown, None
    keys = [key.isoformat() if isinstance(key, datetime) else str(key) for key in place(shown[-1])]
    return shown, base64.urlsafe_b64encode(json.dumps(keys).encode()).rstrip(b"=").decode()


def link(request: Request, following: str | None, name: str = CURSOR) -> dict[str, str]:
    """The header that leads to the next page. The link is relative, so that it needs no host name."""
    if following is None:
        return {}
    # Not from `request.url`: that is made with the Host header, which is the client's word.
    parameters = [(known, value) for known, value in request.query_params.multi_items() if known != name]
    query = urlencode([*parameters, (name, following)])
    return {"Link": f'<{quote(request.scope["path"])}?{query}>; rel="next"'}
