"""A person who starts at another host name is redirected to PUBLIC_URL before the attempt begins.

The kind of fault: the provider redirects to PUBLIC_URL, where the cookie of an attempt at another host name is missing,
so that every sign-in from that name is refused.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.server import Sandbox
from tests.flows.conftest import Browser

pytestmark = pytest.mark.django_db

SITE = "http://127.0.0.1:8000"
NEXT = "/accounts/sessions/?a=b&c=%2F"


def begin(browser: Browser, provider: str, method: str, query: str = "", **headers: str) -> Any:
    return browser.client.generic(method, f"/accounts/{provider}/login/{query}", headers=headers)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST:8000", "[::1]:8000"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.promise(14)
def test_the_start_redirects_to_public_url_with_all_parameters(
    browser: Browser, providers: Sandbox, provider: str, method: str, host: str
) -> None:
    told = "?next=%2Faccounts%2Fsessions%2F%3Fa%3Db%26c%3D%252F&remember=on&account=another&stray=1"
    led = begin(browser, provider, method, told, host=host)

    assert led.status_code == 302
    onward = urlsplit(led.headers["Location"])
    assert f"{onward.scheme}://{onward.netloc}{onward.path}" == f"{SITE}/accounts/{provider}/login/"
    assert {name: values for name, values in parse_qs(onward.query).items() if name != "here"} == {
        "next": [NEXT],
        "remember": ["on"],
        "account": ["another"],
    }
    assert not [name for name in led.cookies if "flow_" in name]
    assert providers.counts(provider)["authorize"] == 0

    confirm = begin(browser, provider, "GET", f"?{onward.query}", host="127.0.0.1:8000")
    assert confirm.status_code == 200
    action = re.search(rb'action="([^"]+)"', confirm.content)
    assert action
    started = browser.client.post(action.group(1).decode().replace("&amp;", "&"), headers={"host": "127.0.0.1:8000"})
    back = browser.get(providers.visit(started.headers["Location"], "ada"))
    assert back.headers["Location"] == NEXT


@pytest.mark.parametrize("disguise", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
@pytest.mark.promise(14, 20)
def test_it_leads_nowhere_else(browser: Browser, provider: str, disguise: str) -> None:
    for headers in ({"host": "localhost"}, {"host": "localhost", "x-forwarded-host": "evil.example"}):
        led: Any = browser.client.post(f"/accounts/{provider}/login/", query_params={"next": disguise}, headers=headers)
        assert led.headers["Location"] == f"{SITE}/accounts/{provider}/login/?here=on"


@pytest.mark.promise(14)
def test_a_host_that_is_not_ours_is_refused_as_before(browser: Browser, provider: str) -> None:
    assert begin(browser, provider, "POST", host="evil.example").status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "127.0.0.1:9999"])
@pytest.mark.promise(14)
def test_another_port_is_not_another_host(browser: Browser, provider: str, host: str) -> None:
    """Cookies ignore ports, and proxies drop them."""
    assert "code_challenge=" in begin(browser, provider, "POST", host=host).headers["Location"]


@pytest.mark.promise(14)
def test_a_proxy_with_another_host_name_causes_no_redirect_loop(browser: Browser, provider: str) -> None:
    """The browser's own statement counts more than a proxy's Host header, and nobody is redirected twice."""
    by_form = begin(browser, provider, "POST", host="localhost", origin=SITE)
    assert "code_challenge=" in by_form.headers["Location"]
    led = begin(browser, provider, "GET", host="localhost")
    again = begin(browser, provider, "GET", f"?{urlsplit(led.headers['Location']).query}", host="localhost")
    assert again.status_code == 200


@pytest.mark.promise(14)
def test_the_sign_in_page_of_another_host_may_send_its_forms_there(browser: Browser) -> None:
    """Browsers apply the page's ``form-action`` to the redirect of a form."""
    elsewhere: Any = browser.get("/accounts/login/", host="localhost")
    here: Any = browser.get("/accounts/login/", host="127.0.0.1:8000")

    assert f" {SITE}" in elsewhere.headers["Content-Security-Policy"]
    assert f" {SITE}" not in here.headers["Content-Security-Policy"]


@pytest.mark.promise(14)
def test_connecting_from_another_host_requires_a_sign_in_first(browser: Browser) -> None:
    led = begin(browser, "github", "POST", "?process=connect", host="localhost")
    assert led.headers["Location"] == f"{SITE}/accounts/github/login/?process=connect&here=on"
