"""The formats in which SLS prints labels and CN23s, and which of them its answers are read in. Pure.

Of a CN23 the SLS OpenAPI lists them (field `OUTPUT_PRINT_TYPE_CN23`), as it does those of one page with both (`_UL`,
"unique label"); of a label it lists none, these are those of public clients. DPL, which it prints too, is left out: no
recorded answer shows what a whole document of it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.carrier.domain.documents import PDF, ZPL

LabelFormat = Literal[
    "PDF_10x15_300dpi",
    "PDF_10x15_203dpi",
    "PDF_10x10_300dpi",
    "PDF_A4_300dpi",
    "ZPL_10x15_203dpi",
    "ZPL_10x15_300dpi",
    "ZPL_10x10_203dpi",
    "ZPL_10x10_300dpi",
    "PDF_10x15_300dpi_UL",
    "PDF_A4_300dpi_UL",
    "ZPL_10x15_203dpi_UL",
    "ZPL_10x15_300dpi_UL",
]
CN23Format = Literal["", "PDF_10x12_300dpi", "PDF_A4_300dpi", "ZPL_10x12_203dpi", "ZPL_10x12_300dpi"]
"""The empty one: SLS prints its default."""
UNIQUE_LABEL = "_UL"
"""At the end of a format: label and CN23 on one page. Of more than three articles the page shows three, and the totals
of all."""
CN23_COPIES = 4
"""As Colissimo's own plugin requests, and as many as SLS prints."""


def media_type(format: str) -> str:
    """Of a document in this format."""
    return ZPL if format.startswith("ZPL") else PDF


@dataclass(frozen=True, slots=True)
class Printing:
    """How SLS is to print the papers of a parcel."""

    label: LabelFormat = "PDF_10x15_300dpi"
    cn23: CN23Format = ""
    cn23_copies: int = CN23_COPIES

    @property
    def on_one_page(self) -> bool:
        """Whether the label bears the CN23."""
        return self.label.endswith(UNIQUE_LABEL)

    @property
    def cn23_field(self) -> str:
        """Value of the field `OUTPUT_PRINT_TYPE_CN23`; of a page with both it "has to be the same" as the label's."""
        return self.label if self.on_one_page else self.cn23

    @property
    def label_type(self) -> str:
        return media_type(self.label)

    @property
    def cn23_type(self) -> str | None:
        """None when nothing says in which language it comes: a label in ZPL, and no format of the CN23."""
        if self.cn23_field:
            return media_type(self.cn23_field)
        return PDF if self.label_type == PDF else None
