"""GS1 identifiers in URIs, in one form. The pairs are facts of the reference implementation's own tests."""

from __future__ import annotations

import pytest

from services.provenance.domain.gs1_uris import box_of, canonical, good_check_digit, place_of, product_of, unit_of

HOST = "https://id.gs1.org"


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("urn:epc:id:sgtin:4012345.011111.98%22", "/01/04012345111118/21/98%22"),
        ("urn:epc:id:sgtin:415056789012.0.987654", "/01/04150567890128/21/987654"),
        (
            "urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()",
            "/01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29",
        ),
        ("urn:epc:id:sscc:4012345.3111111111", "/00/340123451111111111"),
        ("urn:epc:id:sscc:4012345.0000000011", "/00/040123450000000115"),
        ("urn:epc:id:sgln:4012345.00005.122", "/414/4012345000054/254/122"),
        ("urn:epc:id:sgln:4012345.00005.0", "/414/4012345000054"),
        ("urn:epc:id:grai:4012345.00022.334455", "/8003/04012345000221334455"),
        ("urn:epc:id:giai:4012345.ABC345", "/8004/4012345ABC345"),
        ("urn:epc:id:gsrn:4012345.0000006765", "/8018/401234500000067657"),
        ("urn:epc:id:gsrnp:4012345.0000000007", "/8017/401234500000000074"),
        ("urn:epc:id:gdti:4012345.00009.PO-4711", "/253/4012345000092PO-4711"),
        ("urn:epc:id:gdti:987659999999..9", "/253/98765999999929"),
        ("urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234", "/8010/061414111111111111111-A%23%2F/8011/1234"),
        ("urn:epc:id:ginc:0614141.xyz47%2F11", "/401/0614141xyz47%2F11"),
        ("urn:epc:id:gsin:4012345.222333444", "/402/40123452223334442"),
        ("urn:epc:id:itip:4012345.011111.01.02.987", "/8006/040123451111180102/21/987"),
        ("urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7SDB", "/01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7SDB"),
        ("urn:epc:id:pgln:4000001.00000", "/417/4000001000005"),
        ("urn:epc:id:pgln:999999999999.", "/417/9999999999994"),
        ("urn:epc:class:lgtin:4012345.012345.Lot987", "/01/04012345123456/10/Lot987"),
        ("urn:epc:idpat:sgtin:4012345.012345.*", "/01/04012345123456"),
        ("urn:epc:idpat:grai:4012345.99999.*", "/8003/04012345999990"),
        ("urn:epc:idpat:gdti:4012345.11111.*", "/253/4012345111118"),
        ("urn:epc:idpat:sgcn:4012345.22222.*", "/255/4012345222227"),
        ("urn:epc:idpat:cpi:4012345.AB12.*", "/8010/4012345AB12"),
        ("urn:epc:idpat:itip:4012345.012345.01.02.*", "/8006/040123451234560102"),
        ("urn:epc:idpat:upui:4012345.012345.*", "/01/04012345123456"),
        (f"{HOST}/gtin/09780345418913", "/01/09780345418913"),
        ("https://example.com/gtin/09780345418913/21/765tz?abc=211121", "/01/09780345418913/21/765tz"),
        ("http://us-company-with-UPC.com/01/001122334455/ser/GHB", "/01/00001122334455/21/GHB"),
        ("https://x.example/01/97803111", "/01/00000097803111"),
        (f"{HOST}/gtin/9780345418913/cpv/344/lot/1223/ser/765tz", "/01/09780345418913/21/765tz"),
        (f"{HOST}/gtin/9780345418913/cpv/344", "/01/09780345418913"),
        ("http://example.de/01/040123451234/cpv/344/lot/ABD", "/01/00040123451234/10/ABD"),
        (f"{HOST}/itip/123456789101100190/cpv/ABCD", "/8006/123456789101100190"),
        ("https://fashion-corp.com/8006/040123451234560102/10/Lot-123/21/ser987", "/8006/040123451234560102/21/ser987"),
        ("https://shop.example/a/b/01/9780345418913/10/1223", "/01/09780345418913/10/1223"),
        ("https://example.co.uk/party/4226350800008", "/417/4226350800008"),
        (f"{HOST}/414/4280000000002/254/12", "/414/4280000000002/254/12"),
        (f"{HOST}/8003/03870585000552987", "/8003/03870585000552987"),
        (f"{HOST}/8010/0628165987/8011/9876", "/8010/0628165987/8011/9876"),
        (f"{HOST}/255/0811625999996554433", "/255/0811625999996554433"),
        # The reference leaves a link with an escape as it is; ours names the same unit at whatever host.
        ("https://id.silkpost.example/01/03012345678900/21/a%2Fb", "/01/03012345678900/21/a%2Fb"),
    ],
)
def test_every_form_of_a_key_is_one(uri: str, path: str) -> None:
    assert canonical(uri) == HOST + path


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.org/123/4012345ABC987/456/4711",
        f"{HOST}/99/9780345418913",
        f"{HOST}/01/9780345418913/99/utfgf",
        f"{HOST}/01/9780345418913/21",
        f"{HOST}/01/9780345418913/21/{'1' * 21}",
        f"{HOST}/00/340123453111111115/21/1",
        f"{HOST}/01/9780345418913/21/1/21/2",
        f"{HOST}/01",
        "http://example.de/01/97803",
        f"{HOST}/8006/04012345123456/22/ABCD/10/XYZ",
        "42",
        "urn:epc:id:sgtin:4012345.0111111.1",
        "urn:epc:id:none:4012345.011111.1",
        "urn:epc:id:sgln:4012345.000051.0",
        "urn:epc:id:giai:4012345." + "A" * 24,
        "urn:epc:id:cpi:4012345.AB12",
        f"{HOST}/8004/4012" + "A" * 300,
    ],
)
def test_what_has_no_key_has_no_form(uri: str) -> None:
    assert canonical(uri) is None


def test_what_a_uri_identifies() -> None:
    assert unit_of("https://x.example/01/03012345678900/21/a%2Fb") == ("03012345678900", "a/b")
    assert unit_of("https://x.example/01/03012345678900/10/a") is None
    assert box_of("urn:epc:id:sscc:4012345.3111111111") == "340123451111111111"
    assert box_of("https://x.example/414/4226350800008") is None
    assert place_of("https://x.example/414/4226350800008") == "4226350800008"
    assert place_of("https://x.example/414/4226350800008/254/1") is None
    assert product_of("urn:epc:idpat:sgtin:4012345.012345.*") == "04012345123456"


@pytest.mark.parametrize("key", ["04012345123456", "340123451111111111", "4226350800008"])
def test_a_check_digit_is_that_of_the_digits_before_it(key: str) -> None:
    assert good_check_digit(key)
    assert not good_check_digit(key[:-1] + str((int(key[-1]) + 1) % 10))
