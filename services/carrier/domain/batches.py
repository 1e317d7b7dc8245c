"""Papers of many parcels at once: which of them there are, and how they become one file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Literal

from contracts.carrier import LabelCreated, LabelRefused
from contracts.customs import ParcelDeclared
from contracts.orders import OrderClosed
from contracts.warehouse import OrderPacked, OrderWithdrawn
from services.carrier.domain.labels import NO_NEW_LABEL, open_label_case
from services.carrier.domain.parcels import parcels_of
from services.plans import is_given_up
from shared.ledger.facts import Facts

State = Literal["found", "not_yet", "withdrawn", "gone", "unknown"]
BEING_MADE, NOT_KEPT = "label_being_made", "not_kept"
MOST_PARCELS = 500
MOST_BYTES = 64 * 1024 * 1024
"""Of all papers of one answer."""


def wanted_parcels(facts: Facts, parcel: int | None) -> list[int | None]:
    """The parcel; without a number each of the order's, or None as long as it has none."""
    return [parcel] if parcel is not None else [*parcels_of(facts)] or [None]


def label_state(facts: Facts, parcel: int | None, *, kept: bool) -> tuple[State, str]:
    """Whether the label of this parcel may be printed, and if not, why. `kept`: its document is there. The reason is
    empty when it may."""
    if not len(facts):
        return "unknown", "no_such_order"
    for kind, reason in ((OrderWithdrawn, "order_withdrawn"), (OrderClosed, "order_closed")):
        if kind in facts:
            return "withdrawn", reason
    if is_given_up(facts, parcel or 0):
        return "withdrawn", "given_up"
    if facts.get(LabelCreated, parcel or 0) is not None:
        return ("found", "") if kept else ("gone", NOT_KEPT)
    if OrderPacked not in facts or parcel is None:
        return "not_yet", "not_packed"
    if parcel not in parcels_of(facts):
        return "unknown", "no_such_parcel"
    if (refused := facts.get(LabelRefused, parcel)) is not None:
        return "withdrawn", refused.reason
    if any(kind in facts for kind in NO_NEW_LABEL):
        return "withdrawn", "order_refused"
    if (case := open_label_case(facts, parcel)) is not None:
        return "not_yet", case.kind
    return "not_yet", BEING_MADE if facts.get(ParcelDeclared, parcel) is not None else "not_declared"


class NotJoinable(ValueError):
    """This PDF, counted from 0, cannot be put into one file with others."""

    def __init__(self, place: int) -> None:
        super().__init__("a PDF cannot be joined with others")
        self.place = place


def join_pdfs(documents: Sequence[bytes]) -> bytes:
    """One PDF of all their pages, in this order. Raises NotJoinable."""
    # Imported only when needed: it takes a third of a second and 15 MB, and may not be needed for days.
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PyPdfError

    joined = PdfWriter()
    for place, document in enumerate(documents):
        try:
            for page in PdfReader(BytesIO(document)).pages:
                joined.add_page(page)
        except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # What pypdf meets in a damaged file it raises as it comes.
            raise NotJoinable(place) from None
    out = BytesIO()
    joined.write(out)
    return out.getvalue()
