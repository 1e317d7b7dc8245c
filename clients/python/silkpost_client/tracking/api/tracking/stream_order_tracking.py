from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    order_id: str,
    *,
    secret: str | Unset = UNSET,
    last_event_id_query: str | Unset = UNSET,
    x_tracking_secret: str | Unset = UNSET,
    last_event_id_header: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_tracking_secret, Unset):
        headers["X-Tracking-Secret"] = x_tracking_secret

    if not isinstance(last_event_id_header, Unset):
        headers["Last-Event-ID"] = last_event_id_header

    params: dict[str, Any] = {}

    params["secret"] = secret

    params["last_event_id"] = last_event_id_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/orders/{order_id}/tracking/stream".format(
            order_id=quote(str(order_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | str | None:
    if response.status_code == 200:
        response_200 = response.text
        return response_200

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Problem | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient | Client,
    secret: str | Unset = UNSET,
    last_event_id_query: str | Unset = UNSET,
    x_tracking_secret: str | Unset = UNSET,
    last_event_id_header: str | Unset = UNSET,
) -> Response[Problem | str]:
    """Follow where an order is

     The same as server-sent events: now, unless it is that of the last event received, and after every
    change.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        secret (str | Unset): The order's secret, for whom `X-Tracking-Secret` does not suit.
        last_event_id_query (str | Unset): As the header `Last-Event-ID`.
        x_tracking_secret (str | Unset): The order's secret, out of its `tracking_url`.
        last_event_id_header (str | Unset): The `id` of the last event received.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        secret=secret,
        last_event_id_query=last_event_id_query,
        x_tracking_secret=x_tracking_secret,
        last_event_id_header=last_event_id_header,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    order_id: str,
    *,
    client: AuthenticatedClient | Client,
    secret: str | Unset = UNSET,
    last_event_id_query: str | Unset = UNSET,
    x_tracking_secret: str | Unset = UNSET,
    last_event_id_header: str | Unset = UNSET,
) -> Problem | str | None:
    """Follow where an order is

     The same as server-sent events: now, unless it is that of the last event received, and after every
    change.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        secret (str | Unset): The order's secret, for whom `X-Tracking-Secret` does not suit.
        last_event_id_query (str | Unset): As the header `Last-Event-ID`.
        x_tracking_secret (str | Unset): The order's secret, out of its `tracking_url`.
        last_event_id_header (str | Unset): The `id` of the last event received.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return sync_detailed(
        order_id=order_id,
        client=client,
        secret=secret,
        last_event_id_query=last_event_id_query,
        x_tracking_secret=x_tracking_secret,
        last_event_id_header=last_event_id_header,
    ).parsed


async def asyncio_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient | Client,
    secret: str | Unset = UNSET,
    last_event_id_query: str | Unset = UNSET,
    x_tracking_secret: str | Unset = UNSET,
    last_event_id_header: str | Unset = UNSET,
) -> Response[Problem | str]:
    """Follow where an order is

     The same as server-sent events: now, unless it is that of the last event received, and after every
    change.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        secret (str | Unset): The order's secret, for whom `X-Tracking-Secret` does not suit.
        last_event_id_query (str | Unset): As the header `Last-Event-ID`.
        x_tracking_secret (str | Unset): The order's secret, out of its `tracking_url`.
        last_event_id_header (str | Unset): The `id` of the last event received.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        secret=secret,
        last_event_id_query=last_event_id_query,
        x_tracking_secret=x_tracking_secret,
        last_event_id_header=last_event_id_header,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    order_id: str,
    *,
    client: AuthenticatedClient | Client,
    secret: str | Unset = UNSET,
    last_event_id_query: str | Unset = UNSET,
    x_tracking_secret: str | Unset = UNSET,
    last_event_id_header: str | Unset = UNSET,
) -> Problem | str | None:
    """Follow where an order is

     The same as server-sent events: now, unless it is that of the last event received, and after every
    change.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        secret (str | Unset): The order's secret, for whom `X-Tracking-Secret` does not suit.
        last_event_id_query (str | Unset): As the header `Last-Event-ID`.
        x_tracking_secret (str | Unset): The order's secret, out of its `tracking_url`.
        last_event_id_header (str | Unset): The `id` of the last event received.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return (
        await asyncio_detailed(
            order_id=order_id,
            client=client,
            secret=secret,
            last_event_id_query=last_event_id_query,
            x_tracking_secret=x_tracking_secret,
            last_event_id_header=last_event_id_header,
        )
    ).parsed
