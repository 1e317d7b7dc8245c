"""A vendor: what it states of itself, and the table of its states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from contracts.base import vendor_stream
from services.makers.domain.numbers import vat_country
from services.makers.domain.vies import Check
from services.refusals.refusal import Refusal, conflict
from shared.faults import Fault

State = Literal["draft", "submitted", "checking", "verified", "rejected", "suspended", "closed"]
"""`submitted`: VIES is being asked; `checking`: a person decides, with its answer shown."""
Step = Literal["change", "submit", "answer", "verify", "reject", "suspend", "restore", "close"]
STATES: tuple[State, ...] = get_args(State)
STEPS: tuple[Step, ...] = get_args(Step)

TABLE: Mapping[tuple[State, Step], State] = {
    ("draft", "change"): "draft",
    ("draft", "submit"): "submitted",
    ("draft", "close"): "closed",
    ("submitted", "answer"): "checking",
    ("submitted", "close"): "closed",
    ("checking", "answer"): "checking",  # asked again before the decision
    ("checking", "verify"): "verified",
    ("checking", "reject"): "rejected",
    ("checking", "close"): "closed",
    ("verified", "answer"): "verified",  # the check of each quarter
    ("verified", "suspend"): "suspended",
    ("verified", "close"): "closed",
    ("rejected", "change"): "draft",
    ("rejected", "close"): "closed",
    ("suspended", "change"): "suspended",  # another number, for one that has lapsed
    ("suspended", "answer"): "suspended",
    ("suspended", "restore"): "verified",
    ("suspended", "close"): "closed",
}
"""What is not here is refused. Closed is the end."""
STATED: tuple[State, ...] = ("draft", "rejected")
"""States in which a bank account is stated without anybody's consent: nobody is paid yet."""

QUARTER = timedelta(days=91)
"""After which a verified vendor's VAT number is checked again."""
ASK_AGAIN = timedelta(days=1)
"""After a check of a quarter that nobody has answered."""
MOST_CHECKS = 10
"""That are asked for in CHECKS_COUNTED, of one vendor: VIES blocks who asks too much."""
CHECKS_COUNTED = timedelta(days=1)
"""Of business time."""
MOST_ERASURES = 100
"""Of a vendor's people: each is a fact that its set keeps."""
LAPSE_DEADLINE = timedelta(days=14)
"""How long a vendor whose number is no longer valid has, before it is suspended."""


@dataclass(frozen=True, slots=True)
class Company:
    """What a vendor is. Numbers are in their compact form."""

    name: str
    """As in the trade register."""
    public_name: str
    """By which shoppers see it; of a sole trader it need not be the person's name."""
    street: str
    postcode: str
    city: str
    country: str
    """ISO 3166-1 alpha-2."""
    siren: str | None
    """Of a French company; others have none."""
    vat: str
    eori: str


@dataclass(frozen=True, slots=True)
class Vendor:
    """A row of `vendors`, without what is sealed."""

    id: UUID
    owner: str
    """The code under which its goods stand in the warehouse; never changed."""
    state: State
    since: datetime
    company: Company | None
    account: str | None
    """Its IBAN, masked."""
    people: bool
    """Whether a legal representative is stated."""
    round: int = 0
    """How many checks of its VAT number were begun."""
    check_due_at: datetime | None = None
    suspensions: int = 0
    tellings: int = 0
    """How often what shoppers and the warehouse know of it was published."""
    created_at: datetime | None = None
    stated_at: datetime | None = None
    """When it stated something of itself last: company, people or bank account."""


def added(owner: str, now: datetime) -> Vendor:
    """One that has stated nothing yet."""
    return Vendor(vendor_stream(owner).id, owner, "draft", now, None, None, False)


def moved(vendor: Vendor, step: Step, now: datetime) -> Vendor:
    """After this step. Raises Refusal where the table has no such row."""
    state = TABLE.get((vendor.state, step))
    if state is None:
        raise Refusal("conflict", f"not while the vendor is {vendor.state}", detail=f"no {step} of such a vendor")
    return vendor if state == vendor.state else replace(vendor, state=state, since=now)


def company_faults(company: Company) -> Iterator[Fault]:
    """The rules between the numbers: all must be the same company's."""
    if not company.vat.startswith(vat_country(company.country)):
        yield Fault("vat", "vat_of_country", "Must be a VAT number of the company's country")
    if company.country != "FR":
        if company.siren is not None:
            yield Fault("siren", "siren_of_french", "Must not be there: only French companies have one")
        return
    if company.siren is None:
        yield Fault("siren", "siren_of_french", "Must be there: every French company has one")
        return
    if not company.vat.endswith(company.siren):
        yield Fault("vat", "vat_of_siren", "Must end with the company's SIREN")
    if company.eori.startswith("FR") and not company.eori[2:].startswith(company.siren):
        yield Fault("eori", "eori_of_siren", "Must hold the company's SIREN")


