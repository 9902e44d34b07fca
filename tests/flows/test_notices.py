"""People get a mail about every act on their account that they would want to undo if it was not theirs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings

from accounts import cut_off
from accounts.bulk.actions import ACTIONS, DEACTIVATE, REACTIVATE
from accounts.bulk.base import BulkOrder
from accounts.mailing import notices
from accounts.mailing.notice_texts import NOTICE_TEXTS, Notice
from accounts.models import ClaimRule, CutOff, Identity, Membership, Role, User
from accounts.organizations import memberships
from audit.events import Event
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.flows.factors import APP, CODES, LIST, PASSKEY
from tests.flows.proofs import let_be_proven
from tests.support import claim_rules
from tests.support.administrator import administrator, root
from tests.support.authenticator import SecurityKey, code, secret_on
from tests.support.notices import promised, subjects
from tests.support.post import Post, words_of
from tests.support.proven import proven
from tests.tenancy.conftest import Town

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db

DEVICES, LOCK = "http://127.0.0.1:8000/accounts/sessions/", "http://127.0.0.1:8000/accounts/lock/"
PASSWORD = "Correct-horse-battery-1"
NINA = "nina@example.com"


@pytest.fixture
def nina() -> User:
    """A person with a local account and a verified address."""
    return User.objects.create_user(username="nina", name="Nina", email=NINA, email_verified=True, password=PASSWORD)


@pytest.fixture
def inside(nina: User) -> Client:
    return proven(nina)


def new_app(client: Client) -> Any:
    return client.post(APP, {"code": code(secret_on(client.get(APP).content))})


def remove(client: Client, kind: str) -> None:
    factor = Authenticator.objects.get(type=kind)
    assert client.post(f"{LIST}{factor.pk}/remove/").status_code == 302


def new_passkey(client: Client) -> None:
    """On a site with a host name: there are no passkeys for an IP address."""
    site = "http://localhost:8000"
    with override_settings(PUBLIC_URL=site, ALLOWED_HOSTS=["*"]):
        made = SecurityKey(site).make(client.get(PASSKEY, headers={"Host": "localhost:8000"}).context["options"])
        posted = {"credential": made, "name": "http://evil.example Click"}
        answer = client.post(PASSKEY, posted, headers={"Host": "localhost:8000"})
    assert answer.status_code == 200, answer.content


def change_page(person: User) -> str:
    return f"/admin/accounts/user/{person.pk}/change/"


def filled(person: User, **changed: Any) -> dict[str, Any]:
    """The form of a person's page as a browser sends it, with some fields changed."""
    shown = {
        "name": person.name,
        "email": person.email or "",
        "email_verified": person.email_verified,
        "is_active": person.is_active,
        "second_factor_required": person.second_factor_required,
    }
    return {name: value for name, value in (shown | changed).items() if value}


def role(name: str) -> Role:
    return Role.objects.get(tenant=None, name=name)


# Acts of the owner. Each mail says from where, and how to stop an intruder.


def replace_app(client: Client) -> None:
    new_app(client)
    new_app(client)


def renew_codes(client: Client) -> None:
    new_app(client)
    client.post(CODES)


def remove_app(client: Client) -> None:
    new_app(client)
    remove(client, "totp")


def remove_passkey(client: Client) -> None:
    new_passkey(client)
    remove(client, "webauthn")


def remove_codes(client: Client) -> None:
    new_app(client)
    remove(client, "recovery_codes")


OWN: dict[Notice, Callable[[Client], Any]] = {
    Notice.APP_ADDED: new_app,
    Notice.APP_REPLACED: replace_app,
    Notice.APP_REMOVED: remove_app,
    Notice.PASSKEY_ADDED: new_passkey,
    Notice.PASSKEY_REMOVED: remove_passkey,
    Notice.RECOVERY_CODES_RENEWED: renew_codes,
    Notice.RECOVERY_CODES_REMOVED: remove_codes,
    Notice.DATA_EXPORTED: lambda client: b"".join(client.post("/accounts/data/")),
    Notice.LOCKED: lambda client: client.post("/accounts/lock/"),
}


