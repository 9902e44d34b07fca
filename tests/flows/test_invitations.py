"""Invitations: mailed to an address, opened by anyone with the link, accepted only by the invited person, once."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Invitation, Membership, Role, Session, Tenant, User
from accounts.organizations.invitations import Link, invite, resend, revoke
from audit.models import Entry
from config.logs import hide_mailed_links
from providers.views import invitation as pages
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.post import Post, html_of, words_of
from tests.support.together import together
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"
ACCEPT = "Accept the invitation"


def send(side: Side, address: str = ADA, role: str = "member") -> Invitation:
    return invite(side.tenant, Role.objects.get(name=role), address, side.owner)


def fresh(invitation: Invitation) -> Invitation:
    with site_context("a test looks"):
        return Invitation.objects.get(pk=invitation.pk)


def members(tenant: Tenant) -> set[str]:
    with site_context("a test looks"):
        return set(Membership.objects.filter(tenant=tenant).values_list("user__name", flat=True))


def refusals() -> list[str]:
    entries = Entry.objects.filter(action="invitation.refused").order_by("id")
    return [entry.details["reason"] for entry in entries if entry.details]


def text(response: Any) -> str:
    return " ".join(words_of(response.content.decode()))


@pytest.fixture
def link(town: Town, post: Post) -> str:
    """Return the link with which Abbey invites Ada's address."""
    send(town.a)
    return post.link(ADA)


def test_a_newcomer_joins_by_the_link_through_any_provider(
    browser: Browser, town: Town, link: str, provider: str
) -> None:
    visited = browser.get(link)
    assert visited.status_code == 200
    assert "You are invited to Abbey" in text(visited)
    assert ACCEPT not in text(visited)

    assert browser.sign_in(provider, "ada", next=link).headers["Location"] == link
    assert ACCEPT in text(browser.get(link))
    assert "Ada Lovelace" not in members(town.a.tenant)
    assert browser.post(link).headers["Location"] == link

    assert "You belong to Abbey" in text(browser.get(link))
    assert "Ada Lovelace" in members(town.a.tenant)
    assert "Ada Lovelace" not in members(town.b.tenant)
    assert Session.objects.of_browser(browser.key).get().active_tenant == town.a.tenant.pk


def test_the_trail_records_who_invited_whom_and_who_joined(browser: Browser, town: Town, link: str) -> None:
    browser.sign_in("google", "ada")
    browser.post(link)

    ada = User.objects.get(email=ADA)
    accepted = Entry.objects.get(action="invitation.accepted")
    assert (accepted.actor_id, accepted.person, accepted.tenant_id) == (str(ada.pk), str(ada.pk), str(town.a.tenant.pk))
    assert Entry.objects.filter(action="invitation.sent", tenant_id=str(town.a.tenant.pk)).count() == 1
    assert not [entry for entry in Entry.objects.all() if link.split("/")[-2] in str(entry.__dict__)]


def test_the_mail_says_the_same_in_text_and_html_and_nothing_of_the_inviters_whereabouts(
    town: Town, post: Post
) -> None:
    User.objects.filter(pk=town.a.owner.pk).update(name="O'Neil <b>&</b> Sons")
    town.a.owner.refresh_from_db()
    send(town.a)
    letter = post.to(ADA)

    html = html_of(letter)
    assert letter.subject == "You are invited to Abbey"
    assert "O'Neil <b>&</b> Sons invites you to join Abbey" in str(letter.body)
    assert "O&#x27;Neil &lt;b&gt;&amp;&lt;/b&gt; Sons" in html
    assert "as member" in str(letter.body)
    assert [line for line in str(letter.body).splitlines() if line.startswith(("From:", "With:"))] == []
    assert "<dt>From" not in html
    assert post.link(ADA) in html


def test_opening_the_link_changes_nothing_however_often(browser: Browser, town: Town, link: str) -> None:
    browser.sign_in("google", "ada")
    entries = Entry.objects.count()
    for _ in range(3):
        assert browser.get(link).status_code == 200

    assert "Ada Lovelace" not in members(town.a.tenant)
    assert Entry.objects.count() == entries


def test_a_visitors_post_accepts_nothing(browser: Browser, town: Town, link: str) -> None:
    assert "You are invited to Abbey" in text(browser.post(link))
    assert len(members(town.a.tenant)) == 3


