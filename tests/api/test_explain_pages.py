"""The pages of the admin that explain what somebody may do in the API, to those who may see them."""

import html
import re
from typing import Any

import pytest

from accounts.models import User
from api.service import operations
from authserver.models import GrantType, ProtectedHost
from authserver.scopes import MEMBERS_READ
from tests.support.api import ask, session_of, token_of
from tests.support.keepers import fresh, keeper_of
from tests.support.oauth import registered
from tests.support.services import service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
TAG = r"<[^>]+>"
ROW = re.compile(r"<code>(.*?)</code></th><td[^>]*>[^<]+</td><td[^>]*>(.*?)</td>")
MEMBERS, DOOR = "GET /api/v1/tenants/{tenant_id}/members", "accounts.view_membership"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser(username="root")


def rows(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.content
    text = html.unescape(answer.content.decode())
    return {re.sub(TAG, "", name): re.sub(TAG, "", said) for name, said in ROW.findall(text)}


def person(user: User, query: str = "") -> str:
    return f"/admin/accounts/user/{user.pk}/explain/{query}"


def test_every_operation_is_explained_as_the_api_decides(town: Town, root: User) -> None:
    a = town.a.tenant.pk
    owner, member = (rows(fresh(root).get(person(user))) for user in (town.a.owner, town.a.member))
    path = f"/api/v1/tenants/{a}/members"

    assert owner.keys() == member.keys() == operations().keys()
    assert (owner[MEMBERS], ask(path, browser=session_of(town.a.owner)).status_code) == ("Yes", 200)
    assert (member[MEMBERS], ask(path, browser=session_of(town.a.member)).status_code) == (
        f"No: lacks the right {DOOR}", 403,
    )  # fmt: skip
    token = rows(fresh(root).get(person(town.a.owner, f"?tenant={a}&how=token&scopes=openid&has_factor=on")))
    assert token[MEMBERS] == f"No: lacks the scope {MEMBERS_READ}"
    assert ask(path, token_of(town.a.owner, tenant_id=a)).status_code == 403
    assert rows(fresh(root).get(person(town.a.owner, "?tenant=&how=browser")))[MEMBERS] == (
        f"No: lacks the right {DOOR}, acts in no tenant"
    )


def test_the_pages_of_people_services_and_apps_lead_there(town: Town, root: User) -> None:
    job = service(town.a.tenant, keeper_of(town.a, [DOOR], MEMBERS_READ), MEMBERS_READ)
    client, _ = registered(scopes=[MEMBERS_READ])
    browser = fresh(root)
    for place in (
        f"/admin/accounts/user/{town.a.owner.pk}/", f"/admin/authserver/serviceaccount/{job.pk}/",
        f"/admin/authserver/client/{client.pk}/",
    ):  # fmt: skip
        assert f'href="{place}explain/"' in browser.get(f"{place}change/").content.decode()

    explained = rows(browser.get(f"/admin/authserver/serviceaccount/{job.pk}/explain/"))
    assert (explained[MEMBERS], explained["GET /api/v1/me/keys"]) == (
        "Yes", "No: is not a person, lacks the scope account:read",
    )  # fmt: skip
    assert rows(browser.get(f"/admin/authserver/serviceaccount/{job.pk}/explain/?scopes=x"))[MEMBERS].startswith("No")
    own = rows(browser.get(f"/admin/authserver/client/{client.pk}/explain/"))
    assert own[MEMBERS] == f"No: lacks the right {DOOR}, acts in no tenant"


@pytest.mark.promise(46)
def test_nobody_explains_whom_they_may_not_see(town: Town, root: User) -> None:
    keeper = keeper_of(town.a, ["accounts.view_user"])
    job = service(town.a.tenant, town.a.owner)
    browser = fresh(keeper)

    assert browser.get(person(town.a.member)).status_code == 200
    assert browser.get(person(town.b.member)).status_code == 404
    assert browser.get(f"/admin/authserver/serviceaccount/{job.pk}/explain/").status_code in {403, 404}
    assert str(town.b.tenant.pk) not in browser.get(person(town.both)).content.decode()
    assert rows(browser.get(person(town.both, f"?tenant={town.b.tenant.pk}"))) == {}
    assert fresh(town.a.member).get(person(town.a.owner)).status_code in {302, 403}
    assert fresh(root).post(person(town.a.owner)).status_code == 405


def test_a_superuser_sees_which_protected_hosts_are_open(town: Town, root: User) -> None:
    hosts = (("wiki", town.a.tenant, "", True), ("board", town.b.tenant, "books:read", True), ("shut", None, "", False))
    for name, tenant, scope, is_active in hosts:
        ProtectedHost.objects.create(
            name=name, origin=f"https://{name}.example.com", tenant=tenant, scope=scope, is_active=is_active
        )
    page = fresh(root).get(person(town.a.member))

    assert "1 of 3 protected hosts are open" in page.content.decode()
    assert {name: said for name, said in rows(page).items() if name.startswith("https://")} == {
        "https://wiki.example.com": "Yes",
        "https://board.example.com": "No: their role lacks the scope books:read, is not a member of its organization",
        "https://shut.example.com": "No: does not work now: the host is switched off",
    }
    keeper = keeper_of(town.a, ["accounts.view_user"])
    assert "wiki.example.com" not in fresh(keeper).get(person(town.a.member)).content.decode()


def test_an_app_without_a_name_of_its_own_is_told_so(root: User) -> None:
    client, _ = registered(grants=[GrantType.AUTHORIZATION_CODE], redirect_uris=["https://app.example/"])
    page = fresh(root).get(f"/admin/authserver/client/{client.pk}/explain/")

    assert set(rows(page).values()) == {
        "No: does not work now: without client credentials, the app acts for people only"
    }
    assert "had just signed in" not in page.content.decode()


def test_an_account_that_is_not_active_may_do_nothing(town: Town, root: User) -> None:
    User.objects.filter(pk=town.a.member.pk).update(is_active=False)

    assert set(rows(fresh(root).get(person(town.a.member))).values()) == {
        "No: does not work now: the account is deactivated"
    }
