"""Generates files from the models and the topic table, and refuses a breaking change.

`python -m contracts.generate` writes schemas/, asyncapi.yaml and README.md; `--check` writes nothing and fails when
one of them is stale. An event version whose committed schema the model would break is refused: nothing is written.
Declare a new version beside the old one instead (`order-placed.v2`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from contracts import asyncapi, chart
from contracts.base import Event, Topic
from contracts.compatibility import broken
from contracts.topics import TOPICS

HERE = Path(__file__).parent


class WireSchema(GenerateJsonSchema):
    """JSON Schema 2020-12 of what is on the wire. Amounts are strings of plain digits, without an exponent."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        places = schema.get("decimal_places")
        digits = schema.get("max_digits")
        whole = f"[0-9]{{1,{digits - (places or 0)}}}" if digits else "[0-9]+"
        fraction = rf"(\.[0-9]{{1,{places}}})?" if places else r"(\.[0-9]+)?"
        lowest = schema.get("ge", schema.get("gt"))
        sign = "" if lowest is not None and lowest >= 0 else "-?"
        return {"type": "string", "pattern": f"^{sign}{whole}{fraction}$"}


def models(topics: tuple[Topic, ...] = TOPICS) -> dict[str, type[BaseModel]]:
    """Every message on the topics by its wire name."""
    models_by_name: dict[str, type[BaseModel]] = {}
    for topic in topics:
        models_by_name.update(topic.types)
        models_by_name.update(topic.messages)
    return dict(sorted(models_by_name.items()))


def schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of one message."""
    generated = model.model_json_schema(mode="serialization", schema_generator=WireSchema)
    if issubclass(model, Event):
        del generated["properties"]["id"]["default"]
    generated.pop("title", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:silkpost:{name}",
        "title": name,
        **generated,
    }


def files(schemas: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Every generated file by its path under contracts/."""
    texts = {
        f"schemas/{name}.json": json.dumps(body, indent=2, ensure_ascii=False) + "\n" for name, body in schemas.items()
    }
    summaries = {name: first_line(body) for name, body in schemas.items()}
    texts["asyncapi.yaml"] = asyncapi.document(TOPICS, summaries)
    texts["README.md"] = chart.readme(TOPICS, summaries)
    return texts


def first_line(body: Mapping[str, Any]) -> str:
    """The first line of a message's description: its summary."""
    return str(body.get("description", "")).partition("\n")[0]


def refusals(schemas: Mapping[str, dict[str, Any]], committed: Path) -> Iterator[str]:
    """What the new schemas would break of the committed ones: one line a change, naming event, field and rule."""
    for file in sorted(committed.glob("*.json")):
        old = json.loads(file.read_text(encoding="utf-8"))
        new = schemas.get(file.stem)
        if new is None:
            yield f"{file.stem}: event-removed: records of it are retained, and consumers may wait for more"
            continue
        for change in broken(old, new):
            yield f"{file.stem}: {change.field}: {change.rule}: {change.detail}"


def stale(texts: Mapping[str, str], root: Path) -> list[str]:
    """The generated files that are missing or differ from what would be written."""
    return [
        path
        for path, text in texts.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str], root: Path = HERE) -> int:
    """0 when all is written (or fresh, with --check), 1 otherwise."""
    schemas = {name: schema(name, model) for name, model in models().items()}
    refused = list(refusals(schemas, root / "schemas"))
    if refused:
        sys.stderr.write("".join(f"breaking change refused: {line}\n" for line in refused))
        sys.stderr.write("Declare a new version beside the old one (<event>.v2); nothing was written.\n")
        return 1
    texts = files(schemas)
    outdated = stale(texts, root)
    if "--check" in arguments:
        sys.stderr.write("".join(f"stale: contracts/{path} (make contracts)\n" for path in outdated))
        return 1 if outdated else 0
    for path in outdated:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(texts[path], encoding="utf-8")
        sys.stdout.write(f"wrote contracts/{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