def test_the_address_is_compared_case_insensitively(browser: Browser, town: Town, post: Post) -> None:
    send(town.a, "Ada@Example.COM")
    browser.sign_in("google", "ada-shouting")
    browser.post(post.link(ADA))

    assert "Ada Loudspeaker" in members(town.a.tenant)


def test_an_address_that_a_connected_identity_verifies_counts(browser: Browser, town: Town, post: Post) -> None:
    send(town.a, "grace@corp.example")
    browser.sign_in("google", "ada")
    link = post.link("grace@corp.example")
    assert browser.post(link).status_code == 403
    browser.connect("keycloak", "grace")
    browser.post(link)

    assert "Ada Lovelace" in members(town.a.tenant)


@pytest.mark.parametrize(
    ("persona", "reason"),
    [("grace", "foreign_email"), ("nemo", "foreign_email"), ("mallory-unverified", "unverified_email")],
)
def test_an_account_without_the_verified_address_is_refused_and_nothing_is_written(
    browser: Browser, town: Town, link: str, persona: str, reason: str
) -> None:
    browser.sign_in("keycloak", persona)
    before = Entry.objects.count()
    looked, posted = browser.get(link), browser.post(link)

    assert (looked.status_code, posted.status_code) == (403, 403)
    for page in (text(looked), text(posted)):
        assert "Reference" in page
        assert "Abbey" not in page
        assert ADA not in page
    assert refusals() == [reason, reason]
    assert Entry.objects.count() == before + 2
    assert len(members(town.a.tenant)) == 3


def test_a_person_signed_in_as_another_can_switch_accounts(browser: Browser, town: Town, link: str) -> None:
    browser.sign_in("google", "grace")
    assert "Use another account" in text(browser.get(link))
    left = browser.post(f"{link}switch-account/")

    assert left.headers["Location"] == f"{link}?account=another"
    assert browser.account is None
    assert "Sign in to accept" in text(browser.get(left.headers["Location"]))
    browser.sign_in("google", "ada", next=link)
    browser.post(link)
    assert "Ada Lovelace" in members(town.a.tenant)


@pytest.mark.promise(29)
def test_an_expired_invitation_lets_nobody_in(browser: Browser, town: Town, link: str) -> None:
    browser.sign_in("google", "ada")
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=True):
        visitor, posted = Browser(browser.providers).get(link), browser.post(link)

    assert visitor.status_code == 410
    assert "expired" in text(visitor)
    assert "Abbey" not in text(visitor)
    assert posted.status_code in {302, 410}  # the session may have expired too
    assert "expired" in refusals()
    assert len(members(town.a.tenant)) == 3


@pytest.mark.promise(29)
def test_a_used_invitation_lets_nobody_in_again(
    browser: Browser, new_browser: Callable[[], Browser], town: Town, link: str
) -> None:
    browser.sign_in("google", "ada")
    browser.post(link)
    assert browser.post(link).headers["Location"] == link  # pressed twice: they see the organization

    other = new_browser()
    other.sign_in("google", "grace")
    looked, posted = other.get(link), other.post(link)
    assert (looked.status_code, posted.status_code) == (410, 410)
    assert "used already" in text(looked)
    assert refusals() == ["used"] * 3
    assert members(town.a.tenant) == {"Abbey Owner", "Abbey Member", "Both", "Ada Lovelace"}


def test_a_removed_member_does_not_come_back_by_the_used_link(browser: Browser, town: Town, link: str) -> None:
    browser.sign_in("google", "ada")
    browser.post(link)
    with site_context("a test"):
        Membership.objects.filter(user__email=ADA).delete()

    assert browser.get(link).status_code == 410
    assert browser.post(link).status_code == 410
    assert "Ada Lovelace" not in members(town.a.tenant)


@pytest.mark.promise(29)
def test_a_revoked_invitation_and_the_earlier_link_of_a_repeated_one_are_dead(
    browser: Browser, town: Town, post: Post
) -> None:
    sent = send(town.a)
    first = post.link(ADA)
    resend(sent, town.a.owner)
    second = post.link(ADA)
    browser.sign_in("google", "ada")
    assert (browser.get(first).status_code, browser.get(second).status_code) == (404, 200)

    revoke(sent, town.a.owner)
    assert browser.post(second).status_code == 410
    assert "taken back" in text(browser.get(second))
    assert refusals() == ["unknown", "revoked", "revoked"]
    assert len(members(town.a.tenant)) == 3


