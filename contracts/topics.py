"""The table: every topic with its producer, consumers and events. AsyncAPI and the flow chart are generated from it."""

from __future__ import annotations

from contracts import carrier, cases, customs, makers, orders, persons, provenance, warehouse
from contracts.base import Topic

CASES = (cases.CaseOpened, cases.CaseClosed)

ORDERS = Topic(
    "orders.events",
    producer="orders",
    consumers=("warehouse", "customs", "carrier", "tracking"),
    events=(
        orders.OrderPlaced,
        orders.CancelRequested,
        orders.HoldRequested,
        orders.HoldReleased,
        orders.ChangeRequested,
        orders.OrderClosed,
        orders.OrderAmended,
        *CASES,
    ),
    retention_days=400,
)
WAREHOUSE = Topic(
    "warehouse.events",
    producer="warehouse",
    consumers=("orders", "customs", "carrier", "tracking", "provenance"),
    events=(
        warehouse.StockReserved,
        warehouse.StockRefused,
        warehouse.StockShort,
        warehouse.OrderPacked,
        warehouse.OrderWithdrawn,
        warehouse.CancelTooLate,
        warehouse.OrderHeld,
        warehouse.HoldTooLate,
        warehouse.OrderChanged,
        warehouse.ChangeTooLate,
        warehouse.ParcelHandedOver,
        warehouse.ParcelReceivedBack,
        warehouse.ParcelRepacked,
        warehouse.ManifestClosed,
        warehouse.OrderRecalled,
        warehouse.GoodsReceived,
        warehouse.StockWrittenOff,
        makers.VendorVerified,  # without `makers`, of what is stated to the warehouse
        makers.ProductApproved,
        makers.ProductChanged,
        *CASES,
    ),
    retention_days=400,
)
UNITS = Topic(
    "warehouse.units",
    producer="warehouse",
    consumers=("provenance",),
    events=(warehouse.UnitsReceived, warehouse.UnitsPacked, warehouse.UnitsReturned),
    retention_days=400,
)
"""Apart, since the services of the line would read many of them and need none."""
STOCK_LEVELS = Topic(
    "warehouse.stock",
    producer="warehouse",
    consumers=(),
    events=(warehouse.StockLevel,),
    retention_days=None,
    compacted=True,
)
"""For who wants it."""
CUSTOMS = Topic(
    "customs.events",
    producer="customs",
    consumers=("orders", "warehouse", "carrier", "tracking"),
    events=(
        customs.OrderScreened,
        customs.OrderRefused,
        customs.ParcelDeclared,
        customs.ParcelRefused,
        customs.ExportInvalidated,
        customs.ExportExited,
        customs.ParcelUplifted,
        customs.ImportDeclared,
        customs.ImportHeld,
        customs.ImportCleared,
        customs.ImportRefused,
        customs.ImportReturned,
        *CASES,
    ),
    retention_days=400,
)
CARRIER = Topic(
    "carrier.events",
    producer="carrier",
    consumers=("orders", "warehouse", "customs", "tracking", "provenance"),
    events=(
        carrier.LabelCreated,
        carrier.LabelRefused,
        carrier.ParcelScanned,
        carrier.ParcelDelivered,
        carrier.ParcelReturned,
        carrier.ParcelLost,
        carrier.ParcelDestroyed,
        carrier.OperationPaused,
        carrier.OperationResumed,
        carrier.ParcelDetailsReported,
        carrier.BordereauCreated,
        *CASES,
    ),
    retention_days=400,
)
TRACKING = Topic(
    "tracking.events",
    producer="tracking",
    consumers=("orders",),
    events=CASES,
    retention_days=400,
)
"""Tracking decides nothing; it publishes only cases: dead letters, and their replay."""
MAKERS = Topic(
    "makers.events",
    producer="makers",
    consumers=("warehouse", "provenance"),
    events=(
        makers.VendorVerified,
        makers.VendorSuspended,
        makers.VendorRestored,
        makers.InFlightDecided,
        makers.VendorPeopleErased,
        makers.VendorKeyMade,
        makers.VendorKeyEnded,
        makers.ProductApproved,
        makers.ProductChanged,
        makers.ProductWithdrawn,
    ),
    retention_days=3_650,
)
"""Few facts, which hold for as long as goods are sold."""
PROVENANCE = Topic(
    "provenance.events",
    producer="provenance",
    consumers=("orders", "warehouse"),
    events=(provenance.UnitFlagged, provenance.UnitCleared, *CASES),
    retention_days=400,
)
PERSONAL = Topic(
    "orders.personal",
    producer="orders",
    consumers=("customs", "carrier"),
    events=(),
    retention_days=None,
    compacted=True,
    messages={"person-record.v1": persons.PersonRecord},
)
"""The person's record, sealed; keyed by order id; an empty value is its erasure."""
ERASURES = Topic(
    "orders.erasures",
    producer="orders",
    consumers=("orders", "customs", "carrier"),
    events=(),
    retention_days=400,
    messages={"erasure-marker.v1": persons.ErasureMarker},
    at_start=True,
)
"""A marker for each erasure, kept longer than any backup may be: what a restored database holds is erased again."""
UNIT_ERASURES = Topic(
    "provenance.erasures",
    producer="provenance",
    consumers=("provenance",),
    events=(),
    retention_days=400,
    messages={"unit-erasure-marker.v1": provenance.UnitErasureMarker},
    at_start=True,
)
"""The same for units: as long as facts of units are kept, which would be told again."""

TOPICS = (
    ORDERS,
    WAREHOUSE,
    UNITS,
    STOCK_LEVELS,
    CUSTOMS,
    CARRIER,
    TRACKING,
    MAKERS,
    PROVENANCE,
    PERSONAL,
    ERASURES,
    UNIT_ERASURES,
)


def of_producer(name: str) -> Topic:
    """The topic on which this service publishes its facts."""
    return next(topic for topic in TOPICS if topic.producer == name and topic.events)


def subscribed_by(name: str) -> tuple[Topic, ...]:
    """The topics this service consumes."""
    return tuple(topic for topic in TOPICS if name in topic.consumers and not topic.at_start)


def readable_by(name: str) -> tuple[Topic, ...]:
    """The topics this service may read: those it consumes, and those it reads at its start."""
    return tuple(topic for topic in TOPICS if name in topic.consumers)
