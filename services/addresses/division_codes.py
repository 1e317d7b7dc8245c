"""The division of an address by its number in GB/T 2260, which customs asks for."""

from __future__ import annotations

from collections.abc import Iterable

from services.addresses.divisions import DIRECTLY_GOVERNED, Division, by_province


def division_code(province: str, city: str, district: str) -> str | None:
    """The six digits of the smallest division that these names in Chinese, as intake keeps them, belong to.

    A district is looked for in its city, and in the whole province where the city is no division of it: of a
    municipality the district is named as the city. One that was renamed is given as what it is now. None when not even
    the province is known.
    """
    divisions = next((of_province for of_province in by_province().values() if of_province[0].name == province), ())
    if not divisions:
        return None
    inner = divisions[1:]
    city_code = _find(inner, city)
    if city_code is None or not city_code.endswith("00"):
        return _find(inner, district) or city_code or divisions[0].code
    where = (city_code[:4], f"{city_code[:2]}{DIRECTLY_GOVERNED}")
    of_city = [division for division in inner if division.code[:4] in where]
    return _find(of_city, district) or city_code


def _find(divisions: Iterable[Division], name: str) -> str | None:
    """Of two with one name the present one counts; of former ones, one that has a successor."""
    named = [division for division in divisions if division.name == name]
    present = [division.code for division in named if not division.last_listed]
    return next(iter((*present, *(division.successor for division in named if division.successor))), None)
