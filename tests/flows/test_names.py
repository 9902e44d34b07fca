"""A name comes from the provider, unless the person or an administrator has set one here."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from audit.models import Entry
from foundation.display_names import LONGEST_NAME
from tests.flows.conftest import Browser
from tests.flows.test_learning import Come, come
from tests.support.administrator import administrator, root

__all__ = ["administrator", "come", "root"]
pytestmark = pytest.mark.django_db

NAME = "/accounts/name/"
RLO, ZWJ, NBSP, IDEOGRAPHIC = "\u202e", "\u200d", "\u00a0", "\u3000"


@pytest.fixture
def pat(come: Come) -> User:
    return come()


@pytest.fixture
def inside(pat: User, browser: Browser) -> Browser:
    browser.sign_in("keycloak", "pat")
    return browser


def test_the_account_page_leads_to_it(inside: Browser) -> None:
    assert f'href="{NAME}"' in inside.get("/accounts/").content.decode()
    assert b"Your name comes from a provider" in inside.get(NAME).content


def test_a_name_that_was_set_here_stays_whatever_the_provider_sends(inside: Browser, come: Come) -> None:
    """The kind of fault: the next sign-in undoes a person's decision here."""
    assert inside.post(NAME, {"name": "Patricia"}).headers["Location"] == "/accounts/"
    assert b"Patricia" in inside.get("/accounts/").content

    assert come(name="Pat Roe").name == "Patricia"


def test_the_same_name_as_the_providers_can_be_set_here_too(inside: Browser, come: Come) -> None:
    """The kind of fault: the value itself decides who is considered to have set it."""
    inside.post(NAME, {"name": "Pat Doe"})

    assert come(name="Pat Roe").name == "Pat Doe"


def test_a_name_is_given_back_to_the_provider(inside: Browser, come: Come) -> None:
    inside.post(NAME, {"name": "Patricia"})
    come(name="Pat Roe")
    page = inside.get(NAME)
    assert b"This name was set here" in page.content
    assert b"Use the name from Keycloak" in page.content
    (provided,) = page.context["provided"]
    inside.post(NAME, {"identity": str(provided.identity_id)})

    assert User.objects.get().name == "Pat Roe"
    assert come(name="Pat Poe").name == "Pat Poe"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        (f"Ada{NBSP}{IDEOGRAPHIC}\u2003Lovelace", "Ada Lovelace"),
        (f"\u06ccک{ZWJ}ی", f"\u06ccک{ZWJ}ی"),
        (f"Ada{RLO}ecalevoL", "AdaecalevoL"),
        ("A\u2066d\u2069a\u200b\ufeff\x07", "Ada"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("x" * LONGEST_NAME, "x" * LONGEST_NAME),
        (f"{' ' * 400}Ada", "Ada"),
    ],
)
def test_a_typed_name_is_cleaned_like_a_providers(inside: Browser, typed: str, kept: str) -> None:
    assert inside.post(NAME, {"name": typed}).status_code == 302

    assert User.objects.get().name == kept
    assert kept.replace("<", "&lt;").replace(">", "&gt;") in inside.get("/accounts/").content.decode()


@pytest.mark.parametrize(
    "typed",
    ["", "   ", NBSP, RLO, f"{ZWJ}{ZWJ}", "\u3164\u2800", "\u115f\u1160", "\ufe0f \u034f", "x" * (LONGEST_NAME + 1)],
)
def test_an_invalid_or_long_name_is_refused_and_changes_nothing(inside: Browser, typed: str) -> None:
    answer = inside.post(NAME, {"name": typed})

    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content
    assert (User.objects.get().name, User.objects.get().name_set_here) == ("Pat Doe", False)


def test_nobody_gets_the_name_of_another_persons_identity(inside: Browser, browser: Browser, new_browser: Any) -> None:
    stranger = new_browser()
    stranger.sign_in("google", "grace")
    (provided,) = stranger.get(NAME).context["provided"]

    assert inside.post(NAME, {"identity": str(provided.identity_id)}).status_code == 422
    assert inside.post(NAME, {"identity": "x\0"}).status_code == 422
    assert User.objects.get(email="pat@example.com").name == "Pat Doe"


def test_only_signed_in_people_have_a_page_for_it(browser: Browser) -> None:
    assert browser.get(NAME).headers["Location"].startswith("/accounts/login/")
    assert browser.post(NAME, {"name": "Eve"}).headers["Location"].startswith("/accounts/login/")


def test_a_changed_name_has_its_entry(inside: Browser, pat: User) -> None:
    inside.post(NAME, {"name": "Patricia"})

    entry = Entry.objects.filter(object_table="accounts_user", action="update").order_by("-id")[0]
    assert (entry.actor_kind, entry.actor_id) == ("person", str(pat.pk))
    assert (entry.after or {})["name_set_here"] is True


def test_an_administrator_who_sets_a_name_counts_and_one_who_empties_it_gives_it_back(
    administrator: Client, pat: User, come: Come
) -> None:
    page = f"/admin/accounts/user/{pat.pk}/change/"
    form = {"email": pat.email, "email_verified": "on", "is_active": "on"}
    administrator.post(page, form | {"name": f" Patricia{RLO} "})
    named = come(name="Pat Roe")
    assert (named.name, named.name_set_here) == ("Patricia", True)

    administrator.post(page, form | {"name": ""})
    assert come(name="Pat Poe").name == "Pat Poe"


def test_changing_something_else_in_the_admin_sets_no_name(administrator: Client, pat: User, come: Come) -> None:
    page = f"/admin/accounts/user/{pat.pk}/change/"
    administrator.post(page, {"name": pat.name, "email": pat.email, "is_active": "on"})

    assert come(name="Pat Roe").name == "Pat Roe"


def test_an_administrator_from_the_shell_has_set_theirs() -> None:
    call_command("create_administrator", username="admin", name=f"Ann{RLO} Admin", generate_password=True)

    made = User.objects.get(username="admin")
    assert (made.name, made.name_set_here) == ("Ann Admin", True)
