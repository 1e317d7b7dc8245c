"""The headers of GS1's REST binding of EPCIS 2.0: which versions are spoken, and what a resource can do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from services.provenance.domain import versions
from shared.http.api_keys import Principal
from shared.http.openapi import Node, described, header, header_parameter, problems
from shared.http.problems import Problem
from shared.http.routes import HeadedRoute

VERSION: Final = "2.0.0"
"""Of EPCIS and of CBV: the only one that is spoken."""
VERSIONS: Mapping[str, str] = {"GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}
LINKS = "Always_GS1_Digital_Link"
"""The form in which our events name things, whatever form they were reported in."""
FORMAT = "GS1-EPC-Format"
_CAN_DO = {
    **{f"GS1-{standard}-{what}": VERSION for standard in ("EPCIS", "CBV") for what in ("Min", "Max")},
    FORMAT: LINKS,
}
_PATTERN = r"^[0-9]+(\.[0-9]+)*$"
SPOKEN: Node = {name: header("Of the standard that is spoken.") for name in VERSIONS}
"""Headers of an answer, for its description."""
READING: Node = described(
    {
        "parameters": [
            *(
                header_parameter(f"GS1-{standard}-{end}", "Of the versions that the client reads.", pattern=_PATTERN)
                for standard in ("EPCIS", "CBV")
                for end in ("Min", "Max")
            ),
            header_parameter(FORMAT, "Things are named by GS1 Digital Links.", enum=[LINKS, "No_Preference"]),
        ]
    },
    problems(because={406: "Events are of EPCIS and CBV 2.0, and name things by GS1 Digital Links."}),
)
WRITING: Node = described(
    {"parameters": [header_parameter(name, "Of the event that is sent.", pattern=_PATTERN) for name in VERSIONS]},
    problems(because={406: "The event is in another version of EPCIS or CBV."}),
)
_DISCOVERED: Node = {"responses": {"204": {"headers": {"Allow": header("The methods."), **SPOKEN}}}}


class EpcisRoute(HeadedRoute):
    """A route whose answers, and problems, say which versions are spoken."""

    headers = VERSIONS


def require_reader(request: Request) -> None:
    """Raises Problem 406 for a client that cannot read what is answered."""
    for standard in ("EPCIS", "CBV"):
        low, high = (request.headers.get(f"gs1-{standard}-{end}") for end in ("min", "max"))
        if not versions.within(VERSION, low, high):
            raise Problem(406, "not acceptable", detail=f"GS1-{standard}-Min, GS1-{standard}-Max: {VERSION} is spoken")
    if request.headers.get(FORMAT, LINKS) not in (LINKS, "No_Preference"):
        raise Problem(406, "not acceptable", detail=f"{FORMAT}: {LINKS}")


def require_writer(request: Request) -> None:
    """Raises Problem 406 for a client that writes in another version."""
    for name in VERSIONS:
        if not versions.within(VERSION, sent := request.headers.get(name), sent):
            raise Problem(406, "not acceptable", detail=f"{name}: {VERSION}")


def add_discovery(
    routes: APIRouter,
    path: str,
    name: str,
    methods: str,
    opened_by: Callable[..., Awaitable[Principal]],
    bounds: Mapping[str, str] | None = None,
) -> None:
    """Adds OPTIONS of this path. `methods` that it has, `bounds`: headers of its own."""

    async def discover(_: Principal = Depends(opened_by)) -> Response:
        """Methods, versions and forms of this resource, in the headers of the answer."""
        return Response(status_code=204, headers={"Allow": f"OPTIONS, {methods}", **_CAN_DO, **(bounds or {})})

    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)", path)
    ]
    routes.add_api_route(
        path,
        discover,
        methods=["OPTIONS"],
        name=name,
        summary=f"Discover {path.replace(':path', '')}",
        status_code=204,
        response_class=Response,
        openapi_extra=described(_DISCOVERED, {"parameters": named} if named else {}),
    )