def test_all_forged_links_get_the_same_page(browser: Browser, town: Town, link: str) -> None:
    """Another tenant, an unknown tenant, another secret, too short a secret: one page, which reveals nothing."""
    secret = link.split("/")[-2]
    forged = [
        Link(tenant_id=town.b.tenant.pk, secret=secret).path,
        Link(tenant_id=uuid4(), secret=secret).path,
        Link(tenant_id=town.a.tenant.pk).path,
        Link(tenant_id=uuid4()).path,
        Link(tenant_id=town.a.tenant.pk, secret="x" * 5000).path,
        Link(tenant_id=town.a.tenant.pk, secret="\0\udcff'%s".encode("utf-8", "replace").decode()).path,
    ]
    pages = []
    for signs_in in (False, True):
        if signs_in:
            browser.sign_in("google", "ada")
        for path in forged:
            for answer in (browser.get(path), browser.post(path)):
                assert answer.status_code == 404
                pages.append(answer.content.decode().partition("<main")[2].partition("Reference")[0])
    assert len(set(pages)) == 1
    assert set(refusals()) == {"unknown"}
    assert not Entry.objects.filter(action="invitation.refused", tenant_id__isnull=False).exists()
    assert "Ada Lovelace" not in members(town.a.tenant) | members(town.b.tenant)


def test_an_invitation_admits_to_its_own_tenant_only(browser: Browser, town: Town, link: str) -> None:
    browser.sign_in("google", "ada")
    browser.post(link)
    crossed = Link(tenant_id=town.b.tenant.pk, secret=link.split("/")[-2]).path

    assert browser.post(crossed).status_code == 404
    assert "Ada Lovelace" not in members(town.b.tenant)


@pytest.mark.promise(28)
def test_accepting_ends_the_persons_other_sessions(
    browser: Browser, new_browser: Callable[[], Browser], town: Town, link: str
) -> None:
    elsewhere = new_browser()
    elsewhere.sign_in("google", "ada")
    browser.sign_in("google", "ada")
    browser.post(link)

    assert elsewhere.account is None
    assert browser.account is not None


def test_to_a_member_it_is_spent_and_their_role_stays(browser: Browser, town: Town, post: Post) -> None:
    browser.sign_in("google", "ada")
    with site_context("a test"):
        Membership.objects.create(
            user=User.objects.get(email=ADA), tenant=town.a.tenant, role=Role.objects.get(name="member")
        )
    sent = send(town.a, role="admin")
    link = post.link(ADA)
    assert "You belong to Abbey already" in text(browser.get(link))
    browser.post(link)

    with site_context("a test looks"):
        assert Membership.objects.get(user__email=ADA).role.name == "member"
    assert fresh(sent).accepted_at is not None
    assert Entry.objects.get(action="invitation.accepted").details == {"role": Role.objects.get(name="member").pk} | {
        "is_new_member": False
    }


@pytest.mark.parametrize("fate", ["demoted", "removed", "deactivated", "deleted", "role grew"])
def test_an_invitation_is_valid_as_long_as_its_inviter_may_invite(
    browser: Browser, town: Town, post: Post, fate: str
) -> None:
    sent = invite(town.a.tenant, town.a.role, ADA, town.a.owner)
    browser.sign_in("google", "ada")
    with site_context("a test"):
        belongs = Membership.objects.filter(user=town.a.owner)
        if fate == "demoted":
            belongs.update(role=Role.objects.get(name="member"))
        elif fate == "removed":
            belongs.delete()
        elif fate == "deactivated":
            User.objects.filter(pk=town.a.owner.pk).update(is_active=False)
        elif fate == "deleted":
            town.a.owner.delete()
        else:
            Role.objects.filter(pk=town.a.role.pk).update(scopes=["everything"])
    link = post.link(ADA)
    looked, posted = browser.get(link), browser.post(link)

    assert (looked.status_code, posted.status_code) == (410, 410)
    assert "does not hold any more" in text(posted)
    assert set(refusals()) == {"role_above_inviter" if fate == "role grew" else "inviter_without_right"}
    assert fresh(sent).accepted_at is None
    assert "Ada Lovelace" not in members(town.a.tenant)


