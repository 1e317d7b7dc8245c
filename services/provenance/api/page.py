"""The page of a unit, and of a product, at the path of its GS1 Digital Link: for anyone who has the thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
from fastapi import APIRouter, Request, Response

from contracts.warehouse import UnitKey
from services.pages.rendering import Templates
from services.pages.words import Language, Words, choose_language
from services.pages.words import tables as texts_of
from services.provenance.api.looking import Looking
from services.provenance.domain.digital_links import DigitalLink, parse_link
from services.provenance.domain.epcis import Place
from services.provenance.domain.way import Step, standing_of
from services.provenance.settings import Settings
from services.provenance.store import catalogue, looks, way
from services.provenance.store.catalogue import Shown
from services.provenance.store.looks import Looks
from services.provenance.tasks.log import Log
from shared.http.answers import etag_response
from shared.http.rates import TokenBuckets, client_name
from shared.http.routes import Route

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


class Pages:
    """Renders pages. `verify`: the command by which a bundle is checked without us."""

    def __init__(self, country: str, contact: str, verify: str) -> None:
        """`country` of the warehouse. `contact`: the address to which readers write; none when empty."""
        self.words = {
            language: Words(language, table) for language, table in texts_of(_FOLDER / "translations").items()
        }
        self._templates = Templates(_FOLDER / "templates", "unit", self.words, contact)
        self.headers = self._templates.headers
        """The headers of every page."""
        self._country, self._verify = country, verify

    def unit(self, unit: Unit, language: Language) -> bytes:
        words, ended = self.words[language], standing_of(unit.way).ended_at
        return self._templates.render(
            "unit.html",
            language,
            unit=unit.key,
            headline=words.ui("ended" if ended else "ours"),
            note=words.ui("ended_note", date=words.date(ended)) if ended else words.ui("ours_note"),
            tone="bad" if ended else "calm",
            shown=unit.shown,
            rows=unit.way,
            country=self._country,
            looks=_looks(words, unit.looks),
            bundle=f"/units/{unit.key.gtin}/{quote(unit.key.serial, safe='')}/bundle",
            proven=unit.proven,
            verify=self._verify,
        )

    def product(self, shown: Shown, language: Language) -> bytes:
        return self._templates.render("product.html", language, shown=shown)

    def not_found(self, language: Language) -> bytes:
        """The same for all that is not known, or not known any more."""
        return self._templates.not_found(language)

    def too_many(self, language: Language) -> bytes:
        return self._templates.not_found(language, "too_many")


def verify_command(log: Log, settings: Settings) -> str:
    """By which a reader who trusts this log, this issuer and these witnesses checks a bundle."""
    witnesses = "".join(f" --witness={key}" for key in log.trust.witnesses)
    return (
        f"python -m services.provenance verify FILE --log-key={log.key.verifier} --issuer={settings.issuer}"
        f"{witnesses} --quorum={log.trust.quorum}"
    )


def router(
    pool: asyncpg.Pool[asyncpg.Record], log: Log, place: Place, look_ups: TokenBuckets, pages: Pages, looking: Looking
) -> APIRouter:
    """`look_ups`: how often a client may ask for units, whose serials can be tried."""
    routes = APIRouter(route_class=Route)

    @routes.api_route("/01/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request, path: str, lang: str | None = None) -> Response:
        language = choose_language(lang, request.headers.get("accept-language", ""))
        headers = {**pages.headers, "Content-Language": language}
        if seconds := look_ups.take(client_name(request.client.host if request.client else None)):
            headers["Retry-After"] = str(seconds)
            return Response(pages.too_many(language), 429, headers, "text/html")
        link = parse_link(request.scope["raw_path"].decode("ascii", "replace"))
        found = await _found(link) if link else None
        if link and link.unit and request.method == "GET":
            await looking.seen(request, link, found.way if isinstance(found, Unit) else ())
        match found:
            case Unit():
                return etag_response(request, pages.unit(found, language), "text/html", headers)
            case Shown():
                return etag_response(request, pages.product(found, language), "text/html", headers)
            case None:
                return Response(pages.not_found(language), 404, headers, "text/html")

    async def _found(link: DigitalLink) -> Unit | Shown | None:
        checkpoint = await log.proven()
        async with pool.acquire() as db:
            shown = await catalogue.of_gtin(db, link.gtin)
            if link.unit is None:
                return shown
            steps = await way.way_of(db, link.unit, log.id, checkpoint.size if checkpoint else 0, place)
            if not steps:
                return None
            proven = any(step.proof == "proven" for step in steps)
            return Unit(link.unit, steps, shown, await looks.figures(db, link.unit), proven)

    return routes


def _looks(words: Words, looks: Looks) -> str:
    if looks.first_at is None:
        return words.ui("looks_none")
    month, country = words.month(looks.first_at), words.country(looks.first_country)
    if country is None:
        return words.ui("looks_count", count=looks.count, month=month)
    return words.ui("looks_count_country", count=looks.count, month=month, country=country)
