"""The rules of a returned parcel: it is booked in whole, as sound and damaged units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from contracts.base import Parcel, ParcelContent
from services.warehouse.domain.orders import parcel_units
from services.warehouse.domain.stock import SkuQuantity
from shared.faults import Fault


def return_faults(parcel: Parcel, sound: Sequence[SkuQuantity], damaged: Sequence[SkuQuantity]) -> list[Fault]:
    """Every fault of a return: sound and damaged units add up to what the parcel left with, SKU by SKU. What is missing
    from the box counts as damaged."""
    left_with = parcel_units(parcel)
    faults = []
    counted: Counter[str] = Counter()
    for field, counts in (("sound", sound), ("damaged", damaged)):
        for index, count in enumerate(counts):
            if count.sku in left_with:
                counted[count.sku] += count.quantity
            else:
                faults.append(Fault(f"{field}[{index}].sku", "sku_of_parcel", "no such goods were in the parcel"))
    faults.extend(
        Fault("sound", "adds_up_to_parcel", f"{sku}: exactly {quantity}, sound and damaged together")
        for sku, quantity in left_with.items()
        if counted[sku] != quantity
    )
    return faults


def split_contents(
    parcel: Parcel, sound: Sequence[SkuQuantity]
) -> tuple[tuple[ParcelContent, ...], tuple[ParcelContent, ...]]:
    """The parcel's contents, sound and written off. Sound units fill the lines of a SKU from the first; the rest is
    written off."""
    left: Counter[str] = Counter()
    for count in sound:
        left[count.sku] += count.quantity
    sound_contents: list[ParcelContent] = []
    written_off: list[ParcelContent] = []
    for content in parcel.contents:
        sound_units = min(content.quantity, left[content.sku])
        left[content.sku] -= sound_units
        sound_contents.extend(_part(content, sound_units))
        written_off.extend(_part(content, content.quantity - sound_units))
    return tuple(sound_contents), tuple(written_off)


def _part(content: ParcelContent, quantity: int) -> Iterator[ParcelContent]:
    if quantity:
        weight = content.net_weight_g * quantity // content.quantity
        yield content.model_copy(update={"quantity": quantity, "net_weight_g": weight})