@pytest.mark.parametrize("notice", OWN, ids=str)
def test_an_act_of_the_owner_is_mailed_to_the_account(nina: User, inside: Client, notice: Notice) -> None:
    """The kind of fault: an act on an account of which its owner is not told (ux A8)."""
    OWN[notice](inside)

    (mail,) = [mail for mail in promised() if mail.subject == str(NOTICE_TEXTS[notice].subject)]
    assert mail.to == NINA
    assert re.search(r"When: \d+ \w+ \d{4}, \d\d:\d\d UTC\nFrom: 127\.0\.0\.1\nWith: ", mail.text)
    if notice is Notice.LOCKED:
        assert "tell your administrator" in mail.text
    else:
        assert "/accounts/sessions/" in mail.text
        assert "/accounts/lock/" in mail.text
    assert "evil.example" not in mail.text + mail.html, "what somebody typed is not sent in our name"


def test_the_last_superuser_who_locks_their_account_is_told_what_happened(nina: User, inside: Client) -> None:
    User.objects.filter(pk=nina.pk).update(is_superuser=True, is_staff=True)

    proven(nina).post("/accounts/lock/")

    assert subjects(NINA) == [str(NOTICE_TEXTS[Notice.SIGNED_OUT].subject)]


def test_connecting_or_disconnecting_a_sign_in_method_is_mailed(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    let_be_proven(browser)
    browser.connect("keycloak", "ada")
    let_be_proven(browser)
    identity = Identity.objects.get(provider="keycloak")
    assert browser.post(f"/accounts/connections/{identity.pk}/disconnect/").status_code == 302

    mails = {mail.subject: mail for mail in promised() if mail.to == "ada@example.com"}
    connected = mails[str(NOTICE_TEXTS[Notice.IDENTITY_CONNECTED].subject)]
    disconnected = mails[str(NOTICE_TEXTS[Notice.IDENTITY_DISCONNECTED].subject)]
    assert "Keycloak was connected" in connected.text
    assert "Keycloak was disconnected" in disconnected.text
    assert DEVICES in connected.text
    assert LOCK in disconnected.text


def test_a_change_of_the_password_is_mailed(nina: User) -> None:
    User.objects.filter(pk=nina.pk).update(is_staff=True)
    new = "Another-staple-horse-2"
    answer = proven(nina).post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )

    assert answer.status_code == 302, answer.content
    assert subjects(NINA) == [str(NOTICE_TEXTS[Notice.PASSWORD_CHANGED].subject)]


# Acts of others. The mails do not say from where they acted.


def set_password(admin: Client, person: User) -> None:
    new = "Another-staple-horse-2"
    posted = {"usable_password": "true", "password1": new, "password2": new}
    assert admin.post(f"/admin/accounts/user/{person.pk}/password/", posted).status_code == 302


def give_rights(admin: Client, person: User) -> None:
    page = f"/admin/accounts/user/{person.pk}/rights/"
    assert admin.post(page, {"username": person.username, "is_staff": "on"}).status_code == 302


def cut(admin: Client, person: User, **more: str) -> None:
    admin.post(f"/admin/accounts/user/{person.pk}/cut-off/", {"reason": "stolen", **more})


def change(**fields: Any) -> Callable[[Client, User], None]:
    def changed(admin: Client, person: User) -> None:
        answer = admin.post(change_page(person), filled(person, **fields))
        assert answer.status_code == 302, answer.content

    return changed


def reactivate(admin: Client, person: User) -> None:
    change(is_active=False)(admin, person)
    person.refresh_from_db()
    change(is_active=True)(admin, person)


def reset_factors(admin: Client, person: User) -> None:
    new_app(proven(person))
    admin.post(f"/admin/accounts/user/{person.pk}/reset-factors/", {"reason": "lost"})


OTHERS: dict[Notice, Callable[[Client, User], Any]] = {
    Notice.FACTORS_RESET: reset_factors,
    Notice.PASSWORD_SET: set_password,
    Notice.EMAIL_SET: change(email="new@example.com"),
    Notice.CUT_OFF: cut,
    Notice.CUT_OFF_AND_DEACTIVATED: lambda admin, person: cut(admin, person, close="on"),
    Notice.DEACTIVATED: change(is_active=False),
    Notice.REACTIVATED: reactivate,
    Notice.SITE_RIGHTS_GIVEN: give_rights,
    Notice.DATA_GIVEN_OUT: lambda admin, person: admin.post(f"/admin/accounts/user/{person.pk}/personal-data/"),
}


