"""Whatever ends sessions also ends everything that could become one: each act on a person, with each pending step.

The kind of fault: something leads to a session without being a session row (a first step that waits for its second
factor, a password or passkey that was just verified, a provider's answer that was just accepted, a mailed link). It
is missed when the sessions are ended, and opens one afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from accounts import cut_off
from accounts.bulk.actions import ACTIONS
from accounts.bulk.base import BulkOrder
from accounts.mailing import links
from accounts.models import CutOff, Identity, MailedLink, Purpose, Role, Session, Tenant, User
from accounts.organizations import memberships
from accounts.sessions import store
from accounts.sign_in.factors import passkeys
from accounts.sign_in.local import passwords
from audit.models import Entry
from foundation.rows import fetch_one
from providers.keycloak import KeycloakProvider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import BEGIN_AGAIN, CODES, LIST, PROVE, add_app
from tests.flows.test_local_accounts import ANOTHER, PASSWORD
from tests.flows.test_local_accounts import sign_in as local_sign_in
from tests.flows.test_passkey_sign_in import SITE, asked, show, with_key
from tests.support.administrator import administrator, root
from tests.support.authenticator import SecurityKey, code
from tests.support.proven import sign_in

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

ADDRESS, NEW = "ada@example.com", "ada@new.example"
BACKCHANNEL = "/accounts/keycloak/backchannel-logout/"
ENDED = "/accounts/login/"


@dataclass
class Stage:
    """The cast: the owner with a session, a password, a factor and two identities, and another person signing in."""

    owner: Browser
    late: Browser
    office: Client
    root: User
    person: User
    secret: str
    key: SecurityKey
    later: Callable[..., None]
    monkeypatch: pytest.MonkeyPatch

    @property
    def providers(self) -> Sandbox:
        return self.owner.providers

    def identity(self, provider: str) -> Identity:
        return Identity.objects.get(user=self.person, provider=provider)

    def upstream_sid(self) -> str:
        """Keycloak's id of the session from which the late browser came."""
        return self.providers.sessions("keycloak")[-1].sid

    def just_after(self, place: Any, name: str, act: Callable[["Stage"], None]) -> None:
        """Perform an act right after something was verified, before its consequences."""
        judge = getattr(place, name)

        def judged(*args: Any, **kwargs: Any) -> Any:
            found = judge(*args, **kwargs)
            self.monkeypatch.setattr(place, name, judge)
            act(self)
            return found

        self.monkeypatch.setattr(place, name, judged)


