"""Contains all the data models used in inputs/outputs"""

from .accepted import Accepted
from .address import Address
from .amendment import Amendment
from .answer import Answer
from .buyer import Buyer
from .cancellation import Cancellation
from .cancellation_answer import CancellationAnswer
from .case import Case
from .cases_page import CasesPage
from .consignee import Consignee
from .counterpart import Counterpart
from .dead_letter import DeadLetter
from .dead_letter_detail import DeadLetterDetail
from .dead_letter_detail_fate import DeadLetterDetailFate
from .dead_letter_fate import DeadLetterFate
from .dead_letters_page import DeadLettersPage
from .fault import Fault
from .finding import Finding
from .finding_holder import FindingHolder
from .jobs import Jobs
from .line import Line
from .line_body import LineBody
from .list_cases_status import ListCasesStatus
from .list_dead_letters_status import ListDeadLettersStatus
from .listed_case import ListedCase
from .longest import Longest
from .money import Money
from .money_body import MoneyBody
from .money_body_currency import MoneyBodyCurrency
from .money_currency import MoneyCurrency
from .open_cases import OpenCases
from .order import Order
from .order_body import OrderBody
from .order_body_language import OrderBodyLanguage
from .order_cancellation import OrderCancellation
from .order_person import OrderPerson
from .orders_page import OrdersPage
from .parcel import Parcel
from .payment import Payment
from .person_answer import PersonAnswer
from .person_answer_person import PersonAnswerPerson
from .price import Price
from .price_currency import PriceCurrency
from .problem import Problem
from .resolution import Resolution
from .resolution_answer import ResolutionAnswer
from .standing import Standing
from .state import State
from .status import Status
from .status_checks import StatusChecks
from .store import Store
from .total import Total
from .total_currency import TotalCurrency

__all__ = (
    "Accepted",
    "Address",
    "Amendment",
    "Answer",
    "Buyer",
    "Cancellation",
    "CancellationAnswer",
    "Case",
    "CasesPage",
    "Consignee",
    "Counterpart",
    "DeadLetter",
    "DeadLetterDetail",
    "DeadLetterDetailFate",
    "DeadLetterFate",
    "DeadLettersPage",
    "Fault",
    "Finding",
    "FindingHolder",
    "Jobs",
    "Line",
    "LineBody",
    "ListCasesStatus",
    "ListDeadLettersStatus",
    "ListedCase",
    "Longest",
    "Money",
    "MoneyBody",
    "MoneyBodyCurrency",
    "MoneyCurrency",
    "OpenCases",
    "Order",
    "OrderBody",
    "OrderBodyLanguage",
    "OrderCancellation",
    "OrderPerson",
    "OrdersPage",
    "Parcel",
    "Payment",
    "PersonAnswer",
    "PersonAnswerPerson",
    "Price",
    "PriceCurrency",
    "Problem",
    "Resolution",
    "ResolutionAnswer",
    "Standing",
    "State",
    "Status",
    "StatusChecks",
    "Store",
    "Total",
    "TotalCurrency",
)
