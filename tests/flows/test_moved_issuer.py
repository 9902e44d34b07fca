"""An issuer that moves (host name, realm, subjects) matches nobody's identity any more, until these move too."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from accounts.cut_off import cut_off
from accounts.models import CutOff, Identity, Session, User
from audit.models import Entry
from foundation.rows import fetch_one
from providers import registry
from providers.identity import ExternalIdentity
from providers.linking import connect, link
from providers.models import RefusedIdentity
from providers.revocation import running
from providers.vault import NothingStored, get_token
from sandbox.config import Config
from sandbox.personas import CAST
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tests.flows.conftest import Browser
from tests.support.memory import forget_providers
from tests.support.together import leave_nothing_open
from tests.support.waiting import until

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("moved", [{"issuer": "https://sso.example/realms/former"}, {"subject": "former"}])
@pytest.mark.promise(21)
def test_a_reauthentication_at_a_provider_that_moved_names_who_can_help(
    browser: Browser, moved: dict[str, str]
) -> None:
    """The kind of fault: a page advises a method that its reader does not have."""
    browser.sign_in("keycloak", "ada")
    Identity.objects.update(**moved)

    page = browser.sign_in("keycloak", "ada", process="reauthenticate")

    assert page.status_code == 403
    assert b"This is not one of your sign-in methods" in page.content
    assert b"Keycloak may identify you differently since it was moved or set up again" in page.content
    details = Entry.objects.get(action="sign_in.refused").details
    assert details
    assert details["reason"] == "identity_not_connected"
    assert f"Reference <code>{details['reference']}</code>" in page.content.decode()
    assert browser.account is not None


ADA = next(persona for persona in CAST if persona.key == "ada")
IS_WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = current_user"


@pytest.fixture
def moved(providers: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """Give the same providers at another address, which the product uses from now on."""
    with Sandbox(Config(port=0, public_url=providers.public_url)) as elsewhere:
        settings.SIGN_IN_PROVIDERS = {
            provider: {name: _replaced(value, providers, elsewhere) for name, value in values.items()}
            for provider, values in settings.SIGN_IN_PROVIDERS.items()
        }
        forget_providers()
        yield elsewhere
        forget_providers()


def _replaced(value: Any, former: Sandbox, now: Sandbox) -> Any:
    return value.replace(former.base_url, now.base_url) if isinstance(value, str) else value


def identities_move(former: str, provider: str, *options: str) -> None:
    """Move identities to the issuer that the provider has now."""
    now = registry.of_environment()[provider].issues_as
    call_command("identities", "move", f"--from-issuer={former}", f"--to-issuer={now}", *options)


def issuer() -> str:
    """The issuer of all identities."""
    (found,) = set(Identity.objects.values_list("issuer", flat=True))
    return str(found)


@pytest.fixture
def ada(browser: Browser, provider: str) -> Browser:
    """Ada's browser; she signed in before the provider moved."""
    browser.sign_in(provider, "ada")
    return browser


@pytest.fixture
def keycloak_ada(browser: Browser) -> Browser:
    browser.sign_in("keycloak", "ada")
    return browser


@pytest.fixture
def came(ada: Browser, moved: Sandbox) -> Browser:
    """Another browser, in front of the provider that has moved."""
    return Browser(moved)


def test_after_another_host_name_people_come_into_their_accounts(came: Browser, ada: Browser, provider: str) -> None:
    before = ada.account
    assert before is not None

    identities_move(issuer(), provider)

    assert ada.account == before, "who was signed in stays so"
    assert came.sign_in(provider, "ada").status_code == 302
    assert came.account == before
    assert (User.objects.count(), Identity.objects.count()) == (1, 1)


def test_with_a_map_people_who_have_new_subjects_come_into_their_accounts(
    ada: Browser, providers: Sandbox, provider: str, tmp_path: Path
) -> None:
    """An app that is registered anew: the issuer stays, and gives other subjects."""
    before, identity = ada.account, Identity.objects.get()
    providers.add_persona(replace(ADA, subjects={Provider(provider): "1234567"}))
    (tmp_path / "map.csv").write_text(f"old,new\n{identity.subject},1234567\n")

    identities_move(identity.issuer, provider, f"--map={tmp_path / 'map.csv'}")

    came = Browser(providers)
    assert came.sign_in(provider, "ada").status_code == 302
    assert came.account == before
    assert Identity.objects.get().subject == "1234567"


def test_who_was_refused_before_the_move_signs_in_after_it(came: Browser, ada: Browser, provider: str) -> None:
    former = issuer()
    assert came.sign_in(provider, "ada").status_code == 409
    assert RefusedIdentity.objects.exists()

    identities_move(former, provider)

    assert not RefusedIdentity.objects.exists()
    assert came.sign_in(provider, "ada").status_code == 302
    assert came.account == ada.account