@pytest.fixture
def stage(  # noqa: PLR0917  # the whole cast
    browser: Browser,
    new_browser: Callable[[], Browser],
    administrator: Client,
    root: User,
    later: Callable[..., None],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    cache.clear()
    settings.LOCAL_ACCOUNTS = "open"
    browser.sign_in("keycloak", "ada")
    browser.connect("google", "ada")
    person = User.objects.get(username=None)
    person.set_password(PASSWORD)
    person.email_verified = True
    person.save()
    browser = new_browser()
    browser.sign_in("google", "ada")
    secret, _ = add_app(browser)
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = SITE, ["id.example.com", "127.0.0.1", "testserver"]
    key = with_key(person)
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    later()
    return Stage(
        owner=browser,
        late=new_browser(),
        office=administrator,
        root=root,
        person=User.objects.get(pk=person.pk),
        secret=secret,
        key=key,
        later=later,
        monkeypatch=monkeypatch,
    )


# Pending steps: each function begins one, and returns a function that completes it and returns whether it succeeded.
Finish = Callable[[Callable[[Stage], None]], bool]


def _came_in(stage: Stage, answer: Any) -> bool:
    is_in = stage.late.account is not None
    is_refused = answer.headers.get("Location") == ENDED or answer.status_code in {403, 409}
    assert is_in or is_refused or b"opens no account here" in answer.content, answer.content
    return is_in


def provider_waiting(stage: Stage) -> Finish:
    assert stage.late.sign_in("keycloak", "ada").headers["Location"] == PROVE

    def finish(act: Callable[[Stage], None]) -> bool:
        act(stage)
        return _came_in(stage, stage.late.post(PROVE, {"code": code(stage.secret)}))

    return finish


def password_waiting(stage: Stage) -> Finish:
    assert local_sign_in(stage.late, ADDRESS).headers["Location"] == PROVE

    def finish(act: Callable[[Stage], None]) -> bool:
        act(stage)
        return _came_in(stage, stage.late.post(PROVE, {"code": code(stage.secret)}))

    return finish


def password_judged(stage: Stage) -> Finish:
    def finish(act: Callable[[Stage], None]) -> bool:
        stage.just_after(passwords, "check", act)
        answer = local_sign_in(stage.late, ADDRESS)
        if answer.headers.get("Location") == PROVE:
            answer = stage.late.post(PROVE, {"code": code(stage.secret)})
        return _came_in(stage, answer)

    return finish


def passkey_judged(stage: Stage) -> Finish:
    def finish(act: Callable[[Stage], None]) -> bool:
        stage.monkeypatch.setattr("django.conf.settings.PUBLIC_URL", SITE)
        stage.late.client.defaults["HTTP_HOST"] = "id.example.com"
        answer = stage.key.sign(asked(stage.late), handle=stage.person.pk.bytes)
        stage.just_after(passkeys, "sign_in", act)
        return _came_in(stage, show(stage.late, answer))

    return finish


def callback_judged(stage: Stage) -> Finish:
    callback = stage.late.callback_url("keycloak", "ada")

    def finish(act: Callable[[Stage], None]) -> bool:
        stage.just_after(KeycloakProvider, "identify", act)
        answer = stage.late.get(callback)
        if answer.headers.get("Location") == PROVE:
            answer = stage.late.post(PROVE, {"code": code(stage.secret)})
        return _came_in(stage, answer)

    return finish


def reset_link(stage: Stage) -> Finish:
    token = links.make(Purpose.PASSWORD_RESET, email=ADDRESS, lifetime=timedelta(hours=1), user=stage.person)

    def finish(act: Callable[[Stage], None]) -> bool:
        act(stage)
        return _led_on(stage.late.post(f"/accounts/links/{token}/", {"password": "a third set of words"}), act)

    return finish


def address_change(stage: Stage) -> Finish:
    token = links.make(Purpose.EMAIL_CHANGE, email=NEW, lifetime=timedelta(hours=1), user=stage.person)

    def finish(act: Callable[[Stage], None]) -> bool:
        act(stage)
        sign_in(stage.late.client, User.objects.get(pk=stage.person.pk))
        _led_on(stage.late.post(f"/accounts/links/{token}/"), act)
        return User.objects.get(pk=stage.person.pk).email == NEW

    return finish


def _led_on(answer: Any, act: Callable[[Stage], None]) -> bool:
    """A refused link says why, except for links that were deleted with all other credentials."""
    says_why = b"This link no longer works" in answer.content or act in {deactivate, cut}
    assert answer.status_code == 302 or (answer.status_code == 410 and says_why), answer.content
    return bool(answer.status_code == 302)


# Acts on the person.


def reset_password(stage: Stage) -> None:
    user = User.objects.get(pk=stage.person.pk)
    token = links.make(Purpose.PASSWORD_RESET, email=ADDRESS, lifetime=timedelta(hours=1), user=user)
    assert Browser(stage.providers).post(f"/accounts/links/{token}/", {"password": ANOTHER}).status_code == 302


def change_password_in_admin(stage: Stage) -> None:
    form = {"password1": ANOTHER, "password2": ANOTHER, "usable_password": "true", "set-password": "1"}
    answer = stage.office.post(f"/admin/accounts/user/{stage.person.pk}/password/", form)
    assert answer.status_code == 302, answer.content.decode()


def change_password_at_the_prompt(stage: Stage) -> None:
    user = User.objects.get(pk=stage.person.pk)
    user.set_password(ANOTHER)
    User.objects.filter(pk=user.pk).update(password=user.password)


def renew_recovery_codes(stage: Stage) -> None:
    assert stage.owner.post(CODES).status_code == 200


def remove_factor(stage: Stage) -> None:
    with_passkey = Authenticator.objects.get(user=stage.person, type="webauthn")
    assert stage.owner.post(f"{LIST}{with_passkey.pk}/remove/").status_code == 302


def change_role(stage: Stage) -> None:
    with site_context("a test gives somebody a role"):
        role, tenant = Role.objects.get(name="member"), Tenant.objects.create(name="Abbey")
        memberships.add(stage.person, tenant, role)


def give_rights(stage: Stage) -> None:
    User.objects.filter(pk=stage.person.pk).update(is_staff=True)
    User.objects.filter(pk=stage.person.pk).update(is_staff=False)


def unlink(stage: Stage) -> None:
    gone = stage.identity("keycloak")
    assert stage.owner.post(f"/accounts/connections/{gone.pk}/disconnect/").status_code == 302


def sign_out_everywhere(stage: Stage) -> None:
    assert stage.owner.post("/accounts/sessions/revoke-others/").status_code == 302
    assert stage.owner.account, "their own session goes on"


def end_sessions(stage: Stage) -> None:
    kind, order = ACTIONS["end_sessions"], BulkOrder(actor=stage.root)
    decision = kind.decide(order, [stage.person.pk])
    assert decision.changes == [stage.person.pk]
    kind.write(order, decision.changes)


def deactivate(stage: Stage) -> None:
    User.objects.filter(pk=stage.person.pk).update(is_active=False)
    User.objects.filter(pk=stage.person.pk).update(is_active=True)


def cut(stage: Stage) -> None:
    cut_off.cut_off(stage.person, by=CutOff.By.COMMAND, close=False)


def log_out_there_by_sid(stage: Stage) -> None:
    _tell(stage, stage.providers.logout_token(stage.upstream_sid()))


def log_out_there_by_sid_alone(stage: Stage) -> None:
    _tell(stage, stage.providers.logout_token(stage.upstream_sid(), sub=None))


def log_out_there_by_sub(stage: Stage) -> None:
    _tell(stage, stage.providers.logout_token(stage.upstream_sid(), sid=None))


def _tell(stage: Stage, token: str) -> None:
    assert Browser(stage.providers).post(BACKCHANNEL, {"logout_token": token}).status_code == 200


UPON_THE_PERSON = [
    reset_password,
    change_password_in_admin,
    change_password_at_the_prompt,
    renew_recovery_codes,
    remove_factor,
    change_role,
    give_rights,
    unlink,
    sign_out_everywhere,
    end_sessions,
    deactivate,
    cut,
]
UPSTREAM = [log_out_there_by_sid, log_out_there_by_sid_alone, log_out_there_by_sub]
FROM_KEYCLOAK = [provider_waiting, callback_judged]
FROM_ELSEWHERE = [password_waiting, password_judged, passkey_judged, reset_link, address_change]


@pytest.mark.parametrize("begin", [*FROM_KEYCLOAK, *FROM_ELSEWHERE])
@pytest.mark.parametrize("act", UPON_THE_PERSON)
@pytest.mark.promise(28, 95)
def test_an_act_on_the_person_ends_it(
    stage: Stage, begin: Callable[[Stage], Finish], act: Callable[[Stage], None]
) -> None:
    assert not begin(stage)(act)


@pytest.mark.parametrize("begin", FROM_KEYCLOAK)
@pytest.mark.parametrize("act", UPSTREAM)
@pytest.mark.promise(38, 95)
def test_a_logout_token_ends_what_waits_for_its_session(
    stage: Stage, begin: Callable[[Stage], Finish], act: Callable[[Stage], None]
) -> None:
    assert not begin(stage)(act)


@pytest.mark.parametrize("begin", FROM_ELSEWHERE)
@pytest.mark.parametrize("act", [log_out_there_by_sid, log_out_there_by_sub])
@pytest.mark.promise(38, 95)
def test_a_logout_token_ends_nothing_else(
    stage: Stage, begin: Callable[[Stage], Finish], act: Callable[[Stage], None]
) -> None:
    Browser(stage.providers).sign_in("keycloak", "ada")

    assert begin(stage)(act)


@pytest.mark.parametrize("begin", [*FROM_KEYCLOAK, *FROM_ELSEWHERE])
@pytest.mark.promise(95)
def test_without_an_act_it_succeeds(stage: Stage, begin: Callable[[Stage], Finish]) -> None:
    """Without this, the tests above would prove nothing."""
    assert begin(stage)(lambda _stage: None)


@pytest.mark.promise(38, 95)
def test_the_trail_records_what_a_provider_ended_and_the_page_says_so(stage: Stage) -> None:
    stage.late.sign_in("keycloak", "ada")
    waiting = Session.objects.of_browser(stage.late.key).get()
    log_out_there_by_sid(stage)

    entry = Entry.objects.get(action="sign_in.cancelled")
    assert entry.details == {"provider": "keycloak", "session": waiting.public_id, "reason": "provider"}
    assert (entry.person, entry.actor_id) == (str(stage.person.pk), "keycloak")
    assert stage.late.get(PROVE).headers["Location"] == ENDED
    assert refusals()[-1] == "revoked_meanwhile"
    assert stage.late.get(PROVE).headers["Location"] == BEGIN_AGAIN, "it is forgotten"


@pytest.mark.promise(95)
def test_another_upstream_session_ends_nothing(stage: Stage) -> None:
    other = Browser(stage.providers)
    other.sign_in("keycloak", "ada")
    sid = stage.upstream_sid()
    finish = provider_waiting(stage)

    assert finish(lambda stage: _tell(stage, stage.providers.logout_token(sid)))


@pytest.mark.parametrize(
    ("purpose", "is_left"),
    [(Purpose.EMAIL_DISOWN, True), (Purpose.EMAIL_CHANGE, False), (Purpose.PASSWORD_RESET, False)],
)
@pytest.mark.promise(95)
def test_a_link_that_protects_its_owner_stays_valid(stage: Stage, purpose: Purpose, *, is_left: bool) -> None:
    token = links.make(purpose, email=ADDRESS, lifetime=timedelta(hours=1), user=stage.person)
    sign_out_everywhere(stage)

    assert MailedLink.objects.live().filter(purpose=purpose).exists() is is_left
    assert (stage.late.get(f"/accounts/links/{token}/").status_code == 200) is is_left


@pytest.mark.promise(95)
def test_the_page_of_a_dead_link_says_why(stage: Stage) -> None:
    token = links.make(Purpose.PASSWORD_RESET, email=ADDRESS, lifetime=timedelta(hours=1), user=stage.person)
    change_password_in_admin(stage)

    shown = stage.late.get(f"/accounts/links/{token}/")
    assert (shown.status_code, b"since the password was changed" in shown.content) == (410, True)


@pytest.mark.promise(95)
def test_a_person_who_acts_on_themselves_stays_signed_in(stage: Stage) -> None:
    """The epoch is compared when a session is opened. An open one still gets a new key and can reauthenticate."""
    for act in (sign_out_everywhere, renew_recovery_codes, remove_factor, unlink):
        act(stage)
        assert stage.owner.account == str(stage.person.pk)
    stage.later(minutes=11)
    before = stage.owner.key
    proven = stage.owner.post("/accounts/reauthenticate/?next=/accounts/email/", {"code": code(stage.secret)})

    assert proven.headers["Location"] == "/accounts/email/"
    assert stage.owner.key != before
    assert stage.owner.get("/accounts/email/").status_code == 200


@pytest.mark.parametrize("process", ["connect", "reauthenticate"])
@pytest.mark.promise(95)
def test_an_attempt_to_connect_or_to_reauthenticate_ends_with_its_session(
    browser: Browser, new_browser: Callable[[], Browser], process: str
) -> None:
    """Even if the same person signs in again in the same browser before it returns."""
    browser.sign_in("keycloak", "ada")
    callback = browser.callback_url("keycloak" if process == "reauthenticate" else "google", "ada", process=process)
    elsewhere = new_browser()
    elsewhere.sign_in("keycloak", "ada")
    elsewhere.post("/accounts/sessions/revoke-others/")
    browser.sign_in("keycloak", "ada")

    assert browser.get(callback).status_code == 403
    assert refusals() == ["started_by_another_person"]
    assert Identity.objects.count() == 1


@pytest.mark.promise(28, 95)
def test_a_delayed_process_accepts_nothing_that_was_verified_before(stage: Stage) -> None:
    """The kind of fault: a duration that is measured now and compared later is too short by the time in between."""

    def hold_up(stage: Stage) -> None:
        fetch_one("SELECT pg_sleep(1)", [])

    stage.just_after(store, "compared", hold_up)

    assert not callback_judged(stage)(change_password_at_the_prompt)
