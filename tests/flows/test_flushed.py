"""Everything that is valid once is refused when it is used, Redis is emptied, and it is used again.

The kind of fault: only Redis records that something was used or ended. It may be emptied, and anyone who can write to
it can delete single keys.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as product
from django.db.models import F
from django.test import Client
from redis import Redis

from accounts.models import MailedLink, Session, UsedProof, User
from accounts.sign_in import used_once
from audit.models import Entry
from jobs import purging
from sandbox.server import Sandbox
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import PROVE, add_app, details
from tests.flows.test_address import NEW, address_now, ask
from tests.flows.test_backchannel import refused, sid, tell
from tests.flows.test_invitations import ADA, members, send
from tests.flows.test_local_accounts import ANOTHER, FORGOTTEN, NORA, PASSWORD, REGISTER, sign_in
from tests.flows.test_passkey_sign_in import SITE, asked, show, with_key
from tests.support.authenticator import code
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database
from tests.support.together import together
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db(transaction=True)


def flush() -> None:
    with Redis.from_url(product.REDIS_URL) as client:
        client.flushall()


def waiting(new_browser: Callable[[], Browser], first: Browser) -> Browser:
    """Return another browser of the same person, whose sign-in waits for the second factor."""
    elsewhere = new_browser()
    assert elsewhere.sign_in("google", "ada").headers["Location"] == PROVE
    assert first.account
    return elsewhere


@pytest.mark.promise(97)
def test_a_code_of_an_authenticator_app(
    browser: Browser, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    flush()
    assert waiting(new_browser, browser).post(PROVE, {"code": code(secret)}).status_code == 200, "it added the app"
    later()
    used = code(secret)
    assert waiting(new_browser, browser).post(PROVE, {"code": used}).status_code == 302
    flush()

    thief = waiting(new_browser, browser)
    assert thief.post(PROVE, {"code": used}).status_code == 200
    assert thief.account is None
    assert details("factor.refused")[-1] == {"reason": "wrong"}
    later()
    assert thief.post(PROVE, {"code": code(secret)}).status_code == 302


@pytest.mark.promise(97)
def test_a_recovery_code(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    browser.sign_in("google", "ada")
    _, codes = add_app(browser)
    assert waiting(new_browser, browser).post(PROVE, {"code": codes[0]}).status_code == 302
    flush()

    thief = waiting(new_browser, browser)
    assert thief.post(PROVE, {"code": codes[0]}).status_code == 200
    assert thief.account is None


@pytest.mark.promise(97)
def test_a_logout_token(browser: Browser, providers: Sandbox) -> None:
    browser.sign_in("keycloak", "ada")
    token = providers.logout_token(sid(browser))
    assert tell(providers, token) == 200
    browser.sign_in("keycloak", "ada")
    flush()

    assert tell(providers, token) == 400
    assert refused() == ["logout_repeated"]
    assert browser.account


@pytest.mark.promise(97)
def test_a_callback(browser: Browser, provider: str) -> None:
    """Its state may be lost: its code is valid once at the provider."""
    callback = browser.callback_url(provider, "ada")
    kept = {name: morsel.value for name, morsel in browser.client.cookies.items()}
    assert browser.get(callback).status_code == 302
    flush()
    replay = Client()
    replay.cookies.load(kept)

    assert replay.get(callback).status_code in {403, 424}
    assert Session.objects.filter(user__isnull=False).count() == 1
    assert refusals() == ["code_refused"]


@pytest.mark.promise(97)
def test_a_passkey_response(browser: Browser, settings: Any) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = SITE, ["id.example.com"]
    browser.client.defaults["HTTP_HOST"] = "id.example.com"
    root = User.objects.create_superuser(username="root", password=PASSWORD, name="Root")
    answer = with_key(root).sign(asked(browser), handle=root.pk.bytes)
    assert show(browser, answer).status_code == 302
    browser.post("/accounts/logout/")
    flush()

    assert show(browser, answer).status_code == 200
    assert browser.account is None


@pytest.mark.promise(97)
def test_a_link_that_changed_an_address(browser: Browser, post: Post) -> None:
    browser.sign_in("google", "ada")
    ask(browser)
    link = post.link(NEW)
    assert browser.post(link).status_code == 302
    flush()

    assert browser.post(link).status_code == 410
    assert address_now() == (NEW, True)


@pytest.mark.promise(97)
def test_links_that_opened_an_account_and_chose_a_password(
    browser: Browser, new_browser: Callable[[], Browser], post: Post, settings: Any
) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    browser.post(REGISTER, {"email": NORA})
    registration = post.link(NORA)
    assert browser.post(registration, {"name": "Nora", "password": PASSWORD}).status_code == 302
    browser.post(FORGOTTEN, {"email": NORA})
    reset = post.link(NORA)
    assert browser.post(reset, {"password": ANOTHER}).status_code == 302
    flush()

    thief = new_browser()
    assert thief.post(registration, {"name": "Mallory", "password": PASSWORD}).status_code == 410
    assert thief.post(reset, {"password": PASSWORD}).status_code == 410
    assert (sign_in(thief, password=PASSWORD).status_code, sign_in(thief, password=ANOTHER).status_code) == (422, 302)
    assert User.objects.count() == 1
    assert not MailedLink.objects.live().exists()


@pytest.mark.promise(97)
def test_an_invitation(browser: Browser, new_browser: Callable[[], Browser], town: Town, post: Post) -> None:
    send(town.a)
    link = post.link(ADA)
    browser.sign_in("google", "ada")
    browser.post(link)
    before = members(town.a.tenant)
    flush()
    grace = new_browser()
    grace.sign_in("google", "grace")
    grace.post(link)

    assert "Ada Lovelace" in before
    assert members(town.a.tenant) == before


@pytest.mark.promise(97)
def test_a_session_that_was_ended(browser: Browser, provider: str) -> None:
    browser.sign_in(provider, "ada")
    ended = browser.key
    browser.post("/accounts/logout/")
    flush()
    browser.client.cookies["sessionid"] = ended

    assert browser.account is None


@pytest.mark.promise(97)
def test_of_many_concurrent_uses_one_succeeds() -> None:
    uses = together(*[lambda: used_once.use("test", "a", 1, remembered_for=timedelta(hours=1))] * 6)

    assert sorted(uses) == [False] * 5 + [True]
    others: list[tuple[str, list[object]]] = [
        ("test", ["a", 2]),
        ("test", ["b", 1]),
        ("other", ["a", 1]),
        ("test", ["a1"]),
    ]
    assert all(used_once.use(kind, *proof, remembered_for=timedelta(hours=1)) for kind, proof in others)


@pytest.mark.promise(97)
def test_used_proofs_are_purged_when_they_have_expired_anyway() -> None:
    used_once.use("test", "a", remembered_for=timedelta(hours=1))
    used_once.use("test", "b", remembered_for=timedelta(hours=1))
    purging.purge()
    assert UsedProof.objects.count() == 2
    UsedProof.objects.filter(pk=UsedProof.objects.first().pk).update(expires_at=F("expires_at") - timedelta(hours=2))  # type: ignore[union-attr]
    purging.purge()

    assert UsedProof.objects.count() == 1
    assert Entry.objects.get(action="used_proof.purged").details == {"count": 1, "finished": True}
    assert "test" not in str(UsedProof.objects.values_list()), "what it was is not kept"


@pytest.mark.promise(97)
def test_it_costs_nothing_without_a_factor(browser: Browser, servers: Servers) -> None:
    browser.sign_in("google", "ada")
    with asked_of_the_database(servers) as asked_for:
        Browser(browser.providers).sign_in("google", "ada")

    assert not [statement for statement in asked_for.statements if "usedproof" in str(statement)]
