"""How long a session lives, what prolongs and what ends it, and that only its row decides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Role, Session, Tenant, User
from accounts.models.session import row_key
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.flows.factors import add_app, details
from tests.flows.ticks import boxes_on
from tests.support.authenticator import code
from tests.support.proven import proven
from tests.support.servers import Servers
from tests.support.statements import asked_of_the_database

pytestmark = pytest.mark.django_db
ACCURACY = timedelta(seconds=30)


def row(browser: Browser) -> Session:
    return Session.objects.of_browser(browser.key).get()


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/accounts/").status_code == 200)


def unused_for(browser: Browser, **time: float) -> None:
    """Let time pass for one session."""
    given: dict[str, Any] = {"by": timedelta(**time), "key": row_key(browser.key)}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_session SET last_seen_at = last_seen_at - %(by)s, created_at = created_at - %(by)s,"
            " ends_at = ends_at - %(by)s, expire_date = expire_date - %(by)s WHERE session_key = %(key)s",
            given,
        )


def belongs(user: User, **limits: int) -> Tenant:
    with site_context("a test lets somebody belong to a tenant with limits"):
        tenant = Tenant.objects.create(name=f"Strict {limits}", **limits)
        Membership.objects.create(user=user, tenant=tenant, role=Role.objects.get(name="member"))
    return tenant


def lasts(session: Session) -> tuple[timedelta, timedelta]:
    """Its limits without use and in total, from its beginning, to the minute."""
    assert session.idle
    assert session.ends_at
    whole = session.ends_at - session.created_at
    assert abs(min(session.ends_at, session.last_seen_at + session.idle) - session.expire_date) < ACCURACY
    return session.idle, timedelta(minutes=round(whole.total_seconds() / 60))


@pytest.mark.promise(37)
def test_a_session_ends_without_use(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    assert lasts(row(browser)) == (timedelta(hours=8), timedelta(hours=24))

    unused_for(browser, hours=7, minutes=59)
    assert is_in(browser)
    unused_for(browser, hours=8, minutes=1)
    assert not is_in(browser)
    assert browser.get("/api/v1/me").status_code == 401


@pytest.mark.promise(37)
def test_a_session_ends_however_much_it_is_used(browser: Browser) -> None:
    browser.sign_in("google", "ada")

    for _ in range(5):
        unused_for(browser, hours=4, minutes=45)
        assert is_in(browser)
    unused_for(browser, minutes=20)
    assert not is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_use_is_recorded_once_a_minute_with_its_origin(browser: Browser, servers: Servers) -> None:
    browser.sign_in("google", "ada")
    with asked_of_the_database(servers) as at_once:
        browser.get("/accounts/")
    unused_for(browser, minutes=2)
    before = row(browser)

    with asked_of_the_database(servers) as later:
        browser.client.get("/accounts/", REMOTE_ADDR="203.0.113.9", headers={"User-Agent": "Another/1.0"})

    after = row(browser)
    assert after.last_seen_at - before.last_seen_at > timedelta(minutes=1)
    assert after.expire_date > before.expire_date
    assert (after.ip_address, after.user_agent) == ("203.0.113.9", "Another/1.0")
    assert len(later.statements) == len(at_once.statements) + 1, later


@pytest.mark.django_db(transaction=True)
def test_use_that_cannot_be_recorded_fails_no_response(
    browser: Browser, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    browser.sign_in("google", "ada")
    unused_for(browser, minutes=2)
    with psycopg.connect(servers.owner_url) as owner:
        owner.execute("CREATE RULE unwritable AS ON UPDATE TO accounts_session DO INSTEAD SELECT 1/0")
        owner.commit()
        try:
            assert is_in(browser)
        finally:
            owner.execute("DROP RULE unwritable ON accounts_session")
    assert "the use of a session was not recorded" in caplog.text


@pytest.mark.parametrize("way", ["provider", "second_factor", "password"])
def test_people_who_ask_stay_signed_in_and_others_until_the_browser_closes(
    browser: Browser, new_browser: Callable[[], Browser], way: str, settings: Any
) -> None:
    browser.sign_in("google", "ada")
    assert browser.client.cookies["sessionid"]["max-age"] == ""
    if way == "password":
        settings.LOCAL_ACCOUNTS = "open"
        User.objects.create_user(username="nora", password="a lantern in the stairwell")
    secret = add_app(browser)[0] if way == "second_factor" else ""

    kept = new_browser()
    if way == "password":
        form = {"name": "nora", "password": "a lantern in the stairwell", "remember": "on"}
        assert kept.post("/accounts/local/login/", form).status_code == 302
    else:
        kept.sign_in("google", "ada", remember="on")
    if secret:
        assert not is_in(kept)
        kept.post("/accounts/second-factor/verify/", {"code": code(secret, steps_ago=-1)})

    assert is_in(kept)
    assert lasts(row(kept)) == (timedelta(days=14), timedelta(days=30))
    age = kept.client.cookies["sessionid"]["max-age"]
    assert abs(int(age) - 30 * 86_400) < ACCURACY.total_seconds()


def test_the_sign_in_page_passes_the_choice_on(browser: Browser) -> None:
    plain = browser.get("/accounts/login/?next=/accounts/sessions/")
    assert boxes_on(plain) == [("/accounts/login/", {"next": "/accounts/sessions/", "remember": "on"})]
    wished = browser.get("/accounts/login/?next=/accounts/sessions/&remember=on").content.decode()
    assert wished.count("remember=on") == wished.count("Continue with") > 1


def test_tenants_shorten_sessions_and_the_strictest_counts(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    browser.sign_in("google", "ada")
    user = User.objects.get()
    belongs(user, session_idle_minutes=30, session_lifetime_hours=12, remembered_lifetime_days=10)
    belongs(user, session_idle_minutes=60, session_lifetime_hours=2, remembered_idle_days=20)

    another, kept = new_browser(), new_browser()
    another.sign_in("google", "ada")
    kept.sign_in("google", "ada", remember="on")

    assert lasts(row(another)) == (timedelta(minutes=30), timedelta(hours=2))
    assert lasts(row(kept)) == (timedelta(days=14), timedelta(days=10))


def test_joining_a_stricter_tenant_shortens_existing_sessions(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    belongs(User.objects.get(), session_idle_minutes=30)

    assert lasts(row(browser)) == (timedelta(minutes=30), timedelta(hours=24))
    unused_for(browser, minutes=31)
    assert not is_in(browser)


def test_a_tenant_that_becomes_stricter_shortens_its_peoples_sessions_and_no_others(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    browser.sign_in("google", "ada")
    stranger = new_browser()
    stranger.sign_in("google", "grace")
    tenant = belongs(User.objects.get(name="Ada Lovelace"))
    with site_context("a test changes a tenant"):
        Tenant.objects.filter(pk=tenant.pk).update(session_lifetime_hours=3)
    assert lasts(row(browser))[1] == timedelta(hours=3)
    assert lasts(row(stranger))[1] == timedelta(hours=24)

    with site_context("a test changes a tenant"):
        Tenant.objects.filter(pk=tenant.pk).update(session_lifetime_hours=20)
    assert lasts(row(browser))[1] == timedelta(hours=3)  # until the next sign-in


@pytest.mark.promise(34)
def test_another_key_for_the_same_person_is_the_same_session_and_lives_no_longer(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    unused_for(browser, minutes=5)
    before = row(browser)

    browser.sign_in("google", "ada", process="reauthenticate")

    after = row(browser)
    assert after.session_key != before.session_key
    assert not Session.objects.filter(session_key=before.session_key).exists()
    assert (after.created_at, after.ends_at, after.provider) == (before.created_at, before.ends_at, "google")


@pytest.mark.promise(34)
def test_signing_in_again_starts_a_new_lifetime(browser: Browser) -> None:
    browser.sign_in("google", "ada")
    unused_for(browser, hours=5)
    before = row(browser)

    browser.sign_in("google", "ada")

    after = row(browser)
    assert after.session_key != before.session_key
    assert after.created_at - before.created_at > timedelta(hours=4)
    assert lasts(after)[1] == timedelta(hours=24)


@pytest.mark.promise(79)
def test_neither_a_flushed_nor_an_unavailable_cache_signs_people_out(
    browser: Browser, cache_away: Callable[[], None]
) -> None:
    browser.sign_in("google", "ada")
    cache.clear()
    assert is_in(browser)
    cache_away()
    assert is_in(browser)
    assert browser.get("/api/v1/me").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(79)
def test_deleting_a_row_ends_the_session(browser: Browser, servers: Servers) -> None:
    browser.sign_in("google", "ada")
    assert is_in(browser)
    with psycopg.connect(servers.superuser_url, autocommit=True) as anybody:
        anybody.execute("DELETE FROM accounts_session")
    assert not is_in(browser)
    assert browser.get("/api/v1/me").status_code == 401


def test_an_unreadable_row_is_nobodys_session(browser: Browser) -> None:
    """Rows of an older version or of foreign code: no 500, and nobody is signed in."""
    browser.sign_in("google", "ada")
    for content in ("", "gibberish:1abc:def", "[1, 2]", "null", '{"_auth_user_id": "7"}'):
        Session.objects.of_browser(browser.key).update(session_data=content)
        assert browser.get("/accounts/").status_code == 302, content


def test_a_changed_password_ends_sessions_that_nothing_else_ended(browser: Browser) -> None:
    user = User.objects.create_user(username="nora", password="a lantern in the stairwell")
    client = proven(user)
    user.set_password("another lantern in the stairwell")
    user.save()

    assert client.get("/accounts/").status_code == 302


@pytest.mark.promise(28)
def test_changing_the_password_ends_the_other_sessions(browser: Browser) -> None:
    root = User.objects.create_superuser(username="root", password="a lantern in the stairwell")
    here, there = proven(root), proven(root)
    form = {"old_password": "a lantern in the stairwell"} | dict.fromkeys(
        ("new_password1", "new_password2"), "seven umbrellas under water"
    )

    assert here.post("/admin/password_change/", form).status_code == 302

    assert here.get("/admin/").status_code == 200
    assert there.get("/accounts/").status_code == 302
    assert [entry["reason"] for entry in details("session.revoked")] == ["password_changed"]
    assert Session.objects.filter(user=root).count() == 1


def test_a_row_of_other_code_ends_when_it_says(browser: Browser) -> None:
    """Other code may create rows with only the columns of Django's own model."""
    made = Client()
    session = made.session
    session["seen"] = 1
    session.save()
    Session.objects.of_browser(session.session_key).update(
        idle=None, ends_at=None, expire_date=timezone.now() + timedelta(hours=1)
    )
    again = type(session)(session.session_key)
    again["seen"] = 2
    again.save()
    left = Session.objects.of_browser(session.session_key).get().expire_date - timezone.now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
