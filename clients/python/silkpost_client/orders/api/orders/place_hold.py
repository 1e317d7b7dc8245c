from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.hold_body import HoldBody
from ...models.order_hold import OrderHold
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    order_id: str,
    handle: str,
    *,
    body: HoldBody,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/orders/{order_id}/holds/{handle}".format(
            order_id=quote(str(order_id), safe=""),
            handle=quote(str(handle), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OrderHold | Problem | None:
    if response.status_code == 202:
        response_202 = OrderHold.from_dict(response.json())

        return response_202

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

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

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

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
    body: HoldBody,
) -> Response[OrderHold | Problem]:
    """Put an order on hold

     Asks the warehouse not to pack the order until this hold is released; its answer shows in the order.
    While a
    hold is open no deadline of the order passes. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        body (HoldBody): Why the order is to be held.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderHold | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        handle=handle,
        body=body,
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
    body: HoldBody,
) -> OrderHold | Problem | None:
    """Put an order on hold

     Asks the warehouse not to pack the order until this hold is released; its answer shows in the order.
    While a
    hold is open no deadline of the order passes. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        body (HoldBody): Why the order is to be held.

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
        body=body,
    ).parsed


async def asyncio_detailed(
    order_id: str,
    handle: str,
    *,
    client: AuthenticatedClient,
    body: HoldBody,
) -> Response[OrderHold | Problem]:
    """Put an order on hold

     Asks the warehouse not to pack the order until this hold is released; its answer shows in the order.
    While a
    hold is open no deadline of the order passes. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        body (HoldBody): Why the order is to be held.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderHold | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        handle=handle,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    order_id: str,
    handle: str,
    *,
    client: AuthenticatedClient,
    body: HoldBody,
) -> OrderHold | Problem | None:
    """Put an order on hold

     Asks the warehouse not to pack the order until this hold is released; its answer shows in the order.
    While a
    hold is open no deadline of the order passes. Asked again: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        handle (str): By which you tell your holds of this order apart, as `fraud`.
        body (HoldBody): Why the order is to be held.

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
            body=body,
        )
    ).parsed
