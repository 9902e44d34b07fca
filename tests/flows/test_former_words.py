"""What an intruder may have done as a person before an act on that person is void after it.

The kind of fault: something leads to rights or to a session, is neither a session nor a mailed link, and survives an
act on the person who issued it: an invitation by an account that was cut off, or a session with a reauthentication by
a mailbox that is no longer the account's.
"""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import cut_off
from accounts.models import CutOff, Invitation, Membership, Role, User
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.administrator import administrator, root
from tests.support.invited import link_of
from tests.support.proven import proven
from tests.tenancy.conftest import Town

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db


def close(inviter: User) -> None:
    cut_off.cut_off(inviter, by=CutOff.By.OWNER, close=True)


def cut(inviter: User) -> None:
    cut_off.cut_off(inviter, by=CutOff.By.COMMAND, close=False)


def deactivate(inviter: User) -> None:
    User.objects.filter(pk=inviter.pk).update(is_active=False)


@pytest.fixture
def invited(browser: Browser) -> Browser:
    browser.sign_in("google", "ada")
    return browser


def invite(town: Town) -> Invitation:
    """Invite with the inviter's own browser, which a thief may have."""
    with site_context("a test looks for a role"):
        role = Role.objects.get(name="member", tenant=None)
    form = {"role": str(role.pk), "email": "ada@example.com"}
    assert proven(town.a.owner).post("/admin/accounts/invitation/add/", form).status_code == 302
    with site_context("a test looks for an invitation"):
        return Invitation.objects.latest("sent_at")


def has_joined() -> bool:
    with site_context("a test looks who belongs where"):
        return Membership.objects.filter(user__email="ada@example.com").exists()


@pytest.mark.parametrize("act", [close, cut, deactivate])
@pytest.mark.promise(95)
def test_an_invitation_is_void_after_its_inviter_was_deactivated_or_cut_off(
    invited: Browser, town: Town, act: Callable[[User], None]
) -> None:
    """Even when the account is active again: the earlier acts may have been an intruder's."""
    link = link_of(invite(town))
    act(town.a.owner)
    User.objects.filter(pk=town.a.owner.pk).update(is_active=True)

    assert invited.get(link.path).status_code == 410
    assert invited.post(link.path).status_code == 410
    assert not has_joined()

    assert invited.post(link_of(invite(town)).path).status_code == 302, "what is said now counts"
    assert has_joined()


@pytest.mark.parametrize(
    "changed", [{"email": "ada@new.example", "email_verified": "on"}, {"email": "ada@example.com"}]
)
@pytest.mark.promise(95)
def test_a_change_of_address_by_an_administrator_ends_older_sessions(
    browser: Browser, administrator: Client, changed: dict[str, str]
) -> None:
    """A session may contain a reauthentication by a code from the former mailbox for as long as it lives."""
    browser.sign_in("google", "ada")
    person = User.objects.get(username=None)
    page = f"/admin/accounts/user/{person.pk}/change/"

    answer = administrator.post(page, {"name": person.name, "is_active": "on", **changed})
    assert answer.status_code == 302, answer.content.decode()
    assert browser.account is None
    assert administrator.get("/admin/").status_code == 200, "their own session goes on"
