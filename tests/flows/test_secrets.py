"""Nobody can impersonate a person with the tables, the trail, Redis or the logs: whole stories, then a search."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings

from accounts.models import Role
from accounts.models.session import row_key
from accounts.organizations.invitations import invite
from sandbox.server import Sandbox
from tenancy import tenant_context
from tests.flows.conftest import Browser
from tests.flows.factors import PROVE, add_app
from tests.support.authenticator import code
from tests.support.leaks import in_redis, in_tables, in_text, log_of_everything
from tests.support.post import Post
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.tenancy.conftest import Town
from tests.webhooks.receiver import receiving
from webhooks import changes, running
from webhooks.models import Webhook

pytestmark = pytest.mark.django_db(transaction=True)

NORA, ADA = "nora@example.com", "ada@example.com"
REGISTERED, CHOSEN, WRONG = "teapot gravel umbrella", "seven quiet lanterns", "wrong horse battery"
JWT = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"


@pytest.mark.slow
@pytest.mark.promise(75, 76)
def test_no_secret_of_any_story_is_stored_in_plain_text(
    providers: Sandbox, new_browser: Callable[[], Browser], post: Post, town: Town, servers: Servers, later: Any
) -> None:
    secrets: dict[str, str] = {"SECRET_KEY": django_settings.SECRET_KEY}
    with log_of_everything() as log:
        for provider in django_settings.SIGN_IN_PROVIDERS:
            secrets |= _sign_in(new_browser(), provider)
        secrets |= _local_account(new_browser(), post)
        secrets |= _factor(new_browser(), later)
        secrets |= _invitation(new_browser(), town, post)
        secrets |= _webhook(town)
        post.work()
    secrets |= _issued(providers) | _of_the_environment()

    assert len(secrets) > 30
    assert in_tables(servers, {"row's key": row_key(secrets["session key again"])})  # the search works
    assert in_tables(servers, secrets) == set()
    assert in_redis(servers.valkey.url, secrets) == set()
    assert in_text(log.getvalue(), secrets) == set()
    assert JWT.search(log.getvalue()) is None


def _sign_in(browser: Browser, provider: str) -> dict[str, str]:
    started = browser.start(provider)
    asked = parse_qs(urlsplit(started.headers["Location"]).query)
    before = browser.client.cookies.get("sessionid")
    back = browser.providers.visit(started.headers["Location"], "ada" if provider == "google" else "grace")
    browser.get(back)
    found = {f"{name} of {provider}": asked[name][0] for name in ("state", "nonce") if name in asked}
    found[f"code of {provider}"] = parse_qs(urlsplit(back).query)["code"][0]
    for when, cookie in (("before", before), ("after", browser.client.cookies.get("sessionid"))):
        if cookie and cookie.value:
            found[f"session key {when} {provider}"] = cookie.value
    return found


def _local_account(browser: Browser, post: Post) -> dict[str, str]:
    browser.post("/accounts/register/", {"email": NORA})
    registration = post.link(NORA)
    browser.post(registration, {"name": "Nora", "password": REGISTERED})
    found = {"session key at registering": browser.key}
    browser.post("/accounts/local/login/", {"name": NORA, "password": WRONG})
    browser.post("/accounts/local/password-reset/", {"name": NORA, "email": NORA})
    reset = post.link(NORA)
    assert reset != registration
    browser.post(reset, {"password": CHOSEN})
    browser.post("/accounts/local/login/", {"name": NORA, "password": CHOSEN})
    assert browser.account
    return found | {
        "session key at signing in": browser.key,
        "password": REGISTERED,
        "password chosen": CHOSEN,
        "password wrong": WRONG,
        "link of registration": _end(registration),
        "link of reset": _end(reset),
    }


def _factor(browser: Browser, later: Any) -> dict[str, str]:
    browser.sign_in("google", "ada")
    secret, codes = add_app(browser)
    found = {"session key with factor": browser.key, "app": secret}
    later()
    again = Browser(browser.providers)
    again.sign_in("google", "ada")
    again.post(PROVE, {"code": code(secret)})
    assert again.account
    later()
    by_code = Browser(browser.providers)
    by_code.sign_in("google", "ada")
    by_code.post(PROVE, {"code": codes[0]})
    bare = {f"recovery code {number}": one for number, one in enumerate(codes)}
    return found | bare | {"session key again": again.key, "session key by recovery": by_code.key}


def _invitation(browser: Browser, town: Town, post: Post) -> dict[str, str]:
    invite(town.a.tenant, Role.objects.get(name="member", tenant=None), NORA, town.a.owner)
    link = post.link(NORA)
    browser.get(link)
    browser.post("/accounts/local/login/", {"name": NORA, "password": CHOSEN})
    browser.get(link)
    browser.post(link)
    return {"link of invitation": _end(link), "session key of the invited": browser.key}


def _webhook(town: Town) -> dict[str, str]:
    with receiving() as receiver:
        answer = proven(town.a.owner).post("/admin/webhooks/webhook/add/", {"name": "Ours", "url": receiver.url})
        (first,) = re.findall(r">(whsec_[^<]+)</textarea>", answer.content.decode())
        with tenant_context(town.a.tenant.pk):
            second = changes.rotate_secret(Webhook.objects.get())
        running.send_due(seconds=10)
        assert receiver.came
        signature = receiver.came[0].headers["webhook-signature"]
    return {"webhook": first.removeprefix("whsec_"), "webhook renewed": second, "signature": signature}


def _issued(providers: Sandbox) -> dict[str, str]:
    """Everything that the providers issued, whether or not a story has seen it."""
    book = providers.world.grants
    codes, tokens = dict(book._codes), dict(book._tokens)  # noqa: SLF001  # there is no public access
    assert codes
    assert tokens
    return {f"issued {number}": value for number, value in enumerate([*codes, *tokens])}


def _of_the_environment() -> dict[str, str]:
    configured = django_settings.SIGN_IN_PROVIDERS
    return {f"client secret of {name}": settings["client_secret"] for name, settings in configured.items()}


def _end(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]
