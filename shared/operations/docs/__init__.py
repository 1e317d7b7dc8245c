"""The documentation of the HTTP interfaces, on the internal port: Swagger UI from a package, no other host is asked."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Response

import contracts
from shared.http.page_headers import page_headers
from shared.http.problems import Problem

HEADERS = page_headers(script="'self'", style="'self'", images="'self' data:")
_DOCUMENTS = Path(contracts.__file__).parent / "openapi"
_HERE, _SWAGGER = Path(__file__).parent, files("fastapi_swagger.resources")
_ASSETS = {
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript"),
    "swagger-ui.css": (_SWAGGER, "text/css"),
    "start.js": (_HERE, "text/javascript"),
    "page.css": (_HERE, "text/css"),
}


def router(service: str) -> APIRouter:
    """`/docs` shows this service's own document, where requests can be tried out; `/docs/<name>` those of the others,
    as committed in `contracts/openapi`."""
    routes = APIRouter(include_in_schema=False)
    names = sorted(path.stem for path in _DOCUMENTS.glob("*.json"))

    @routes.get("/docs")
    async def own_document() -> Response:
        return _page(names, service, "/openapi.json", try_out=True)

    @routes.get("/docs/{name}")
    async def document(name: str) -> Response:
        if name not in names:
            raise Problem(404, "not found")
        return await own_document() if name == service else _page(names, name, f"/openapi/{name}.json", try_out=False)

    @routes.get("/openapi/{name}.json")
    async def committed(name: str) -> Response:
        if name not in names:
            raise Problem(404, "not found")
        return Response((_DOCUMENTS / f"{name}.json").read_bytes(), media_type="application/json")

    @routes.get("/docs-assets/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise Problem(404, "not found")
        folder, media_type = _ASSETS[name]
        return Response((folder / name).read_bytes(), headers=HEADERS, media_type=media_type)

    return routes


def _page(names: list[str], shown: str, document: str, *, try_out: bool) -> Response:
    links = "".join(
        f'<a href="/docs/{escape(name)}"{" aria-current=page" if name == shown else ""}>{escape(name)}</a>'
        for name in names
    )
    hint = (
        "" if try_out else "<p>Requests can be tried out on the page of that service itself, at its internal port.</p>"
    )
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Silkpost {escape(shown)}</title>
<link rel="stylesheet" href="/docs-assets/swagger-ui.css">
<link rel="stylesheet" href="/docs-assets/page.css">
</head>
<body>
<nav>{links}</nav>
{hint}
<div id="ui" data-document="{escape(document)}" data-try-out="{"yes" if try_out else "no"}"></div>
<script src="/docs-assets/swagger-ui-bundle.js"></script>
<script src="/docs-assets/start.js"></script>
</body>
</html>
"""
    return Response(html, headers=HEADERS, media_type="text/html")