def test_two_accounts_with_the_address_at_once_one_wins(
    new_browser: Callable[[], Browser], town: Town, link: str
) -> None:
    first, second = new_browser(), new_browser()
    first.sign_in("google", "ada")
    second.sign_in("keycloak", "grace")
    User.objects.filter(email="grace@corp.example").update(email=None, email_verified=False)
    with_address = User.objects.get(name="Grace Hopper").identities.get()
    with_address.email = ADA
    with_address.save()
    statuses = together(lambda: first.post(link).status_code, lambda: second.post(link).status_code)

    assert sorted(statuses) == [302, 410]
    assert len(members(town.a.tenant) & {"Ada Lovelace", "Grace Hopper"}) == 1
    assert Entry.objects.filter(action="invitation.accepted").count() == 1


def test_one_person_pressing_six_times_at_once_joins_once(
    new_browser: Callable[[], Browser], town: Town, link: str
) -> None:
    browser = new_browser()
    browser.sign_in("google", "ada")
    cookies = {name: morsel.value for name, morsel in browser.client.cookies.items()}

    def press() -> int:
        another = new_browser()
        another.client.cookies.load(cookies)
        return int(another.post(link).status_code)

    assert together(*[press] * 6) == [302] * 6
    assert Entry.objects.filter(action="invitation.accepted").count() == 1
    assert "Ada Lovelace" in members(town.a.tenant)


def test_accepting_and_revoking_at_once_do_not_both_happen(
    new_browser: Callable[[], Browser], town: Town, post: Post
) -> None:
    sent = send(town.a)
    link, browser = post.link(ADA), new_browser()
    browser.sign_in("google", "ada")

    def take_back() -> int:
        try:
            revoke(sent, town.a.owner)
        except Exception as refused:  # noqa: BLE001  # its class is checked below
            return 410 if str(refused) == "used" else 500
        return 302

    assert sorted(together(lambda: int(browser.post(link).status_code), take_back)) == [302, 410]
    now = fresh(sent)
    assert (now.accepted_at is None) is ("Ada Lovelace" not in members(town.a.tenant))
    assert (now.accepted_at is None) is not (now.revoked_at is None)


