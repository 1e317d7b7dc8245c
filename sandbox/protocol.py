"""uvicorn's protocol, with the connection in reach of the faults that close it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.faults import DROP


class DroppableProtocol(HttpToolsProtocol):
    """Puts a function that closes the connection into every request's scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {DROP: {"close": self.transport.close}}
