"""A person's own account through the API: what it shows and does is what the pages show and do."""

import json
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import CutOff, Session, User
from audit.models import Entry
from authserver.models import ApiKey, Consent
from authserver.scopes import ACCOUNT_READ, ACCOUNT_WRITE, OF_API
from tenancy import site_context
from tests.support.api import Headers, ask, bearer, key, session_of, token_of
from tests.support.authorized import App
from tests.support.proven import proven
from tests.support.services import READ, clerk, key_of_person, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
LISTS = ["sessions", "factors", "keys", "consents"]


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


@pytest.fixture
def bob(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Bob")


def me(path: str) -> str:
    return f"/api/v1/me{path}"


def send(
    method: str, path: str, body: Any = None, headers: Headers | None = None, *, browser: Browser | None = None
) -> Any:
    to_send = getattr(browser or Browser(raise_request_exception=False), method)
    return to_send(me(path), json.dumps(body), content_type="application/json", headers=dict(headers or {}))


def rows() -> list[dict[str, Any]]:
    with site_context("a test looks"):
        return list(ApiKey.objects.values())


# Who may


@pytest.mark.promise(46)
def test_the_app_of_an_organization_learns_nothing_about_the_others(town: Town) -> None:
    here, there = town.a.tenant, town.b.tenant
    with site_context("a test registers the app of a tenant"):
        app = App.registered(scopes=["openid", ACCOUNT_READ, ACCOUNT_WRITE], tenant=here)
        scopes = ["openid", ACCOUNT_READ, ACCOUNT_WRITE]
        header = bearer(app.tokens(town.both, scopes=scopes, tenant_id=here.pk)["access_token"])
    own, other = (key_of_person(town.both, tenant_id=tenant.pk).key for tenant in (here, there))
    with site_context("a test consents"):
        Consent.objects.update(tenant_id=here.pk)
        consent = Consent.objects.create(user=town.both, client=App.registered().client, tenant_id=there.pk)

    assert [one["id"] for one in ask("/api/v1/tenants", header).json()] == [str(here.pk)]
    assert [one["id"] for one in ask(me("/keys"), header).json()] == [str(own.pk)]
    assert {one["tenant_id"] for one in ask(me("/consents"), header).json()} == {str(here.pk)}
    assert send("delete", f"/keys/{other.pk}", headers=header).status_code == 404
    assert send("delete", f"/consents/{consent.pk}", headers=header).status_code == 404
    assert send("delete", f"/keys/{own.pk}", headers=header).status_code == 204


@pytest.mark.parametrize("part", LISTS)
def test_a_list_needs_its_scope_and_a_person(ada: User, town: Town, part: str) -> None:
    job = service(town.a.tenant, ada, READ)

    assert ask(me(f"/{part}"), browser=session_of(ada)).status_code == 200
    assert ask(me(f"/{part}"), token_of(ada, ACCOUNT_READ)).status_code == 200
    assert ask(me(f"/{part}"), key(key_of_person(ada, ACCOUNT_READ).text)).status_code == 200
    assert ask(me(f"/{part}"), token_of(ada)).json()["missing"] == [{"scope": ACCOUNT_READ}]
    assert {"kind": "person"} in ask(me(f"/{part}"), key(key_of_service(job).text)).json()["missing"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("patch", ""),
        ("delete", "/sessions"),
        ("delete", "/sessions/x"),
        ("post", "/cut-off"),
        ("delete", "/keys/00000000-0000-4000-8000-000000000000"),
    ],
)
def test_an_act_needs_the_scope_to_write(ada: User, method: str, path: str) -> None:
    answer = send(method, path, {"name": "Eve"}, token_of(ada, ACCOUNT_READ))

    assert (answer.status_code, answer.json()["missing"]) == (403, [{"scope": ACCOUNT_WRITE}])
    assert User.objects.get(pk=ada.pk).name == "Ada"


def test_nobody_sees_or_ends_what_is_anothers(ada: User, bob: User) -> None:
    of_bob = key_of_person(bob, "email").key
    App.registered().tokens(bob)
    consent = Consent.objects.get(user=bob)
    session_of(bob)
    session = Session.objects.get(user=bob)
    header = token_of(ada, ACCOUNT_READ, ACCOUNT_WRITE)

    assert ask(me("/keys"), header).json() == ask(me("/sessions"), header).json() == []
    assert [one["id"] for one in ask(me("/consents"), header).json()] == [str(Consent.objects.get(user=ada).pk)]
    for path in (f"/keys/{of_bob.pk}", f"/consents/{consent.pk}", f"/sessions/{session.public_id}"):
        assert send("delete", path, None, header).status_code == 404
    assert Session.objects.filter(user=bob).exists()


# What it does


def test_the_name_is_changed_or_refused_with_its_field(ada: User) -> None:
    header = token_of(ada, ACCOUNT_WRITE)

    assert send("patch", "", {"name": " Ada  Lovelace "}, header).status_code == 204
    assert User.objects.get(pk=ada.pk).name == "Ada Lovelace"
    assert Entry.objects.filter(action="update", object_id=str(ada.pk), actor_id=str(ada.pk)).exists()
    wrong_ones: list[Any] = [{"name": ""}, {"name": "\u200b"}, {"name": 7}, {}, {"name": "Eve", "role": "x"}, [], None]
    for wrong in wrong_ones:
        answer = send("patch", "", wrong, header)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert answer.json()["errors"][0]["field"].startswith("body")
    assert User.objects.get(pk=ada.pk).name == "Ada Lovelace"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"name": NaN}', b"name=Eve"])
