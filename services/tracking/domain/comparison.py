"""Whether documents that were built anew are the same as before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """From how many consumed facts an order's document was derived, and its bytes' SHA-256 in hexadecimal; empty where
    there is no document."""

    consumed: int
    digest: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The documents before and after, by order id."""

    before: Mapping[UUID, DocumentVersion]
    after: Mapping[UUID, DocumentVersion]

    @property
    def advanced(self) -> frozenset[UUID]:
        """Orders with more facts after than before: their documents may differ."""
        consumed = {order_id: version.consumed for order_id, version in self.before.items()}
        return frozenset(
            order_id for order_id, version in self.after.items() if version.consumed > consumed.get(order_id, 0)
        )

    @property
    def changed(self) -> list[UUID]:
        """Orders that have not advanced and whose bytes differ, or that are missing after."""
        digests = {order_id: version.digest for order_id, version in self.after.items()}
        differing = {order_id for order_id, version in self.before.items() if digests.get(order_id) != version.digest}
        return sorted(differing - self.advanced)

    @property
    def same(self) -> bool:
        return not self.changed

    @property
    def digests(self) -> tuple[str, str]:
        """Before and after: one SHA-256 over all documents that have not advanced, by order id."""
        return self._digest(self.before), self._digest(self.after)

    def _digest(self, versions: Mapping[UUID, DocumentVersion]) -> str:
        lines = (f"{order_id} {versions[order_id].digest}\n" for order_id in sorted(versions.keys() - self.advanced))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
