"""Addresses of images: sent as they were written, escaped where they may not stand, refused where no host can be."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.images.row import source_host, source_origin
from faust_app.core.messages.source_url import FetchUrl, UrlError, follow, parse_url

RFC_3986 = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*")
ALLOWED = st.from_regex(RFC_3986, fullmatch=True)
HOSTS = st.sampled_from(["shop.test", "a_b.shop.test", "xn--mnchen-3ya.de", "1.2.3.4", "[2001:db8::1]", "h:8080", "foo-.shop.test"])
READABLE = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="#%"), max_size=40)


@given(HOSTS, ALLOWED)
def test_an_address_of_allowed_characters_is_sent_as_it_was_written(host: str, target: str) -> None:
    assert str(parse_url(f"http://{host}{target}")) == f"http://{host}{target}"


@given(READABLE)
def test_whatever_is_escaped_decodes_to_what_was_written(text: str) -> None:
    sent = parse_url(f"http://shop.test/{text}.").target
    assert RFC_3986.fullmatch(sent)
    assert unquote_to_bytes(sent) == f"/{text}.".encode()


@given(st.text(max_size=60) | st.builds("http://{}/{}".format, st.text(max_size=30), st.text(max_size=20)))
def test_any_text_is_an_ascii_address_that_stays_itself_or_none(text: str) -> None:
    try:
        url = parse_url(text)
    except UrlError as refused:
        assert str(refused)
        assert source_host(text) == ""
    else:
        assert str(url).isascii()
        assert parse_url(str(url)) == url
        assert source_host(text) == url.authority


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://h/a%2Fb%3Dc%7Ed?x=%2F%7E%3d", "http://h/a%2Fb%3Dc%7Ed?x=%2F%7E%3d"),
        ("http://h/a?", "http://h/a?"),
        ("http://h", "http://h/"),
        ("http://h?a=1", "http://h/?a=1"),
        ("HTTP://H:80/A", "http://h/A"),
        ("https://h:443/", "https://h/"),
        ("https://h:80/", "https://h:80/"),
        ("http://h:/a", "http://h/a"),
        ("http://h./a", "http://h/a"),
        ("http://h/a b?c d", "http://h/a%20b?c%20d"),
        (" http://h/a ", "http://h/a"),
        ("http://h/100%", "http://h/100%25"),
        ("http://h/%zz%4", "http://h/%25zz%254"),
        ("http://h/ä?ö=ü", "http://h/%C3%A4?%C3%B6=%C3%BC"),
        ("http://h/a?b[]=<\"|\\^`{}'>", "http://h/a?b%5B%5D=%3C%22%7C%5C%5E%60%7B%7D'%3E"),
        ("http://h/a/../b/./c", "http://h/a/../b/./c"),
        ("http://h/a?b?c/d", "http://h/a?b?c/d"),
        ("http://h/a#b?c", "http://h/a"),
        ("http://münchen.de/", "http://xn--mnchen-3ya.de/"),
        ("http://Straße.de/", "http://xn--strae-oqa.de/"),
        ("http://a\u3002b/", "http://a.b/"),
        ("http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"),
    ],
)
def test_only_what_may_not_stand_is_written_another_way(written: str, sent: str) -> None:
    assert str(parse_url(written)) == sent


IMPOSSIBLE = [
    "xn--", "xn--.de", "a.xn--.de", "xn--zzzzzzzzzz99999.de", "a..b", ".a", "a..", ".", "x" * 64, ".".join(["x" * 60] * 5), "*",
    "*.shop.test", "%", "%41.de", "a%20b", "a b", "a\\b", "a,b", "a<b", "0x7f.1", "0x7f000001", "127.1", "2130706433", "0177.0.0.1",
    "1.2.3", "1.2.3.4.5", "256.1.1.1", "shop.0x", "shop.123", "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "\uff11\uff12\uff17.1", "[::1",
    "::1", "[v1.x]", "[fe80::1%eth0]", "[1.2.3.4]", "\ud800", "\u200d.de", "\u00ad",
]  # fmt: skip


@pytest.mark.parametrize("host", IMPOSSIBLE)
def test_a_host_that_cannot_exist_is_refused(host: str) -> None:
    with pytest.raises(UrlError):
        parse_url(f"http://{host}/a.jpg")


@pytest.mark.parametrize("authority", ["h:0", "h:65536", "h:+80", "h:8 0", "h:٨٠", "u@h", "h\\@i"])
def test_a_wrong_port_or_a_user_name_is_refused(authority: str) -> None:
    with pytest.raises(UrlError):
        parse_url(f"http://{authority}/a")


BASE = parse_url("https://shop.test/a/b/c?d=%2F")


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/x%2Fy?z=%7E", "https://shop.test/x%2Fy?z=%7E"),
        ("/x?", "https://shop.test/x?"),
        ("/x/../y", "https://shop.test/x/../y"),
        ("x", "https://shop.test/a/b/x"),
        ("../x?y/../z", "https://shop.test/a/x?y/../z"),
        ("../../../x", "https://shop.test/x"),
        ("..", "https://shop.test/a/"),
        ("./", "https://shop.test/a/b/"),
        ("?q=1", "https://shop.test/a/b/c?q=1"),
        ("#f", "https://shop.test/a/b/c?d=%2F"),
        ("//cdn.test/x", "https://cdn.test/x"),
        ("http://münchen.de/ä b", "http://xn--mnchen-3ya.de/%C3%A4%20b"),
        ("/\udce4.jpg", "https://shop.test/%E4.jpg"),  # Latin-1, as a header brings it
        (" /x\t", "https://shop.test/x"),
    ],
)
def test_a_redirect_is_followed_as_it_is_written(location: str, leads_to: str) -> None:
    assert str(follow(BASE, location)) == leads_to


@pytest.mark.parametrize("location", ["file:///etc/passwd", "javascript:alert(1)", "//", "http:/x", "http://127.1/", "//u:p@h/", "/a\x00"])
def test_a_redirect_to_no_address_is_refused(location: str) -> None:
    with pytest.raises(UrlError):
        follow(BASE, location)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_any_redirect_leads_to_an_ascii_address_or_is_refused(location: str) -> None:
    try:
        url = follow(BASE, location)
    except UrlError:
        return
    assert str(url).isascii()


def test_one_host_has_one_name() -> None:
    names = ["http://MÜNCHEN.de/a", "http://xn--mnchen-3ya.de:80/b", "http://xn--mnchen-3ya.de./"]
    assert {source_host(name) for name in names} == {"xn--mnchen-3ya.de"}
    assert source_origin("https://h:8443/a?sig=1") == "https://h:8443/"
    assert FetchUrl("http", "h", 8080, "/").effective_port == 8080
