"""Lists of bodies are counted before their items are looked at."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from services.registry import SERVICES
from shared.http.counts import at_most
from shared.http.models import Body

ITEMS = TypeAdapter(Annotated[tuple[int, ...], Field(max_length=2), at_most(2)])


@pytest.mark.parametrize("items", [list("abc"), tuple("abc")], ids=["list", "tuple"])
def test_too_many_items_are_one_fault(items: Sequence[str]) -> None:
    """A tuple is what another reader than that of JSON makes, as that of spreadsheets."""
    with pytest.raises(ValidationError) as caught:
        ITEMS.validate_python(items)
    assert [error["type"] for error in caught.value.errors()] == ["too_long"]


def test_what_is_not_too_many_is_judged_item_by_item() -> None:
    with pytest.raises(ValidationError) as caught:
        ITEMS.validate_python(("a", "b"))
    assert [error["loc"] for error in caught.value.errors()] == [(0,), (1,)]
    assert ITEMS.validate_python([1, 2]) == (1, 2)


def bodies(model: type[BaseModel] = Body) -> Iterator[type[BaseModel]]:
    for body in model.__subclasses__():
        yield body
        yield from bodies(body)


def counted_fields() -> Iterator[Any]:
    """Of all bodies of all services: each field that holds a bounded number of items."""
    for service in SERVICES:
        importlib.import_module(f"services.{service}.main")
    models = {model for model in bodies() if model.__module__.startswith("services.")}
    for model in sorted(models, key=lambda model: f"{model.__module__}.{model.__qualname__}"):
        for name, field in model.model_fields.items():
            most = next((part.max_length for part in field.metadata if isinstance(part, MaxLen)), None)
            if most is not None and "str" not in str(field.annotation).partition("[")[0]:
                yield pytest.param(field, most, id=f"{model.__module__}.{model.__qualname__}.{name}")


FIELDS = list(counted_fields())


def test_fields_are_found() -> None:
    assert len(FIELDS) >= 25


@pytest.mark.parametrize(("field", "most"), FIELDS)
def test_no_list_of_a_body_is_looked_at_before_it_is_counted(field: FieldInfo, most: int) -> None:
    counted: Any = Annotated[field.annotation, *field.metadata]
    judge: TypeAdapter[Any] = TypeAdapter(counted)
    with pytest.raises(ValidationError) as caught:
        judge.validate_python([object()] * (most + 1))
    assert [error["type"] for error in caught.value.errors(include_input=False)] == ["too_long"]
