"""A button that is pressed after the session ended, followed by a sign-in, is not a dead end.

The kind of fault: a URL for a button's POST answers the GET with which a person returns from signing in with an empty
page (405), as it does every other method that it does not accept.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, SlugConverter, UUIDConverter

from tests.support.administrator import administrator, root

__all__ = ["administrator", "root"]  # fixtures of these tests

pytestmark = pytest.mark.django_db

FOR_PROGRAMS = {"accounts/csv/backchannel-logout/"}  # no page has a button for it
IN_JSON = {  # of the auth server: clients read the answer
    ".well-known/oauth-authorization-server", ".well-known/openid-configuration", "oauth/device", "oauth/introspect",
    "oauth/jwks", "oauth/revoke", "oauth/token", "oauth/userinfo",
}  # fmt: skip
INVITATION = "/accounts/invitation/00000000-0000-0000-0000-000000000001/secret/"
LEADS = {
    "/accounts/sessions/1/revoke/": "/accounts/sessions/",
    "/accounts/sessions/revoke-others/": "/accounts/sessions/",
    "/accounts/email/cancel/": "/accounts/email/",
    "/accounts/organizations/switch/": "/accounts/organizations/",
    "/oauth/device/check": "/oauth/device",
    "/oauth/device/refuse": "/oauth/device",
    "/accounts/organizations/primary/": "/accounts/organizations/",
    "/admin/logout/": "/admin/",
    "/admin/accounts/user/export/csv/": "/admin/accounts/user/",
    "/admin/accounts/membership/export/jsonl/": "/admin/accounts/membership/",
    "/admin/audit/entry/export/csv/": "/admin/audit/entry/",
}


def _addresses(node: Any = None, prefix: str = "") -> Iterator[str]:
    for one in (node or get_resolver()).url_patterns:
        whole = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _addresses(one, whole)
        elif isinstance(one, URLPattern):
            yield whole if "(?P" in whole else _filled(one, whole)


def _filled(one: URLPattern, whole: str) -> str:
    for name, converter in one.pattern.converters.items():
        kinds: dict[type, object] = {UUIDConverter: UUID(int=1), IntConverter: 1, SlugConverter: "csv"}
        value = str(kinds.get(type(converter), "1"))
        whole = whole.replace(f":{name}>", f"{name}>").replace(f"<{_kind(converter)}{name}>", value)
        whole = whole.replace(f"<{name}>", value)
    return whole


def _kind(converter: object) -> str:
    return type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")


ADDRESSES = sorted({address for address in _addresses() if "(?P" not in address and not address.startswith("api/")})


def _faults(client: Client) -> Iterator[str]:
    for address in ADDRESSES:
        for method in ("GET", "PUT", "DELETE", "OPTIONS"):
            answer: Any = client.generic(method, f"/{address}")
            if answer.status_code != 405:
                continue
            if address in IN_JSON and answer.json()["error"] == "invalid_request" and answer.headers["Allow"]:
                continue
            is_page = b"<h1>" in answer.content and "Content-Security-Policy" in answer.headers
            if method == "GET" and address not in FOR_PROGRAMS:
                yield f"{address} leads nowhere"
            if not (is_page and answer.headers["Allow"] and answer.headers["Content-Type"].startswith("text/html")):
                yield f"{method} {address} has no words"
            if answer.headers.get("Content-Length") not in {None, str(len(answer.content))}:
                yield f"{method} {address} says in its head that it is of another length: a browser shows nothing"


@pytest.mark.slow
def test_no_url_answers_a_browser_with_an_empty_page(administrator: Client) -> None:
    """For all URL patterns and all visitors: a response that refuses the method has a page."""
    assert not [address for address in ADDRESSES if "<" in address]
    assert {path[1:] for path in LEADS} - set(ADDRESSES) == {"admin/accounts/membership/export/jsonl/"}
    assert list(_faults(Client(raise_request_exception=False))) == []
    assert list(_faults(administrator)) == []


@pytest.mark.parametrize("address", LEADS)
def test_the_url_of_a_button_redirects_to_the_page_that_has_it(administrator: Client, address: str) -> None:
    for method in ("GET", "HEAD"):
        answer: Any = administrator.generic(method, address)
        assert (answer.status_code, answer.headers["Location"]) == (302, LEADS[address])
    assert administrator.get(LEADS[address]).status_code == 200


@pytest.mark.parametrize("address", LEADS)
def test_a_person_who_pressed_it_after_the_session_ended_signs_in_and_finds_it(
    administrator: Client, address: str
) -> None:
    door = "/admin/login/" if address.startswith("/admin") else "/accounts/login/"
    stranger = Client()
    pressed = stranger.post(address)
    if pressed.status_code == 302 and pressed.headers["Location"].startswith(door):
        onward = pressed.headers["Location"].partition("next=")[2]
        assert administrator.get(onward).headers["Location"] == LEADS[address]
    came = stranger.get(address, follow=True)
    assert came.redirect_chain[-1][0] == f"{door}?next={LEADS[address]}" or came.redirect_chain[-1][0].startswith(
        f"{door}?next={address}"
    )


def test_use_another_account_leads_back_to_the_invitation() -> None:
    answer = Client().get(f"{INVITATION}switch-account/")

    assert (answer.status_code, answer.headers["Location"]) == (302, INVITATION)


def test_the_lists_search_is_kept_on_the_way_to_its_export_button(administrator: Client) -> None:
    assert (
        administrator.get("/admin/accounts/user/export/csv/?q=ada").headers["Location"] == "/admin/accounts/user/?q=ada"
    )


@pytest.mark.slow
def test_a_post_to_a_page_that_takes_none_is_answered_with_a_page(administrator: Client) -> None:
    for client in (administrator, Client()):
        for path in ("/accounts/", "/accounts/login/", "/accounts/connections/", "/static/css/site.css"):
            answer = client.post(path)
            assert answer.status_code in {404, 405}
            assert b"<h1>" in answer.content
            assert b"Nothing was changed" in answer.content or answer.status_code == 404
