"""An authorization response names its issuer, and only the exact name is accepted (RFC 9207).

The kind of fault: a provider begins to send an issuer, as the standard allows, under a name that we did not expect, and
nobody can sign in through it any more; or any name is accepted.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.conf import settings

from tests.flows.conftest import Browser, refusals

pytestmark = pytest.mark.django_db


def with_issuer(callback: str, *named: str) -> str:
    parts = urlsplit(callback)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "iss"]
    whole = urlencode([*query, *(("iss", one) for one in named)])
    return f"{callback.partition('?')[0]}?{whole}"


@pytest.mark.parametrize("ending", [None, "", "/login/oauth"])
@pytest.mark.promise(18)
def test_github_names_its_issuer_as_since_2026_and_older_servers_need_not(browser: Browser, ending: str | None) -> None:
    named = [] if ending is None else [settings.SIGN_IN_PROVIDERS["github"]["url"] + ending]

    assert browser.get(with_issuer(browser.callback_url("github", "ada"), *named)).status_code == 302
    assert browser.account is not None


@pytest.mark.parametrize(
    "named",
    [
        "{}/login/oauth/",
        "{}/login",
        "{}/",
        "{}/login/oauth?",
        "{}.evil.example/login/oauth",
        "https://evil.example",
        "",
        "\0",
    ],
)
@pytest.mark.promise(18)
def test_another_issuer_is_refused(browser: Browser, named: str) -> None:
    callback = browser.callback_url("github", "ada")
    issuer = named.format(settings.SIGN_IN_PROVIDERS["github"]["url"])

    assert browser.get(with_issuer(callback, issuer)).status_code == 403
    assert browser.account is None
    assert refusals() == ["callback_issuer_wrong"]


@pytest.mark.promise(18)
def test_two_issuers_are_refused(browser: Browser) -> None:
    url = settings.SIGN_IN_PROVIDERS["github"]["url"]

    assert browser.get(with_issuer(browser.callback_url("github", "ada"), url, url)).status_code == 400
    assert browser.account is None
