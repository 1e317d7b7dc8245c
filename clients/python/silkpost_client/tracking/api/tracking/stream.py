from http import HTTPStatus
from typing import Any, cast
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


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Any | Problem | None:
    if response.status_code == 200:
        response_200 = cast(Any, None)
        return response_200

    if response.status_code == 404:
        response_404 = cast(Any, None)
        return response_404

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = cast(Any, None)
        return response_429

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Any | Problem]:
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
) -> Response[Any | Problem]:
    """The document now and after every change, as server-sent events

    Args:
        order_id (str): The order's id, a UUID
        secret (str | Unset): The order's secret
        last_event_id_query (str | Unset): As the header `Last-Event-ID`
        x_tracking_secret (str | Unset): The same, kept out of addresses
        last_event_id_header (str | Unset): Tag of the last message received

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
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
) -> Any | Problem | None:
    """The document now and after every change, as server-sent events

    Args:
        order_id (str): The order's id, a UUID
        secret (str | Unset): The order's secret
        last_event_id_query (str | Unset): As the header `Last-Event-ID`
        x_tracking_secret (str | Unset): The same, kept out of addresses
        last_event_id_header (str | Unset): Tag of the last message received

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
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
) -> Response[Any | Problem]:
    """The document now and after every change, as server-sent events

    Args:
        order_id (str): The order's id, a UUID
        secret (str | Unset): The order's secret
        last_event_id_query (str | Unset): As the header `Last-Event-ID`
        x_tracking_secret (str | Unset): The same, kept out of addresses
        last_event_id_header (str | Unset): Tag of the last message received

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
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
) -> Any | Problem | None:
    """The document now and after every change, as server-sent events

    Args:
        order_id (str): The order's id, a UUID
        secret (str | Unset): The order's secret
        last_event_id_query (str | Unset): As the header `Last-Event-ID`
        x_tracking_secret (str | Unset): The same, kept out of addresses
        last_event_id_header (str | Unset): Tag of the last message received

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem
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
