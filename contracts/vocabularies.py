"""The values that fields of events are limited to.

An open vocabulary grows: its field accepts any word of the right form, the known ones are listed (`x-known` in the
schema), and a consumer treats any other as unknown. Words may be added, never removed. A closed vocabulary is closed
for good (`Literal`): a consumer may rely on it.

Currencies and units of contents, closed too, stand with the values they belong to, in `contracts/base.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.base import CODE_PATTERN
from contracts.carriers import CARRIERS


def _known(words: tuple[str, ...], pattern: str = CODE_PATTERN) -> Any:
    return Field(pattern=pattern, json_schema_extra={"x-known": list(words)})


# --- closed for good -----------------------------------------------------------------------------------------

Outcome = Literal[
    "delivered",
    "partly_delivered",
    "returned",
    "lost",
    "destroyed",
    "refused",
    "out_of_stock",
    "cancelled",
]
"""How an order ends."""
ParcelOutcome = Literal["delivered", "returned", "lost", "destroyed"]
Flag = Literal["customs_held", "delivery_failed", "problem", "delayed"]
"""Shown beside a parcel's status."""
ParcelCategory = Literal["gift", "sample", "commercial", "document", "other", "returned_goods"]
"""The categories of the customs declaration CN23."""
ExportDeclaration = Literal["deemed", "declared"]
"""Deemed declared by the act of leaving the EU, or by a declaration with an MRN."""

# --- open ----------------------------------------------------------------------------------------------------

Carrier = Annotated[str, _known(CARRIERS)]

REGIMES = ("cbec_9610", "personal_postal")
Regime = Annotated[str, _known(REGIMES)]
"""The import regime, each with its own rule set; `general_goods` is outside the project (see the non-goals)."""

TAX_PAYERS = ("addressee", "guarantor")
TaxPayer = Annotated[str, _known(TAX_PAYERS)]
"""Who pays the import tax: the addressee, when the parcel comes; or who guarantees it, with the declaration."""

Province = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]
"""ISO 3166-2, e.g. CN-GD. Coarse on purpose: the address belongs to the person's record."""

