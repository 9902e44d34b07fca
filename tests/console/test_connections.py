"""An administrator sets a connection up from nothing: looked at, tested, switched on, and used by a colleague."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import ClaimRule, Identity, Membership, Role, Session, User
from audit.models import Entry
from providers.models import Connection, UpstreamTokens
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.administrator import root
from tests.support.connections import another_sandbox, connection_to
from tests.support.page_messages import messages_of
from tests.support.proven import proven, sign_in
from tests.tenancy.conftest import Side, Town, town

__all__ = ["root", "town"]  # fixtures of these tests too
pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/providers/connection/"


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    with another_sandbox(settings.PUBLIC_URL) as sandbox:
        yield sandbox


def page(connection: Connection, then: str = "change") -> str:
    return f"{LIST}{connection.pk}/{then}/"


def form(sandbox: Sandbox, **values: Any) -> dict[str, Any]:
    client = sandbox.world.client(Provider.KEYCLOAK)
    with site_context("a test"):
        role = Role.objects.get(name="member")
    given = {
        "kind": "keycloak",
        "label": "Abbey staff",
        "issuer": sandbox.world.issuer(Provider.KEYCLOAK),
        "client_id": client.client_id,
        "secret": client.secret,
        "signing_algorithms": "RS256",
        "sign_up": "open",
        "sign_up_role": str(role.pk),
    }
    return given | values


def only() -> Connection:
    with site_context("a test looks"):
        return Connection.objects.get()


def errors(answer: Any) -> list[str]:
    return list(answer.context["adminform"].form.errors)


def try_sign_in(browser: Client, connection: Connection, sandbox: Sandbox) -> Any:
    """Sign in as a test, and return the answer to the callback."""
    started = browser.post(page(connection, "test"))
    assert started.status_code == 302, started.content
    return browser.get(sandbox.visit(started.headers["Location"], "ada"))


def set_up(side: Side, sandbox: Sandbox, **values: Any) -> Connection:
    return connection_to(sandbox, tenant=side.tenant, is_active=False, tested_at=None, kind="keycloak", **values)


def test_from_nothing_to_the_first_sign_in_of_a_colleague(town: Town, elsewhere: Sandbox) -> None:
    browser = proven(town.a.owner)
    assert browser.get(f"{LIST}add/").status_code == 200
    saved = browser.post(f"{LIST}add/", form(elsewhere))
    assert saved.status_code == 302, errors(saved)
    connection = only()
    assert (connection.tenant_id, connection.is_active, connection.tested_at) == (town.a.tenant.pk, False, None)
    shown = browser.get(page(connection)).content.decode()
    assert f"{settings.PUBLIC_URL}/accounts/{connection.slug}/login/callback/" in shown
    assert "Switch on" not in shown
    assert form(elsewhere)["secret"] not in shown

    assert "as a test first" in str(messages_of(browser.post(page(connection, "switch-on"))))
    assert not only().is_active
    accounts = User.objects.count()
    answer = try_sign_in(browser, connection, elsewhere)
    assert answer.headers["Location"] == page(connection, "tested")
    result = browser.get(answer.headers["Location"]).content.decode()
    assert "The test was passed" in result
    assert "A new account would be opened." in result
    assert "ada" in result.lower()
    assert User.objects.count() == accounts
    assert not Identity.objects.exists()
    assert not UpstreamTokens.objects.exists()
    assert Session.objects.count() == 1

    browser.post(page(connection, "switch-on"))
    assert only().is_active
    colleague = Browser(elsewhere)
    colleague.sign_in(connection.slug, "grace")
    assert colleague.account
    with site_context("a test looks"):
        assert Membership.objects.get(user_id=colleague.account).tenant_id == town.a.tenant.pk
    told = Entry.objects.filter(object_id=str(connection.pk), action__startswith="connection.").order_by("id")
    assert list(told.values_list("action", flat=True)) == ["connection.tested", "connection.switched_on"]
    assert "ada" not in str(list(told.values_list("details", "personal"))).lower()


def test_what_a_service_gets_wrong_is_shown_with_its_reason_and_changes_nothing(town: Town, elsewhere: Sandbox) -> None:
    browser, connection = proven(town.a.owner), set_up(town.a, elsewhere)
    elsewhere.set_fault("keycloak", "signature_forged")
    answer = try_sign_in(browser, connection, elsewhere)
    result = browser.get(answer.headers["Location"]).content.decode()

    assert "The test was not passed" in result
    assert "signature_wrong" in result
    assert only().tested_at is None
    assert Entry.objects.filter(action="connection.tested", details__reason="signature_wrong").count() == 1


def test_a_change_during_the_test_does_not_count_as_tested(town: Town, elsewhere: Sandbox) -> None:
    browser, connection = proven(town.a.owner), set_up(town.a, elsewhere)
    started = browser.post(page(connection, "test"))
    browser.post(page(connection), form(elsewhere, label="Renamed", secret=""))
    assert only().label == "Renamed"
    answer = browser.get(elsewhere.visit(started.headers["Location"], "ada"))
    assert "Test it again" in browser.get(answer.headers["Location"]).content.decode()
    assert only().tested_at is None


def test_the_answer_counts_only_where_the_test_was_started(town: Town, elsewhere: Sandbox, root: User) -> None:
    browser, connection = proven(town.a.owner), set_up(town.a, elsewhere)
    callback = elsewhere.visit(browser.post(page(connection, "test")).headers["Location"], "ada")
    stranger = proven(root)
    assert stranger.get(callback).status_code in {400, 404}
    for name, cookie in browser.cookies.items():
        if "flow_" in name:
            stranger.cookies[name] = cookie.value
    assert stranger.get(callback).status_code in {400, 403}
    again = proven(town.a.owner)
    assert again.get(callback).status_code in {400, 404}
    assert only().tested_at is None
    assert not Identity.objects.exists()


def test_a_test_that_took_too_long_does_not_count(town: Town, elsewhere: Sandbox, time_machine: Any) -> None:
    browser, connection = proven(town.a.owner), set_up(town.a, elsewhere)
    callback = elsewhere.visit(browser.post(page(connection, "test")).headers["Location"], "ada")
    time_machine.move_to(timezone.now() + timedelta(minutes=11))
    assert browser.get(callback).status_code == 400
    assert only().tested_at is None


def test_nobody_finds_changes_or_tests_another_tenant_s(town: Town, elsewhere: Sandbox) -> None:
    connection = set_up(town.b, elsewhere)
    browser = proven(town.a.owner)
    assert str(connection.pk) not in browser.get(LIST).content.decode()
    for then in ("change", "test", "tested", "switch-on", "switch-off", "delete"):
        assert browser.post(page(connection, then), form(elsewhere)).status_code in {302, 404}, then
    assert only().version == connection.version
    assert not Entry.objects.filter(action="connection.tested").exists()


def test_members_have_no_such_page(town: Town, elsewhere: Sandbox) -> None:
    connection = set_up(town.a, elsewhere)
    browser = proven(town.a.member)
    for path in (LIST, f"{LIST}add/", page(connection), page(connection, "test")):
        assert browser.get(path).status_code in {302, 403}
    assert "connection" not in browser.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"issuer": "https://10.0.0.1/realms/x"}, "issuer"),
        ({"issuer": "https://idp.example.com/.well-known/x"}, "issuer"),
        ({"secret": ""}, "secret"),
        ({"signing_algorithms": "ES256"}, "signing_algorithms"),
        ({"signing_algorithms": ""}, "signing_algorithms"),
        ({"sign_up": "domains"}, "sign_up_domains"),
        ({"sign_up_role": ""}, "__all__"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    town: Town, elsewhere: Sandbox, values: dict[str, str], field: str
) -> None:
    assert errors(proven(town.a.owner).post(f"{LIST}add/", form(elsewhere, **values))) == [field]
    with site_context("a test looks"):
        assert not Connection.objects.exists()


def test_the_issuer_that_is_published_is_shown(town: Town, elsewhere: Sandbox) -> None:
    issuer = elsewhere.world.issuer(Provider.KEYCLOAK)
    answer = proven(town.a.owner).post(f"{LIST}add/", form(elsewhere, issuer=issuer + "/"))
    assert re.search(rf"names {re.escape(issuer)}:", answer.content.decode())


def test_an_issuer_of_somebody_else_is_refused(town: Town, elsewhere: Sandbox, providers: Sandbox) -> None:
    connection_to(elsewhere, tenant=town.b.tenant)
    browser = proven(town.a.owner)
    assert errors(browser.post(f"{LIST}add/", form(elsewhere))) == ["issuer"]
    assert errors(browser.post(f"{LIST}add/", form(providers))) == ["issuer"]


def test_a_role_above_is_not_to_be_given(town: Town, elsewhere: Sandbox) -> None:
    with site_context("a test"):
        bigger = Role.objects.create(name="Bigger", tenant=town.a.tenant, scopes=["everything"])
    answer = proven(town.a.owner).post(f"{LIST}add/", form(elsewhere, sign_up_role=str(bigger.pk)))
    assert "above what you may do" in answer.content.decode()
    assert Entry.objects.filter(action="change.refused").exists()


def test_each_act_asks_for_a_fresh_reauthentication(town: Town, elsewhere: Sandbox) -> None:
    connection, browser = set_up(town.a, elsewhere), Client()
    sign_in(browser, town.a.owner)
    for then in ("change", "test", "switch-on", "switch-off", "delete"):
        assert "reauthenticate" in browser.post(page(connection, then), form(elsewhere)).headers["Location"], then
    assert only().version == connection.version


def test_a_superuser_sets_one_up_for_the_site_and_chooses_its_name(root: User, elsewhere: Sandbox) -> None:
    browser = proven(root)
    taken = form(elsewhere, short_name="sessions", sign_up_role="")
    assert errors(browser.post(f"{LIST}add/", taken)) == ["short_name"]
    assert browser.post(f"{LIST}add/", taken | {"short_name": "abbey", "is_listed": "on"}).status_code == 302
    connection = only()
    assert (connection.slug, connection.tenant_id, connection.is_listed) == ("abbey", None, True)
    try_sign_in(browser, connection, elsewhere)
    browser.post(page(connection, "switch-on"))
    assert only().is_active
    browser.post(page(connection, "switch-off"))
    assert not only().is_active
    browser.post(page(connection, "delete"), {"post": "yes"})
    with site_context("a test looks"):
        assert not Connection.objects.exists()


def test_the_test_shows_only_accounts_that_one_may_see(town: Town, elsewhere: Sandbox, root: User) -> None:
    browser, connection = proven(town.a.owner), set_up(town.a, elsewhere)
    try_sign_in(browser, connection, elsewhere)
    person = User.objects.create_user(name="Somebody Unseen")
    known = browser.session["connection_test_result"]
    Identity.objects.create(user=person, provider=connection.slug, issuer=known["issuer"], subject=known["subject"])
    shown = browser.get(page(connection, "tested")).content.decode()
    assert "not yours to see" in shown
    assert "Unseen" not in shown
    for_all = proven(root)
    try_sign_in(for_all, only(), elsewhere)
    assert "Somebody Unseen" in for_all.get(page(connection, "tested")).content.decode()


def test_rules_for_a_tenant_s_connection_are_for_that_tenant(town: Town, elsewhere: Sandbox, root: User) -> None:
    set_up(town.b, elsewhere, label="Barn staff")
    browser = proven(root)
    rule = {"provider": "acme", "claim": "roles", "value": "x", "position": "0", "is_active": "on"}
    assert "Barn staff" in browser.get("/admin/accounts/claimrule/add/").content.decode()
    for side, is_refused in ((town.a, True), (town.b, False)):
        values = rule | {"tenant": str(side.tenant.pk), "role": str(side.role.pk), "_confirmed": "on"}
        answer = browser.post("/admin/accounts/claimrule/add/", values)
        assert (answer.status_code == 200) is is_refused
        with site_context("a test looks"):
            assert ClaimRule.objects.exists() is not is_refused
    people = "/admin/accounts/user/"
    assert "Barn staff" in browser.get(people).content.decode()
    assert "Barn staff" not in proven(town.a.owner).get(people).content.decode()
    assert "Barn staff" in proven(town.b.owner).get(people).content.decode()
