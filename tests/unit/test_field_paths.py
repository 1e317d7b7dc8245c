"""How errors name the field that they are about."""

from __future__ import annotations

from shared.http.problems import field_path


def test_places_of_faults_read_as_people_write_them() -> None:
    assert field_path(("lines", 0, "unit_price", "amount")) == "lines[0].unit_price.amount"
    assert field_path(()) == "body"


def test_a_clients_own_name_of_a_field_is_printable_and_bounded() -> None:
    assert len(field_path(("x" * 5000,))) == 64
    assert field_path(("\ud800", 0)) == "\\ud800[0]"
