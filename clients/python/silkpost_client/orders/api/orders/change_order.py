from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.change_body import ChangeBody
from ...models.order_change import OrderChange
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    order_id: str,
    *,
    body: ChangeBody,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/orders/{order_id}/changes".format(
            order_id=quote(str(order_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OrderChange | Problem | None:
    if response.status_code == 202:
        response_202 = OrderChange.from_dict(response.json())

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


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[OrderChange | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeBody,
    idempotency_key: str | Unset = UNSET,
) -> Response[OrderChange | Problem]:
    """Change the consignee's phone or address

     Asks the warehouse to send the order to another phone or address within its province; its answer
    shows in the
    order. Asked again before it is packed: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        idempotency_key (str | Unset):
        body (ChangeBody): A change of an order. Name, buyer and goods cannot be changed: cancel
            the order and place another.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderChange | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    order_id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeBody,
    idempotency_key: str | Unset = UNSET,
) -> OrderChange | Problem | None:
    """Change the consignee's phone or address

     Asks the warehouse to send the order to another phone or address within its province; its answer
    shows in the
    order. Asked again before it is packed: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        idempotency_key (str | Unset):
        body (ChangeBody): A change of an order. Name, buyer and goods cannot be changed: cancel
            the order and place another.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrderChange | Problem
    """

    return sync_detailed(
        order_id=order_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeBody,
    idempotency_key: str | Unset = UNSET,
) -> Response[OrderChange | Problem]:
    """Change the consignee's phone or address

     Asks the warehouse to send the order to another phone or address within its province; its answer
    shows in the
    order. Asked again before it is packed: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        idempotency_key (str | Unset):
        body (ChangeBody): A change of an order. Name, buyer and goods cannot be changed: cancel
            the order and place another.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OrderChange | Problem]
    """

    kwargs = _get_kwargs(
        order_id=order_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    order_id: str,
    *,
    client: AuthenticatedClient,
    body: ChangeBody,
    idempotency_key: str | Unset = UNSET,
) -> OrderChange | Problem | None:
    """Change the consignee's phone or address

     Asks the warehouse to send the order to another phone or address within its province; its answer
    shows in the
    order. Asked again before it is packed: the same.

    Args:
        order_id (str): The order's id, a UUID; `POST /orders` of `orders` answers it.
        idempotency_key (str | Unset):
        body (ChangeBody): A change of an order. Name, buyer and goods cannot be changed: cancel
            the order and place another.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OrderChange | Problem
    """

    return (
        await asyncio_detailed(
            order_id=order_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
