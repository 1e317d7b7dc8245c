"""The page of a unit, of a lot, and of a product, to which its GS1 Digital Link leads: for anyone who has the thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, quote

import asyncpg
from fastapi import APIRouter, Request, Response

from contracts.warehouse import UnitKey
from services.pages.rendering import Templates
from services.pages.words import Language, Words, choose_language
from services.pages.words import tables as texts_of
from services.provenance.api.looking import Looking
from services.provenance.api.trying import Trying
from services.provenance.domain.digital_links import DigitalLink, parse_link
from services.provenance.domain.epcis import Place
from services.provenance.domain.hidden_codes import HiddenCode, Outcome
from services.provenance.domain.log_events import LotKey
from services.provenance.domain.resolver import PAGE
from services.provenance.domain.way import Step, unit_state
from services.provenance.settings import Settings
from services.provenance.store import cases, catalogue, hidden_codes, looks, lots, way
from services.provenance.store.catalogue import Shown
from services.provenance.store.looks import Looks
from services.provenance.tasks.log import Log
from shared.db import DB
from shared.http.answers import etag_response
from shared.http.rates import TokenBuckets, client_of
from shared.http.routes import Route, body_within

_FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Unit:
    """What the page of a unit shows."""

    key: UnitKey
    way: list[Step]
    """Not empty."""
    shown: Shown | None
    looks: Looks
    """Before this one."""
    proven: bool
    """Whether it has a bundle."""
    code: HiddenCode | None
    """None where none was printed."""
    flagged: bool


@dataclass(frozen=True, slots=True)
class Lot:
    """What the page of a lot shows: the product where it is known, and when what first happened to units of it."""

    key: LotKey
    shown: Shown | None
    dates: Mapping[str, datetime]
    """By the names of `lot_events.SHOWN`; not empty."""


class Pages:
    """Renders pages. `verify`: the command by which a bundle is checked without us."""

    def __init__(self, country: str, contact: str, verify: str) -> None:
        """`country` of the warehouse. `contact`: the address to which readers write; none when empty."""
        self.words = {
            language: Words(language, table) for language, table in texts_of(_FOLDER / "translations").items()
        }
        self._templates = Templates(_FOLDER / "templates", "unit", self.words, contact, forms="'self'")
        self.headers = self._templates.headers
        """The headers of every page."""
        self._country, self._verify = country, verify

    def unit(self, unit: Unit, language: Language, outcome: Outcome | None = None) -> bytes:
        """`outcome` of the try that this answers."""
        words, ended = self.words[language], unit_state(unit.way).ended_at
        return self._templates.render(
            "unit.html",
            language,
            unit=unit.key,
            headline=words.ui("ended" if ended else "ours"),
            note=words.ui("ended_note", date=words.date(ended)) if ended else words.ui("ours_note"),
            tone="bad" if ended else "calm",
            shown=unit.shown,
            flagged=unit.flagged,
            rows=unit.way,
            country=self._country,
            looks=_looks(words, unit.looks),
            code=unit.code,
            outcome=outcome and _outcome(words, outcome),
            right=outcome is not None and outcome.kind == "first",
            bundle=f"/units/{unit.key.gtin}/{quote(unit.key.serial, safe='')}/bundle",
            proven=unit.proven,
            verify=self._verify,
        )

    def lot(self, lot: Lot, language: Language) -> bytes:
        return self._templates.render("lot.html", language, lot=lot, country=self._country)

    def product(self, shown: Shown, language: Language, *, of_lot: bool = False) -> bytes:
        """`of_lot`: the link names a lot of which no event is known. The lot is not shown, since anyone can write one
        into a link."""
        return self._templates.render("product.html", language, shown=shown, of_lot=of_lot)

    def not_found(self, language: Language) -> bytes:
        """The same for all that is not known, or not known any more."""
        return self._templates.not_found(language)

    def says(self, text: str, language: Language) -> bytes:
        """The page that says only this: `not_found`, `too_many`, `bad_link` or `no_link`."""
        return self._templates.not_found(language, text)


def verify_command(log: Log, settings: Settings) -> str:
    """By which a reader who trusts this log, this issuer and these witnesses checks a bundle."""
    witnesses = "".join(f" --witness={key}" for key in log.trust.witnesses)
    return (
        f"python -m services.provenance verify FILE --log-key={log.key.verifier} --issuer={settings.issuer}"
        f"{witnesses} --quorum={log.trust.quorum}"
    )


def router(
    pool: asyncpg.Pool[asyncpg.Record],
    log: Log,
    place: Place,
    look_ups: TokenBuckets,
    pages: Pages,
    looking: Looking,
    trying: Trying,
) -> APIRouter:
    """`look_ups`: how often a client may ask for units, so that nobody tries serials one after another."""
    routes = APIRouter(route_class=Route)

    @routes.api_route(PAGE + "/01/{path:path}", methods=["GET", "HEAD", "POST"], include_in_schema=False)
    async def page(request: Request, path: str, lang: str | None = None) -> Response:
        """GET shows, POST tries the hidden code."""
        language = choose_language(lang, request.headers.get("accept-language", ""))
        headers = {**pages.headers, "Content-Language": language}
        if seconds := look_ups.take(client_of(request)):
            headers["Retry-After"] = str(seconds)
            return Response(pages.says("too_many", language), 429, headers, "text/html")
        link = parse_link(request.scope["raw_path"].decode("ascii", "replace").removeprefix(PAGE))
        shown, content = await _content_of(link) if link else (None, None)
        if link and link.unit and request.method == "GET":
            await looking.seen(request, link, content.way if isinstance(content, Unit) else (), shown is not None)
        match content:
            case Unit(code=HiddenCode()) if request.method == "POST":
                outcome = await trying.try_code(content.key, await _typed(request))
                if outcome.seconds:
                    headers["Retry-After"] = str(outcome.seconds)
                headers["Cache-Control"] = "no-store"
                code = await _code(content.key)
                body = pages.unit(replace(content, code=code), language, outcome)
                return Response(body, _STATUS[outcome.kind], headers, "text/html")
            case Unit():
                return etag_response(request, pages.unit(content, language), "text/html", headers)
            case Lot():
                return etag_response(request, pages.lot(content, language), "text/html", headers)
            case Shown():
                body = pages.product(content, language, of_lot=link is not None and link.lot is not None)
                return etag_response(request, body, "text/html", headers)
            case None:
                return Response(pages.not_found(language), 404, headers, "text/html")

    async def _content_of(link: DigitalLink) -> tuple[Shown | None, Unit | Lot | Shown | None]:
        """The product where it is known, and what the page shows."""
        checkpoint = await log.proven()
        async with pool.acquire() as db:
            shown, unit = await catalogue.of_gtin(db, link.gtin), link.unit
            if unit is None:
                return shown, await _lot(db, link, shown) or shown
            steps = await way.way_of(db, unit, log.id, checkpoint.size if checkpoint else 0, place)
            if not steps:
                return shown, None
            return shown, Unit(
                unit,
                steps,
                shown,
                looks=await looks.figures(db, unit),
                proven=any(step.proof == "proven" for step in steps),
                code=await hidden_codes.find(db, unit),
                flagged=any(case.closed_at is None for case in await cases.of_unit(db, unit)),
            )

    async def _lot(db: DB, link: DigitalLink, shown: Shown | None) -> Lot | None:
        """None for a link without a lot, and for a lot of which no event is known."""
        if link.lot is None:
            return None
        key = LotKey(gtin=link.gtin, lot=link.lot)
        dates = await lots.first_dates(db, key)
        return Lot(key, shown, dates) if dates else None

    async def _code(unit: UnitKey) -> HiddenCode | None:
        async with pool.acquire() as db:
            return await hidden_codes.find(db, unit)

    return routes


def _looks(words: Words, looks: Looks) -> str:
    if looks.first_at is None:
        return words.ui("looks_none")
    month, country = words.month(looks.first_at), words.country(looks.first_country)
    if country is None:
        return words.ui("looks_count", count=looks.count, month=month)
    return words.ui("looks_count_country", count=looks.count, month=month, country=country)


_STATUS = {"malformed": 422, "wrong": 422, "wait": 429, "first": 200, "again": 200}
"""Of the answer to a try."""
FORM_BYTES, FORM_FIELDS = 1_000, 5


async def _typed(request: Request) -> str:
    """The value of the form's field. Raises Problem 413."""
    text = (await body_within(request, FORM_BYTES)).decode("utf-8", "replace")
    try:
        return parse_qs(text, max_num_fields=FORM_FIELDS).get("code", [""])[0]
    except ValueError:  # more fields: not our form
        return ""


def _outcome(words: Words, outcome: Outcome) -> str:
    date = words.date(outcome.revealed_at) if outcome.revealed_at else ""
    kind = "wrong_wait" if outcome.kind == "wrong" and outcome.seconds else outcome.kind
    return words.ui(f"code_{kind}", date=date, minutes=-(-outcome.seconds // 60))
