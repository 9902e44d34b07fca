"""An administrator's day, from the door to the history: the person it is done to sees what is done."""

import csv
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from accounts.models import Membership, Tenant, User
from accounts.sign_in.factors import totp
from tenancy import site_context
from tests.browser.visitor import NewVisitor, Visitor
from tests.support.authenticator import code

pytestmark = pytest.mark.django_db(transaction=True)

NAME, PASSWORD = "house-keeper", "a lantern in the stairwell"
SIGNED_OUT = "/accounts/login/?next=/accounts/sessions/"


@pytest.fixture
def keeper(settings: Any) -> User:
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    with site_context("a test builds a tenant"):
        Tenant.objects.create(name="Harbour Works", slug="harbour")
    return User.objects.create_superuser(username=NAME, password=PASSWORD, name="Hildegard Keeper")


@pytest.mark.promise(28)
def test_it_begins_with_two_factors_and_ends_with_a_history_that_tells_everything(
    new_visitor: NewVisitor, keeper: User
) -> None:
    ada, bobby, office = new_visitor(), new_visitor(), new_visitor()
    ada.sign_in("google", "ada")
    bobby.sign_in("github", "bobby")
    person = User.objects.get(identities__provider="google")

    _come_in(office, keeper)
    _find(office, "ADA@exam")
    _add_to_tenant(office)
    _is_signed_out(ada)
    assert _role_of(person) == "member"

    ada.sign_in("google", "ada")
    _find(office, "harbour")
    _make_admin(office)
    _is_signed_out(ada)
    assert _role_of(person) == "admin"

    ada.sign_in("google", "ada")
    _find(office, "harbour")
    _end_sessions(office)
    _is_signed_out(ada)
    bobby.go("/accounts/sessions/")
    bobby.is_at("/accounts/sessions/")

    rows = _export(office)
    assert [(row["id"], row["name"], row["email"]) for row in rows] == [
        (str(person.pk), "Ada Lovelace", "ada@example.com")
    ]
    _read_history(office)


def _come_in(visitor: Visitor, keeper: User) -> None:
    """By keyboard alone: the name, the password, and the code of an app that was set up before."""
    secret = totp.new_secret()
    totp.add(keeper, secret, step=0)
    keyboard = visitor.page.keyboard
    visitor.go("/admin/")
    visitor.page.get_by_label("Username").focus()
    keyboard.type(NAME)
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    visitor.reads("Second step")
    expect(visitor.page.get_by_label("Code from your authenticator app")).to_be_focused()
    keyboard.type(code(secret))
    keyboard.press("Enter")
    visitor.is_at("/admin/")


def _find(visitor: Visitor, term: str) -> None:
    """Search the list of people, and be shown Ada and nobody else."""
    visitor.go("/admin/accounts/user/")
    keyboard = visitor.page.keyboard
    visitor.page.locator("#searchbar").focus()
    keyboard.type(term)
    keyboard.press("Enter")
    expect(visitor.page.locator("#result_list tbody tr")).to_have_count(1)
    expect(visitor.page.locator("#result_list")).to_contain_text("Ada Lovelace")


def _begin(visitor: Visitor, action: str) -> None:
    """Choose who was found, and what is to be done, with the keyboard."""
    page = visitor.page
    page.locator("#result_list tbody input[type=checkbox]").focus()
    page.keyboard.press("Space")
    page.get_by_label("Action:").select_option(label=action)
    page.get_by_role("button", name="Go", exact=True).focus()
    page.keyboard.press("Enter")


def _add_to_tenant(visitor: Visitor) -> None:
    _begin(visitor, "Add to a tenant…")
    visitor.page.get_by_label("Tenant").fill("Harbour Works")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_label("Role").select_option(label="member")
    visitor.press("Continue")
    _confirm(visitor)


def _make_admin(visitor: Visitor) -> None:
    """From the person's page to that of the membership, and back."""
    page = visitor.page
    page.get_by_role("link", name="Ada Lovelace").press("Enter")
    page.get_by_role("region", name="Tenants").get_by_role("link", name="Harbour Works").press("Enter")
    choice = page.locator(".field-role [role=combobox]")
    choice.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".select2-search__field")).to_be_focused()  # its script moves the focus in a moment of its own
    page.keyboard.type("admin")
    expect(page.locator(".select2-results__option")).to_have_text(["admin"])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")
    expect(page.get_by_role("region", name="Tenants").get_by_role("row")).to_contain_text(["Role", "admin"])


def _end_sessions(visitor: Visitor) -> None:
    _begin(visitor, "End sessions…")
    _confirm(visitor)


def _confirm(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Yes, change 1 person").press("Enter")
    expect(visitor.page.get_by_role("status")).to_have_text("Finished.")


def _export(visitor: Visitor) -> list[dict[str, str]]:
    """Export what the list is narrowed to, and read the file."""
    _find(visitor, "harbour")
    with visitor.page.expect_download() as downloading:
        visitor.press("Export as CSV")
    assert downloading.value.suggested_filename.endswith(".csv")
    with downloading.value.path().open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _read_history(visitor: Visitor) -> None:
    """On the person's page and in the trail each of the day's acts stands, newest first, and whose it was."""
    page, ended = visitor.page, ("Hildegard Keeper", "A session was revoked")
    signed_in, changed = ("Ada Lovelace", "A person signed in"), ("Hildegard Keeper", "membership", "Changed")
    created = ("Hildegard Keeper", "membership", "Created")
    day = [ended, signed_in, ended, changed, signed_in, ended, created, signed_in]
    page.get_by_role("link", name="Ada Lovelace").press("Enter")
    history = page.get_by_role("region", name="History")
    _tells(history.locator("tbody tr"), day)

    history.get_by_role("link", name="All of it").press("Enter")
    trail = page.locator("#result_list tbody tr")
    _tells(trail, day)
    trail.nth(day.index(changed)).get_by_role("link").first.press("Enter")
    expect(page.get_by_role("row", name="Role member admin", exact=True)).to_be_visible()

    visitor.go("/admin/audit/entry/?action=export.ended")
    expect(trail).to_have_count(1)
    expect(trail).to_contain_text("Hildegard Keeper")


def _tells(rows: Locator, day: list[tuple[str, ...]]) -> None:
    for number, told in enumerate(day):
        for words in told:
            expect(rows.nth(number)).to_contain_text(words)


def _is_signed_out(visitor: Visitor) -> None:
    visitor.go("/accounts/sessions/")
    visitor.is_at(SIGNED_OUT)


def _role_of(person: User) -> str:
    with site_context("a test looks"):
        return Membership.objects.select_related("role").get(user=person).role.name
