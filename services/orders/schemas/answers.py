"""What `orders` answers, for its OpenAPI document.

The routes write their answers themselves: those to idempotent requests are repeated byte by byte. Tests hold them to
these models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict

from contracts.base import Currency
from services.open_cases import OpenCasesOfKindView
from shared.http import models


class View(models.View):
    model_config = ConfigDict(extra="forbid")


class MoneyView(View):
    """An amount to the cent."""

    amount: str
    """With two decimals, as in `12.50`."""
    currency: Currency


class AcceptedOrderView(View):
    """An accepted order."""

    id: str
    """A UUID, the same whenever this number is placed again."""
    marketplace: str
    """Whose order it is: the name of its key."""
    number: str
    """The marketplace's own."""
    tracking_url: str
    """Where the shopper follows the order; it holds the order's secret."""


class NetContentView(View):
    """What one unit holds, as printed on its package."""

    amount: str
    unit: str
    """`g`, `ml` or `piece`."""


class SupportingDocumentView(View):
    """A permit, or a statement that none is needed."""

    type: str
    """Of the EU's list, as C400."""
    number: str | None


class LineView(View):
    """A line of an order."""

    line: int
    """Its place in the order, from 1."""
    sku: str
    description: str
    hs_code: str
    """Of the Harmonized System: 6, 8 or 10 digits."""
    origin: str
    """The country in which the goods were made, ISO 3166-1 alpha-2."""
    quantity: int
    unit_price: MoneyView
    """Of one unit, without tax."""
    content: NetContentView | None
    """Null where the order does not say it."""
    documents: list[SupportingDocumentView]
    tax: MoneyView | None
    """What was collected of China's tax for the whole line; null where the order says it of no line."""


class CancellationView(View):
    """What became of the wish to cancel an order."""

    reason: str
    """Who asked: `shopper` or `operator`."""
    requested_at: datetime
    answer: Literal["requested", "withdrawn", "too_late"]
    """`requested` until the warehouse has answered; `too_late` when a parcel was handed over before."""


class HoldView(View):
    """A hold: while it is open the order is not packed, and no deadline of it passes."""

    handle: str
    """By which its holder tells its holds apart."""
    holder: str
    """Who placed it: `marketplace` or `operator`."""
    reason: str
    """As `fraud_check`."""
    state: Literal["requested", "held", "too_late", "released"]
    """`requested` until the warehouse has answered; `too_late` when the order was packed before."""
    requested_at: datetime
    ended_at: datetime | None
    """When it was released, or was answered to be too late; null while it is open."""


class ChangeView(View):
    """A change of the consignee's phone or address. To what it was changed is shown to nobody."""

    version: int
    """Of the contact, from 2."""
    parts: list[str]
    """What is different: `phone`, `address`."""
    requested_at: datetime
    answer: Literal["requested", "changed", "too_late"]
    """`requested` until the warehouse has answered; `too_late` when the order was packed before."""


class ParcelView(View):
    """A packed parcel."""

    parcel: int
    """Its number within the order, from 1."""
    status: str
    """The last state that the parcel has reached, or its outcome."""
    tracking_number: str | None
    """The carrier's; null until there is a label."""
    weight_g: int
    """On the scale, in grams."""


class CaseView(View):
    """Why an order waits for a person, since when, until when, and the request that frees it."""

    case: str
    """Its name, unique in the order."""
    kind: str
    """As `customs_hold` or `enquiry`."""
    parcel: int | None
    """Null when it is about the whole order."""
    reason: str
    """In a word, as `missing_invoice`."""
    since: datetime
    due_at: datetime | None
    """By when it should be closed."""
    action: str
    """What a person has to do, as `answer_customs`."""
    freed_by: str | None
    """The request that closes it: the service, the method and the path."""


class AmendmentView(View):
    """What happened to a parcel after its order was closed, as when it was found after it was lost."""

    parcel: int
    previous: str
    """The outcome that it had."""
    outcome: str
    """The one that it has now."""
    since: datetime


