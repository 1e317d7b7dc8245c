from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.person_reads_page import PersonReadsPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    order_id: UUID,
    *,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["cursor"] = cursor

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/orders/{order_id}/person/reads".format(
            order_id=quote(str(order_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PersonReadsPage | Problem | None:
    if response.status_code == 200:
        response_200 = PersonReadsPage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PersonReadsPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    order_id: UUID,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> Response[PersonReadsPage | Problem]:
    """Who read a person's data

     Every reading of the data of this order's person in this service: which part, for what, who asked.
    An order
    whose person nobody read, and one that is not known here, have none.

    Args:
        order_id (UUID): The order's id, a UUID; `POST /orders` of `orders` answers it.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonReadsPage | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        cursor=cursor,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    order_id: UUID,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> PersonReadsPage | Problem | None:
    """Who read a person's data

     Every reading of the data of this order's person in this service: which part, for what, who asked.
    An order
    whose person nobody read, and one that is not known here, have none.

    Args:
        order_id (UUID): The order's id, a UUID; `POST /orders` of `orders` answers it.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonReadsPage | Problem
    """

    return sync_detailed(
        order_id=order_id,
        client=client,
        cursor=cursor,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    order_id: UUID,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> Response[PersonReadsPage | Problem]:
    """Who read a person's data

     Every reading of the data of this order's person in this service: which part, for what, who asked.
    An order
    whose person nobody read, and one that is not known here, have none.

    Args:
        order_id (UUID): The order's id, a UUID; `POST /orders` of `orders` answers it.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PersonReadsPage | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        cursor=cursor,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    order_id: UUID,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> PersonReadsPage | Problem | None:
    """Who read a person's data

     Every reading of the data of this order's person in this service: which part, for what, who asked.
    An order
    whose person nobody read, and one that is not known here, have none.

    Args:
        order_id (UUID): The order's id, a UUID; `POST /orders` of `orders` answers it.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PersonReadsPage | Problem
    """

    return (
        await asyncio_detailed(
            order_id=order_id,
            client=client,
            cursor=cursor,
            limit=limit,
        )
    ).parsed
