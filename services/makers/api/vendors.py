"""Vendors: what they state, what registers say of them, what persons decide."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, TypeAdapter

from contracts.base import Code
from services.makers.api.ownership import VendorPath, require_own
from services.makers.api.vendor_actions import VendorActions
from services.makers.api.vendor_keys import KeyPublishing, make_key
from services.makers.domain.vendors import State, Vendor
from services.makers.schemas.vendors import (
    AccountBody,
    AccountView,
    ChecksView,
    CompanyBody,
    ConsentBody,
    DecisionBody,
    NewVendorView,
    PeopleBody,
    PeopleReadsPage,
    PeopleReadView,
    PeopleView,
    ReasonBody,
    VendorBody,
    VendorsPage,
    VendorView,
    account_view,
    check_view,
    vendor_fields,
    vendor_view,
)
from services.makers.store import checks, vendors
from services.refusals.routes import RefusalRoute
from services.vendor_keys import VENDOR_SCOPE
from shared.db import DB
from shared.http import paging
from shared.http.answers import json_answer
from shared.http.api_keys import Principal, Require
from shared.http.idempotency import IdempotentRequests
from shared.http.openapi import IDEMPOTENT, PAGED, described, problems
from shared.http.paging import BY_ID, PAGE, Cursor, Limit
from shared.sealing import Seal

SHOWN_CHECKS = 50
StateQuery: TypeAlias = Annotated[State | None, Query(description="In this state only.")]
_IN_VENDORS = TypeAdapter(tuple[Code])
Act: TypeAlias = Callable[[DB], Awaitable[BaseModel]]


def router(
    require: Require,
    pool: asyncpg.Pool[asyncpg.Record],
    requests: IdempotentRequests,
    seal: Seal,
    actions: VendorActions,
    publishing: KeyPublishing,
) -> APIRouter:
    vendor_alone, reader, operator = require(VENDOR_SCOPE, operators=False), require(VENDOR_SCOPE, "support"), require()
    vendor_or_operator = require(VENDOR_SCOPE)
    routes = APIRouter(route_class=RefusalRoute, tags=["vendors"])

    async def once(request: Request, principal: Principal, act: Act, status: int = 200) -> Response:
        """Does it once an `Idempotency-Key`."""

        async def work(db: DB) -> Response:
            return json_answer(await act(db), status)

        return await requests.run(request, principal, work)

    async def change(
        request: Request, principal: Principal, vendor_id: UUID, act: Callable[[DB], Awaitable[Vendor]]
    ) -> Response:
        require_own(principal, vendor_id)

        async def shown(db: DB) -> BaseModel:
            return vendor_view(await act(db))

        return await once(request, principal, shown)

    @routes.post(
        "/vendors",
        summary="Add a vendor",
        status_code=201,
        response_model=NewVendorView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(because={409: "The owner code is another vendor's."}),
        ),
    )
    async def add_vendor(request: Request, body: VendorBody, principal: Principal = Depends(operator)) -> Response:
        """A vendor that has stated nothing yet, and its first key, which is shown once. It states all else itself."""

        async def act(db: DB) -> BaseModel:
            vendor = await actions.add(db, body.owner)
            key = await make_key(db, vendor.id)
            await publishing.publish(db, vendor.id)
            return NewVendorView.model_validate({**vendor_fields(vendor), "key": key})

        return await once(request, principal, act, 201)

    @routes.get("/vendors", summary="List vendors", response_model=VendorsPage, openapi_extra=PAGED)
    async def list_vendors(
        request: Request,
        state: StateQuery = None,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(require("support")),
    ) -> Response:
        """By owner."""
        after = paging.after(cursor, _IN_VENDORS)
        async with pool.acquire() as db:
            rows = await vendors.list_vendors(db, state, after[0] if after else None, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row.owner,))
        page = VendorsPage(vendors=tuple(vendor_view(row) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.get("/vendors/{vendor_id}", summary="Read a vendor", response_model=VendorView, openapi_extra=problems(404))
    async def get_vendor(vendor_id: VendorPath, principal: Principal = Depends(reader)) -> Response:
        """Without its people and with its account masked."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            return json_answer(vendor_view(await actions.lock.read(db, vendor_id)))

    @routes.put(
        "/vendors/{vendor_id}/company",
        summary="State the company",
        response_model=VendorView,
        openapi_extra=problems(
            404, because={409: "It cannot be changed in this state, or its number was checked ten times in a day."}
        ),
    )
    async def state_company(
        request: Request, vendor_id: VendorPath, body: CompanyBody, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """Until it is submitted, and while it is suspended: then its VAT number is checked at once."""
        return await change(
            request, principal, vendor_id, lambda db: actions.state_company(db, vendor_id, body.company())
        )

    @routes.put(
        "/vendors/{vendor_id}/people",
        summary="State the people",
        response_model=VendorView,
        openapi_extra=problems(404, because={409: "The vendor is closed."}),
    )
    async def state_people(
        request: Request, vendor_id: VendorPath, body: PeopleBody, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """The legal representative and whom to call. They are sealed."""
        people = body.model_dump_json().encode()
        return await change(request, principal, vendor_id, lambda db: actions.state_people(db, vendor_id, people))

    @routes.get(
        "/vendors/{vendor_id}/people", summary="Read the people", response_model=PeopleView, openapi_extra=problems(404)
    )
    async def get_people(vendor_id: VendorPath, principal: Principal = Depends(vendor_or_operator)) -> Response:
        """Each reading is recorded, with the name of the key's holder."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            opened = await actions.read_people(db, vendor_id, principal.name)
        return Response(opened, media_type="application/json")  # as it was judged when it was stated

    @routes.get(
        "/vendors/{vendor_id}/people/reads",
        summary="Who read what is sealed of a vendor",
        response_model=PeopleReadsPage,
        openapi_extra=described(PAGED, problems(404)),
    )
    async def list_people_reads(
        request: Request,
        vendor_id: VendorPath,
        cursor: Cursor | None = None,
        limit: Limit = PAGE,
        _: Principal = Depends(operator),
    ) -> Response:
        """Every reading of its people, of what registers have told and of its brands' documents: for what, who asked.
        They stay when what was read is erased."""
        place = paging.after(cursor, BY_ID)
        async with pool.acquire() as db:
            await actions.lock.read(db, vendor_id)
            rows = await vendors.list_reads(db, vendor_id, place[0] if place else None, limit + 1)
        shown, following = paging.cut(rows, limit, lambda row: (row["id"],))
        page = PeopleReadsPage(reads=tuple(PeopleReadView.model_validate(dict(row)) for row in shown), next=following)
        return json_answer(page, headers=paging.link(request, following))

    @routes.delete(
        "/vendors/{vendor_id}/people",
        summary="Erase the people",
        status_code=204,
        response_class=Response,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "The vendor sells: close it first."})),
    )
    async def erase_people(
        request: Request, vendor_id: VendorPath, principal: Principal = Depends(vendor_or_operator)
    ) -> Response:
        """And what registers have told of it. Of a vendor that sells they are kept by law until it is closed."""
        require_own(principal, vendor_id)

        async def work(db: DB) -> Response:
            await actions.erase_people(db, vendor_id)
            return Response(status_code=204)

        return await requests.run(request, principal, work)

    @routes.put(
        "/vendors/{vendor_id}/bank-account",
        summary="State the bank account",
        response_model=VendorView,
        openapi_extra=problems(404, because={409: "The vendor is closed."}),
    )
    async def state_bank_account(
        request: Request, vendor_id: VendorPath, body: AccountBody, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """Where it is paid. Once it was submitted, another account counts when two persons have agreed to it."""
        return await change(request, principal, vendor_id, lambda db: actions.state_account(db, vendor_id, body.iban))

    @routes.get(
        "/vendors/{vendor_id}/bank-account",
        summary="Read the bank account",
        response_model=AccountView,
        openapi_extra=problems(404),
    )
    async def get_bank_account(vendor_id: VendorPath, principal: Principal = Depends(reader)) -> Response:
        """Masked, with the one that waits for consent."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            vendor, account_change = await actions.lock.read(db, vendor_id), await vendors.change_of(db, vendor_id)
        return json_answer(account_view(vendor, account_change))

    @routes.post(
        "/vendors/{vendor_id}/bank-account/consent",
        summary="Agree to another bank account",
        response_model=AccountView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(
                404, because={409: "Another account has been asked for since, or the second person is the first."}
            ),
        ),
    )
    async def agree_to_account(
        request: Request, vendor_id: VendorPath, body: ConsentBody, principal: Principal = Depends(operator)
    ) -> Response:
        """Two persons must, each with a key of their own; with the second consent the account counts. `asked_at` names
        the account that was read: what has been asked for since is not agreed to."""

        async def act(db: DB) -> BaseModel:
            after = await actions.agree_to_account(db, vendor_id, principal.name, body.asked_at)
            return account_view(await actions.lock.read(db, vendor_id), after)

        return await once(request, principal, act)

    @routes.delete(
        "/vendors/{vendor_id}/bank-account/change",
        summary="Refuse another bank account",
        status_code=204,
        response_class=Response,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "A request with this key is being worked on."})
        ),
    )
    async def refuse_account(
        request: Request, vendor_id: VendorPath, principal: Principal = Depends(operator)
    ) -> Response:
        """The one that counts stays."""

        async def work(db: DB) -> Response:
            await actions.refuse_account(db, vendor_id, principal.name)
            return Response(status_code=204)

        return await requests.run(request, principal, work)

    @routes.post(
        "/vendors/{vendor_id}/submission",
        summary="Submit a vendor",
        response_model=VendorView,
        openapi_extra=described(
            IDEMPOTENT,
            problems(
                404, because={409: "It is submitted already, or later; or its number was checked ten times in a day."}
            ),
        ),
    )
    async def submit_vendor(
        request: Request, vendor_id: VendorPath, principal: Principal = Depends(vendor_alone)
    ) -> Response:
        """Company, people and bank account are stated (422 names what is missing). VIES is asked for the VAT number;
        once it has answered, a person decides."""
        return await change(request, principal, vendor_id, lambda db: actions.submit(db, vendor_id))

    @routes.get(
        "/vendors/{vendor_id}/checks",
        summary="Read what VIES has said",
        response_model=ChecksView,
        openapi_extra=problems(404),
    )
    async def list_checks(vendor_id: VendorPath, principal: Principal = Depends(reader)) -> Response:
        """The evidence of a decision, the latest first, 50 at most."""
        require_own(principal, vendor_id)
        async with pool.acquire() as db:
            await actions.lock.read(db, vendor_id)
            rows = await checks.of_vendor(db, vendor_id, SHOWN_CHECKS)
            if any(evidence is not None for _, evidence in rows):
                await vendors.record_read(db, vendor_id, "evidence", "shown", principal.name)
        views = [
            check_view(
                check,
                json.loads(seal.open(evidence, checks.evidence_place(vendor_id, check.round))) if evidence else {},
            )
            for check, evidence in rows
        ]
        return json_answer(ChecksView(checks=tuple(views)))

    @routes.post(
        "/vendors/{vendor_id}/checks",
        summary="Ask VIES again",
        response_model=VendorView,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "There is no number to check, or it was asked ten times in a day."})
        ),
    )
    async def check_again(
        request: Request, vendor_id: VendorPath, principal: Principal = Depends(operator)
    ) -> Response:
        """For a number that nobody has answered for, or that is said to be valid again."""
        return await change(request, principal, vendor_id, lambda db: actions.check_again(db, vendor_id))

    @routes.post(
        "/vendors/{vendor_id}/decision",
        summary="Verify or reject a vendor",
        response_model=VendorView,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "It is not being checked, or its number was not found valid."})
        ),
    )
    async def decide_vendor(
        request: Request, vendor_id: VendorPath, body: DecisionBody, principal: Principal = Depends(operator)
    ) -> Response:
        """By a person, with the evidence of `checks`. A number that VIES has not found valid can only be rejected."""
        act = actions.verify if body.decision == "verify" else actions.reject
        return await change(request, principal, vendor_id, lambda db: act(db, vendor_id, body.reason, principal.name))

    @routes.post(
        "/vendors/{vendor_id}/suspension",
        summary="Suspend a vendor",
        response_model=VendorView,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "It does not sell."})),
    )
    async def suspend_vendor(
        request: Request, vendor_id: VendorPath, _: ReasonBody, principal: Principal = Depends(operator)
    ) -> Response:
        """Its stock is blocked once the warehouse has read it; what becomes of orders in flight is a case."""
        return await change(request, principal, vendor_id, lambda db: actions.suspend(db, vendor_id))

    @routes.post(
        "/vendors/{vendor_id}/restoration",
        summary="Let a suspended vendor sell again",
        response_model=VendorView,
        openapi_extra=described(
            IDEMPOTENT, problems(404, because={409: "It is not suspended, or its number was not found valid."})
        ),
    )
    async def restore_vendor(
        request: Request, vendor_id: VendorPath, principal: Principal = Depends(operator)
    ) -> Response:
        """The suspension is over."""
        return await change(request, principal, vendor_id, lambda db: actions.restore(db, vendor_id, principal.name))

    @routes.post(
        "/vendors/{vendor_id}/closure",
        summary="Close a vendor",
        response_model=VendorView,
        openapi_extra=described(IDEMPOTENT, problems(404, because={409: "It is closed."})),
    )
    async def close_vendor(
        request: Request, vendor_id: VendorPath, principal: Principal = Depends(vendor_or_operator)
    ) -> Response:
        """For good."""
        return await change(request, principal, vendor_id, lambda db: actions.close(db, vendor_id, principal.name))

    return routes
