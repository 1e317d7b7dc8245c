from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.cases_page import CasesPage
from ...models.list_cases_status import ListCasesStatus
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    status: ListCasesStatus | Unset = ListCasesStatus.OPEN,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["cursor"] = cursor

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/cases",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> CasesPage | Problem | None:
    if response.status_code == 200:
        response_200 = CasesPage.from_dict(response.json())

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[CasesPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    status: ListCasesStatus | Unset = ListCasesStatus.OPEN,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> Response[CasesPage | Problem]:
    """List what waits for a person

     Every order that waits for a person: why, since when, until when, and what frees it. The oldest
    first. And,
    on the first page, each operation that is paused for a fault of ours, whatever number of orders
    waits for it.

    Args:
        status (ListCasesStatus | Unset): Which cases. Default: ListCasesStatus.OPEN.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CasesPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
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
    status: ListCasesStatus | Unset = ListCasesStatus.OPEN,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> CasesPage | Problem | None:
    """List what waits for a person

     Every order that waits for a person: why, since when, until when, and what frees it. The oldest
    first. And,
    on the first page, each operation that is paused for a fault of ours, whatever number of orders
    waits for it.

    Args:
        status (ListCasesStatus | Unset): Which cases. Default: ListCasesStatus.OPEN.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CasesPage | Problem
    """

    return sync_detailed(
        client=client,
        status=status,
        cursor=cursor,
        limit=limit,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    status: ListCasesStatus | Unset = ListCasesStatus.OPEN,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> Response[CasesPage | Problem]:
    """List what waits for a person

     Every order that waits for a person: why, since when, until when, and what frees it. The oldest
    first. And,
    on the first page, each operation that is paused for a fault of ours, whatever number of orders
    waits for it.

    Args:
        status (ListCasesStatus | Unset): Which cases. Default: ListCasesStatus.OPEN.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CasesPage | Problem]
    """

    kwargs = _get_kwargs(
        status=status,
        cursor=cursor,
        limit=limit,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    status: ListCasesStatus | Unset = ListCasesStatus.OPEN,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 100,
) -> CasesPage | Problem | None:
    """List what waits for a person

     Every order that waits for a person: why, since when, until when, and what frees it. The oldest
    first. And,
    on the first page, each operation that is paused for a fault of ours, whatever number of orders
    waits for it.

    Args:
        status (ListCasesStatus | Unset): Which cases. Default: ListCasesStatus.OPEN.
        cursor (str | Unset): Where the page begins: `next` of the one before.
        limit (int | Unset): How many at most. Default: 100.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CasesPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            status=status,
            cursor=cursor,
            limit=limit,
        )
    ).parsed
