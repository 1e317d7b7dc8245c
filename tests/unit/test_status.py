"""What `make status` says needs a person, besides what services say of themselves."""

from __future__ import annotations

from services.status import Status


def test_receipts_of_no_parcel_need_a_person() -> None:
    told = "cannot be read and name no parcel: customs: GET /set-aside-receipts"
    one, two = ({"id": number} for number in (1, 2))
    assert Status({}).findings == []
    assert Status({}, set_aside=[one]).findings == [f"1 receipt of customs {told}"]
    both = Status({}, set_aside=[one, two])
    assert both.findings == [f"2 receipts of customs {told}"]
    assert both.exit_code == 1
