from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.public_tracking import PublicTracking
from ...types import Response


def _get_kwargs(
    tracking_number: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/tracking/{tracking_number}".format(
            tracking_number=quote(str(tracking_number), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | Problem | PublicTracking | None:
    if response.status_code == 200:
        response_200 = PublicTracking.from_dict(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

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


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | Problem | PublicTracking]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    tracking_number: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Any | Problem | PublicTracking]:
    """Where a parcel is, for anyone who knows its number

    Args:
        tracking_number (str): The carrier's number, as printed on the label

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem | PublicTracking]
    """

    kwargs = _get_kwargs(
        tracking_number=tracking_number,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    tracking_number: str,
    *,
    client: AuthenticatedClient | Client,
) -> Any | Problem | PublicTracking | None:
    """Where a parcel is, for anyone who knows its number

    Args:
        tracking_number (str): The carrier's number, as printed on the label

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem | PublicTracking
    """

    return sync_detailed(
        tracking_number=tracking_number,
        client=client,
    ).parsed


async def asyncio_detailed(
    tracking_number: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Any | Problem | PublicTracking]:
    """Where a parcel is, for anyone who knows its number

    Args:
        tracking_number (str): The carrier's number, as printed on the label

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem | PublicTracking]
    """

    kwargs = _get_kwargs(
        tracking_number=tracking_number,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    tracking_number: str,
    *,
    client: AuthenticatedClient | Client,
) -> Any | Problem | PublicTracking | None:
    """Where a parcel is, for anyone who knows its number

    Args:
        tracking_number (str): The carrier's number, as printed on the label

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Problem | PublicTracking
    """

    return (
        await asyncio_detailed(
            tracking_number=tracking_number,
            client=client,
        )
    ).parsed