@pytest.mark.parametrize("notice", OTHERS, ids=str)
def test_what_an_administrator_does_to_an_account_is_mailed_to_it(
    nina: User, administrator: Client, notice: Notice
) -> None:
    """The kind of fault: an act on an account of which its owner is not told (ux A8)."""
    OTHERS[notice](administrator, nina)

    (mail,) = [mail for mail in promised() if mail.subject == str(NOTICE_TEXTS[notice].subject)]
    assert mail.to == NINA, "of a changed address the old one is told"
    assert re.search(r"When: \d+ \w+ \d{4}, \d\d:\d\d UTC\n", mail.text)
    assert "From:" not in mail.text + mail.html, "an administrator's whereabouts"
    assert "ask your administrator" in mail.text


@pytest.mark.parametrize(("kind", "notice"), [(DEACTIVATE, Notice.DEACTIVATED), (REACTIVATE, Notice.REACTIVATED)])
def test_what_is_done_to_many_at_once_is_mailed_to_each(nina: User, root: User, kind: Any, notice: Notice) -> None:
    """The kind of fault: the act's own page notifies the person, but the list does not."""
    kind.write(BulkOrder(actor=root), [nina.pk])

    assert subjects(NINA) == [str(NOTICE_TEXTS[notice].subject)]


def test_cutting_off_by_a_command_and_in_bulk_is_mailed_too(nina: User, root: User) -> None:
    cut_off.cut_off(nina, by=CutOff.By.COMMAND, reason="stolen", close=False)
    ACTIONS["cut_off"].write(BulkOrder(actor=root), [nina.pk])

    assert subjects(NINA) == sorted(
        [str(NOTICE_TEXTS[Notice.CUT_OFF_AND_DEACTIVATED].subject), str(NOTICE_TEXTS[Notice.CUT_OFF].subject)]
    )


def test_a_new_administrator_of_an_organization_is_told_whatever_the_way(nina: User, root: User, town: Town) -> None:
    """The kind of fault: rights are granted in one of many ways without a notice."""
    told = str(NOTICE_TEXTS[Notice.TENANT_RIGHTS_GIVEN].subject)
    with site_context("a test gives roles"):
        order = BulkOrder(actor=root, tenant_id=town.a.tenant.pk, role=role("admin"))
        membership = memberships.add(nina, town.a.tenant, role("member"))
        assert subjects(NINA) == [], "a member may do nothing in the admin"
        memberships.change_role(membership, role("admin"))
        assert subjects(NINA) == [told]
        memberships.change_role(membership, role("owner"))
        assert subjects(NINA) == [told] * 2
        memberships.change_role(membership, role("admin"))
        assert subjects(NINA) == [told] * 2, "less is no news of this kind"
        ACTIONS["grant_role"].write(order, [nina.pk])
        assert subjects(NINA) == [told] * 3
        Membership.objects.filter(user=nina).delete()
        ACTIONS["add_to_tenant"].write(order, [nina.pk])
        assert subjects(NINA) == [told] * 4
    assert any(town.a.tenant.name in mail.text for mail in promised())


def test_a_claim_rule_that_makes_somebody_an_administrator_tells_them(browser: Browser, town: Town) -> None:
    browser.sign_in("keycloak", "ada")
    with site_context("a test makes a rule"):
        rule = claim_rules.rule("keycloak", "sub", Identity.objects.get().subject)
        ClaimRule.objects.filter(pk=rule.pk).update(role=role("admin"))
    browser.sign_in("keycloak", "ada")

    assert str(NOTICE_TEXTS[Notice.TENANT_RIGHTS_GIVEN].subject) in subjects("ada@example.com")


@pytest.mark.parametrize("without", ["no address", "not verified"])
def test_nothing_is_mailed_to_an_unverified_address(nina: User, inside: Client, without: str) -> None:
    """The kind of fault: a mail about an account goes to a possible stranger."""
    changed: dict[str, Any] = {
        "no address": {"email": None, "canonical_email": None, "email_verified": False},
        "not verified": {"email_verified": False},
    }
    User.objects.filter(pk=nina.pk).update(**changed[without])

    assert new_app(proven(User.objects.get(pk=nina.pk))).status_code == 200
    assert promised() == []


def test_without_a_way_to_send_mail_acts_go_on(nina: User, inside: Client, settings: Any) -> None:
    settings.CAN_SEND_MAIL = False

    assert new_app(inside).status_code == 200
    assert promised() == []


