"""What a payment firm calls a payment, as every body takes it that names one."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from shared.http.lines import bounds, single_line

LONGEST = 60
"""Characters of CEB311 payTransactionId."""
TransactionId: TypeAlias = Annotated[str, AfterValidator(single_line(LONGEST)), bounds(LONGEST)]