def test_a_body_that_is_no_json_is_refused(ada: User, body: bytes) -> None:
    answer: Any = Browser(raise_request_exception=False).patch(
        me(""), body, content_type="application/json", headers=token_of(ada, ACCOUNT_WRITE)
    )

    assert answer.status_code in {400, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain; charset=x"]
)
def test_a_form_from_a_browser_is_no_json(ada: User, content_type: str) -> None:
    browser = proven(ada, Browser(raise_request_exception=False, enforce_csrf_checks=True))
    browser.cookies["csrftoken"] = "a" * 32
    form = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nlaptop\r\n--x--\r\n'
    for more in ({}, {"Idempotency-Key": "once"}):
        headers = {"X-CSRFToken": "a" * 32, **more}
        answer: Any = browser.generic("POST", me("/keys"), form, content_type=content_type, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), answer.content
    assert rows() == []


def test_sessions_are_listed_and_ended(ada: User) -> None:
    here, there = session_of(ada), session_of(ada)
    listed = ask(me("/sessions"), browser=here).json()
    other = next(one["id"] for one in listed if not one["is_current"])

    assert [one["is_current"] for one in listed].count(True) == 1
    assert send("delete", f"/sessions/{other}", browser=here).status_code == 204
    assert ask(me(""), browser=there).status_code == 401
    assert send("delete", f"/sessions/{other}", browser=here).status_code == 404

    another = session_of(ada)
    assert send("delete", "/sessions", browser=here).status_code == 204
    assert (ask(me(""), browser=here).status_code, ask(me(""), browser=another).status_code) == (200, 401)
    assert send("delete", "/sessions", None, token_of(ada, ACCOUNT_WRITE)).status_code == 204
    assert ask(me(""), browser=here).status_code == 401


@pytest.mark.promise(70)
def test_a_key_is_created_by_a_fresh_session_alone_and_shown_once(ada: User, town: Town) -> None:
    wanted = {"name": "laptop", "scopes": [ACCOUNT_READ, READ], "days": 30}
    browser = proven(ada, Browser(raise_request_exception=False))
    created = send("post", "/keys", wanted, browser=browser)
    text = created.json()["key"]

    assert created.status_code == 201
    assert created.headers["Cache-Control"] == "no-store"
    assert ask(me(""), key(text)).json()["scopes"] == [ACCOUNT_READ, READ]
    [listed] = ask(me("/keys"), key(text)).json()
    assert (listed["id"], listed["tenant_id"]) == (created.json()["id"], str(town.a.tenant.pk))
    assert "key" not in listed
    stored = str(rows())
    assert listed["id"] in stored
    assert text not in stored
    assert text.startswith(listed["prefix"])

    assert send("post", "/keys", wanted, browser=session_of(ada)).json()["missing"] == [{"fresh": 600}]
    assert {"session": True} in send("post", "/keys", wanted, token_of(ada, ACCOUNT_WRITE)).json()["missing"]
    assert len(rows()) == 1

    assert send("delete", f"/keys/{listed['id']}", browser=browser).status_code == 204
    assert ask(me(""), key(text)).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"scopes": ["a b"]},
        {"scopes": ["x"] * 51},
        {"days": 0},
        {"days": 366},
        {"more": 1},
    ],
)
def test_a_key_that_cannot_be_is_refused_and_not_created(ada: User, wrong: dict[str, Any]) -> None:
    answer = send(
        "post", "/keys", {"name": "laptop", **wrong}, browser=proven(ada, Browser(raise_request_exception=False))
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"]
    assert rows() == []


def test_an_app_is_listed_and_stopped(ada: User) -> None:
    app = App.registered()
    token = app.tokens(ada)["access_token"]
    browser = session_of(ada)
    [listed] = ask(me("/consents"), browser=browser).json()

    assert (listed["client_id"], listed["name"]) == (app.client.client_id, "Harbour")
    assert send("delete", f"/consents/{listed['id']}", browser=browser).status_code == 204
    assert ask(me(""), bearer(token)).status_code == 401
    assert send("delete", f"/consents/{listed['id']}", browser=browser).status_code == 404


def test_a_person_locks_their_own_account(ada: User) -> None:
    header = token_of(ada, ACCOUNT_WRITE)
    answer = send("post", "/cut-off", None, header)

    assert answer.status_code == 201
    assert str(CutOff.objects.get().pk) == answer.json()["id"]
    assert not User.objects.get(pk=ada.pk).is_active
    assert ask(me(""), header).status_code == 401
    assert "lock your account" in str(OF_API[ACCOUNT_WRITE]), "people agree to it"


def test_everything_that_is_kept_is_given_out_to_a_fresh_session(ada: User) -> None:
    answer = ask(me("/export"), browser=proven(ada, Browser(raise_request_exception=False)))
    found = json.loads(b"".join(answer.streaming_content))

    assert "ada@example.com" in json.dumps(found)
    assert Entry.objects.filter(action="person.exported", person=str(ada.pk)).exists()
    assert ask(me("/export"), browser=session_of(ada)).status_code == 401
    assert ask(me("/export"), token_of(ada, ACCOUNT_READ)).status_code == 403