def test_an_act_that_is_rolled_back_is_not_mailed(nina: User, inside: Client) -> None:
    """The mail is in the transaction of the act."""
    new_app(inside)
    User.objects.filter(pk=nina.pk).update(second_factor_required=True)
    factor = Authenticator.objects.get(type="totp")

    assert inside.post(f"{LIST}{factor.pk}/remove/").status_code == 409
    assert subjects(NINA) == [str(NOTICE_TEXTS[Notice.APP_ADDED].subject)]


@pytest.mark.parametrize("redis", ["there", "away"])
def test_repeating_an_act_fills_no_mailbox_and_hides_no_other_act(
    nina: User, inside: Client, redis: str, cache_away: Callable[[], None]
) -> None:
    """The kind of fault: mails without limit, or a limit that hides another act."""
    if redis == "away":
        cache_away()
    for _ in range(100):
        notices.notify(nina, Notice.PASSKEY_ADDED)
        notices.notify(nina, Notice.PASSKEY_REMOVED)
    notices.notify(nina, Notice.APP_ADDED)

    told = subjects(NINA)
    assert told.count(str(NOTICE_TEXTS[Notice.PASSKEY_ADDED].subject)) == 5
    assert told.count(str(NOTICE_TEXTS[Notice.PASSKEY_REMOVED].subject)) == 5
    assert told.count(str(NOTICE_TEXTS[Notice.APP_ADDED].subject)) == 1
    assert sum("We will not mail you about this again within the hour" in mail.text for mail in promised()) == 2


@pytest.mark.parametrize("notice", Notice, ids=str)
def test_every_notice_says_the_same_in_text_and_html(nina: User, notice: Notice) -> None:
    for _ in range(5):
        notices.notify(nina, notice, provider="Google", tenant="Harbour <b>Works", app="Ledger <b>")

    for mail in promised():
        text = [word.rstrip(":") for word in mail.text.split()]
        assert text == [word.rstrip(":") for word in words_of(mail.html)]
        assert re.match(r"[A-Z].{10,70}\Z", mail.subject)
        assert not re.search(r"<(img|script|link|iframe|object)|url\(|src=|%\(", mail.html)
        assert set(re.findall(r'href="([^"]+)"', mail.html)) <= {DEVICES, LOCK}


