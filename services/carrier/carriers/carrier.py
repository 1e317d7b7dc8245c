"""A carrier as the rest of the service calls it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_settings import BaseSettings

from contracts.carriers import counterpart_of
from services.carrier.domain.bordereaux import BordereauAnswer
from services.carrier.domain.carrier import (
    Account,
    CheckAnswer,
    CodeMeaning,
    LabelAnswer,
    LabelOrder,
    LabelReprint,
    ParcelEvents,
    Sender,
)
from services.carrier.domain.feeds import FeedFile
from services.carrier.domain.number_ranges import NumberRange
from services.carrier.domain.silence import SilenceRule
from services.carrier.domain.undeliverable import ReturnOptions, ReturnOptionsAnswer
from shared.http.client import Counterpart

Track = Callable[[Sequence[str]], Awaitable[Sequence[ParcelEvents]]]
"""Asks what there is about these parcels, by their numbers."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What a carrier can be asked, over a connection."""

    make_label: Callable[[LabelOrder], Awaitable[LabelAnswer]]
    check_label: Callable[[LabelOrder], Awaitable[CheckAnswer]]
    """Whether a label would be made; none is."""
    track: Track | None
    """Asks about at most `group_size` parcels. Raises Unreachable. None: this carrier cannot be polled."""
    account: Account
    group_size: int = 1
    """How many parcels one tracking request may name."""
    reprint_label: Callable[[LabelOrder, str], Awaitable[LabelReprint]] | None = None
    """The papers of a label that was made, by its number; none is made. None: this carrier prints nothing again."""
    make_bordereau: Callable[[Sequence[str]], Awaitable[BordereauAnswer]] | None = None
    """The carrier's own list of these parcels, which it has or gets now."""
    ask_returns: Callable[[str, str], Awaitable[ReturnOptionsAnswer]] | None = None
    """What its product to a country allows on parcels that cannot be delivered. None: it is not asked."""
    returns: dict[tuple[str, str], ReturnOptions] = field(default_factory=dict)
    """What is known of that, by product and country; labels ask for what it allows."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The call-backs that a carrier, or who relays for it, sends to `POST /webhooks/<carrier>`, signed."""

    secrets: Callable[[Any], str]
    """From the carrier's settings: `whsec_<base64>,...`."""
    read: Callable[[Any], ParcelEvents]
    """The parcel and its new events, of the `data` of a call-back. Raises InvalidReport."""
    described: str
    """What `data` is."""
    most: int = 1
    """How many parcels one call-back may be about; more than one are an array."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Files that a carrier drops into a directory of ours, each with events of many parcels."""

    directory: Callable[[Any], str]
    """From the carrier's settings; none is read when it is empty."""
    look_seconds: Callable[[Any], float]
    """Between two looks, real time."""
    unfinished_seconds: Callable[[Any], float]
    """How long a file whose end is missing is waited for; real time."""
    most_bytes: int
    """Of one file."""
    read: Callable[[bytes], FeedFile]
    """Raises Unfinished, UnreadableFile."""


@dataclass(frozen=True, slots=True)
class Aggregator:
    """Who follows a carrier's parcels and calls back to `POST /webhooks/<carrier>/<name>`, signed in its own way."""

    name: str
    header: str
    """The header with the signature, in lower case."""
    signature: Callable[[str, bytes], str]
    """The content of that header, from the secret and the body as it came."""
    secrets: Callable[[Any], str]
    """From the carrier's settings: one or more, with commas in between."""
    event_id: Callable[[Mapping[str, Any]], str | None]
    """The field of the signed body that identifies a call-back."""
    read: Callable[[Mapping[str, Any]], ParcelEvents | None]
    """The parcel and its events; None for a call-back about anything else. Raises InvalidReport."""
    described: str
    """What the body is."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier. What it is asked goes over a connection of its own, so that pausing one pauses no other."""

    name: str
    settings: type[BaseSettings]
    connect: Callable[[Any, Sender, Counterpart], Calls]
    """From its settings."""
    label_service: str
    """The prefix of the reasons in its answers to label calls."""
    codes: Mapping[str, CodeMeaning]
    read: Callable[[str, str | None], CodeMeaning]
    """The meaning of a code, given the country of the scan if known."""
    silence: tuple[SilenceRule, ...]
    duty_codes: frozenset[str] = frozenset()
    """The codes that say that it collects duties from the addressee."""
    callbacks: Callbacks | None = None
    bordereau_parcels: int | None = None
    """How many parcels a list of `make_bordereau` may have; None for a carrier without lists."""
    aggregators: tuple[Aggregator, ...] = ()
    feed: Feed | None = None
    number_ranges: Callable[[Any], Sequence[NumberRange]] | None = None
    """From its settings: the numbers of labels that we print ourselves, where it makes none."""

    @property
    def counterpart(self) -> str:
        """The name under which an operator pauses it."""
        return counterpart_of(self.name)

    @property
    def announcing(self) -> list[str]:
        """The codes that only report that a label exists."""
        return [code for code, meaning in self.codes.items() if meaning.status == "announced"]


@dataclass(frozen=True, slots=True)
class Connected:
    """A carrier and the connection to it."""

    carrier: Carrier
    counterpart: Counterpart
    calls: Calls
    number_ranges: Sequence[NumberRange] | None = None
    """None where the carrier numbers its labels itself."""
