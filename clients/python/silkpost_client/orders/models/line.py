from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.money import Money
    from ..models.net_content import NetContent
    from ..models.supporting_document import SupportingDocument


T = TypeVar("T", bound="Line")


@_attrs_define
class Line:
    """A line of an order.

    Attributes:
        content (NetContent | None): Null where the order does not say it.
        description (str):
        documents (list[SupportingDocument]):
        hs_code (str): Of the Harmonized System: 6, 8 or 10 digits.
        line (int): Its place in the order, from 1.
        origin (str): The country in which the goods were made, ISO 3166-1 alpha-2.
        quantity (int):
        sku (str):
        tax (Money | None): What was collected of China's tax for the whole line; null where the order says it of no
            line.
        unit_price (Money): An amount to the cent.
    """

    content: NetContent | None
    description: str
    documents: list[SupportingDocument]
    hs_code: str
    line: int
    origin: str
    quantity: int
    sku: str
    tax: Money | None
    unit_price: Money

    def to_dict(self) -> dict[str, Any]:
        from ..models.money import Money
        from ..models.net_content import NetContent

        content: dict[str, Any] | None
        if isinstance(self.content, NetContent):
            content = self.content.to_dict()
        else:
            content = self.content

        description = self.description

        documents = []
        for documents_item_data in self.documents:
            documents_item = documents_item_data.to_dict()
            documents.append(documents_item)

        hs_code = self.hs_code

        line = self.line

        origin = self.origin

        quantity = self.quantity

        sku = self.sku

        tax: dict[str, Any] | None
        if isinstance(self.tax, Money):
            tax = self.tax.to_dict()
        else:
            tax = self.tax

        unit_price = self.unit_price.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "content": content,
                "description": description,
                "documents": documents,
                "hs_code": hs_code,
                "line": line,
                "origin": origin,
                "quantity": quantity,
                "sku": sku,
                "tax": tax,
                "unit_price": unit_price,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.money import Money
        from ..models.net_content import NetContent
        from ..models.supporting_document import SupportingDocument

        d = dict(src_dict)

        def _parse_content(data: object) -> NetContent | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                content_type_0 = NetContent.from_dict(data)

                return content_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NetContent | None, data)

        content = _parse_content(d.pop("content"))

        description = d.pop("description")

        documents = []
        _documents = d.pop("documents")
        for documents_item_data in _documents:
            documents_item = SupportingDocument.from_dict(documents_item_data)

            documents.append(documents_item)

        hs_code = d.pop("hs_code")

        line = d.pop("line")

        origin = d.pop("origin")

        quantity = d.pop("quantity")

        sku = d.pop("sku")

        def _parse_tax(data: object) -> Money | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tax_type_0 = Money.from_dict(data)

                return tax_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Money | None, data)

        tax = _parse_tax(d.pop("tax"))

        unit_price = Money.from_dict(d.pop("unit_price"))

        line = cls(
            content=content,
            description=description,
            documents=documents,
            hs_code=hs_code,
            line=line,
            origin=origin,
            quantity=quantity,
            sku=sku,
            tax=tax,
            unit_price=unit_price,
        )

        return line
