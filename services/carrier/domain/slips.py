"""The slip beside a label: the addressee in the characters that the shop gave, whole, for the courier in China."""

from __future__ import annotations

from contracts.persons import Contact


def slip_lines(contact: Contact, tracking_number: str) -> tuple[str, ...]:
    """The lines of a slip, in the order of a Chinese waybill. The label has them in Latin letters, and shortened."""
    return (
        tracking_number,
        f"收件人 {contact.name}",
        f"电话 {contact.phone}",
        f"地址 {contact.province}{contact.city}{contact.district}{contact.street}",
        f"邮编 {contact.postcode}",
    )
