"""The setting that says in which version a fact is published."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.warehouse import ParcelHandedOver
from shared.settings import PlatformSettings


def test_a_version_of_a_fact_that_is_known() -> None:
    assert PlatformSettings(published_versions={ParcelHandedOver.NAME: 2}).published_versions == {
        "parcel-handed-over": 2
    }


@pytest.mark.parametrize(
    ("versions", "unknown"),
    [({"parcel-handed-over": 3}, "parcel-handed-over.v3"), ({"parcel-lent": 1}, "parcel-lent.v1")],
)
def test_an_unknown_one_is_refused(versions: dict[str, int], unknown: str) -> None:
    with pytest.raises(ValidationError, match=unknown):
        PlatformSettings(published_versions=versions)
