"""Contains all the data models used in inputs/outputs"""

from .backlog import Backlog
from .carrier_details import CarrierDetails
from .counterpart import Counterpart
from .counterpart_jobs import CounterpartJobs
from .dead_letter import DeadLetter
from .dead_letter_detail import DeadLetterDetail
from .dead_letter_detail_fate import DeadLetterDetailFate
from .dead_letter_fate import DeadLetterFate
from .dead_letters_page import DeadLettersPage
from .fault import Fault
from .finding import Finding
from .finding_holder import FindingHolder
from .list_dead_letters_status import ListDeadLettersStatus
from .next_step import NextStep
from .next_step_action_type_0 import NextStepActionType0
from .next_step_actor import NextStepActor
from .open_case import OpenCase
from .order_findings import OrderFindings
from .order_tracking import OrderTracking
from .order_tracking_outcome_type_0 import OrderTrackingOutcomeType0
from .order_tracking_regime_type_0 import OrderTrackingRegimeType0
from .order_tracking_state import OrderTrackingState
from .order_tracking_tax_paid_by_type_0 import OrderTrackingTaxPaidByType0
from .parcel_item import ParcelItem
from .parcel_tracking import ParcelTracking
from .parcel_tracking_flags_item import ParcelTrackingFlagsItem
from .parcel_tracking_stage import ParcelTrackingStage
from .parcel_tracking_state import ParcelTrackingState
from .parcel_tracking_status_type_0 import ParcelTrackingStatusType0
from .problem import Problem
from .public_tracking import PublicTracking
from .public_tracking_flags_item import PublicTrackingFlagsItem
from .public_tracking_status import PublicTrackingStatus
from .status import Status
from .status_checks import StatusChecks
from .timeline_entry import TimelineEntry
from .timeline_entry_clears_item import TimelineEntryClearsItem
from .timeline_entry_sets_item import TimelineEntrySetsItem
from .timeline_entry_status_type_0 import TimelineEntryStatusType0

__all__ = (
    "Backlog",
    "CarrierDetails",
    "Counterpart",
    "CounterpartJobs",
    "DeadLetter",
    "DeadLetterDetail",
    "DeadLetterDetailFate",
    "DeadLetterFate",
    "DeadLettersPage",
    "Fault",
    "Finding",
    "FindingHolder",
    "ListDeadLettersStatus",
    "NextStep",
    "NextStepActionType0",
    "NextStepActor",
    "OpenCase",
    "OrderFindings",
    "OrderTracking",
    "OrderTrackingOutcomeType0",
    "OrderTrackingRegimeType0",
    "OrderTrackingState",
    "OrderTrackingTaxPaidByType0",
    "ParcelItem",
    "ParcelTracking",
    "ParcelTrackingFlagsItem",
    "ParcelTrackingStage",
    "ParcelTrackingState",
    "ParcelTrackingStatusType0",
    "Problem",
    "PublicTracking",
    "PublicTrackingFlagsItem",
    "PublicTrackingStatus",
    "Status",
    "StatusChecks",
    "TimelineEntry",
    "TimelineEntryClearsItem",
    "TimelineEntrySetsItem",
    "TimelineEntryStatusType0",
)
