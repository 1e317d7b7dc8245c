"""The rules of a packed order: every line and nothing else, in boxes that the carrier accepts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from contracts.base import OrderLine, Parcel, ParcelContent
from contracts.carriers import ParcelLimits
from contracts.warehouse import UnitKey
from services.warehouse.domain.stock import LotQuantity
from shared.faults import Fault


@dataclass(frozen=True, slots=True)
class Scanned:
    """Units of an order's line, scanned into a box."""

    line: int
    sku: str
    quantity: int
    lots: tuple[LotQuantity, ...] = ()
    """Of goods whose units are told apart by lot, where it is said."""


@dataclass(frozen=True, slots=True)
class Box:
    """A closed box as the packer reports it; the weight is the scale's, in grams, the sides in millimetres."""

    contents: tuple[Scanned, ...]
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    units: tuple[UnitKey, ...] = ()
    """Those of its contents that have serials, as scanned."""


def packing_faults(
    boxes: Sequence[Box], lines: Sequence[OrderLine], net_weights: Mapping[str, int], limits: ParcelLimits
) -> list[Fault]:
    """Every fault of a packed order: all lines and nothing else, each box within the carrier's limits and no lighter
    than its contents. `net_weights` are grams of one unit by SKU."""
    faults = [
        fault for index, box in enumerate(boxes) for fault in box_faults(f"parcels[{index}]", box, net_weights, limits)
    ]
    lines_by_number = {line.line: line for line in lines}
    packed: Counter[int] = Counter()
    for box_index, box in enumerate(boxes):
        for index, scanned in enumerate(box.contents):
            line = lines_by_number.get(scanned.line)
            field = f"parcels[{box_index}].contents[{index}]"
            if line is None:
                faults.append(Fault(f"{field}.line", "line_of_order", "the order has no such line"))
            elif line.sku != scanned.sku:
                faults.append(Fault(f"{field}.sku", "sku_of_line", f"line {line.line} is of {line.sku}"))
            else:
                packed[line.line] += scanned.quantity
    faults.extend(
        Fault("parcels", "all_lines_packed", f"line {line.line}: exactly {line.quantity}")
        for line in lines
        if packed[line.line] != line.quantity
    )
    return faults


def box_faults(field: str, box: Box, net_weights: Mapping[str, int], limits: ParcelLimits) -> Iterator[Fault]:
    scans = Counter(scanned.line for scanned in box.contents)
    for line in (line for line, count in scans.items() if count > 1):
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


def pack_boxes(boxes: Sequence[Box], net_weights: Mapping[str, int], owners: Mapping[str, str]) -> tuple[Parcel, ...]:
    """The boxes, numbered from 1, with the net weight of all units of each content, and whose goods they are."""
    return tuple(
        Parcel(
            parcel=number,
            contents=tuple(
                ParcelContent(
                    line=scanned.line,
                    sku=scanned.sku,
                    quantity=scanned.quantity,
                    net_weight_g=net_weights[scanned.sku] * scanned.quantity,
                    owner=owners.get(scanned.sku),
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


def boxes_of(parcels: Sequence[Parcel], units: Mapping[int, tuple[UnitKey, ...]]) -> tuple[Box, ...]:
    """What the packer had reported, with the units by number of the parcel: without the net weights, which are the
    products', and without lots."""
    return tuple(
        Box(
            contents=tuple(Scanned(content.line, content.sku, content.quantity) for content in parcel.contents),
            weight_g=parcel.weight_g,
            length_mm=parcel.length_mm,
            width_mm=parcel.width_mm,
            height_mm=parcel.height_mm,
            units=units.get(parcel.parcel, ()),
        )
        for parcel in parcels
    )


def same_boxes(boxes: Sequence[Box], others: Sequence[Box]) -> bool:
    """Whether these are the same boxes under the same numbers, whatever their lots; in which order a box's contents and
    units were scanned does not matter."""
    return [_sorted(box) for box in boxes] == [_sorted(box) for box in others]


def _sorted(box: Box) -> Box:
    return replace(
        box,
        contents=tuple(replace(scanned, lots=()) for scanned in sorted(box.contents, key=lambda scanned: scanned.line)),
        units=tuple(sorted(box.units, key=lambda unit: (unit.gtin, unit.serial))),
    )
