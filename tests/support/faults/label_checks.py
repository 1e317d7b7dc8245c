"""I3: at most one label of a parcel travels, it is the one that we show, and every other is on record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.support.faults.violations import Violation

if TYPE_CHECKING:
    from tests.support.faults.busy_stack import BusyStack


def one_label_scanned(account: Mapping[str, Any]) -> list[Violation]:
    """Counted where it is billed: at the carrier's first scan."""
    scanned = Counter(label["sub_order"] for label in account["labels"] if label["first_scan_at"])
    return [
        Violation("I3", f"{count} labels of {sub_order} were scanned", sub_orders=(sub_order,))
        for sub_order, count in scanned.items()
        if count > 1
    ]


@dataclass(frozen=True)
class Labels:
    """What `carrier` has on record."""

    shown: Mapping[str, str]
    """Tracking number of the label that may be stuck on, by sub-order."""
    unused: frozenset[str]
    """Numbers of labels that are known and may not be."""
    unconfirmed: Counter[str]
    """Labels that may exist, by sub-order."""


async def labels_known(busy: BusyStack) -> Labels:
    numbers = {UUID(order.id): order.number for order in busy.orders.by_id.values()}
    rows = await busy.stores.rows("carrier", "select order_id, parcel, tracking_number, used from labels")
    unconfirmed = await busy.stores.rows("carrier", "select order_id, parcel from unconfirmed_labels")
    return Labels(
        {
            f"{numbers[row['order_id']]}-{row['parcel']}": row["tracking_number"]
            for row in rows
            if row["used"] and row["order_id"] in numbers
        },
        frozenset(row["tracking_number"] for row in rows if not row["used"]),
        Counter(f"{numbers[row['order_id']]}-{row['parcel']}" for row in unconfirmed if row["order_id"] in numbers),
    )


def labels_on_record(account: Mapping[str, Any], labels: Labels) -> list[Violation]:
    """The label that was scanned is the one we show, and every other that the carrier made is on our record."""
    violations = []
    made: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for label in account["labels"]:
        made[label["sub_order"]].append(label)
    for sub_order, known in made.items():
        others = [label for label in known if label["parcel_number"] != labels.shown.get(sub_order)]
        violations += [
            Violation("I3", f"{sub_order} travels under a label we do not show", sub_orders=(sub_order,))
            for label in others
            if label["first_scan_at"] and sub_order in labels.shown
        ]
        unknown = [label for label in others if label["parcel_number"] not in labels.unused]
        if len(unknown) > labels.unconfirmed[sub_order]:
            recorded = labels.unconfirmed[sub_order]
            words = f"{len(unknown)} labels of {sub_order} are unknown, {recorded} on record as unconfirmed"
            violations.append(Violation("I3", words, sub_orders=(sub_order,)))
    return violations
