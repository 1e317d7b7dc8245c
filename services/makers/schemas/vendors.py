"""Vendors, as they are stated and shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import phonenumbers
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from contracts.base import Code, Instant
from services.makers.domain.accounts import AccountChange
from services.makers.domain.cases import Case
from services.makers.domain.numbers import clean_eori, clean_iban, clean_siren, clean_vat
from services.makers.domain.vendors import Company, State, Vendor
from services.makers.domain.vies import Check, NameMatch, Outcome
from services.makers.schemas.base import ONE_LINE, Country, Name, Text, cleaned
from services.open_cases import OpenCasesOfKindView
from shared.http.counts import at_most
from shared.http.models import Body, View

MOST_CONTACTS = 10
_EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z]{2,}")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise PydanticCustomError("email", "Must be an address, e.g. export@maison.fr")
    return text


def _phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise PydanticCustomError("phone", "Must be a number with its country, e.g. +33142278186")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


Siren = Annotated[
    str, Field(max_length=20), cleaned("siren", "Must be 9 digits with their check digit, e.g. 552100554", clean_siren)
]
Vat = Annotated[
    str,
    Field(max_length=20),
    cleaned("vat", "Must be an EU VAT number with its country, e.g. FR96552100554", clean_vat),
]
Eori = Annotated[
    str,
    Field(max_length=20),
    cleaned("eori", "Must be a country and 15 characters at most; of France FR and a SIREN or SIRET", clean_eori),
]
Iban = Annotated[
    str,
    Field(max_length=42),
    cleaned("iban", "Must be an IBAN with its check digits, e.g. FR1420041010050500013M02606", clean_iban),
]


class VendorBody(Body):
    """A vendor to be."""

    owner: Code
    """The code under which its goods stand in the warehouse, for good."""


class CompanyBody(Body):
    """What a vendor is. All numbers must be the same company's."""

    name: Text
    """As in the trade register."""
    public_name: Name
    """By which shoppers see it; of a sole trader it need not be the person's name."""
    street: Text
    postcode: Annotated[str, Field(min_length=1, max_length=16), ONE_LINE]
    city: Text
    country: Country
    siren: Siren | None = None
    """Of a French company; others have none."""
    vat: Vat
    eori: Eori

    def company(self) -> Company:
        return Company(**self.model_dump())


class RepresentativeBody(Body):
    """Who signs for the company."""

    name: Text
    role: Text
    """As in the trade register, e.g. gérante."""


class ContactBody(Body):
    """Who is called or written to."""

    name: Text
    email: Annotated[str, Field(max_length=254), AfterValidator(_email)]
    phone: Annotated[str, Field(max_length=32), AfterValidator(_phone)]
    """With its country."""


class PeopleBody(Body):
    """The people of a vendor. They are sealed, and each reading is recorded."""

    representative: RepresentativeBody
    contacts: Annotated[list[ContactBody], Field(min_length=1, max_length=MOST_CONTACTS), at_most(MOST_CONTACTS)]


class PeopleView(View):
    """The people of a vendor."""

    representative: RepresentativeBody
    contacts: tuple[ContactBody, ...]


class PeopleReadView(View):
    """One reading of what is sealed of a vendor."""

    part: str
    """`people`, `evidence` as VIES told it, or `brand_document`."""
    purpose: str
    asked_by: str
    """The name of the key's holder."""
    read_at: datetime


