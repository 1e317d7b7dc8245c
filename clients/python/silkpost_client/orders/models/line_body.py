from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.money_body import MoneyBody
    from ..models.net_content_body import NetContentBody
    from ..models.supporting_document_body import SupportingDocumentBody
    from ..models.unit_price import UnitPrice


T = TypeVar("T", bound="LineBody")


@_attrs_define
class LineBody:
    """A line of an order. Its place in the list, from 1, is its number.

    Attributes:
        description (str): What the goods are, as customs is to read it.
        hs_code (str): Of the Harmonized System: 6 digits, 8 in the European Union, 10 in China.
        origin (str): The country in which the goods were made, ISO 3166-1 alpha-2.
        quantity (int):
        sku (str): The article, by the number under which its owner has stated it to the warehouse.
        unit_price (UnitPrice): The price of a unit, which is declared to customs: above zero.
        content (NetContentBody | None | Unset): Left out, the tax of goods that depends on it is not known before
            customs asks for it.
        documents (list[SupportingDocumentBody] | Unset):
        tax (MoneyBody | None | Unset): What you collect of China's tax for the whole line, with its share for freight
            and insurance by the value of the
            goods: on every line, or on none. With it what is due is compared line by line, else as a sum.
    """

    description: str
    hs_code: str
    origin: str
    quantity: int
    sku: str
    unit_price: UnitPrice
    content: NetContentBody | None | Unset = UNSET
    documents: list[SupportingDocumentBody] | Unset = UNSET
    tax: MoneyBody | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.money_body import MoneyBody
        from ..models.net_content_body import NetContentBody

        description = self.description

        hs_code = self.hs_code

        origin = self.origin

        quantity = self.quantity

        sku = self.sku

        unit_price = self.unit_price.to_dict()

        content: dict[str, Any] | None | Unset
        if isinstance(self.content, Unset):
            content = UNSET
        elif isinstance(self.content, NetContentBody):
            content = self.content.to_dict()
        else:
            content = self.content

        documents: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.documents, Unset):
            documents = []
            for documents_item_data in self.documents:
                documents_item = documents_item_data.to_dict()
                documents.append(documents_item)

        tax: dict[str, Any] | None | Unset
        if isinstance(self.tax, Unset):
            tax = UNSET
        elif isinstance(self.tax, MoneyBody):
            tax = self.tax.to_dict()
        else:
            tax = self.tax

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "description": description,
                "hs_code": hs_code,
                "origin": origin,
                "quantity": quantity,
                "sku": sku,
                "unit_price": unit_price,
            }
        )
        if content is not UNSET:
            field_dict["content"] = content
        if documents is not UNSET:
            field_dict["documents"] = documents
        if tax is not UNSET:
            field_dict["tax"] = tax

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.money_body import MoneyBody
        from ..models.net_content_body import NetContentBody
        from ..models.supporting_document_body import SupportingDocumentBody
        from ..models.unit_price import UnitPrice

        d = dict(src_dict)
        description = d.pop("description")

        hs_code = d.pop("hs_code")

        origin = d.pop("origin")

        quantity = d.pop("quantity")

        sku = d.pop("sku")

        unit_price = UnitPrice.from_dict(d.pop("unit_price"))

        def _parse_content(data: object) -> NetContentBody | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                content_type_0 = NetContentBody.from_dict(data)

                return content_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NetContentBody | None | Unset, data)

        content = _parse_content(d.pop("content", UNSET))

        _documents = d.pop("documents", UNSET)
        documents: list[SupportingDocumentBody] | Unset = UNSET
        if _documents is not UNSET:
            documents = []
            for documents_item_data in _documents:
                documents_item = SupportingDocumentBody.from_dict(documents_item_data)

                documents.append(documents_item)

        def _parse_tax(data: object) -> MoneyBody | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tax_type_0 = MoneyBody.from_dict(data)

                return tax_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(MoneyBody | None | Unset, data)

        tax = _parse_tax(d.pop("tax", UNSET))

        line_body = cls(
            description=description,
            hs_code=hs_code,
            origin=origin,
            quantity=quantity,
            sku=sku,
            unit_price=unit_price,
            content=content,
            documents=documents,
            tax=tax,
        )

        return line_body
