"""Contains all the data models used in inputs/outputs"""

from .accepted_order import AcceptedOrder
from .address import Address
from .amendment import Amendment
from .backlog import Backlog
from .buyer import Buyer
from .cancellation import Cancellation
from .cancellation_answer import CancellationAnswer
from .case import Case
from .cases_page import CasesPage
from .change import Change
from .change_answer import ChangeAnswer
from .change_body import ChangeBody
from .closed_case import ClosedCase
from .consignee import Consignee
from .consignee_change import ConsigneeChange
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
from .hold import Hold
from .hold_body import HoldBody
from .hold_body_reason import HoldBodyReason
from .hold_state import HoldState
from .lane import Lane
from .line import Line
from .line_body import LineBody
from .line_stock import LineStock
from .list_cases_status import ListCasesStatus
from .list_dead_letters_status import ListDeadLettersStatus
from .listed_case import ListedCase
from .longest_open_order import LongestOpenOrder
from .money import Money
from .money_body import MoneyBody
from .money_body_currency import MoneyBodyCurrency
from .money_currency import MoneyCurrency
from .net_content import NetContent
from .net_content_body import NetContentBody
from .net_content_body_unit import NetContentBodyUnit
from .open_cases_of_kind import OpenCasesOfKind
from .order import Order
from .order_body import OrderBody
from .order_body_language import OrderBodyLanguage
from .order_cancellation import OrderCancellation
from .order_change import OrderChange
from .order_findings import OrderFindings
from .order_hold import OrderHold
from .order_person import OrderPerson
from .order_preview import OrderPreview
from .order_preview_unanswered_item import OrderPreviewUnansweredItem
from .order_supported_actions_item import OrderSupportedActionsItem
from .orders_in_state import OrdersInState
from .orders_page import OrdersPage
from .parcel import Parcel
from .paused_operation import PausedOperation
from .payment import Payment
from .person_erasure import PersonErasure
from .person_erasure_person import PersonErasurePerson
from .person_read import PersonRead
from .person_reads_page import PersonReadsPage
from .problem import Problem
from .release_hold_holder import ReleaseHoldHolder
from .resolution import Resolution
from .standing import Standing
from .status import Status
from .status_checks import StatusChecks
from .supporting_document import SupportingDocument
from .supporting_document_body import SupportingDocumentBody
from .tax import Tax
from .total_amount import TotalAmount
from .total_amount_currency import TotalAmountCurrency
from .unit_price import UnitPrice
from .unit_price_currency import UnitPriceCurrency

__all__ = (
    "AcceptedOrder",
    "Address",
    "Amendment",
    "Backlog",
    "Buyer",
    "Cancellation",
    "CancellationAnswer",
    "Case",
    "CasesPage",
    "Change",
    "ChangeAnswer",
    "ChangeBody",
    "ClosedCase",
    "Consignee",
    "ConsigneeChange",
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
    "Hold",
    "HoldBody",
    "HoldBodyReason",
    "HoldState",
    "Lane",
    "Line",
    "LineBody",
    "LineStock",
    "ListCasesStatus",
    "ListDeadLettersStatus",
    "ListedCase",
    "LongestOpenOrder",
    "Money",
    "MoneyBody",
    "MoneyBodyCurrency",
    "MoneyCurrency",
    "NetContent",
    "NetContentBody",
    "NetContentBodyUnit",
    "OpenCasesOfKind",
    "Order",
    "OrderBody",
    "OrderBodyLanguage",
    "OrderCancellation",
    "OrderChange",
    "OrderFindings",
    "OrderHold",
    "OrderPerson",
    "OrderPreview",
    "OrderPreviewUnansweredItem",
    "OrderSupportedActionsItem",
    "OrdersInState",
    "OrdersPage",
    "Parcel",
    "PausedOperation",
    "Payment",
    "PersonErasure",
    "PersonErasurePerson",
    "PersonRead",
    "PersonReadsPage",
    "Problem",
    "ReleaseHoldHolder",
    "Resolution",
    "Standing",
    "Status",
    "StatusChecks",
    "SupportingDocument",
    "SupportingDocumentBody",
    "Tax",
    "TotalAmount",
    "TotalAmountCurrency",
    "UnitPrice",
    "UnitPriceCurrency",
)
