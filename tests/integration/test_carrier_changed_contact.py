"""Which version of the addressee a label shows, on real servers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from contracts.carrier import LabelCreated
from contracts.cases import CaseOpened
from contracts.customs import ParcelDeclared
from contracts.persons import Contact
from contracts.warehouse import OrderChanged, OrderPacked
from services.persons.facts import PersonRecorded
from services.persons.records import Persons
from tests.support.carrier_service import SAMPLE, CarrierService

REFUSED_STREET = "  "
"""No label is asked for with it: which address counted shows in the refusal."""


async def record(carrier: CarrierService, order_id: UUID) -> None:
    """A second version of the contact, as its record arrives."""
    contact = Contact.model_validate({**SAMPLE["contact"], "street": REFUSED_STREET})
    persons: Persons = Persons.of(carrier.platform.settings)
    async with carrier.platform.ledger.transaction() as db:
        await persons.publish_change(db, order_id, 2, contact)
        recorded = PersonRecorded(order_id=order_id, occurred_at=datetime.now(UTC), version=2)
        await carrier.platform.ledger.record(db, consumed=[recorded])


async def packed(carrier: CarrierService, order_id: UUID) -> None:
    now = {"order_id": str(order_id), "occurred_at": datetime.now(UTC).isoformat()}
    declared = {**SAMPLE["declared"], **now, "parcel": 1, "sub_order": f"T{order_id.hex[:10]}-1"}
    await carrier.consume(
        OrderPacked.model_validate({**now, "parcels": [{**SAMPLE["box"], "parcel": 1}]}),
        ParcelDeclared.model_validate(declared),
    )


async def test_the_label_shows_the_changed_address_and_waits_until_it_has_come(carrier: CarrierService) -> None:
    order_id = uuid4()
    await carrier.person(order_id, {})
    await carrier.consume(OrderChanged(order_id=order_id, occurred_at=datetime.now(UTC), version=2))
    await packed(carrier, order_id)
    assert await carrier.count("jobs", "stream_id = $1", order_id) == 0
    await record(carrier, order_id)
    case = await carrier.until(order_id, CaseOpened, "address_refused:1:label-1")
    assert case.reason == "sls:addressee.address.line2.required"


async def test_a_change_that_was_not_granted_changes_no_label(carrier: CarrierService) -> None:
    order_id = uuid4()
    await carrier.person(order_id, {})
    await record(carrier, order_id)
    await packed(carrier, order_id)
    await carrier.until(order_id, LabelCreated, 1)