def test_a_notice_reaches_the_mailbox(
    nina: User, inside: Client, post: Post, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        new_app(inside)

    assert post.to(NINA).subject == str(NOTICE_TEXTS[Notice.APP_ADDED].subject)


TOLD_ELSEWHERE = {Notice.IDENTITY_CONNECTED, Notice.IDENTITY_DISCONNECTED, Notice.PASSWORD_CHANGED}
TOLD_ELSEWHERE |= {Notice.TENANT_RIGHTS_GIVEN, Notice.SIGNED_OUT, Notice.NEW_DEVICE}  # the last: test_new_devices
TOLD_ELSEWHERE |= {Notice.TOKENS_REUSED}  # tests/authserver/test_incidents.py


def test_every_notice_has_a_story_here() -> None:
    assert {*OWN, *OTHERS, *TOLD_ELSEWHERE} == set(Notice)


# Every event about an account is mailed, or is listed here with the reason why not.
MAILED = {
    Event.ACCOUNT_CUT_OFF,
    Event.EMAIL_CHANGED,  # to the old address, if there is one
    Event.EMAIL_CHANGE_REQUESTED,
    Event.FACTOR_ADDED,
    Event.FACTOR_REMOVED,
    Event.FACTOR_REPLACED,
    Event.FACTOR_RESET,
    Event.REFUSED_IDENTITY_LINKED,
    Event.IDENTITY_LINKED,  # except for the one that opened the account
    Event.IDENTITY_UNLINKED,
    Event.INVITATION_ACCEPTED,  # if the role grants anything in the admin
    Event.INVITATION_RESENT,
    Event.INVITATION_SENT,
    Event.PASSWORD_RESET,
    Event.PASSWORD_RESET_REQUESTED,
    Event.PERSON_EXPORTED,
    Event.REAUTHENTICATION_SIGN_IN_ACCEPTED,
    Event.REAUTHENTICATION_CODE_SENT,
    Event.REGISTRATION_REQUESTED,
    Event.MEMBERSHIPS_SYNCED,  # if a role grants anything in the admin
    Event.SIGN_IN_SUCCEEDED,  # from a browser that is new to the account
}
NOT_MAILED = {
    Event.ACCOUNT_CUT_OFF_CONFIRMED: "The cut-off itself was mailed; this follows by itself.",
    Event.ACCOUNT_ENROLLED: "Whoever opens an account is looking at it.",
    Event.EMAIL_CHANGE_CANCELLED: "Nothing was changed; whoever ended it is told on the page.",
    Event.EMAIL_CHANGE_REFUSED: "Nothing was changed; the page says why.",
    Event.CHANGE_REFUSED: "Nothing was changed, and it is for whoever watches the administrators.",
    Event.FACTOR_REFUSED: "Nothing was opened. Strangers can cause any number of these; the brake holds them.",
    Event.FACTOR_VERIFIED: "It is a part of a sign-in or of an act, and those are told.",
    Event.IDENTITY_UNLINK_REFUSED: "Nothing was changed; the page says why.",
    Event.INVITATION_REFUSED: "Nothing was changed; the page says why.",
    Event.INVITATION_REVOKED: "Nothing that an account has is taken; whoever opens the link is told.",
    Event.PERSON_ERASED: "An erasure leaves nothing that knows the address, a mail in the queue included.",
    Event.PERSON_ERASURE_REFUSED: "Nothing was changed.",
    Event.REAUTHENTICATION_CODE_REFUSED: "Nothing was opened; the mail with the code has told of the attempt.",
    Event.REAUTHENTICATION_CODE_VERIFIED: "The code itself was mailed, and the act that follows is told.",
    Event.SESSION_REVOKED: "Whoever was signed in sees it, and what ended it is told where it is an act of its own.",
    Event.IDENTITIES_MOVED: "An operator did it; everybody signs in as before.",
    Event.SESSION_UNPINNED: "The person has just proven who they are, in that very session.",
    Event.SIGN_IN_CANCELLED: "Nothing was opened; the browser is told why.",
    Event.SIGN_IN_REFUSED: "Nothing was opened. Strangers can cause any number of these; the brake holds them.",
    Event.SIGN_OUT_REFUSED: "Nothing was changed.",
    Event.SIGN_OUT_SUCCEEDED: "It only takes away, from whoever did it.",
    Event.TENANT_SWITCH_REFUSED: "Nothing was changed; the page says so.",
    Event.TENANT_SWITCHED: "It changes what the person looks at, and gives nothing.",
    Event.UPSTREAM_TOKENS_REVOCATION_FAILED: "It is for administrators: the person can do nothing about it.",
    Event.UPSTREAM_TOKENS_LOST: "The account's page says it, and how it is mended; nothing here was given or taken.",
    Event.UPSTREAM_TOKENS_REFRESH_FAILED: "It is for administrators: a provider's answer was not believed.",
    Event.CLAIM_RULES_SKIPPED: "The account's page says it at that very sign-in.",
    Event.VALUE_RESTORED: "What is restored goes through the page's own form, which tells what it changes.",
}
OF_NO_ACCOUNT = {
    "bulk_action", "connection", "deferred_task", "delivery", "domain", "entries", "export", "rate_limit",
    "reason", "request", "retention", "webhook",
}  # fmt: skip


def test_every_event_that_concerns_an_account_is_mailed_or_says_why_not() -> None:
    """A new event is mailed, or listed with the reason why it is not."""
    concerned = {
        event
        for event in Event
        if not event.value.endswith("purged") and event.value.partition(".")[0] not in OF_NO_ACCOUNT
    }

    assert concerned == MAILED | NOT_MAILED.keys()
    assert not MAILED & NOT_MAILED.keys()
    assert all(len(reason) > 15 for reason in NOT_MAILED.values())


COLUMNS_MAILED = {"email", "email_verified", "is_active", "is_staff", "is_superuser", "password"}
COLUMNS_NOT_MAILED = {
    "canonical_email": "It follows from the address.",
    "created_at": "It never changes.",
    "id": "It never changes.",
    "last_login": "Nobody writes it.",
    "name": "It opens nothing, and stands on every page of the person.",
    "name_set_here": "It says who has set the name.",
    "not_before": "It moves with a cut-off, which is mailed.",
    "second_factor_required": "The next sign-in asks for it and says why.",
    "sign_in_epoch": "It moves with every act, each of which is here by itself.",
    "username": "Only an administrator gives it, to a local account, whose person has to be told by them anyway.",
}


def test_every_column_of_an_account_is_mailed_when_it_changes_or_says_why_not() -> None:
    columns = {field.column for field in User._meta.concrete_fields}

    assert columns <= COLUMNS_MAILED | COLUMNS_NOT_MAILED.keys()
