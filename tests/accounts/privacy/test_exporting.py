"""Export: all of a person's data, only to authorized people, without secrets or other people's data."""

import io
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from accounts.privacy import registry
from audit.events import Event
from audit.models import Entry
from tests.accounts.privacy.person import ADDRESS, MARK, SECRET, WHERE, known
from tests.support.proven import proven, sign_in

pytestmark = pytest.mark.django_db
PAGE = "/accounts/data/"


def by_command(person: User) -> dict[str, Any]:
    out = io.StringIO()
    call_command("export_person", user=str(person.pk), stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def test_an_export_contains_everything_about_a_person_and_no_secrets() -> None:
    found = known()
    document = by_command(found.ada)
    kept = document["kept"]

    for model in (
        "accounts.User", "accounts.Identity", "accounts.Membership", "accounts.Session", "accounts.MailedLink",
        "accounts.Invitation", "accounts.BulkAction", "accounts.User_groups", "mfa.Authenticator",
    ):  # fmt: skip
        assert kept[model], model
    assert kept["accounts.Identity"][0]["claims"] == {"groups": [MARK]}
    assert kept["accounts.Membership"][0]["tenant"] == "Engines"
    assert {row["email"].lower() for row in kept["accounts.MailedLink"]} == {ADDRESS}
    assert [row["email"] for row in kept["accounts.Invitation"]] == [ADDRESS]
    assert set(kept["mfa.Authenticator"][0]) == {"id", "type", "created_at", "last_used_at", "user_id"}
    text = json.dumps(document)
    for secret in (SECRET, found.session_key, found.ada.password):
        assert secret not in text


def test_an_export_contains_the_trail_with_the_persons_own_values_only() -> None:
    found = known()
    document = by_command(found.ada)
    trail = {entry["type"]: entry for entry in document["trail"]}

    assert trail["accounts_user.create"]["personal"]["after"]["email"] == ADDRESS
    assert trail["sign_in.succeeded"]["personal"]["ip_address"] == WHERE
    assert trail["email.change_refused"]["personal"] == {
        "ip_address": WHERE, "browser": trail["sign_in.succeeded"]["personal"]["browser"],
    }  # fmt: skip
    text = json.dumps(document)
    for others in ("grace@example.com", "Grace, renamed", "198.51.100.1", "Grace's browser", "subject-grace"):
        assert others not in text


def test_an_export_is_recorded() -> None:
    found = known()
    by_command(found.ada)
    entry = Entry.objects.get(action=Event.PERSON_EXPORTED)
    assert (entry.person, str(entry.actor)) == (str(found.ada.pk), "command: export_person")


def test_a_person_downloads_their_data_after_reauthentication() -> None:
    found = known()
    stale = Client()
    sign_in(stale, found.ada)
    assert "/reauthenticate" in stale.post(PAGE).headers["Location"]
    assert Client().get(PAGE).status_code == 302

    Authenticator.objects.all().delete()  # with which she would have to reauthenticate
    browser = proven(found.ada)
    assert browser.get(PAGE).status_code == 200
    answer = browser.post(PAGE)
    document = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]  # it streams
    assert document["person"] == str(found.ada.pk)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert PAGE in browser.get("/accounts/").content.decode()


def test_in_the_admin_only_superusers_export_a_person() -> None:
    found = known()
    root = User.objects.create_superuser(username="root")
    page = f"/admin/accounts/user/{found.ada.pk}/personal-data/"
    browser = proven(root)
    assert page in browser.get(f"/admin/accounts/user/{found.ada.pk}/change/").content.decode()
    assert browser.get(page).status_code == 200
    document = json.loads(b"".join(browser.post(page).streaming_content))  # type: ignore[attr-defined]
    assert document["person"] == str(found.ada.pk)

    User.objects.filter(pk=found.grace.pk).update(is_staff=True)
    assert proven(found.grace).post(page).status_code == 403
    stale = Client()
    sign_in(stale, root)
    assert "/reauthenticate" in stale.post(page).headers["Location"]


def test_a_new_model_about_people_must_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [fault for fault in run_checks() if fault.id == "accounts.E004"]
    monkeypatch.delitem(registry.declared(), "accounts.session")
    (fault,) = [fault for fault in run_checks() if fault.id == "accounts.E004"]
    assert "accounts.Session" in fault.msg
