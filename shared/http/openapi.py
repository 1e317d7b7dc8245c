"""The OpenAPI document of a service: what FastAPI makes of its routes, and what it cannot know of them.

A route names what it takes and answers beside its models by `openapi_extra=described(...)`. What every route may answer
(a wrong key, a rate, a server that is away) is added here, once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.utils import deep_dict_update
from pydantic import BaseModel

from shared.http.idempotency import KEY_LENGTH
from shared.http.problems import ProblemDocument
from shared.http.routes import Route

Node = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
"""Of this document, as of the project."""

_MEANINGS = {
    400: "The request cannot be read: it is no JSON, a header is wrong, or a cursor is none of ours.",
    401: "No API key, or none that is known.",
    403: "The key is of another scope.",
    404: "There is no such thing, or it is not yours.",
    409: "It cannot be done as things stand; `title` and `detail` say why.",
    410: "It was there, and is no longer.",
    413: "The body is too large.",
    422: "A parameter or a field breaks a rule; `errors` names each field and its rule.",
    429: "Too many requests; try again after `Retry-After` seconds.",
    503: "Temporarily unavailable; try again after `Retry-After` seconds.",
}


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """What a service says of its HTTP interface as a whole."""

    summary: str
    text: str = ""
    """CommonMark: how to begin."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """What the operations under each tag are about, in the order in which they are shown."""
    examples: Path | None = None
    """A folder of `<operation>.request.json` and `<operation>.<status>.json`."""


COMMON = """\
After 429 and 503 wait for as many seconds as `Retry-After` says. **Errors** are `application/problem+json` (RFC 9457)
with every fault's field, rule and meaning. Unknown query parameters are faults. Times carry their offset, and answers
are in UTC.
"""
"""What the description of every service ends with."""
NO_DESCRIPTION = ApiDescription("")


def header(description: str, kind: str = "string") -> Node:
    """Of a response."""
    return {"description": description, "schema": {"type": kind}}


def header_parameter(name: str, description: str, *, required: bool = False, **schema: Any) -> Node:
    """A header of the request, as a text that keeps to this schema."""
    schema = {"type": "string", **schema}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


RETRY_AFTER = {"Retry-After": header("Seconds to wait.", "integer")}
_ETAG = {"ETag": header("The entity tag of this answer; send it as `If-None-Match`.")}

IDEMPOTENT: Node = {
    "parameters": [
        header_parameter(
            "Idempotency-Key",
            "The same key with the same body has its effect once, and gets the first answer again; with another body "
            "it is refused (422).",
            minLength=1,
            maxLength=KEY_LENGTH,
        )
    ],
}
"""A request that runs once for each key; see `shared.http.idempotency`."""
CONDITIONAL: Node = {
    "parameters": [
        header_parameter("If-None-Match", "An `ETag` of an earlier answer: 304 when nothing has changed since.")
    ],
    "responses": {"200": {"headers": _ETAG}, "304": {"description": "Not changed.", "headers": _ETAG}},
}
"""An answer with an entity tag; see `shared.http.answers`."""
LOCATED: Node = {
    "responses": {status: {"headers": {"Location": header("The path of what was made.")}} for status in ("200", "201")}
}
"""An answer that names what was made."""
PAGED: Node = {
    "responses": {"200": {"headers": {"Link": header('The next page, `rel="next"` (RFC 8288); absent on the last.')}}}
}
"""A list a page at a time; see `shared.http.paging`."""


def leads_to(*operations: str, **parameters: str) -> Node:
    """What may be asked next about what was made: these operations, each with these parameters taken from the answer's
    body, as in `order_id="/id"`."""
    taken = {name: f"$response.body#{pointer}" for name, pointer in parameters.items()}
    links = {operation: {"operationId": operation, "parameters": taken} for operation in operations}
    return {"responses": {status: {"links": links} for status in ("200", "201")}}


def problems(*statuses: int, because: Mapping[int, str] | None = None) -> Node:
    """The problems that a route may answer, with their usual meaning or the one `because` gives."""
    meanings = dict.fromkeys(statuses, "") | dict(because or {})
    return {"responses": {str(status): problem(status, meaning) for status, meaning in meanings.items()}}


def problem(status: int, meaning: str = "") -> Node:
    """One response in problem+json."""
    content = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    described: Node = {"description": meaning or _MEANINGS[status], "content": content}
    return described | ({"headers": RETRY_AFTER} if status in (429, 503) else {})


def request_body(model: type[BaseModel]) -> Node:
    """A body that the route reads and judges by itself."""
    content = {"application/json": {"schema": model.model_json_schema(ref_template="#/$defs/{model}")}}
    return {"requestBody": {"required": True, "content": content}}


def described(*parts: Node) -> Node:
    """For a route's `openapi_extra`: all of these together."""

    def merged(whole: Node, part: Node) -> Node:
        deep_dict_update(whole, deepcopy(part))
        return whole

    return reduce(merged, parts, {})