LANGUAGES = ("zh", "fr", "en")
Language = Annotated[str, _known(LANGUAGES, r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""BCP 47."""

CASE_KINDS = (
    "customs_hold",  # import customs holds a parcel
    "enquiry",  # the carrier has been silent for too long
    "claim",  # a claim is to be sent to the carrier while it takes one
    "address_refused",  # the carrier refuses the address or the person: the shop is asked for a better one
    "uncertain_label",  # an answer was lost: a label may exist that we do not know of
    "needs_attention",  # a deadline has passed after the point of no return, a counterpart kept failing, or a rule did
    "dead_letter",  # a record could not be handled
    "amendment",  # what happened after the end contradicts the outcome
)
CaseKind = Annotated[str, _known(CASE_KINDS)]

CASE_ACTIONS = (
    "answer_customs",
    "await_customs",
    "search_with_carrier",
    "send_claim",
    "check_label",
    "ask_shop",
    "look_into",
    "retry",
    "replay_dead_letter",
)
CaseAction = Annotated[str, _known(CASE_ACTIONS)]

OPERATIONS = ("labels",)
Operation = Annotated[str, _known(OPERATIONS)]
"""What a counterpart is asked for. Each is paused by itself: labels while tracking goes on."""

ORDER_REFUSALS = (
    "over_transaction_limit",
    "over_yearly_limit",
    "over_postal_limit",
    "not_on_positive_list",
    "dangerous_goods",
    "prohibited_goods",
    "licence_required",
    "tariff_code_unknown",
    "person_erased",
)
OrderRefusal = Annotated[str, _known(ORDER_REFUSALS)]
"""The rule by which an order may not go on."""

TAX_FINDINGS = (
    "tax_missing",  # less was collected than is due
    "tax_excess",  # more was collected than is due
    "content_missing",  # the tax or a statutory quantity depends on the content of a unit, which the line does not say
    "origin_without_code",  # customs' table has no code for the country of origin
    "list_note",  # the positive list takes the goods within a limit only, as so many kilograms a person and year
)
TaxFindingCode = Annotated[str, _known(TAX_FINDINGS)]

HOLD_PLACERS = ("marketplace", "operator")
HoldPlacer = Annotated[str, _known(HOLD_PLACERS)]
"""Who has put an order on hold, and releases it."""

ORDER_HOLD_REASONS = ("fraud_check", "awaiting_payment", "address_check", "shopper_request", "other")
OrderHoldReason = Annotated[str, _known(ORDER_HOLD_REASONS)]
"""Why an order is on hold; a parcel that customs holds has a `HoldReason`."""

CONTACT_PARTS = ("phone", "address")
ContactPart = Annotated[str, _known(CONTACT_PARTS)]
"""What of an order's contact may be changed."""

HOLD_REASONS = (
    "missing_declaration",
    "wrong_declaration",
    "missing_invoice",
    "missing_origin_certificate",
    "missing_importer_id",
    "content_query",
    "count_mismatch",
    "licence_required",
    "prohibited",
    "seized",
    "duty_due",
    "inspection",
    "wrong_invoice",
    "wrong_origin_certificate",
    "missing_return_certificate",
    "partly_seized",
    "instructions_needed",
)
HoldReason = Annotated[str, _known(HOLD_REASONS)]
"""Why customs, or the carrier for it, holds a parcel. `duty_due`: the recipient pays duties at the door."""

SHORTAGE_REASONS = ("short_pick", "damaged")
ShortageReason = Annotated[str, _known(SHORTAGE_REASONS)]

WRITE_OFFS = (*SHORTAGE_REASONS, "returned")
WriteOffReason = Annotated[str, _known(WRITE_OFFS)]
"""Why units are no stock any more; `returned`: a returned parcel did not hold them sound."""

BLOCKS = ("vendor_suspended", "product_withdrawn")
BlockReason = Annotated[str, _known(BLOCKS)]
"""Why stock that is there is not reserved."""

SUSPENSIONS = ("number_lapsed", "brand_lapsed", "closed", "operator")
SuspensionReason = Annotated[str, _known(SUSPENSIONS)]
"""Why a vendor may not sell for now. `number_lapsed`: one of its register's numbers is no longer valid."""

IN_FLIGHT_CHOICES = ("go_on", "withdraw")
InFlightChoice = Annotated[str, _known(IN_FLIGHT_CHOICES)]
"""What becomes of orders in flight with goods of a suspended vendor."""

WITHDRAWALS = ("vendor", "brand_lapsed", "banned", "operator")
ProductWithdrawal = Annotated[str, _known(WITHDRAWALS)]
"""Why a product is no longer sold. `vendor`: its vendor withdrew it; `banned`: customs' lists no longer allow it."""

UNIT_IDENTITIES = ("serial", "lot", "none")
UnitIdentity = Annotated[str, _known(UNIT_IDENTITIES)]
"""By what units of a product are told apart: each by its serial number, by their lot, or not at all."""

UNIT_RETURNS = ("returned", "withdrawn", "repacked")
UnitReturn = Annotated[str, _known(UNIT_RETURNS)]
"""Why units lie in their box no more. `returned`: the parcel came back. `withdrawn`: its order was withdrawn before it
left. `repacked`: the box was given up for another before it left."""

UNIT_FLAGS = (
    "impossible_scans",  # two places that lie too far apart for the time between
    "scans_before_delivery",  # hundreds of looks at a unit that nobody has received
    "scan_after_end",  # a look at a unit that was written off
    "unknown_serial",  # a serial that was never given to a unit of a known product
    "wrong_lot",  # the lot that was read is not the unit's
    "operator",
)
UnitFlag = Annotated[str, _known(UNIT_FLAGS)]
"""Why a unit may be a copy, or be copied."""

LOSS_TELLERS = ("carrier", "operator")
LossTeller = Annotated[str, _known(LOSS_TELLERS)]
"""Who reports that a parcel is lost."""

DESTRUCTIONS = ("destroyed", "seized", "abandoned")
Destruction = Annotated[str, _known(DESTRUCTIONS)]
"""Why a parcel is gone for good."""

RANKS = {
    "announced": 10,
    "accepted": 20,
    "in_transit": 30,
    "at_origin_exchange": 35,
    "export_customs": 40,
    "customs": 40,
    "export_cleared": 45,
    "customs_released": 45,
    "departed_origin": 50,
    "in_transit_country": 55,
    "arrived_destination": 60,
    "import_customs": 65,
    "import_cleared": 70,
    "in_destination_network": 72,
    "at_delivery_office": 75,
    "out_for_delivery": 80,
    "available_for_pickup": 85,
    "returning": 90,
    "delivered": 100,
    "returned": 100,
    "cancelled": 100,
    "lost": 100,
    "seized": 100,
    "destroyed": 100,
}
"""The statuses by rank, which says how far the parcel has come; 100 is final. `customs` and `customs_released` leave
the side of the border open: it is derived from all scans, and they have the rank of the export side."""
FINAL = 100
STATUSES = tuple(RANKS)
Status = Annotated[str, _known(STATUSES)]
"""The status of one scan."""


def known_status(status: str | None) -> str | None:
    """The status, if this version knows it, else None: an unknown status changes nothing."""
    return status if status in RANKS else None


NOT_WITH_THE_CARRIER = frozenset({"announced", "cancelled"})
"""Statuses that do not prove that the carrier has the parcel."""


def with_the_carrier(status: str | None) -> bool:
    """Whether a scan of this status proves that the carrier has, or had, the parcel. One that is unknown does not."""
    return status in RANKS and status not in NOT_WITH_THE_CARRIER