def changed(vendor: Vendor, company: Company, now: datetime) -> Vendor:
    """With another company's data; of a suspended vendor they count once they are checked. One that is verified states
    its company only where a restored database has lost it. Raises Refusal."""
    faults = list(company_faults(company))
    if faults:
        raise Refusal("invalid", "invalid request", faults=faults)
    lost = vendor.state == "verified" and vendor.company is None
    return replace(vendor if lost else moved(vendor, "change", now), company=company, stated_at=now)


def stated(vendor: Vendor, now: datetime) -> Vendor:
    """With people or a bank account that it states now."""
    return replace(vendor, stated_at=now)


def require_few_erasures(erasures: int) -> None:
    """Before people are stated. Raises Refusal where those of the vendor were erased MOST_ERASURES times."""
    if erasures >= MOST_ERASURES:
        raise Refusal("conflict", "too many erasures", detail=f"people are stated {MOST_ERASURES} times anew at most")


def require_erasable(vendor: Vendor) -> None:
    """Before its people are erased: of a vendor that sells they are kept by law, until it is closed (docs/privacy.md).
    Raises Refusal."""
    if vendor.state in ("verified", "suspended"):
        raise Refusal("conflict", f"not while the vendor is {vendor.state}", detail="close it first")


def submitted(vendor: Vendor, now: datetime) -> Vendor:
    """Handed in, its VAT number to be checked. Raises Refusal that names all that is missing."""
    after = moved(vendor, "submit", now)
    there = {"company": vendor.company, "bank_account": vendor.account, "people": vendor.people}
    missing = [Fault(field, "missing", "Must be stated before") for field, value in there.items() if not value]
    if missing:
        raise Refusal("invalid", "the vendor is not complete", faults=missing)
    return checked_again(after)


def checked_again(vendor: Vendor) -> Vendor:
    """With one more check of its VAT number begun. Raises Refusal for one that has nothing to check."""
    if vendor.company is None or (vendor.state, "answer") not in TABLE:
        raise Refusal("conflict", f"not while the vendor is {vendor.state}", detail="there is no number to check")
    return replace(vendor, round=vendor.round + 1, check_due_at=None)


def require_few_checks(begun: int) -> None:
    """Before somebody asks for another check. Raises Refusal where MOST_CHECKS of the vendor's number were begun in
    CHECKS_COUNTED."""
    if begun >= MOST_CHECKS:
        raise Refusal("conflict", "too many checks", detail=f"at most {MOST_CHECKS} in a day")


def answered(vendor: Vendor, check: Check, now: datetime) -> Vendor:
    """With the outcome of its last check."""
    after = moved(vendor, "answer", now)
    if vendor.state != "verified":
        return replace(after, check_due_at=now + QUARTER if check.outcome == "valid" else None)
    # An invalid number is a case with a deadline; it is checked again, since it may become valid.
    return replace(after, check_due_at=now + (QUARTER if check.outcome == "valid" else ASK_AGAIN))


def verified(vendor: Vendor, check: Check | None, now: datetime) -> Vendor:
    """A person has found it in order. Raises Refusal unless its people are stated, for they may have been erased since
    it was submitted, and VIES has said that its number is valid."""
    after = moved(vendor, "verify", now)
    if not vendor.people:
        raise conflict("no people are stated", "people", "missing", "Must be stated before")
    _require_valid(vendor, check)
    return replace(after, tellings=vendor.tellings + 1)


def rejected(vendor: Vendor, now: datetime) -> Vendor:
    return replace(moved(vendor, "reject", now), check_due_at=None)


def suspended(vendor: Vendor, now: datetime) -> Vendor:
    return replace(moved(vendor, "suspend", now), suspensions=vendor.suspensions + 1)


def restored(vendor: Vendor, check: Check | None, now: datetime) -> Vendor:
    """Sells again. Raises Refusal unless its number, as it is now, is valid."""
    after = moved(vendor, "restore", now)
    _require_valid(vendor, check)
    return replace(after, tellings=vendor.tellings + 1)


def closed(vendor: Vendor, now: datetime) -> Vendor:
    return replace(moved(vendor, "close", now), check_due_at=None)


def _require_valid(vendor: Vendor, check: Check | None) -> None:
    if vendor.company is None or check is None or check.vat != vendor.company.vat or check.outcome != "valid":
        raise conflict(
            "the VAT number is not checked", "vat", "vat_valid", "Must have been found valid, as it is stated now"
        )
