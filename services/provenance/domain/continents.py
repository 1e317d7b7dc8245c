"""On which continent a country is, as far as all others are a flight away (after UN M49; America is one).

A country that lies on two continents, or at the border to another, is on none here: from Spain, Turkey or Egypt a look
on each side within the hour is no wonder.
"""

from __future__ import annotations

_COUNTRIES = {
    "africa": (
        "AO BF BI BJ BW CD CF CG CI CM CV DZ ER ET GA GH GM GN GQ GW KE KM LR LS LY MG ML MR MU MW "
        "MZ NA NE NG RE RW SC SD SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW "
    ),
    "america": (
        "AG AR AW BB BM BO BR BS BZ CA CL CO CR CU CW DM DO EC GD GF GP GT GY HN HT JM KN KY LC MQ "
        "MX NI PA PE PR PY SR SV TT US UY VC VE "
    ),
    "asia": (
        "AE AF BD BH BN BT CN HK IN IQ IR JO JP KG KH KP KR KW LA LB LK MM MN MO MV MY NP OM PH PK "
        "QA SA SG SY TH TJ TM TW UZ VN YE "
    ),
    "europe": (
        "AD AL AT BA BE BY CH CZ DE DK EE FI FO FR GB GG HR HU IE IM IS IT JE LI LT LU LV MC MD ME "
        "MK MT NL NO PL PT RO RS SE SI SK SM UA VA "
    ),
    "oceania": ("AU CK FJ FM GU KI MH NC NR NZ PF PW SB TO TV VU WS "),
}
_CONTINENTS = {country: continent for continent, countries in _COUNTRIES.items() for country in countries.split()}


def continent_of(country: str | None) -> str | None:
    """None for no country, for an unknown one, and for one too near to another continent."""
    return _CONTINENTS.get(country or "")
