"""Whether rebuilt documents are the same: only orders without new facts are compared."""

from __future__ import annotations

from uuid import UUID

from services.tracking.domain.comparison import Comparison, DocumentVersion

FIRST, SECOND = UUID(int=1), UUID(int=2)
BEFORE = {FIRST: DocumentVersion(4, "aa"), SECOND: DocumentVersion(7, "bb")}


def test_equal_documents_have_equal_digests() -> None:
    comparison = Comparison(BEFORE, dict(reversed(BEFORE.items())))
    assert comparison.same
    assert comparison.digests[0] == comparison.digests[1]


def test_an_order_with_new_facts_is_not_compared() -> None:
    comparison = Comparison(BEFORE, {**BEFORE, SECOND: DocumentVersion(8, "cc")})
    assert comparison.advanced == {SECOND}
    assert comparison.same
    assert comparison.digests[0] == comparison.digests[1]


def test_an_order_that_is_only_there_after_has_new_facts() -> None:
    comparison = Comparison({FIRST: BEFORE[FIRST]}, BEFORE)
    assert comparison.advanced == {SECOND}
    assert comparison.same


def test_other_bytes_from_as_many_facts_are_a_change() -> None:
    comparison = Comparison(BEFORE, {**BEFORE, FIRST: DocumentVersion(4, "cc")})
    assert comparison.changed == [FIRST]
    assert comparison.digests[0] != comparison.digests[1]


def test_an_order_that_is_missing_after_or_has_lost_facts_is_a_change() -> None:
    assert Comparison(BEFORE, {FIRST: BEFORE[FIRST]}).changed == [SECOND]
    assert Comparison(BEFORE, {**BEFORE, SECOND: DocumentVersion(6, "cc")}).changed == [SECOND]
