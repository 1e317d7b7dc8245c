from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.order_hold import OrderHold
from ...models.problem import Problem
from ...models.release_hold_holder import ReleaseHoldHolder
from ...types import UNSET, Response, Unset


def _get_kwargs(
    order_id: str,
    handle: str,
    *,
    holder: ReleaseHoldHolder | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_holder: str | Unset = UNSET
    if not isinstance(holder, Unset):
        json_holder = holder.value

    params["holder"] = json_holder

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/orders/{order_id}/holds/{handle}".format(
            order_id=quote(str(order_id), safe=""),
            handle=quote(str(handle), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OrderHold | Problem | None:
    if response.status_code == 200:
        response_200 = OrderHold.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[OrderHold | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    order_id: str,
    handle: str,
    *,
    client: AuthenticatedClient,
    holder: ReleaseHoldHolder | Unset = UNSET,
) -> Response[OrderHold | Problem]:
    """Release a hold

     Releases a hold; the order is packed once none is open. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        holder (ReleaseHoldHolder | Unset): For operators: whose hold it is; their own when left
            out.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderHold | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        handle=handle,
        holder=holder,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    order_id: str,
    handle: str,
    *,
    client: AuthenticatedClient,
    holder: ReleaseHoldHolder | Unset = UNSET,
) -> OrderHold | Problem | None:
    """Release a hold

     Releases a hold; the order is packed once none is open. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        holder (ReleaseHoldHolder | Unset): For operators: whose hold it is; their own when left
            out.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrderHold | Problem
    """

    return sync_detailed(
        order_id=order_id,
        handle=handle,
        client=client,
        holder=holder,
    ).parsed


async def asyncio_detailed(
    order_id: str,
    handle: str,
    *,
    client: AuthenticatedClient,
    holder: ReleaseHoldHolder | Unset = UNSET,
) -> Response[OrderHold | Problem]:
    """Release a hold

     Releases a hold; the order is packed once none is open. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        holder (ReleaseHoldHolder | Unset): For operators: whose hold it is; their own when left
            out.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderHold | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        handle=handle,
        holder=holder,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    order_id: str,
    handle: str,
    *,
    client: AuthenticatedClient,
    holder: ReleaseHoldHolder | Unset = UNSET,
) -> OrderHold | Problem | None:
    """Release a hold

     Releases a hold; the order is packed once none is open. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        holder (ReleaseHoldHolder | Unset): For operators: whose hold it is; their own when left
            out.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrderHold | Problem
    """

    return (
        await asyncio_detailed(
            order_id=order_id,
            handle=handle,
            client=client,
            holder=holder,
        )
    ).parsed
