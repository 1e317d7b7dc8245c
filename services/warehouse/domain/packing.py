"""The rules of a packed order. Pure; a fault names its field and the rule it breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from contracts.base import Content, Line, Parcel
from services.warehouse.domain.limits import ParcelLimits


@dataclass(frozen=True, slots=True)
class Fault:
    field: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """Units of an order's line, scanned into a box."""

    line: int
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Box:
    """A closed box as the packer reports it; the weight is the scale's, in grams, the sides in millimetres."""

    contents: tuple[Scanned, ...]
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Units of one SKU found in a returned parcel."""

    sku: str
    quantity: int


def faults(
    boxes: Sequence[Box], lines: Sequence[Line], net_weights: Mapping[str, int], limits: ParcelLimits
) -> list[Fault]:
    """Every fault of a packed order: all lines and nothing else, each box within the carrier's limits and no lighter
    than what lies in it."""
    found = [
        fault for number, box in enumerate(boxes) for fault in _box(f"parcels[{number}]", box, net_weights, limits)
    ]
    by_line = {line.line: line for line in lines}
    packed: Counter[int] = Counter()
    for number, box in enumerate(boxes):
        for place, scanned in enumerate(box.contents):
            line = by_line.get(scanned.line)
            field = f"parcels[{number}].contents[{place}]"
            if line is None:
                found.append(Fault(f"{field}.line", "line_of_order", "the order has no such line"))
            elif line.sku != scanned.sku:
                found.append(Fault(f"{field}.sku", "sku_of_line", f"line {line.line} is of {line.sku}"))
            else:
                packed[line.line] += scanned.quantity
    found.extend(
        Fault("parcels", "all_lines_packed", f"line {line.line}: exactly {line.quantity}")
        for line in lines
        if packed[line.line] != line.quantity
    )
    return found


def _box(field: str, box: Box, net_weights: Mapping[str, int], limits: ParcelLimits) -> Iterator[Fault]:
    repeated = [line for line, times in Counter(scanned.line for scanned in box.contents).items() if times > 1]
    for line in repeated:
        yield Fault(f"{field}.contents", "line_once_a_parcel", f"line {line} once a parcel")
    net = sum(net_weights.get(scanned.sku, 0) * scanned.quantity for scanned in box.contents)
    if box.weight_g < net:
        yield Fault(f"{field}.weight_g", "at_least_net_weight", f"at least the net weight of its contents, {net} g")
    if box.weight_g > limits.max_weight_g:
        yield Fault(f"{field}.weight_g", "carrier_max_weight", f"at most {limits.max_weight_g} g by {limits.carrier}")
    sides = {"length_mm": box.length_mm, "width_mm": box.width_mm, "height_mm": box.height_mm}
    for name, side in sides.items():
        if side > limits.max_length_mm:
            yield Fault(
                f"{field}.{name}", "carrier_max_length", f"at most {limits.max_length_mm} mm by {limits.carrier}"
            )
    if sum(sides.values()) > limits.max_sum_mm:
        yield Fault(field, "carrier_max_size", f"length, width and height together at most {limits.max_sum_mm} mm")


def parcels(boxes: Sequence[Box], net_weights: Mapping[str, int]) -> tuple[Parcel, ...]:
    """The boxes, numbered from 1, with the net weight of all units of each content."""
    return tuple(
        Parcel(
            parcel=number,
            contents=tuple(
                Content(
                    line=scanned.line,
                    sku=scanned.sku,
                    quantity=scanned.quantity,
                    net_weight_g=net_weights[scanned.sku] * scanned.quantity,
                )
                for scanned in box.contents
            ),
            weight_g=box.weight_g,
            length_mm=box.length_mm,
            width_mm=box.width_mm,
            height_mm=box.height_mm,
        )
        for number, box in enumerate(boxes, start=1)
    )


def as_boxes(packed: Sequence[Parcel]) -> tuple[Box, ...]:
    """What the packer had reported. The net weights are left out: they are the products', not the packer's."""
    return tuple(
        Box(
            contents=tuple(Scanned(content.line, content.sku, content.quantity) for content in parcel.contents),
            weight_g=parcel.weight_g,
            length_mm=parcel.length_mm,
            width_mm=parcel.width_mm,
            height_mm=parcel.height_mm,
        )
        for parcel in packed
    )


def same_boxes(some: Sequence[Box], others: Sequence[Box]) -> bool:
    """Whether these are the same boxes under the same numbers; in which order a box's contents were scanned does not
    matter."""
    return [_sorted(box) for box in some] == [_sorted(box) for box in others]


def _sorted(box: Box) -> Box:
    return replace(box, contents=tuple(sorted(box.contents, key=lambda scanned: scanned.line)))


def return_faults(parcel: Parcel, sound: Sequence[Counted], damaged: Sequence[Counted]) -> list[Fault]:
    """A returned parcel is booked in whole: sound and damaged units add up to what it left with, SKU by SKU. What is
    missing from the box counts as damaged."""
    left_with: Counter[str] = Counter()
    for content in parcel.contents:
        left_with[content.sku] += content.quantity
    found = []
    counted: Counter[str] = Counter()
    for field, units in (("sound", sound), ("damaged", damaged)):
        for place, unit in enumerate(units):
            if unit.sku in left_with:
                counted[unit.sku] += unit.quantity
            else:
                found.append(Fault(f"{field}[{place}].sku", "sku_of_parcel", "no such goods were in the parcel"))
    found.extend(
        Fault("sound", "adds_up_to_parcel", f"{sku}: exactly {quantity}, sound and damaged together")
        for sku, quantity in left_with.items()
        if counted[sku] != quantity
    )
    return found


def sorted_out(
    parcel: Parcel, sound: Sequence[Counted], damaged: Sequence[Counted]
) -> tuple[tuple[Content, ...], tuple[Content, ...]]:
    """The parcel's contents, sound and written off. Sound units fill the lines of a SKU from the first."""
    left = Counter({unit.sku: 0 for unit in damaged})
    for unit in sound:
        left[unit.sku] += unit.quantity
    good: list[Content] = []
    bad: list[Content] = []
    for content in parcel.contents:
        kept = min(content.quantity, left[content.sku])
        left[content.sku] -= kept
        good.extend(_share(content, kept))
        bad.extend(_share(content, content.quantity - kept))
    return tuple(good), tuple(bad)


def _share(content: Content, quantity: int) -> Iterator[Content]:
    if quantity:
        weight = content.net_weight_g * quantity // content.quantity
        yield content.model_copy(update={"quantity": quantity, "net_weight_g": weight})
