from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.order_body import OrderBody
from ...models.order_preview import OrderPreview
from ...models.problem import Problem
from ...types import Response


def _get_kwargs(
    *,
    body: OrderBody,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/orders/preview",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OrderPreview | Problem | None:
    if response.status_code == 200:
        response_200 = OrderPreview.from_dict(response.json())

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


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[OrderPreview | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: OrderBody,
) -> Response[OrderPreview | Problem]:
    """Preview an order

     What would become of this order if it were placed now: accepted or every fault, its lane, tax, stock
    and the
    day on which it would leave. It is decided by the same rules as the order, and nothing is placed,
    reserved or
    kept; what was there can be gone when the order comes. The body is that of `POST /orders`.

    Args:
        body (OrderBody): An order as a marketplace submits it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderPreview | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: OrderBody,
) -> OrderPreview | Problem | None:
    """Preview an order

     What would become of this order if it were placed now: accepted or every fault, its lane, tax, stock
    and the
    day on which it would leave. It is decided by the same rules as the order, and nothing is placed,
    reserved or
    kept; what was there can be gone when the order comes. The body is that of `POST /orders`.

    Args:
        body (OrderBody): An order as a marketplace submits it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrderPreview | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: OrderBody,
) -> Response[OrderPreview | Problem]:
    """Preview an order

     What would become of this order if it were placed now: accepted or every fault, its lane, tax, stock
    and the
    day on which it would leave. It is decided by the same rules as the order, and nothing is placed,
    reserved or
    kept; what was there can be gone when the order comes. The body is that of `POST /orders`.

    Args:
        body (OrderBody): An order as a marketplace submits it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderPreview | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: OrderBody,
) -> OrderPreview | Problem | None:
    """Preview an order

     What would become of this order if it were placed now: accepted or every fault, its lane, tax, stock
    and the
    day on which it would leave. It is decided by the same rules as the order, and nothing is placed,
    reserved or
    kept; what was there can be gone when the order comes. The body is that of `POST /orders`.

    Args:
        body (OrderBody): An order as a marketplace submits it.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrderPreview | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