@pytest.fixture
def local_accounts(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "invited"


PASSWORD = "otter lantern biscuit"


@pytest.mark.usefixtures("local_accounts")
def test_a_person_without_a_provider_opens_an_account_by_the_link_and_joins(
    browser: Browser, town: Town, link: str
) -> None:
    assert "Open an account with this address" in text(browser.get(link))
    assert ADA in browser.get(f"{link}register/").content.decode()
    opened = browser.post(f"{link}register/", {"name": "Ada Byron", "password": PASSWORD})

    assert opened.headers["Location"] == link
    ada = User.objects.get(email=ADA)
    assert (ada.email_verified, browser.account) == (True, str(ada.pk))
    assert "Ada Byron" in members(town.a.tenant)
    assert "You belong to Abbey" in text(browser.get(link))
    assert Entry.objects.get(action="invitation.accepted").actor_id == str(ada.pk)


@pytest.mark.usefixtures("local_accounts")
def test_no_account_is_opened_by_a_dead_link_or_with_a_weak_password(browser: Browser, town: Town, post: Post) -> None:
    sent = send(town.a)
    link = f"{post.link(ADA)}register/"
    assert browser.post(link, {"name": "Ada", "password": "password1234"}).status_code == 422
    revoke(sent, town.a.owner)
    for path in (link, f"{Link(tenant_id=town.a.tenant.pk).path}register/"):
        assert browser.post(path, {"name": "Ada", "password": PASSWORD}).status_code in {404, 410}

    assert not User.objects.filter(email=ADA).exists()
    assert fresh(sent).accepted_at is None


@pytest.mark.usefixtures("local_accounts")
def test_of_two_who_open_an_account_by_one_link_at_once_one_does(
    new_browser: Callable[[], Browser], town: Town, link: str
) -> None:
    def open_it() -> int:
        filled_in = {"name": "Ada Byron", "password": PASSWORD}
        return int(new_browser().post(f"{link}register/", filled_in).status_code)

    statuses = together(open_it, open_it)

    assert statuses.count(302) == 1
    assert all(status < 500 for status in statuses)
    assert User.objects.filter(email=ADA).count() == 1
    assert Session.objects.filter(user__email=ADA).count() == 1


def test_without_local_accounts_no_account_is_opened_by_a_link(browser: Browser, link: str) -> None:
    assert browser.get(f"{link}register/").status_code == 404
    assert "password" not in text(browser.get(link))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return the lines of the log as they are written."""
    caplog.set_level(logging.DEBUG)

    def written() -> str:
        said = (record.getMessage() for record in caplog.records)
        return "\n".join(str(hide_mailed_links(None, "", {"event": line})["event"]) for line in said)

    return written


@pytest.mark.promise(76)
def test_the_links_secret_is_never_in_the_log(
    browser: Browser, town: Town, link: str, lines: Callable[[], str]
) -> None:
    secret = link.split("/")[-2]
    browser.get(link)
    browser.client.handler.enforce_csrf_checks = True
    assert browser.post(link).status_code == 403  # Django logs the path of such a response
    browser.client.handler.enforce_csrf_checks = False
    browser.get(f"/accounts/login/?next={link}")
    browser.sign_in("google", "grace", next=link)
    browser.post(link)

    assert "/accounts/invitation/" in lines()
    assert secret not in lines()


def test_no_session_keeps_the_links_secret(browser: Browser, link: str, provider: str) -> None:
    callback = browser.callback_url(provider, "ada", next=link)
    assert browser.get(callback).headers["Location"] == link
    browser.post(link)

    assert link.split("/")[-2] not in str(dict(browser.client.session.items()))
    assert browser.get(callback).headers["Location"] == "/accounts/", "the back button is still no error"


@pytest.mark.promise(39)
def test_the_page_sends_no_referrer_to_other_sites(browser: Browser, link: str) -> None:
    answer = browser.get(link)

    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_guessing_links_is_limited(browser: Browser, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS_EXEMPT = []
    monkeypatch.setattr(
        pages, "VIEW_LIMIT", replace(pages.VIEW_LIMIT, kind=str(uuid4()), most=2, seconds=10**9)
    )  # one window
    paths = [Link(tenant_id=uuid4()).path for _ in range(2)]
    statuses = [browser.get(path).status_code for path in [*paths, f"{paths[0]}register/", paths[1]]]

    assert statuses == [404, 404, 404, 429]  # without local accounts the page does not exist, and nothing is counted


@pytest.mark.parametrize("accounts", ["off", "invited", "open"])
def test_a_person_with_an_unverified_address_is_told_every_way_that_works(
    browser: Browser, link: str, settings: Any, accounts: str
) -> None:
    """The kind of fault: advice that cannot be followed, if no provider verifies the invited address."""
    settings.LOCAL_ACCOUNTS = accounts
    browser.sign_in("keycloak", "mallory-unverified")
    page = text(browser.get(link))

    assert "Confirm the address here" in page
    assert "another account whose provider confirms the invited address" in page
    assert "Ask whoever invited you for another invitation, to an address that your provider confirms" in page
    assert ("open an account with the invited address and a password" in page) == (accounts != "off")
    settings.CAN_SEND_MAIL = False
    assert "Confirm the address here" not in text(browser.get(link))


def test_an_address_that_is_verified_here_can_accept_the_invitation(browser: Browser, town: Town, post: Post) -> None:
    send(town.a, "mallory@example.com")
    link = post.link("mallory@example.com")
    browser.sign_in("keycloak", "mallory-unverified")
    account = User.objects.get(pk=str(browser.account))
    account.email = "mallory@example.com"
    account.save()
    assert browser.get(link).status_code == 403
    browser.post("/accounts/email/", {"email": "mallory@example.com"})
    browser.post(post.link("mallory@example.com"))

    assert ACCEPT in text(browser.get(link))


def test_use_another_account_offers_a_choice_at_each_provider(browser: Browser, link: str, provider: str) -> None:
    browser.sign_in(provider, "grace")
    left = browser.post(f"{link}switch-account/")
    page = browser.get(left.headers["Location"]).content.decode().replace("%2F", "/")

    assert f"/accounts/{provider}/login/?next={link}&amp;account=another" in page