class PeopleReadsPage(View):
    """Who read what is sealed of a vendor, the latest first."""

    reads: tuple[PeopleReadView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class AccountBody(Body):
    """Where a vendor is paid."""

    iban: Iban


class AccountView(View):
    """Where a vendor is paid, masked."""

    account: str | None
    """Null until one is stated."""
    change: str | None
    """The account that waits for the consent of two persons."""
    asked_at: datetime | None
    """When it was asked for; a consent names it."""
    consents: int
    """How many have agreed to it."""


class ConsentBody(Body):
    """To which account a person agrees."""

    asked_at: Instant
    """As `GET` shows it with the account that waits."""


class DecisionBody(Body):
    """What a person has found."""

    decision: Literal["verify", "reject"]
    reason: Code
    """Why, as a token."""


class ReasonBody(Body):
    """Why, as a token."""

    reason: Code


class CheckView(View):
    """One asking of VIES."""

    round: int
    vat: str
    asked_at: datetime
    outcome: Outcome | None
    """Null while it is under way. `unanswered`: nothing is known of the number."""
    answered_at: datetime | None
    name_match: NameMatch | None
    """Of the register's name and the stated one; `withheld`: the member state does not publish it."""
    name: str | None
    """As the register has it."""
    address: str | None
    consultation: str
    """By which the asking is proven; empty where the hub has no VAT number of its own."""
    reason: str | None
    """Why it is unanswered."""


class ChecksView(View):
    """What VIES has said of a vendor, the latest first."""

    checks: tuple[CheckView, ...]


class VendorView(View):
    """A vendor."""

    id: UUID
    owner: str
    state: State
    since: datetime
    company: CompanyBody | None
    bank_account: str | None
    """Masked."""
    people: bool
    """Whether they are stated."""
    check_due_at: datetime | None
    """When its VAT number is checked again."""
    suspensions: int
    """How often it was suspended."""


class NewVendorView(VendorView):
    """A vendor, with its first key."""

    key: str
    """Shown once: of scope `vendor`, for this vendor alone."""


class VendorsPage(View):
    """A page of vendors, by owner."""

    vendors: tuple[VendorView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class KeyBody(Body):
    """A new key, beside the others or instead of one."""

    replaces: Annotated[str, Field(pattern="^[0-9a-f]{12}$")] | None = None
    """The key that ends with it."""
    overlap_hours: Annotated[int, Field(ge=0, le=168, strict=True)] = 0
    """How long the other one still works."""


class KeyView(View):
    """A key, by the beginning of its SHA-256."""

    id: str
    ends_at: datetime | None
    """Null: it does not end."""


class NewKeyView(KeyView):
    """A key, shown once."""

    key: str


class KeysView(View):
    """The keys of a vendor that work."""

    keys: tuple[KeyView, ...]


class CaseView(View):
    """What waits for a person."""

    id: UUID
    vendor_id: UUID
    kind: str
    about: str
    """What tells two cases of a kind apart: a check's round, a brand's id, a SKU, a SKU and its version."""
    action: str
    """What settles it."""
    opened_at: datetime
    due_at: datetime | None
    reason: str | None
    resolution: str | None
    """Null while it is open."""
    missing: tuple[str, ...]
    """Of an open case `restored`: what the vendor is to be asked for, and has not stated again: `company`, `people`,
    `bank_account`, `brands`."""


class CasesPage(View):
    """A page of open cases, the oldest first."""

    cases: tuple[CaseView, ...]
    next: str | None
    """The cursor of the next page; null on the last."""


class StandingView(View):
    """The open cases in figures."""

    cases: tuple[OpenCasesOfKindView, ...]


class ResolutionBody(Body):
    """How a case is settled."""

    resolution: Code
    """Of a case `in_flight`: `go_on` or `withdraw`."""


def company_view(company: Company | None) -> CompanyBody | None:
    # As it was judged when it was stated.
    return CompanyBody.model_construct(**asdict(company)) if company else None


def vendor_fields(vendor: Vendor) -> dict[str, object]:
    return {
        "id": vendor.id,
        "owner": vendor.owner,
        "state": vendor.state,
        "since": vendor.since,
        "company": company_view(vendor.company),
        "bank_account": vendor.account,
        "people": vendor.people,
        "check_due_at": vendor.check_due_at,
        "suspensions": vendor.suspensions,
    }


def vendor_view(vendor: Vendor) -> VendorView:
    return VendorView.model_validate(vendor_fields(vendor))


def account_view(vendor: Vendor, change: AccountChange | None) -> AccountView:
    """`change`: what waits for consent, or has just got it."""
    waits = change if change is not None and not change.agreed else None
    return AccountView(
        account=vendor.account,
        change=waits.account if waits else None,
        asked_at=waits.asked_at if waits else None,
        consents=0 if change is None else 2 if change.agreed else int(change.first_by is not None),
    )


def check_view(check: Check, evidence: dict[str, str]) -> CheckView:
    """`evidence`: the register's name and address."""
    return CheckView(
        round=check.round,
        vat=check.vat,
        asked_at=check.asked_at,
        outcome=check.outcome,
        answered_at=check.answered_at,
        name_match=check.name_match,
        name=evidence.get("name"),
        address=evidence.get("address"),
        consultation=check.consultation,
        reason=check.reason,
    )


def case_view(case: Case, missing: Sequence[str] = ()) -> CaseView:
    return CaseView(
        id=case.id,
        vendor_id=case.vendor_id,
        kind=case.kind,
        about=case.about,
        action=case.action,
        opened_at=case.opened_at,
        due_at=case.due_at,
        reason=case.reason,
        resolution=case.resolution,
        missing=tuple(missing),
    )
