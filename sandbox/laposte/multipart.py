"""Answers of the label service that have papers in them: multipart/related, whose first part is `<jsonInfos>`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from starlette.responses import Response


def related(parts: Sequence[tuple[str, str, bytes]]) -> Response:
    """`parts`: Content-ID, media type and bytes of each."""
    boundary = f"uuid:{uuid4()}"
    body = b""
    for content_id, media_type, content in parts:
        head = (
            f"--{boundary}\r\nContent-Type: {media_type}\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: {content_id}\r\n\r\n"
        )
        body += head.encode() + content + b"\r\n"
    media_type = f'multipart/related; type="application/json"; boundary="{boundary}"; start="<jsonInfos>"'
    return Response(body + f"--{boundary}--\r\n".encode(), headers={"Content-Type": media_type})
