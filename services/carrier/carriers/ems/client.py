"""EMS has no interface to call: its labels are numbered and printed here."""

from __future__ import annotations

from services.carrier.carriers.carrier import Calls
from services.carrier.carriers.ems.label_pages import cn23_pages, label_page
from services.carrier.carriers.ems.settings import EmsSettings
from services.carrier.domain.carrier import (
    Account,
    CheckAnswer,
    LabelAnswer,
    LabelMade,
    LabelOrder,
    LabelPossible,
    OperationRefused,
    Sender,
)
from services.carrier.domain.documents import PDF, Document
from shared.http.client import Counterpart

NO_NUMBER = OperationRefused("ems:no_number", "EMS_RANGES")
"""The ranges are used up, or none is set: no parcel is to blame."""


def connect(settings: EmsSettings, sender: Sender, _post: Counterpart) -> Calls:
    async def make_label(order: LabelOrder) -> LabelAnswer:
        if order.number is None:
            return NO_NUMBER
        label, cn23 = label_page(order, order.number, sender), cn23_pages(order, order.number, sender)
        changes = ("lastName:latin",) if not order.contact.name.isascii() else ()
        return LabelMade(order.number, Document(label, PDF), Document(cn23, PDF), changes=changes)

    async def check_label(order: LabelOrder) -> CheckAnswer:
        return LabelPossible() if order.number is not None else NO_NUMBER

    return Calls(make_label, check_label, None, Account(settings.ems_account))
