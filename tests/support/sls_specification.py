"""Reads the limits of the label service out of its OpenAPI, and writes them as a JSON Schema.

    python -m tests.support.sls_specification <openapi.json> > tests/golden/laposte/generate-label.schema.json
    python -m tests.support.sls_specification <openapi.json> bordereau > .../generate-bordereau.schema.json

The OpenAPI itself states types and compulsory fields only: lengths, sets of values and conditions stand in the prose of
its descriptions, a form such as `AN1...35` at their start. Every limit of the result has, as `$comment`, the words it
was read from. A sentence that is no longer there ends the script: then the specification has changed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.sls_prose import CONDITIONS, DEPARTURES, LATIN, POSTCODES, SENTENCES, Node, schema_at

ROOT = "GenerateLabelRequestV31"
"""The body of `POST /generateLabel`."""
BORDEREAU = "GenerateBordereauByParcelsNumbersRequest"
"""The body of `POST /generateBordereauByParcelsNumbers`."""
_FORM = re.compile(r"\s*<i>(?P<form>[^<]*)</i>")
_ENGLISH = re.compile(r"<en>(.*?)</en>", re.DOTALL)
_LENGTHS = re.compile(r"(?P<kind>AN|A|N)(?P<low>\d+)?(?:\s*(?:\.{3}|…)\s*(?P<high>\d+))?")
_RANGE = re.compile(r"N(-\d+)…(\d+)")
_CHOICES = re.compile(r"N\d+(?:, N\d+)* ou N\d+")
_INTERNAL = "La Poste internal use only"
"""Fields with these words are left out."""


def main(path: Path) -> Node:
    """The JSON Schema of this OpenAPI. LookupError when a sentence is not in it."""
    schemas = json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"]
    definitions = {name: _definition(name, schemas[name]) for name in sorted(_reached(schemas, ROOT))}
    for sentence in SENTENCES:
        schema, name = sentence.field.split(".")
        match = _find(schemas, sentence.field, sentence.words)
        _add(definitions[schema]["properties"][name], sentence.limit(match), match[0])
    for departure in DEPARTURES:
        schema, name = departure.field.split(".")
        if _form(schemas[schema]["properties"][name]) != departure.form:
            raise LookupError(f"{departure.field} is no longer {departure.form}")
        limits = definitions[schema]["properties"][name]
        for keyword in ("minLength", "maxLength") if departure.replaces else ():
            limits.pop(keyword, None)
        _add(limits, departure.limit, f"DEPARTURE: {departure.because}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Written by tests/support/sls_specification.py; not by hand. Each $comment is a quotation, or says "
        "where the schema departs from the specification. All texts are in Latin letters; unknown fields are refused.",
        "$ref": f"#/$defs/{ROOT}",
        "allOf": [*_conditions(schemas), *_postcodes()],
        "$defs": {"Latin": LATIN, **definitions},
    }


def bordereau(path: Path) -> Node:
    """The JSON Schema of a list's request: of its prose nothing is a limit but the forms."""
    schemas = json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"]
    definitions = {name: _definition(name, schemas[name]) for name in sorted(_reached(schemas, BORDEREAU))}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Written by tests/support/sls_specification.py; not by hand.",
        "$ref": f"#/$defs/{BORDEREAU}",
        "$defs": {"Latin": LATIN, **definitions},
    }


def _present(path: str, value: object) -> Node:
    """A schema that holds only when the field is there and has this value, or one of these."""
    expected = {"enum": value} if isinstance(value, list) else {"const": value}
    inner: Node = expected
    for name in reversed(path.split(".")):
        inner = {"properties": {name: inner}, "required": [name]}
    return inner


def _conditions(schemas: Mapping[str, Node]) -> Iterator[Node]:
    for condition in CONDITIONS:
        quotation = _find(schemas, condition.field, condition.words)[0]
        then: Node = {"$comment": f"{condition.field}: {quotation}", **condition.then()}
        if not condition.when:
            yield then
        else:
            yield {"if": {"allOf": [_present(path, value) for path, value in condition.when]}, "then": then}


def _postcodes() -> Iterator[Node]:
    for side in ("sender", "addressee"):
        for country, pattern in POSTCODES:
            address = f"letter.{side}.address"
            then = schema_at(
                f"{address}.zipCode", {"pattern": pattern, "$comment": "DEPARTURE: AN5 is the form of France"}
            )
            yield {"if": _present(f"{address}.countryCode", country), "then": then}


def _reached(schemas: Mapping[str, Node], root: str) -> set[str]:
    reached, waiting = set[str](), [root]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name]))
    return reached


def _definition(name: str, schema: Node) -> Node:
    properties = {
        field: _property(schema)
        for field, schema in schema.get("properties", {}).items()
        if _INTERNAL not in schema.get("description", "")
    }
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", **required, "properties": properties, "additionalProperties": False}


def _property(schema: Node) -> Node:
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("components/schemas", "$defs")}
    if schema["type"] == "array":
        return {"type": "array", "items": _property(schema["items"])}
    form = _form(schema)
    limits: Node = {"$ref": "#/$defs/Latin"} if schema["type"] == "string" else {"type": schema["type"]}
    return limits | _of_form(form, schema["type"]) | ({"$comment": form} if form else {})


def _of_form(form: str, type_: str) -> Node:
    """What a form says: `AN1...35` at least one and at most 35 characters, `A2` two letters, `N6, N8 ou N10` so many
    digits, `N-120…120` a number between."""
    if match := _RANGE.fullmatch(form):
        return {"minimum": int(match[1]), "maximum": int(match[2])}
    if type_ == "string" and _CHOICES.fullmatch(form):
        return {"pattern": "^(" + "|".join(f"[0-9]{{{n}}}" for n in re.findall(r"\d+", form)) + ")$"}
    match = _LENGTHS.fullmatch(form)
    if type_ != "string" or match is None or match["low"] is None:
        return {}
    low, high = int(match["low"]), int(match["high"] or match["low"])
    exact = {"pattern": f"^[A-Z]{{{low}}}$"} if match["kind"] == "A" and match["high"] is None else {}
    return {"minLength": low, "maxLength": high, **exact}


def _form(schema: Node) -> str:
    match = _FORM.match(schema.get("description", ""))
    return match["form"].strip() if match else ""


def _add(limits: Node, more: Node, quotation: str) -> None:
    limits.update(more)
    limits["$comment"] = " / ".join(part for part in (limits.get("$comment"), quotation) if part)


def _find(schemas: Mapping[str, Node], field: str, words: str) -> re.Match[str]:
    schema, name = field.split(".")
    match = re.search(words, _english(schemas[schema]["properties"][name]), re.DOTALL)
    if match is None:
        raise LookupError(f"{field} no longer says: {words}")
    return match


def _english(schema: Node) -> str:
    description = schema.get("description", "")
    match = _ENGLISH.search(description)
    text = match[1] if match else description
    return " ".join(re.sub(r"</?(?:b|br|ul|li|i|span)\b[^>]*>", " ", text).split()).replace(" .", ".")


def written(schema: Node) -> str:
    """The schema as text: a line for each condition and each property."""
    text = json.dumps(schema, ensure_ascii=False, indent=1)
    return re.sub(r"\n {4,}|(?<=[\[{,]) {4,}|\n {3}(?=[\]}])", lambda m: " " if m[0].startswith("\n") else "", text)


if __name__ == "__main__":
    read = bordereau if sys.argv[2:] == ["bordereau"] else main
    sys.stdout.write(written(read(Path(sys.argv[1]))) + "\n")
