import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.orders_page import OrdersPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    updated_since: datetime.datetime | Unset = UNSET,
    number: str | Unset = UNSET,
    q: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_updated_since: str | Unset = UNSET
    if not isinstance(updated_since, Unset):
        json_updated_since = updated_since.isoformat()
    params["updated_since"] = json_updated_since

    params["number"] = number

    params["q"] = q

    params["cursor"] = cursor

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/orders",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OrdersPage | Problem | None:
    if response.status_code == 200:
        response_200 = OrdersPage.from_dict(response.json())

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
) -> Response[OrdersPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    updated_since: datetime.datetime | Unset = UNSET,
    number: str | Unset = UNSET,
    q: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> Response[OrdersPage | Problem]:
    """List or search orders

     Orders by the time of their last change, oldest first; `Link` leads to the next page. With `number`,
    the one
    of this number (an operator may find several: one a marketplace). With `q`, those whose number or
    tracking
    numbers contain these four or more characters, or whose id begins with them: the last changed first.

    A client that polls continues from the last `updated_at` less a minute: changes made at one time may
    appear in
    any order.

    Args:
        updated_since (datetime.datetime | Unset): Changed at this instant or later.
        number (str | Unset): The marketplace's own number of the order.
        q (str | Unset): Part of a number, or the beginning of an id.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrdersPage | Problem]
    """

    kwargs = _get_kwargs(
        updated_since=updated_since,
        number=number,
        q=q,
        cursor=cursor,
        limit=limit,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    updated_since: datetime.datetime | Unset = UNSET,
    number: str | Unset = UNSET,
    q: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> OrdersPage | Problem | None:
    """List or search orders

     Orders by the time of their last change, oldest first; `Link` leads to the next page. With `number`,
    the one
    of this number (an operator may find several: one a marketplace). With `q`, those whose number or
    tracking
    numbers contain these four or more characters, or whose id begins with them: the last changed first.

    A client that polls continues from the last `updated_at` less a minute: changes made at one time may
    appear in
    any order.

    Args:
        updated_since (datetime.datetime | Unset): Changed at this instant or later.
        number (str | Unset): The marketplace's own number of the order.
        q (str | Unset): Part of a number, or the beginning of an id.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrdersPage | Problem
    """

    return sync_detailed(
        client=client,
        updated_since=updated_since,
        number=number,
        q=q,
        cursor=cursor,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    updated_since: datetime.datetime | Unset = UNSET,
    number: str | Unset = UNSET,
    q: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> Response[OrdersPage | Problem]:
    """List or search orders

     Orders by the time of their last change, oldest first; `Link` leads to the next page. With `number`,
    the one
    of this number (an operator may find several: one a marketplace). With `q`, those whose number or
    tracking
    numbers contain these four or more characters, or whose id begins with them: the last changed first.

    A client that polls continues from the last `updated_at` less a minute: changes made at one time may
    appear in
    any order.

    Args:
        updated_since (datetime.datetime | Unset): Changed at this instant or later.
        number (str | Unset): The marketplace's own number of the order.
        q (str | Unset): Part of a number, or the beginning of an id.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrdersPage | Problem]
    """

    kwargs = _get_kwargs(
        updated_since=updated_since,
        number=number,
        q=q,
        cursor=cursor,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    updated_since: datetime.datetime | Unset = UNSET,
    number: str | Unset = UNSET,
    q: str | Unset = UNSET,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> OrdersPage | Problem | None:
    """List or search orders

     Orders by the time of their last change, oldest first; `Link` leads to the next page. With `number`,
    the one
    of this number (an operator may find several: one a marketplace). With `q`, those whose number or
    tracking
    numbers contain these four or more characters, or whose id begins with them: the last changed first.

    A client that polls continues from the last `updated_at` less a minute: changes made at one time may
    appear in
    any order.

    Args:
        updated_since (datetime.datetime | Unset): Changed at this instant or later.
        number (str | Unset): The marketplace's own number of the order.
        q (str | Unset): Part of a number, or the beginning of an id.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrdersPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            updated_since=updated_since,
            number=number,
            q=q,
            cursor=cursor,
            limit=limit,
        )
    ).parsed
