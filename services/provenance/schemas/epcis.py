"""EPCIS documents as others tell them, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Discriminator, Field, RootModel, Tag
from pydantic.alias_generators import to_camel

from services.provenance.domain.capture import MAX_EVENTS, Action, Declaration, Said
from services.provenance.domain.epcis import Reason
from shared.http.counts import at_most
from shared.http.models import Body, View
from shared.http.paging import Instant

BizStep = Literal[
    "accepting",
    "arriving",
    "assembling",
    "collecting",
    "commissioning",
    "consigning",
    "creating_class_instance",
    "cycle_counting",
    "decommissioning",
    "departing",
    "destroying",
    "disassembling",
    "dispensing",
    "encoding",
    "entering_exiting",
    "holding",
    "inspecting",
    "installing",
    "killing",
    "loading",
    "other",
    "packing",
    "picking",
    "receiving",
    "removing",
    "repackaging",
    "repairing",
    "replacing",
    "reserving",
    "retail_selling",
    "sampling",
    "sensor_reporting",
    "shipping",
    "staging_outbound",
    "stock_taking",
    "stocking",
    "storing",
    "transporting",
    "unloading",
    "unpacking",
    "void_shipping",
]
Disposition = Literal[
    "active",
    "available",
    "completeness_inferred",
    "completeness_verified",
    "conformant",
    "container_closed",
    "container_open",
    "damaged",
    "destroyed",
    "dispensed",
    "disposed",
    "encoded",
    "expired",
    "in_progress",
    "in_transit",
    "inactive",
    "mismatch_class",
    "mismatch_instance",
    "mismatch_quantity",
    "needs_replacement",
    "no_pedigree_match",
    "non_conformant",
    "non_sellable_other",
    "partially_dispensed",
    "recalled",
    "reserved",
    "retail_sold",
    "returned",
    "sellable_accessible",
    "sellable_not_accessible",
    "stolen",
    "unavailable",
    "unknown",
]
MAX_CORRECTIONS = 10
Uri = Annotated[str, Field(min_length=1, max_length=300)]
EventId = Annotated[str, Field(pattern=r"^ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0$")]


class EpcisBody(Body):
    """A part of an EPCIS document."""

    model_config = ConfigDict(alias_generator=to_camel)


class PlaceBody(EpcisBody):
    """A place, by its GLN."""

    id: Uri


class DeclarationBody(EpcisBody):
    """That the event, which was told before, was wrong."""

    declaration_time: Instant
    reason: Reason | None = None
    corrections: Annotated[
        tuple[EventId, ...], Field(alias="correctiveEventIDs", max_length=MAX_CORRECTIONS), at_most(MAX_CORRECTIONS)
    ] = ()

    def declaration(self) -> Declaration:
        return Declaration(self.declaration_time, self.reason, self.corrections)


Context = Literal[
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    "https://gs1.github.io/EPCIS/epcis-context.jsonld",
]


class SaidEvent(EpcisBody):
    """What ObjectEvent and AggregationEvent have alike."""

    context: Annotated[Context | tuple[Context] | None, Field(alias="@context")] = None
    event_time: Instant
    event_time_zone_offset: Annotated[str, Field(pattern=r"^[+-](0[0-9]|1[0-3]):[0-5][0-9]$|^[+-]14:00$")]
    event_id: Annotated[EventId | None, Field(alias="eventID")] = None
    """The event's hash by CBV 8.9.2, or none: it is derived."""
    record_time: Instant | None = None
    """Not read: we say when it was written down."""
    action: Action
    biz_step: BizStep
    disposition: Disposition | None = None
    read_point: PlaceBody | None = None
    biz_location: PlaceBody | None = None
    error_declaration: DeclarationBody | None = None

    def _said(self, epc: str, parent: str | None) -> Said:
        return Said(
            happened_at=self.event_time,
            offset=self.event_time_zone_offset,
            action=self.action,
            step=self.biz_step,
            epc=epc,
            parent=parent,
            disposition=self.disposition,
            read_point=self.read_point.id if self.read_point else None,
            location=self.biz_location.id if self.biz_location else None,
            event_id=self.event_id,
            declaration=self.error_declaration.declaration() if self.error_declaration else None,
        )


class ObjectEventBody(SaidEvent):
    """Something happened to one unit."""

    type: Literal["ObjectEvent"]
    epc_list: Annotated[list[Uri], Field(min_length=1, max_length=1), at_most(1)]
    """One unit, for what is told of it is shown to whoever holds it."""

    def said(self) -> Said:
        return self._said(self.epc_list[0], None)


class AggregationEventBody(SaidEvent):
    """One unit was laid into a box, or taken out of it."""

    type: Literal["AggregationEvent"]
    parent_id: Annotated[Uri, Field(alias="parentID")]
    """The box, by its SSCC."""
    child_epcs: Annotated[list[Uri], Field(alias="childEPCs", min_length=1, max_length=1), at_most(1)]

    def said(self) -> Said:
        return self._said(self.child_epcs[0], self.parent_id)


def _type_of(event: object) -> str | None:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else None


EventBody: TypeAlias = Annotated[
    Annotated[ObjectEventBody, Tag("ObjectEvent")] | Annotated[AggregationEventBody, Tag("AggregationEvent")],
    Discriminator(_type_of),
]


class EventDocumentBody(RootModel[EventBody]):
    """One event by itself."""


class EventListBody(EpcisBody):
    event_list: Annotated[list[EventBody], Field(min_length=1, max_length=MAX_EVENTS), at_most(MAX_EVENTS)]


class EpcisDocumentBody(EpcisBody):
    """An EPCISDocument of EPCIS 2.0, as far as it is taken in: no other context than the standard's, no extensions."""

    context: Annotated[Context | tuple[Context], Field(alias="@context")]
    id: Uri | None = None
    """Not read."""
    type: Literal["EPCISDocument"]
    schema_version: Literal["2.0", "2.0.0"]
    creation_date: Instant
    epcis_body: EventListBody


class CaptureJobView(View):
    """A document that was captured: at once, and whole."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)

    capture_id: Annotated[UUID, Field(alias="captureID")]
    created_at: AwareDatetime
    finished_at: AwareDatetime
    running: bool = False
    success: bool = True
    capture_error_behaviour: Literal["rollback"] = "rollback"
    errors: tuple[str, ...] = ()


class CaptureJobsView(RootModel[tuple[CaptureJobView, ...]]):
    """A page of jobs, the latest first."""

    model_config = ConfigDict(serialize_by_alias=True)