class OrderView(View):
    """An order as its marketplace sees it. It names no person."""

    id: str
    marketplace: str
    """Whose order it is: the name of its key."""
    number: str
    """The marketplace's own."""
    status: str
    """Its state, as `packed`, or its outcome once it is closed, as `delivered`."""
    since: datetime
    """When it came into this state."""
    awaits: str | None
    """Who acts next, as `warehouse`; null when it is closed."""
    deadline: datetime | None
    """When something is done about it if it is in this state still; null when nothing is."""
    placed_at: datetime
    """When the shopper placed it."""
    closed_at: datetime | None
    reason: str | None
    """Why it was closed with this outcome."""
    refund_due: MoneyView | None
    """What the shopper is to get back; null until it is closed."""
    country: str
    """Where it goes, ISO 3166-1 alpha-2."""
    province: str
    """Where in it, ISO 3166-2."""
    language: str
    """In which the shopper reads, BCP 47."""
    lines: list[LineView]
    freight: MoneyView
    insurance: MoneyView | None
    """Of the carriage; null where there is none."""
    discount: MoneyView
    tax: MoneyView
    total: MoneyView
    """The sum of the lines, freight, insurance and tax, less the discount."""
    cancel: CancellationView | None
    """Null unless someone has asked to cancel it."""
    holds: list[HoldView]
    """All that there ever were, the oldest first."""
    changes: list[ChangeView]
    """All that were asked for, the oldest first."""
    supported_actions: list[Literal["cancel", "hold", "release_hold", "change"]]
    """What can be asked of the order in this state."""
    parcels: list[ParcelView]
    """None until it is packed."""
    cases: list[CaseView]
    """The open ones."""
    amendments: list[AmendmentView]
    """What has happened since it was closed."""
    person: Literal["held", "erasure_asked", "erased"]
    """Whether buyer and consignee are still on record."""
    updated_at: datetime
    """When anything in it changed last."""
    tracking_url: str
    """Where the shopper follows the order; it holds the order's secret."""


class OrdersPage(View):
    """A page of orders."""

    orders: list[OrderView]
    next: str | None
    """The cursor of the next page; null on the last."""


class ListedCaseView(CaseView):
    """A case with the order that it belongs to."""

    order_id: str
    marketplace: str | None
    """Null while the order itself has not arrived."""
    number: str | None
    """The order's."""
    order_status: str | None
    closed_at: datetime | None
    """Null while it is open."""
    resolution: str | None
    """How it was closed, in a word."""


class PausedOperationView(View):
    """An operation of a counterpart that is not asked for until a fault of ours is mended. One case for all the orders
    that wait for it: none is withdrawn, and their deadlines are suspended."""

    counterpart: str
    """As `carrier.laposte`."""
    operation: str
    """As `labels`."""
    contract: str
    """Under which contract of ours, by the operator's name for it."""
    reason: str
    """The counterpart's message id, as `sls:30108`."""
    mend: str
    """What to mend: a setting, as `SENDER_POSTCODE`, or a part of the contract; `unknown` when it does not say."""
    since: datetime
    freed_by: str
    """The request that ends it at once; mended, it ends by itself."""


class CasesPage(View):
    """A page of cases."""

    operations: list[PausedOperationView]
    """The operations that are paused; on the first page of open cases only."""
    cases: list[ListedCaseView]
    next: str | None
    """The cursor of the next page; null on the last."""


class OrdersInStateView(View):
    """The open orders in one state."""

    state: str
    orders: int
    """How many."""
    oldest: datetime
    """Since when the one is in it that came first."""
    overdue: int
    """How many are past their deadline."""


class LongestOpenOrderView(View):
    """The open order that has been longest in its state."""

    id: str
    marketplace: str
    number: str
    status: str
    since: datetime
    awaits: str | None
    """Who acts next."""
    deadline: datetime | None


class StandingView(View):
    """The open orders in figures."""

    states: list[OrdersInStateView]
    longest: LongestOpenOrderView | None
    """Null when no order is open."""
    cases: list[OpenCasesOfKindView]
    operations: list[PausedOperationView]
    """Those that are paused."""


class OrderCancellationView(View):
    """An order that someone has asked to cancel."""

    id: str
    """The order's."""
    cancel: CancellationView


class OrderHoldView(View):
    """A hold of an order."""

    id: str
    """The order's."""
    hold: HoldView


class OrderChangeView(View):
    """A change of an order."""

    id: str
    """The order's."""
    change: ChangeView


class ClosedCaseView(View):
    """A case that is closed."""

    id: str
    """The order's."""
    case: str
    resolution: str
    """How it was closed, in a word: what was said first."""


class PersonErasureView(View):
    """Whether a person's data is erased."""

    id: str
    """The order's."""
    person: Literal["erasure_asked", "erased"]
    """`erasure_asked`: it is erased when the order has ended."""
