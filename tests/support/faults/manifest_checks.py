"""I3 of manifests: a parcel is on one of ours at most. A manifest, and the bordereaux that the carrier made of it, list
what was handed over with it. Every other bordereau is on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from contracts.base import lifted, parse_fact
from contracts.warehouse import ManifestClosed, ParcelHandedOver
from tests.support.faults.violations import Violation

if TYPE_CHECKING:
    from tests.support.faults.busy_stack import BusyStack

Manifests: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The closed ones as the warehouse's API shows them, by id."""
Listed: TypeAlias = tuple[str, int, str]
"""Order, parcel and tracking number."""


async def closed_manifests(busy: BusyStack) -> Manifests:
    summaries = [
        summary async for summary in busy.api.pages("warehouse", "/manifests", "manifests", "warehouse", state="closed")
    ]
    return {
        summary["id"]: await busy.api.get("warehouse", f"/manifests/{summary['id']}", "warehouse")
        for summary in summaries
    }


async def manifests_match_facts(busy: BusyStack) -> list[Violation]:
    """Each is shown as it was closed, and each of its parcels was handed over. People go on meanwhile."""
    promised = {
        promise.answer["id"]
        for promise in busy.api.promises
        if promise.path.startswith("/manifests/") and promise.path.endswith("/close")
    }
    before, _ = await _closed_and_handed_over(busy)
    manifests = await closed_manifests(busy)
    closed, handed_over = await _closed_and_handed_over(busy)
    return [
        *on_one_manifest(manifests),
        *shown_as_closed(manifests, before, closed),
        *(
            Violation("I3", f"parcel {parcel} is on manifest {manifest_id} and was not handed over", (order,))
            for manifest_id, parcels in closed.items()
            for order, parcel, _ in sorted(parcels - handed_over)
        ),
        *(
            Violation("I7", f"manifest {manifest_id} was answered as closed, and is not")
            for manifest_id in sorted(promised - closed.keys())
        ),
    ]


async def _closed_and_handed_over(busy: BusyStack) -> tuple[dict[str, set[Listed]], set[Listed]]:
    """What the facts of the warehouse say: parcels by closed manifest, and all parcels that were handed over."""
    rows = await busy.stores.rows(
        "warehouse",
        """select type, body from facts
           where published and (type like 'manifest-closed.%' or type like 'parcel-handed-over.%')""",
    )
    events: list[Any] = [lifted(parse_fact(row["type"], row["body"])) for row in rows]
    closed = {
        str(event.manifest_id): {(str(row.order_id), row.parcel, row.tracking_number) for row in event.parcels}
        for event in events
        if isinstance(event, ManifestClosed)
    }
    handed_over = {
        (str(event.order_id), event.parcel, event.tracking_number)
        for event in events
        if isinstance(event, ParcelHandedOver)
    }
    return closed, handed_over


def shown_as_closed(
    manifests: Manifests, before: Collection[str], closed: Mapping[str, set[Listed]]
) -> list[Violation]:
    """`before` were closed before the manifests were read, `closed` after it."""
    shown = {manifest_id: _parcels(manifest) for manifest_id, manifest in manifests.items()}
    return [
        Violation("I3", f"manifest {manifest_id} is not shown as it was closed")
        for manifest_id in sorted({*shown, *before})
        if shown.get(manifest_id) != closed.get(manifest_id)
    ]


def on_one_manifest(manifests: Manifests) -> list[Violation]:
    listed = Counter((row["order_id"], row["parcel"]) for manifest in manifests.values() for row in manifest["parcels"])
    return [
        Violation("I3", f"parcel {parcel} is on {count} manifests", (order,))
        for (order, parcel), count in listed.items()
        if count > 1
    ]


def _parcels(manifest: Mapping[str, Any]) -> set[Listed]:
    return {(row["order_id"], row["parcel"], row["tracking_number"]) for row in manifest["parcels"]}


async def other_bordereaux(busy: BusyStack) -> Mapping[str, int]:
    """How many bordereaux, by manifest, may exist beside those shown: made twice, or of a lost answer."""
    rows = await busy.stores.rows(
        "carrier",
        """select manifest_id from bordereaux where not used
           union all select manifest_id from unconfirmed_bordereaux""",
    )
    return Counter(str(row["manifest_id"]) for row in rows)


def bordereaux_match(account: Mapping[str, Any], manifests: Manifests, others: Mapping[str, int]) -> list[Violation]:
    """Those shown of a manifest list its parcels, each once. `account` is the sandbox's; `others` counts, by manifest,
    the bordereaux on record that are not shown."""
    made: Mapping[str, Sequence[str]] = {str(row["number"]): row["parcel_numbers"] for row in account["bordereaux"]}
    violations = []
    for manifest_id, manifest in manifests.items():
        numbers = sorted(row["tracking_number"] for row in manifest["parcels"])
        shown = {row["number"] for row in manifest["bordereaux"]}
        listed = sorted(number for name in shown for number in made.get(name, ()))
        if listed != numbers:
            violations.append(
                Violation("I3", f"the bordereaux of manifest {manifest_id} list {listed} instead of {numbers}")
            )
        more = sum(name not in shown and not set(numbers).isdisjoint(parcels) for name, parcels in made.items())
        if more > (recorded := others.get(manifest_id, 0)):
            words = f"the carrier made {more} more bordereaux of manifest {manifest_id}, {recorded} are on record"
            violations.append(Violation("I3", words))
    return violations
