"""The HTTP server's connection, within reach of the fault that cuts it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.faults import DROP


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's protocol; every request's scope bears a function that closes its connection, answered or not."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {DROP: {"close": self.transport.close}}
