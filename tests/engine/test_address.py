"""The public address: one spelling of what is right, and a reason for all else."""

import pytest

from experiments.engine.address import base_url


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://example.org/", "https://example.org/"),
        ("https://example.org/name", "https://example.org/name/"),
        ("HTTPS://Example.ORG/Name/", "https://example.org/Name/"),
        ("https://example.org:443/x", "https://example.org/x/"),
        ("http://example.org:80", "http://example.org/"),
        ("http://localhost:8000/x", "http://localhost:8000/x/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.org/\N{LATIN SMALL LETTER U WITH DIAERESIS}ber", "https://example.org/%C3%BCber/"),
        ("https://example.org/a%20b", "https://example.org/a%20b/"),
        ("https://name.github.io/inside-mnist/", "https://name.github.io/inside-mnist/"),
    ],
)
def test_an_address_has_one_spelling(given, kept):
    assert base_url(given) == kept
    assert base_url(kept) == kept


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "does not begin with http"),
        ("[", "does not begin with http"),
        ("http://[", "is no address"),
        ("javascript:alert(1)", "does not begin with http"),
        ("file:///etc/passwd", "does not begin with http"),
        ("//example.org/x", "does not begin with http"),
        ("///", "does not begin with http"),
        ("example.org/x", "does not begin with http"),
        ("https:example.org", "has no host"),
        ("https:///x", "has no host"),
        ("https://", "has no host"),
        ("https://:80/", "has no host"),
        ("https://-a.example/", "has no host"),
        ("https://a..b/", "has no host"),
        ("https://a_b.example/", "has no host"),
        ("https://1.2.3.4.5/", "has no host"),
        ("https://999.1.1.1/", "has no host"),
        ("https://[::g]/", "is no address|has no host"),
        ("https://" + "a" * 64 + ".example/", "has no host"),
        ("https://example.org:0/", "has no host"),
        ("https://example.org:99999/", "is no address"),
        ("https://example.org:x/", "is no address"),
        ("https://me@example.org/", "a user or a password"),
        ("https://me:secret@example.org/", "a user or a password"),
        ("https://example.org/?a=b", "a query or a fragment"),
        ("https://example.org/?", "a query or a fragment"),
        ("https://example.org/#a", "a query or a fragment"),
        ("https://example.org/a b", "holds ' '"),
        ("https://example.org/\n", r"holds '\\n'"),
        ('"><script>', "holds '\"'"),
        ("https://example.org/'", 'holds "\'"'),
        ("https://example.org/\\x", "holds"),
        ("https://example.org/\udcff", "holds"),
        ("https://example.org/%zz", "a path that browsers would change"),
        ("https://example.org/a/../b", "a path that browsers would change"),
        ("https://example.org//x", "a path that browsers would change"),
    ],
)
def test_what_is_no_public_address_is_refused_with_the_reason(given, said):
    with pytest.raises(ValueError, match=said) as error:
        base_url(given)
    assert "\n" not in str(error.value)
    assert "https://example.org/name/" in str(error.value)
