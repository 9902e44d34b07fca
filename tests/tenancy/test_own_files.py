"""A new app takes its own files only: the walk of docs/tenancy.md, and what a wrong declaration does (ADR 47)."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from accounts.cut_off import check_list, cut_off
from accounts.models import CutOff, User
from accounts.privacy import registry
from accounts.privacy.exporting import export
from audit import declarations
from audit.declarations import audited_tables
from audit.event_details import details_of
from audit.events import Event, events, record
from audit.models import Entry
from audit.reading.filters import of_action
from audit.reading.labels import actions, happening
from config.variables import CHECKOUT
from console.webhooks.webhooks import WebhookForm
from foundation.declarations import AppEvent
from foundation.encryption import decrypt, encrypt, key_ids, key_of
from jobs import purging
from tenancy import site_context
from tests.support.product import PACKAGES
from tests.tenancy.conftest import Town
from tests.tenancy.test_example import BLOCK, PAGE, model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("notes")]

SECRET = "nk-4f1c9a"  # it is looked for
DECLARED = {"audited.py", "encrypted.py", "events.py", "personal_data.py", "purgeable.py", "revocable.py"}


def give(town: Town, person: User, *, hours: float = 1) -> Any:
    """Give a person a key to the notes of tenant A, as the page tells it."""
    with site_context("a test gives a key"):
        return model("Key").objects.create(
            tenant=town.a.tenant,
            user=person,
            secret=encrypt(SECRET, owner=person.pk, purpose="notes.Key"),
            expires_at=timezone.now() + timedelta(hours=hours),
        )


def keys() -> dict[Any, str]:
    with site_context("a test looks"):
        return {key.pk: key.secret for key in model("Key").objects.all()}


def test_the_page_shows_each_file_and_no_check_asks_for_more() -> None:
    assert set(dict(BLOCK.findall(PAGE))) >= DECLARED
    assert [fault for fault in run_checks() if str(fault.id).startswith(("accounts.", "audit."))] == []


def test_by_audited_a_change_has_its_entry_without_the_secret(town: Town) -> None:
    key = give(town, town.a.member)

    (entry,) = Entry.objects.filter(object_table="notes_key", object_id=str(key.pk))
    assert (entry.action, entry.person, entry.tenant_id) == (
        "create", str(town.a.member.pk), str(town.a.tenant.pk),
    )  # fmt: skip
    assert (entry.after or {})["secret"] == "(secret)"


def test_by_encrypted_a_new_key_takes_its_text_along(town: Town, settings: Any) -> None:
    person, (old,) = town.a.member, key_ids()
    key = give(town, person)
    settings.TOKEN_ENCRYPTION_KEYS = [bytes(range(32))]

    call_command("encryption_keys", "rotate", stdout=io.StringIO())

    text = keys()[key.pk]
    assert old != key_of(text) == key_ids()[0]
    assert decrypt(text, owner=person.pk, purpose="notes.Key") == SECRET


def test_by_purgeable_what_has_expired_goes_whosever_it_is(town: Town) -> None:
    lives, _gone = give(town, town.a.member), give(town, town.b.member, hours=-1)

    purging.purge()

    assert set(keys()) == {lives.pk}
    assert Entry.objects.get(action="key.purged").details == {"count": 1, "finished": True}


def test_by_events_an_event_of_its_own_is_known_like_the_products() -> None:
    event = events()["key.purged"]
    assert isinstance(event, AppEvent)
    record(event, count=1, finished=True)

    assert Entry.objects.latest("id").action == "key.purged"
    assert happening("key.purged") == event.label
    assert ("Key", [("key.purged", "Expired keys were removed; the details count them")]) in actions()
    assert details_of(event) == {"count": "how many", "finished": "whether nothing was left for the next run"}
    assert of_action("key.purged").is_indexed
    assert ("key.purged", "key.purged") in WebhookForm().fields["events"].choices  # type: ignore[attr-defined]


def test_by_revocable_a_cut_off_ends_it_and_confirms_it(
    town: Town, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    other = give(town, town.b.member)
    give(town, town.a.member)
    with django_capture_on_commit_callbacks(execute=True):
        done = cut_off(town.a.member, by=CutOff.By.COMMAND, close=False)

    done.refresh_from_db()
    (check,) = (one for one in check_list(done) if one.label == "Keys to notes")
    assert (check.revoked, check.alive, check.confirmed_at is not None) == (1, 0, True)
    assert set(keys()) == {other.pk}


def test_by_personal_data_it_is_given_out_and_erased(town: Town) -> None:
    person, other = town.a.member, give(town, town.b.member)
    key = give(town, person)

    document = json.loads("".join(export(person)))
    (given_out,) = document["kept"]["notes.Key"]
    assert (given_out["id"], given_out["tenant"]) == (key.pk, "Abbey")
    assert "secret" not in given_out

    call_command("erase_person", user=str(person.pk), reason="they asked for it", stdout=io.StringIO())
    assert set(keys()) == {other.pk}


def test_without_its_own_file_a_model_about_people_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(declarations.declared(), "notes.key")
    monkeypatch.delitem(registry.declared(), "notes.key")
    found = {(fault.id, fault.obj) for fault in run_checks() if fault.obj is model("Key")}
    assert found == {("audit.E001", model("Key")), ("accounts.E004", model("Key"))}


def test_what_is_declared_goes_with_the_app() -> None:
    without = [app for app in django_settings.INSTALLED_APPS if app != "tests.tenancy.notes"]
    assert "key.purged" in events()
    with override_settings(INSTALLED_APPS=without):
        assert "key.purged" not in events()
        assert {"notes.note", "notes.post", "notes.key"}.isdisjoint(declarations.declared())
        assert "notes_key" not in audited_tables()
    assert "notes_key" in audited_tables()


def test_no_config_names_a_module_of_declarations() -> None:
    """Kind: a declaration that takes effect only where somebody remembered to import its module."""
    named = {
        (str(config), file)
        for package in PACKAGES
        for config in (CHECKOUT / package).glob("apps.py")
        for file in DECLARED
        if f'.{file.removesuffix(".py")}"' in config.read_text()
    }
    assert named == set()


ENTRY = "from foundation.declarations import *\n"
BAD = {
    "no list": ("audited", "", "it needs a list DECLARATIONS"),
    "no list but a tuple": ("audited", "DECLARATIONS = (NotAudited('x.Y', reason='z'),)", "it needs a list"),
    "another kind": ("purgeable", "DECLARATIONS = [Audited('auth.Group')]", "only Purgeable"),
    "no reason": ("audited", "DECLARATIONS = [NotAudited('auth.Group', reason=' ')]", "auth.Group: it needs a reason"),
    "no such model": ("audited", "DECLARATIONS = [Audited('auth.Guild')]", "no model auth.Guild"),
    "no label": ("audited", "DECLARATIONS = [Audited('Guild')]", "no model Guild"),
    "of another app": (
        "purgeable",
        "DECLARATIONS = [Purgeable('audit.JobRun', column='ran_at', event=AppEvent('a.b', 'C.'))]",
        "audit.JobRun is a model of audit, which declares its own",
    ),
    "twice in two apps": (
        "audited",
        "DECLARATIONS = [Audited('auth.Group')]",
        "auth.group is declared in config/audited.py already",
    ),
    "twice in one file": (
        "personal_data",
        "DECLARATIONS = [NotPersonalData('auth.Group', reason='None.')] * 2",
        "auth.group is declared in {app}/personal_data.py already",
    ),
    "an event of the product": (
        "events",
        "DECLARATIONS = [AppEvent('sign_in.refused', 'Mine.')]",
        "sign_in.refused is declared",
    ),
    "a name that no event has": ("events", "DECLARATIONS = [AppEvent('update', 'Mine.')]", "update: an event is named"),
    "a class of credentials of the product": (
        "revocable",
        "DECLARATIONS = [Revocable(name='sessions', label='', revoke=len, alive=len)]",
        "sessions is declared in accounts/revocable.py already",
    ),
    "no such column": (
        "encrypted",
        "DECLARATIONS = [Encrypted('socialaccount.SocialToken', column='tokne', purpose='x')]",
        "socialaccount.SocialToken has no column tokne",
    ),
    "no such columns": (
        "personal_data",
        "DECLARATIONS = [PersonalData('account.EmailConfirmation', by={'person', 'id'}, by_email='mail')]",
        "account.EmailConfirmation has no column mail, person",
    ),
    "no such value of a related row": (
        "personal_data",
        "DECLARATIONS = [PersonalData('account.EmailAddress', by={'user_id'}, also={'x': 'user__nmae'})]",
        "account.EmailAddress: .*nmae",
    ),
}


@pytest.fixture
def bad(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Make an app with one wrong file, and give its name and what is to be said of it."""
    file, text, message = BAD[request.param]
    app = f"bad_{sorted(BAD).index(request.param)}"
    (tmp_path / app).mkdir()
    (tmp_path / app / "__init__.py").touch()
    (tmp_path / app / f"{file}.py").write_text(ENTRY + text)
    monkeypatch.syspath_prepend(tmp_path)
    yield app, message.format(app=app)
    for name in [name for name in sys.modules if name.partition(".")[0] == app]:
        del sys.modules[name]


@pytest.mark.parametrize("bad", BAD, indirect=True)
def test_a_wrong_declaration_stops_the_start_and_its_file_is_named(bad: tuple[str, str]) -> None:
    app, message = bad
    installed = [*django_settings.INSTALLED_APPS[:-1], app, django_settings.INSTALLED_APPS[-1]]
    with pytest.raises(ImproperlyConfigured, match=message) as stopped, override_settings(INSTALLED_APPS=installed):
        pytest.fail("it started")
    assert f"{app}/" in str(stopped.value)
    assert Event.SIGN_IN_REFUSED.value in events()
