"""What follows from the export gateway's answer to a declaration. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.base import Event
from contracts.customs import ParcelDeclared, ParcelRefused
from services.customs.domain.cases import attention
from services.customs.domain.decide import EXPORT
from services.customs.domain.export import Refused, Released, valid_mrn
from shared.ledger.facts import DecisionContext


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """`outcome` and `mrn` are kept with the declaration; `published` follows unless the order has ended meanwhile."""

    outcome: str
    mrn: str | None
    published: Event


def export_outcome(
    answer: Released | Refused, deemed: ParcelDeclared, context: DecisionContext, round_: int
) -> ExportOutcome:
    """Declared with its MRN, or refused. An invalid MRN is a case, never a declaration.

    `deemed`: what the parcel would declare by leaving. `round_`: of the case, see `attention`.
    """
    if isinstance(answer, Refused):
        refused = ParcelRefused(
            order_id=deemed.order_id, occurred_at=context.now, parcel=deemed.parcel, reason=f"export:{answer.code}"
        )
        return ExportOutcome(f"refused:{answer.code}", None, refused)
    if not valid_mrn(answer.mrn):
        case = attention(deemed.order_id, EXPORT, str(deemed.parcel), "bad_mrn", context, round_)
        return ExportOutcome("bad_mrn", None, case)
    declared = deemed.model_copy(update={"export": "declared", "mrn": answer.mrn})
    return ExportOutcome("released", answer.mrn, declared)