def test_who_has_a_second_account_by_now_is_named_and_nobody_moves(
    keycloak_ada: Browser, moved: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    User.objects.update(email_verified=False)  # as with an address that its provider does not vouch for
    former, first = issuer(), User.objects.get()
    Browser(moved).sign_in("keycloak", "ada")
    second = User.objects.exclude(pk=first.pk).get()

    with pytest.raises(CommandError, match="New subjects that are connected already: 1"):
        identities_move(former, "keycloak")

    shown = capsys.readouterr().out
    assert f"of the account {first.pk} should become, is connected to the account {second.pk}" in shown
    assert first.identities.get().issuer == former


def test_no_token_of_the_former_issuer_is_used_at_the_new_one(keycloak_ada: Browser, moved: Sandbox) -> None:
    person = User.objects.get()
    identities_move(issuer(), "keycloak")

    with pytest.raises(NothingStored):
        get_token(person, "keycloak")
    cut_off(person, by=CutOff.By.COMMAND, reason="a test", close=True)
    running.run(seconds=5)
    assert not moved.requests("keycloak")


def test_a_logout_at_the_new_issuer_ends_sessions_that_the_former_one_opened(
    keycloak_ada: Browser, moved: Sandbox
) -> None:
    identities_move(issuer(), "keycloak")
    came = Browser(moved)
    came.sign_in("keycloak", "ada")
    token = moved.logout_token(Session.objects.of_browser(came.key).get().upstream_sid, sid=None)

    told = came.post("/accounts/keycloak/backchannel-logout/", {"logout_token": token})

    assert told.status_code == 200
    assert (keycloak_ada.account, came.account) == (None, None)


class Meanwhile:
    """Something that another thread does while this one has not committed yet."""

    def __init__(self, pool: ThreadPoolExecutor, act: Callable[[], object]) -> None:
        self.future: Future[object] = pool.submit(self._run, act)

    def _run(self, act: Callable[[], object]) -> object:
        try:
            return act()
        finally:
            leave_nothing_open()

    def waits(self) -> None:
        until(lambda: self.future.done() or fetch_one(IS_WAITING, []), seconds=10)
        assert not self.future.done(), self.future

    def result(self) -> object:
        return self.future.result(timeout=10)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.mark.django_db(transaction=True)
def test_who_signs_in_during_the_move_waits_for_it_and_others_do_not(
    keycloak_ada: Browser, moved: Sandbox, pool: ThreadPoolExecutor
) -> None:
    before, came, other = keycloak_ada.account, Browser(moved), Browser(moved)
    callback, of_other = came.callback_url("keycloak", "ada"), other.callback_url("google", "grace")
    with transaction.atomic():
        identities_move(issuer(), "keycloak")
        meets = Meanwhile(pool, lambda: came.get(callback).status_code)
        meets.waits()
        assert Meanwhile(pool, lambda: other.get(of_other).status_code).result() == 302

    assert meets.result() == 302
    assert came.account == before
    assert (User.objects.count(), Identity.objects.filter(provider="keycloak").count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("with_lock", [True, False], ids=["by a sign-in", "by an administrator"])
def test_who_is_linked_just_before_the_move_stands_in_its_way(
    keycloak_ada: Browser, moved: Sandbox, pool: ThreadPoolExecutor, *, with_lock: bool
) -> None:
    """An administrator connects a refused identity without the lock that first sign-ins take."""
    identity, now = Identity.objects.get(), registry.of_environment()["keycloak"].issues_as
    external = ExternalIdentity(provider="keycloak", issuer=now, subject=identity.subject)
    other = User.objects.create_user(name="Somebody else")
    with transaction.atomic():
        if with_lock:
            link(external, connect_to=other)
        else:
            connect(external, other)
        late = Meanwhile(pool, lambda: identities_move(identity.issuer, "keycloak"))
        late.waits()

    with pytest.raises(CommandError, match=f"'{identity.subject}' to the account {other.pk}. Nothing was moved"):
        late.result()
    assert Identity.objects.get(pk=identity.pk).issuer == identity.issuer


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_one_finds_nothing_left(
    keycloak_ada: Browser, moved: Sandbox, pool: ThreadPoolExecutor
) -> None:
    former = issuer()
    with transaction.atomic():
        identities_move(former, "keycloak")
        late = Meanwhile(pool, lambda: identities_move(former, "keycloak"))
        late.waits()

    with pytest.raises(CommandError, match="No identity has the issuer"):
        late.result()
    assert Entry.objects.filter(action="identities.moved").count() == 1