def document(app: FastAPI, routers: Sequence[APIRouter], about: ApiDescription) -> Node:
    """The document of an app that includes these routers. ValueError for an example of no operation."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary=about.summary,
        description=f"{about.text}\n{COMMON}",
        license_info=LICENSE,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in about.tags.items()],
        servers=[{"url": "/", "description": "where this document comes from"}],
        separate_input_output_schemas=False,
    )
    components = made.setdefault("components", {}).setdefault("schemas", {})
    scopes: set[str] = set()
    operations: dict[str, Node] = {}
    for route, operation in _operations(routers, made):
        operations[operation["operationId"]] = operation
        scopes |= set(route.scopes)
        _complete(operation, route)
    faults = ProblemDocument.model_json_schema(ref_template=REFERENCE)
    components |= {**faults.pop("$defs"), "Problem": faults}
    made["components"]["securitySchemes"] = {_scheme(scope): _bearer(scope) for scope in sorted(scopes)}
    _hoist(made, components)
    _drop_unnamed(made)
    _add_examples(operations, about.examples)
    return _renamed(made)


def _operations(routers: Sequence[APIRouter], made: Node) -> Iterator[tuple[Route, Node]]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, Route) and route.include_in_schema:
                for method in route.methods or ():
                    yield route, made["paths"][route.path_format][method.lower()]


def _complete(operation: Node, route: Route) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    responses = operation["responses"]
    always = [422, 503, *([401, 403, 429] if route.scopes else []), *([400, 413] if "requestBody" in operation else [])]
    for status in always:
        responses.setdefault(str(status), problem(status))
    if any(parameter["name"] in ("cursor", "Idempotency-Key") for parameter in operation.get("parameters", ())):
        responses.setdefault("400", problem(400))
    operation["security"] = [{_scheme(scope): []} for scope in route.scopes]  # none: no key is needed
    operation["responses"] = dict(sorted(responses.items()))


def _without_null(schema: Node) -> Node:
    """A parameter is sent with a value or left out; the null that FastAPI lets an optional one have cannot be sent."""
    choices = schema.get("anyOf", [])
    kept = [choice for choice in choices if choice != {"type": "null"}]
    if len(kept) == len(choices):
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return rest | (kept[0] if len(kept) == 1 else {"anyOf": kept})


def _scheme(scope: str) -> str:
    return f"{scope}Key"


def _bearer(scope: str) -> Node:
    return {"type": "http", "scheme": "bearer", "description": f"An API key of scope `{scope}`."}


def _hoist(node: Any, components: Node) -> None:
    """Schemas that bring their parts as `$defs`: they and their parts become components."""
    if isinstance(node, list):
        for item in node:
            _hoist(item, components)
        return
    if not isinstance(node, dict):
        return
    for value in node.values():
        _hoist(value, components)
    schema = node.get("schema")
    if isinstance(schema, dict) and "$defs" in schema:
        parts = {**schema.pop("$defs"), schema["title"]: schema}
        text = json.dumps(parts).replace('"#/$defs/', '"#/components/schemas/')
        components |= json.loads(text)
        node["schema"] = {"$ref": REFERENCE.format(model=schema["title"])}


def _drop_unnamed(made: Node) -> None:
    """Leaves out the components that nothing refers to: FastAPI makes one of every model, also where another schema was
    stated for it."""
    components = made["components"]["schemas"]
    named: set[str] = set()
    unread: list[Any] = [made["paths"]]
    while unread:
        node = unread.pop()
        unread += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            name = reference.rpartition("/")[2]
            if name not in named:
                named.add(name)
                unread.append(components[name])
    made["components"]["schemas"] = {name: schema for name, schema in components.items() if name in named}


def _add_examples(operations: Mapping[str, Node], folder: Path | None) -> None:
    for file in sorted(folder.glob("*.json")) if folder else ():
        name, part = file.stem.split(".")
        if name not in operations:
            raise ValueError(f"{file.name}: there is no operation {name}")
        operation = operations[name]
        about = operation["requestBody"] if part == "request" else operation["responses"][part]
        (content,) = about["content"].values()
        content["example"] = json.loads(file.read_text(encoding="utf-8"))


def _renamed(made: Node) -> Node:
    """Components get the names of the domain: a view of an order is an `Order`, the body of an address an `Address`."""
    short: dict[str, str] = {}
    taken = set(made["components"]["schemas"])
    for suffix in ("View", "Body"):
        for name in sorted(taken):
            if name.endswith(suffix) and (to := name.removesuffix(suffix)) not in taken | set(short.values()):
                short[name] = to

    def rename(node: Any) -> Any:
        if isinstance(node, list):
            return [rename(item) for item in node]
        if not isinstance(node, dict):
            return node
        renamed = {key: rename(value) for key, value in node.items()}
        if isinstance(reference := node.get("$ref"), str):
            prefix, _, name = reference.rpartition("/")
            renamed["$ref"] = f"{prefix}/{short.get(name, name)}"
        if isinstance(node.get("title"), str) and node["title"] in short and "properties" in node:
            renamed["title"] = short[node["title"]]
        return renamed

    result: Node = rename(made)
    schemas = result["components"]["schemas"]
    result["components"]["schemas"] = {short.get(name, name): schema for name, schema in sorted(schemas.items())}
    return result
