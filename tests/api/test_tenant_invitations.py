"""Invitations through the API: the same acts, limits and refusals as in the admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Invitation, Role, User
from accounts.organizations.invitations import sending
from audit.models import Entry
from authserver.scopes import MEMBERS_WRITE
from tenancy import site_context
from tests.support.api import ask, send, session_of, token_of
from tests.support.notices import promised
from tests.support.proven import proven
from tests.tenancy.conftest import Side, Town

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


@pytest.fixture
def owner(town: Town) -> Browser:
    return proven(town.a.owner)


def role(name: str) -> int:
    with site_context("a test looks"):
        return Role.objects.get(name=name).pk


def of(town: Town, part: str = "", *, side: str = "a") -> str:
    return f"/api/v1/tenants/{getattr(town, side).tenant.pk}/invitations{part}"


def invite(town: Town, browser: Browser, email: str = ADA, name: str = "member", **headers: str) -> Any:
    return send(of(town), {"email": email, "role_id": role(name)}, headers, browser=browser)


def stored(side: Side) -> list[Invitation]:
    with site_context("a test looks"):
        return list(Invitation.objects.filter(tenant=side.tenant).order_by("created_at"))


def refusals() -> list[Any]:
    found = Entry.objects.filter(action="invitation.refused").order_by("id")
    return list(found.values_list("details__reason", flat=True))


def test_an_address_is_invited_and_mailed_a_link_that_the_response_does_not_have(town: Town, owner: Browser) -> None:
    answer = invite(town, owner, " Ada@Example.com ")

    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["role"], made["state"], made["invited_by"]) == (
        ADA, "member", "open", "Abbey Owner",
    )  # fmt: skip
    [row] = stored(town.a)
    assert (str(row.pk), row.canonical_email, row.invited_by_id) == (made["id"], ADA, town.a.owner.pk)
    [mail] = promised()
    assert mail.to == ADA
    assert f"{town.a.tenant.pk}/" in mail.text
    assert "http" not in answer.content.decode()


def test_a_second_invitation_replaces_the_first_and_a_repeated_one_does_not(town: Town, owner: Browser) -> None:
    first = invite(town, owner, **{"Idempotency-Key": "one"})
    again = invite(town, owner, **{"Idempotency-Key": "one"})
    assert first.content == again.content
    assert len(stored(town.a)) == 1

    second = invite(town, owner, "ADA@example.COM")
    assert [one.state for one in stored(town.a)] == ["revoked", "open"]
    assert str(stored(town.a)[1].pk) == second.json()["id"]


def test_invitations_are_listed_page_by_page_the_newest_first(town: Town, owner: Browser) -> None:
    for number in range(5):
        invite(town, owner, f"p{number}@example.com")
    found, after = [], ""
    while True:
        page = ask(of(town, f"?limit=2&after={after}"), browser=owner).json()
        found += [one["email"] for one in page["items"]]
        after = page["next"]
        if not after:
            break

    assert found == [f"p{number}@example.com" for number in reversed(range(5))]


def test_invitations_are_found_by_their_state(town: Town, owner: Browser) -> None:
    ids = [invite(town, owner, f"{name}@example.com").json()["id"] for name in ("open", "over", "gone")]
    with site_context("a test lets time pass"):
        Invitation.objects.filter(pk=ids[1]).update(expires_at=timezone.now() - timedelta(minutes=1))
    ask(of(town, f"/{ids[2]}"), browser=owner, method="delete")

    for state, expected in (("open", ids[:1]), ("expired", ids[1:2]), ("revoked", ids[2:]), ("accepted", [])):
        found = ask(of(town, f"?state={state}"), browser=owner).json()["items"]
        assert [(one["id"], one["state"]) for one in found] == [(one, state) for one in expected]
    assert ask(of(town, "?state=other"), browser=owner).status_code == 422


def test_an_invitation_is_sent_again_with_another_link(town: Town, owner: Browser) -> None:
    made = invite(town, owner).json()
    [before] = stored(town.a)
    answer = send(of(town, f"/{made['id']}/resend"), None, browser=owner)

    assert (answer.status_code, answer.json()["id"]) == (200, made["id"])
    [now] = stored(town.a)
    assert now.digest != before.digest
    assert Entry.objects.filter(action="invitation.resent").count() == 1


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain"])
def test_a_form_that_can_be_read_does_no_harm(town: Town, content_type: str) -> None:
    browser = proven(town.a.owner, Browser(raise_request_exception=False, enforce_csrf_checks=True))
    browser.cookies["csrftoken"] = "a" * 32
    made = send(of(town), {"email": ADA, "role_id": role("member")}, {"X-CSRFToken": "a" * 32}, browser=browser).json()
    form = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    headers = {"X-CSRFToken": "a" * 32, "Idempotency-Key": "once"}
    address = of(town, f"/{made['id']}/resend")
    answer = browser.generic("POST", address, form, content_type=content_type, headers=headers)

    assert answer.status_code == (400 if content_type == "multipart/form-data" else 200), answer.content


def test_an_invitation_is_revoked_once(town: Town, owner: Browser) -> None:
    address = of(town, f"/{invite(town, owner).json()['id']}")

    assert ask(address, browser=owner, method="delete").status_code == 204
    answer = ask(address, browser=owner, method="delete")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert send(f"{address}/resend", None, browser=owner).status_code == 409
    assert refusals() == ["revoked", "revoked"]


@pytest.mark.promise(47)
def test_nobody_invites_to_a_role_above_their_own(town: Town) -> None:
    with site_context("a test makes an administrator"):
        town.a.member.memberships.update(role=role("admin"))
    answer = invite(town, proven(town.a.member), name="owner")

    assert (answer.status_code, answer.json()["missing"]) == (403, [{"reach": True}])
    assert (stored(town.a), refusals()) == ([], ["role_above_inviter"])
    entry = Entry.objects.get(action="invitation.refused")
    assert (entry.actor_id, entry.tenant_id) == (str(town.a.member.pk), str(town.a.tenant.pk))


@pytest.mark.promise(47)
def test_a_superuser_with_a_token_for_one_tenant_invites_to_roles_within_their_own(town: Town) -> None:
    with site_context("a test makes a superuser"):
        town.a.member.is_superuser = True
        town.a.member.save()
        town.a.member.memberships.update(role=role("admin"))
    wanted = {"email": ADA, "role_id": role("owner")}
    token = token_of(User.objects.get(pk=town.a.member.pk), MEMBERS_WRITE, tenant_id=town.a.tenant.pk,
                     auth_time=timezone.now(), acr="mfa")  # fmt: skip

    assert send(of(town), wanted, token).json()["missing"] == [{"reach": True}]
    assert refusals() == ["role_above_inviter"]
    assert send(of(town), {**wanted, "role_id": role("member")}, token).status_code == 201


@pytest.mark.promise(46)
def test_invitations_of_another_tenant_are_not_there(town: Town, owner: Browser) -> None:
    theirs = invite_there(town)

    assert ask(of(town, f"/{theirs}"), browser=owner, method="delete").status_code == 404
    assert send(of(town, f"/{theirs}/resend"), None, browser=owner).status_code == 404
    assert ask(of(town), browser=owner).json()["items"] == []
    assert invite(town, owner, name="Barn clerk").status_code == 422
    assert [one.state for one in stored(town.b)] == ["open"]


def invite_there(town: Town) -> str:
    answer = send(of(town, side="b"), {"email": ADA, "role_id": role("member")}, browser=proven(town.b.owner))
    found: str = answer.json()["id"]
    return found


def test_mails_are_limited(town: Town, owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    made = invite(town, owner).json()
    answers = [send(of(town, f"/{made['id']}/resend"), None, browser=owner) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[3].headers["Retry-After"]) <= 3600

    monkeypatch.setattr(sending, "MOST_A_DAY", 4)
    answer = invite(town, owner, "grace@example.com")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400
    assert refusals() == ["too_often", "too_many"]


def test_without_mail_nobody_is_invited(town: Town, owner: Browser, settings: Any) -> None:
    settings.CAN_SEND_MAIL = False
    answer = invite(town, owner)

    assert (answer.status_code, answer.json()["code"], stored(town.a)) == (503, "unavailable", [])


@pytest.mark.parametrize(("method", "part"), [("post", ""), ("post", "/{id}/resend"), ("delete", "/{id}")])
def test_a_change_needs_right_scope_tenant_and_a_fresh_sign_in(
    town: Town, owner: Browser, method: str, part: str
) -> None:
    found = invite(town, owner).json()["id"]
    body = {"email": ADA, "role_id": role("member")} if not part else None
    now = {"tenant_id": town.a.tenant.pk, "auth_time": timezone.now()}

    def lacking(browser: Browser | None = None, headers: Any = None, side: str = "a") -> set[str]:
        answer = send(of(town, part.format(id=found), side=side), body, headers, browser=browser, method=method)
        assert answer.status_code in {401, 403}, answer.content
        return {name for lack in answer.json()["missing"] for name in lack}

    assert lacking(session_of(town.a.owner)) == {"fresh"}
    assert lacking(proven(town.a.member)) == {"permission"}
    assert lacking(headers=token_of(town.a.owner, **now)) == {"scope"}
    assert lacking(headers=token_of(town.a.owner, MEMBERS_WRITE, **now), side="b") == {"tenant"}
    assert [one.state for one in stored(town.a)] == ["open"]


@pytest.mark.parametrize(
    "changed",
    [{"email": ""}, {"email": "nobody"}, {"email": "a@" + "b" * 253}, {"email": None},
     {"email": "a@example.com\r\nBcc: b@example.com"}, {"email": "a@exa mple.com"}, {"email": ["a@example.com"]},
     {"role_id": "1"}, {"role_id": 2**63}, {"role_id": None}, {"state": "accepted"}, {"tenant": "x"}],
)  # fmt: skip
def test_bad_input_invites_nobody(town: Town, owner: Browser, changed: dict[str, Any]) -> None:
    answer = send(of(town), {"email": ADA, "role_id": role("member"), **changed}, browser=owner)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.content
    assert (stored(town.a), answer.json()["errors"] != []) == ([], True)


@pytest.mark.parametrize("after", ["bnVsbA", "WzEsMl0", "WyIyMDI2LTAxLTAxIiwieCJd", "%25"])
def test_a_wrong_cursor_is_refused(town: Town, owner: Browser, after: str) -> None:
    assert ask(of(town, f"?after={after}"), browser=owner).status_code == 422
